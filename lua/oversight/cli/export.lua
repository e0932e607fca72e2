--- oversight-siem export: a registry's events, as records of a format, to a SIEM, a file or a pipe.
local core           = require "oversight.core"
local given_format   = require "oversight.cli.support.given_format"
local given_registry = require "oversight.cli.support.given_registry"
local given_sink     = require "oversight.cli.support.given_sink"
local messages       = require "oversight.cli.support.messages"
local program        = require "oversight.program"
local pipeline       = require "oversight.pipeline"
local progress       = require "oversight.cli.support.progress"
local reload         = require "oversight.cli.support.reload"
local report         = require "oversight.cli.support.report"
local selection      = require "oversight.selection"
local service        = require "oversight.cli.support.service"
local siem           = require "oversight.siem"

local M = {
  summary = "Exports the events of a registry: to a SIEM, or as JSON lines",
  usage   = "--db FILE --registry-id ID [--to KIND ...] [...]",
  options = given_sink.with_options {
    { "--db", value = "FILE", required = true, help = "the registry's SQLite database" },
    { "--format", value = "NAME", help = "see 'oversight-siem formats' (default: what suits --to)" },
    { "--registry-id", value = "ID", required = true,
      help = "the registry's public identity, part of every record" },
    { "--since", value = "UNIX", whole = true,
      help = "only events of this time or later, in seconds since 1970" },
    { "--limit", value = "N", natural = true, help = "at most N events" },
    { "--splunk-source", value = "S", help = "source of the splunk format" },
    { "--splunk-sourcetype", value = "S", help = "sourcetype of the splunk format" },
    { "--splunk-index", value = "I", help = "index of the splunk format" },
    { "--splunk-host", value = "H", help = "host of the splunk format (default: registry id)" },
    { "--on-error", value = "WHAT",
      help = "what to do with an event that has no record in the format: stop (the default), " ..
        "skip, or dead-letter:FILE" },
    { "--dead-letter", value = "FILE", help = "the same as --on-error dead-letter:FILE" },
    { "--dry-run", help = "print the requests that would be sent, and send nothing" },
    given_format.options[1], given_format.options[2],
    { "--checkpoint", value = "FILE",
      help = "keep the position in this file, and export only what is new since" },
    { "--follow", help = "go on with events as they are recorded, until SIGTERM" },
    { "--wait", help = "with --follow: wait for a registry that is not there yet" },
    service.options[1], service.options[2], service.options[3],
    { "--quiet", help = "no closing line, no progress; warnings and errors only" },
    { "--progress", help = "show progress even when standard error is no terminal" },
    { "--help", help = "show this help" },
  },
  notes = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but events were refused,\n" ..
    "4 held: fix the target's set-up, the credentials or the registry's rights first.\n" ..
    "When the reader of a pipe goes away, the export ends quietly with status 0.",
}

-- ---- reading the options ----

--- stop, skip or dead-letter, and the file of the last.
local function parse_on_error(given)
  local way = given.on_error
  if given.dead_letter and way then return nil, "give either --on-error or --dead-letter" end
  if given.dead_letter then way = "dead-letter:" .. given.dead_letter end
  if way == nil or way == "stop" or way == "skip" then return way or "stop" end
  local file = way:match "^dead%-letter:(.+)$"
  if file then return "dead-letter", file end
  return nil, "--on-error takes stop, skip or dead-letter:FILE"
end

local SPLUNK_OPTIONS = { "source", "sourcetype", "index", "host" }

--- The options of a format that were given; one that it does not have is told and left out.
local function format_options(given, format)
  local chosen = {}
  for _, name in ipairs(SPLUNK_OPTIONS) do
    local value = given["splunk_" .. name]
    if value and format.options[name] then
      chosen[name] = value
    elseif value then
      messages.warning(("--splunk-%s has no effect on format %s"):format(name, format.name))
    end
  end
  return chosen
end

-- ---- the job ----

--- The name of the format: the one that is given, or what suits the kind of sink.
local function format_name(given, kind)
  local name = given.format or (kind and kind.format)
  if name then return name end
  return nil, "--format NAME is missing"
end

--- What is wrong with the options of an export with a position, or nil.
local function check_position(given)
  if (given.follow or given.checkpoint) and (given.limit or given.dry_run) then
    return "--limit and --dry-run do not go with --follow and --checkpoint"
  end
  if given.wait and not given.follow then return "--wait needs --follow" end
  if given.truncate and given.checkpoint then return "--truncate does not go with --checkpoint" end
  if given.restricted and given.follow then return "--restricted does not go with --follow" end
  for _, option in ipairs { "metrics", "metrics_listen" } do
    if given[option] and not given.follow then
      return ("--%s needs --follow"):format(option:gsub("_", "-"))
    end
  end
end

--- What does not touch the sink: format, registry, mapping.
local function open_source(given, kind)
  local name, message = format_name(given, kind)
  if not name then return nil, message, "usage" end
  local format, problem, code = given_format.load(given, name)
  if not format then return nil, problem, code == "not_found" and "usage" or nil end
  local job = { format = format, options = format_options(given, format) }
  job.registry, message, code = given_registry.open {
    path = given.db, registry_id = given.registry_id, since = given.since, limit = given.limit,
  }
  if not job.registry then return nil, message, code end
  job.mapping, message = job.format:compile(job.options)
  if not job.mapping then return nil, message end
  local known
  known, message = job.mapping:check(job.registry)
  if not known then return nil, message end
  return job
end

--- Opens all that an export needs, the sink last: a mistake elsewhere leaves the file untouched.
local function open_job(given, kind)
  local on_error, dead_letter = parse_on_error(given)
  if not on_error then return nil, dead_letter, "usage" end
  local job, message, code = open_source(given, kind)
  if not job then return nil, message, code end
  local apart
  apart, message = given_sink.check_files(given, dead_letter)
  if not apart then return nil, message end
  if given.dry_run and dead_letter then on_error, dead_letter = "skip", nil end
  job.on_error, job.dead_letter = on_error, dead_letter
  if dead_letter then
    job.deadletter, message, code = siem.deadletter.open(dead_letter)
    if not job.deadletter then return nil, message, code end
  end
  job.sink, message, code = given_sink.open(given, kind, job.format, job.options)
  if not job.sink then return nil, message, code end
  if given.dry_run then given_sink.preview(job.sink) end
  return job
end

local function start_progress(given, kind, registry)
  local wanted = given.progress or (not given.quiet and core.terminal_width(2))
  -- Records on the same terminal would be torn by the line.
  local to_stdout = not kind and (given.output or "-") == "-" or given.dry_run
  if not given.progress and to_stdout and core.terminal_width(1) then
    wanted = false
  end
  if not wanted then return end
  local ordering, message = registry:ordering()
  if not ordering then return nil, message end
  local total = ordering.count
  if given.limit and given.limit < total then total = given.limit end
  return progress.start(total)
end

local function run_export(job, given, kind)
  local bar, problem = start_progress(given, kind, job.registry)
  if problem then return nil, problem, "failed" end
  if not given.quiet then program.report(0) end
  messages.set_bar(bar)
  local export = siem.export.open {
    mapping = job.mapping, sink = job.sink, on_error = job.on_error, deadletter = job.deadletter,
    notice = messages.notice,
    progress = function(counts)
      if bar then bar:update(counts.exported) end
      if not given.quiet then program.report(counts.exported) end
      return not program.stop_requested()
    end,
  }
  local ok, message, code = export:run(job.registry)
  if bar then bar:finish() end
  messages.set_bar(nil)
  local counts = export:counts()
  counts.reasons = export:reasons()
  export:close()
  return ok, message, code, counts
end

--- Closing can fail, too: a network file system tells then that a write was lost.
local function close_all(job)
  local ok, message = job.sink:close()
  if ok and job.deadletter then ok, message = job.deadletter:close() end
  return ok, message
end

local REMEDY = "--dead-letter FILE"

--- Exports all events there are.
local function run_all(given, kind)
  local job, reason, problem = open_job(given, kind)
  if not job then return nil, reason, problem end
  local begun = core.clock()
  local ok, message, code, counts = run_export(job, given, kind)
  if not counts then return nil, message end
  local target, beginning = job.sink:target()
  local closed, close_message = close_all(job)
  if ok and not closed then ok, message, code = nil, close_message, nil end
  local chosen = { since = given.since, limit = given.limit }
  if not ok then counts.left = selection.left(job.registry, chosen, counts) end
  if ok and counts.events == 0 then counts.nothing = selection.why_nothing(job.registry, chosen) end
  return report.close({
    counts = counts, title = job.format.name, seconds = core.clock() - begun, target = target, beginning = beginning,
    dead_letter = job.dead_letter, dry_run = given.dry_run, remedy = REMEDY,
    failure = not ok and { message = message, code = code } or nil,
  }, given)
end

-- ---- from a position on ----

--- The pipeline of the options; its sink is opened by the first call and stays.
local function make_pipeline(given, kind, open_sink)
  local name, problem = format_name(given, kind)
  if not name then return nil, problem, "usage" end
  local format, message, code = given_format.load(given, name)
  if not format then return nil, message, code == "not_found" and "usage" or nil end
  local options = format_options(given, format)
  local mapping
  mapping, message, code = format:compile(options) -- what is wrong with it is told before the sink is opened
  if not mapping then return nil, message, code end
  mapping:close()
  local sink
  sink, message, code = open_sink(format, options)
  if not sink then return nil, message, code end
  local on_error, dead_letter = parse_on_error(given)
  return pipeline.new {
    name = format.name, format = format, options = options, sink = sink,
    source = { path = given.db, registry_id = given.registry_id, since = given.since },
    on_error = on_error, dead_letter = dead_letter, checkpoint = given.checkpoint,
    follow = given.follow, wait = given.wait,
  }
end

--- Opens the sink once: it outlives a reload.
local function sink_opener(given, kind)
  local sink
  return function(format, options)
    if sink then return sink end
    local message, code
    sink, message, code = given_sink.open(given, kind, format, options)
    return sink, message, code
  end
end

local function check_all(given)
  local on_error, dead_letter = parse_on_error(given)
  if not on_error then return nil, dead_letter, "usage" end
  local apart, message = given_sink.check_files(given, dead_letter)
  if not apart then return nil, message end
  return true
end

--- Whether the pipeline can be made. The sink that is at work stays.
local function try_reload(given, kind)
  return reload.try(function()
    local job, message = make_pipeline(given, kind, function() return "-" end)
    if not job then return nil, message end
    return { job }
  end)
end

local function run_follow(given, kind)
  if program.is_trial() then return try_reload(given, kind) end
  messages.use_log()
  local possible, message, code = check_all(given)
  if not possible then return nil, message, code end
  local process
  process, message, code = service.start(given, { format_name(given, kind) or "export" })
  if not process then return nil, message, code end
  local open_sink = sink_opener(given, kind)
  return service.run(process, 1, function() return make_pipeline(given, kind, open_sink) end)
end

--- Exports what is new since the checkpoint, and ends.
local function run_once(given, kind)
  local possible, message, code = check_all(given)
  if not possible then return nil, message, code end
  local job
  job, message, code = make_pipeline(given, kind, sink_opener(given, kind))
  if not job then return nil, message, code end
  job.progress = function() return not program.stop_requested() end
  job.notice = messages.notice
  return report.run(job, given, REMEDY)
end

function M.run(given)
  local usable, kind = given_sink.check(given)
  if not usable then return nil, kind, "usage" end
  local possible, problem = core.registry_id_check(given.registry_id)
  problem = not possible and problem or check_position(given)
  if problem then return nil, problem, "usage" end
  if given.follow then return run_follow(given, kind) end
  if given.checkpoint then return run_once(given, kind) end
  return run_all(given, kind)
end

return M

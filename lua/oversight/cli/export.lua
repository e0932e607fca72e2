--- oversight-siem export: a registry's events, as records of a format, to a SIEM, a file or a pipe.
local core             = require "oversight.core"
local given_format     = require "oversight.cli.support.given_format"
local given_registries = require "oversight.cli.support.given_registries"
local given_selection  = require "oversight.cli.support.given_selection"
local given_sink       = require "oversight.cli.support.given_sink"
local given_source     = require "oversight.cli.support.given_source"
local lazy             = require "oversight.lazy"
local messages         = require "oversight.cli.support.messages"
local must             = require "oversight.cli.support.must"
local pipeline         = require "oversight.pipeline"
local program          = require "oversight.program"
local runner           = require "oversight.cli.support.runner"
local service_options  = require "oversight.cli.support.service_options"
local tables           = require "oversight.tables"
local registries       = lazy "oversight.registries"
local reload           = lazy "oversight.cli.support.reload"
local service          = lazy "oversight.cli.support.service"

local M = {
  summary = "Exports the events of registries: to a SIEM, or as JSON lines",
  usage   = "--db FILE [--registry-id ID] [--to KIND ...] [...]",
  examples = {
    "oversight-siem export --db registry.sqlite -f ecs -o events.jsonl",
    "oversight-siem export --db registry.sqlite --to splunk --url https://splunk:8088 " ..
      "--token @hec.token --checkpoint siem.checkpoint --follow",
  },
  options = given_sink.with_options(given_source.with_options {
    { "--db", value = "FILE|PATTERN", many = true,
      help = "the registry's SQLite database; of many registries: again for each, or a pattern in quotes, as " ..
        "'/srv/*/registry.sqlite'" },
    { "--format", "-f", value = "NAME", complete = "format",
      help = "see 'oversight-siem formats' (default: what suits --to)" },
    { "--registry-id", value = "ID", many = true,
      help = "the registry's public identity, part of every record (default: ed25519_pub of identity.json " ..
        "beside the database)" },
    given_selection.options[1], given_selection.options[2], given_selection.options[3],
    { "--limit", value = "N", natural = true,
      help = "at most N events; with --checkpoint, the next export goes on after them; with --follow, it ends then" },
    { "--splunk-source", value = "S", help = "source of the splunk format" },
    { "--splunk-sourcetype", value = "S", help = "sourcetype of the splunk format" },
    { "--splunk-index", value = "I", help = "index of the splunk format" },
    { "--splunk-host", value = "H", help = "host of the splunk format (default: registry id)" },
    { "--on-error", value = "WHAT", complete = { "stop", "skip", "dead-letter:" },
      help = "what to do with an event that has no record in the format: stop (the default), " ..
        "skip, or dead-letter:FILE" },
    { "--dead-letter", value = "FILE", help = "the same as --on-error dead-letter:FILE" },
    { "--tlog", value = "FILE|URL",
      help = "the registry's transparency log, leaves.jsonl or its URL: formats can read tlog.leaf_hash, " ..
        "tlog.verified, tlog.root and tlog.size" },
    { "--on-unverified", value = "WHAT", complete = { "export", "stop", "dead-letter" },
      help = "what to do with an event that is not what its leaf in the log says: export (the default), stop, or " ..
        "dead-letter, into the file of --dead-letter" },
    { "--receipt", value = "FILE",
      help = "add a line of what was delivered, with a hash of all records: at the end, and once an hour " ..
        "with --follow; of many registries: a path with {registry_id}" },
    { "--receipt-key", value = "FILE", help = "sign it by this Ed25519 key, in PEM" },
    { "--dry-run", help = "print the requests that would be sent, or what would be written, and deliver nothing: no " ..
      "checkpoint or dead letter is written; with --follow, it ends when it is up to date" },
    given_format.options[1], given_format.options[2],
    { "--checkpoint", value = "FILE",
      help = "keep the position in this file, and export only what is new since; of many registries: a folder, " ..
        "or a path with {registry_id} (default: FILE.checkpoint beside each database)" },
    { "--follow", help = "continue with events as they are recorded, until SIGTERM" },
    { "--wait", help = "with --follow: wait for a registry that does not exist yet" },
    service_options.metrics, service_options.metrics_listen, service_options.log_format,
    { "--jobs", value = "N", natural = true,
      help = "threads that render, 1 to 64 (default: one a core, up to 8; 1 for a format with " ..
        "functions, unless it says parallel = true); with --follow and many registries: threads that " ..
        "share them (default: 4, or 1 for standard output)" },
    { "--quiet", "-q", help = "no closing line, no progress; warnings and errors only" },
    { "--progress", help = "show progress even when standard error is not a terminal" },
  }),
  notes = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but events were refused,\n" ..
    "4 held: fix the target's set-up, the credentials or the registry's rights first.\n" ..
    "When the reader of a pipe goes away, the export ends quietly with status 0.\n" ..
    "Many registries: --output, --dead-letter, --tlog and --receipt take {registry_id}. One that\n" ..
    "fails does not stop the others; the status is the worst of them.",
}

--- Threads that follow many registries, unless a number is given.
local USUAL_THREADS = 4

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

--- What happens to an event that differs from its leaf, as a pipeline takes it.
local ON_UNVERIFIED = { export = "export", stop = "stop", ["dead-letter"] = "refuse" }

local SPLUNK_OPTIONS = { "source", "sourcetype", "index", "host" }

--- The options of a format that were given; one that it does not have is reported and omitted.
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
  if given.wait and not given.follow then return "--wait needs --follow" end
  if given.truncate and given.checkpoint then return "--truncate does not go with --checkpoint" end
  if given.jobs and (given.jobs < 1 or given.jobs > 64) then return "--jobs is a number from 1 to 64" end
  if given.restricted and given.jobs then
    return "--restricted does not go with --jobs: its limits are of one thread"
  end
  if given.receipt_key and not given.receipt then return "--receipt-key needs --receipt" end
  if given.receipt and given.dry_run then return "--receipt does not go with --dry-run: nothing is delivered" end
  if given.on_unverified and not given.tlog then return "--on-unverified needs --tlog" end
  if given.on_unverified and not ON_UNVERIFIED[given.on_unverified] then
    return "--on-unverified takes export, stop or dead-letter"
  end
  if given.on_unverified == "dead-letter" and select(2, parse_on_error(given)) == nil then
    return "--on-unverified dead-letter needs --dead-letter FILE"
  end
  if given.restricted and given.follow then return "--restricted does not go with --follow" end
  for _, option in ipairs { "metrics", "metrics_listen" } do
    if given[option] and not given.follow then
      return ("--%s needs --follow"):format(option:gsub("_", "-"))
    end
  end
end

--- Makes a pipeline read what it would deliver next, and move nothing.
local function rehearse(job, given, kind)
  local sink_name = not kind and ((given.output or "-") == "-" and "stdout" or "file") or nil
  if job.follow then job.source.follow = true end -- in its order
  job.rehearse, job.follow, job.wait, job.dead_letter = { sink_name = sink_name }, nil, nil, nil
  if job.on_error == "dead-letter" then job.on_error = "skip" end
end

--- The pipeline of the options.
---@param get_sink fun(format: oversight.Format, options: table): any sink as a pipeline takes it, or nil, message, code
local function make_pipeline(given, kind, get_sink)
  local source, cause, kind_of_cause = given_source.open(given.source)
  if not source then return nil, cause, kind_of_cause end
  local name, problem = format_name(given, kind)
  if not name then return nil, problem, "usage" end
  local format, message, code = given_format.load(given, name)
  if not format then return nil, message, code end
  local options = format_options(given, format)
  local sink
  sink, message, code = get_sink(format, options)
  if not sink then return nil, message, code end
  local on_error, dead_letter = parse_on_error(given)
  local job = pipeline.new {
    name = format.name, format = format, options = options, sink = sink,
    source = source,
    on_error = on_error, dead_letter = dead_letter, checkpoint = given.checkpoint,
    tlog = given.tlog, on_unverified = ON_UNVERIFIED[given.on_unverified],
    follow = given.follow, wait = given.wait, jobs = given.restricted and 1 or given.jobs,
    receipt = given.receipt, receipt_key = given.receipt_key,
  }
  if given.dry_run then rehearse(job, given, kind) end
  return job
end

-- ---- running ----

--- The path of a file that each of many registries has of its own; nil: there is one sink.
local function own_output(given, kind)
  local is_own = given.source.registries and not kind and not given.dry_run and registries.is_own(given.output or "-")
  return is_own and given.output or nil
end

--- Opens the sink once: it outlives a reload.
local function sink_opener(given, kind)
  local sink = own_output(given, kind)
  return function(format, options)
    if sink then return sink end
    local message, code
    sink, message, code = given_sink.open(given, kind, format, options)
    return sink, message, code
  end
end

--- Whether the pipeline can be made. The sink that is at work stays.
local function try_reload(given, kind)
  return reload.try(function()
    local job, message = make_pipeline(given, kind, function() return "-" end)
    if not job then return nil, message end
    return { job }
  end)
end

--- In how many threads registries are followed: what one waits for, the disk and the target, others do meanwhile.
local function count_threads(given, kind)
  if not given.source.registries then return 1 end
  if given.jobs then return given.jobs end
  if not kind and (given.output or "-") == "-" then return 1 end
  return math.max(math.min(USUAL_THREADS, #must.have(registries.find(given.source.registries, given.wait))), 1)
end

--- Follows in this thread; many registries in several, each with its share of them.
local function run_follow(given, kind)
  local titles, number, threads = {}, program.worker(), count_threads(given, kind)
  for i = 1, threads do titles[i] = format_name(given, kind) or "export" end
  local process = service.start(given, titles)
  if threads > 1 and not number then
    local arguments = tables.merge(given.raw)
    arguments[#arguments + 1] = "--jobs=" .. threads -- also where the pattern matches more by then
    return service.run_all(process, arguments)
  end
  if number then process.share = { number = number, count = #titles } end
  local get_sink = sink_opener(given, kind)
  return service.run(process, number or 1, function() return make_pipeline(given, kind, get_sink) end)
end

--- Whether a line of progress is shown. Records on the same terminal would be torn by it.
local function shows_progress(given, kind)
  local to_stdout = not kind and (given.output or "-") == "-" or given.dry_run
  return given.progress or not given.quiet and core.terminal_width(2) and not (to_stdout and core.terminal_width(1))
end

--- Exports all there are, or what is new since the checkpoint.
local function run_once(given, kind)
  local job = must.have(make_pipeline(given, kind, function(format, options)
    return own_output(given, kind) or function() return given_sink.open(given, kind, format, options) end
  end))
  return runner.run(job, given, {
    command = "export", remedy = "--dead-letter FILE", dry_run = given.dry_run,
    rehearsal = function() return given.rehearsal end,
    shows_progress = shows_progress(given, kind),
  })
end

local function check_all(given, kind)
  local problem = check_position(given)
  if not problem and given.source.registries then
    problem = given_registries.problem(given, not kind and (given.output or "-") or nil)
  end
  if problem then must.fail(problem, "usage") end
  local on_error, dead_letter = parse_on_error(given)
  if not on_error then must.fail(dead_letter, "usage") end
  must.have(given_sink.check_files(given, kind, dead_letter))
end

function M.run(given)
  local topic = given_source.take(given)
  local kind = given_sink.kind_of(given)
  given.source = topic or given_registries.source_of(given)
  given.db = given.source.path
  local follows = given.follow and not given.dry_run
  if follows and program.is_trial() then return try_reload(given, kind) end
  if follows then messages.use_log() end
  check_all(given, kind)
  return (follows and run_follow or run_once)(given, kind)
end

return M

--- oversight-siem export: a registry's events, as records of a format, into a file or a pipe.
local core         = require "oversight.core"
local given_format = require "oversight.cli.given_format"
local pipeline     = require "oversight.pipeline"
local pretty       = require "oversight.cli.pretty"
local program      = require "oversight.program"
local progress     = require "oversight.cli.progress"
local report       = require "oversight.cli.report"
local siem         = require "oversight.siem"

local M = {
  summary = "Exports the events of a registry as JSON lines",
  usage   = "--db FILE --format NAME --registry-id ID [...]",
  options = {
    { "--db", value = "FILE", required = true, help = "the registry's SQLite database" },
    { "--format", value = "NAME", required = true, help = "see 'oversight-siem formats'" },
    { "--registry-id", value = "ID", required = true,
      help = "the registry's public identity, part of every record" },
    { "--since", value = "UNIX", whole = true,
      help = "only events of this time or later, in seconds since 1970" },
    { "--limit", value = "N", natural = true, help = "at most N events" },
    { "--output", value = "-|FILE", help = "standard output (-, the default) or a file" },
    { "--append", help = "add to the file (the default)" },
    { "--truncate", help = "empty the file first" },
    { "--pretty", help = "indent the records on standard output, for reading" },
    { "--header", value = "'K: V'", many = true, help = "a header for delivery to a URL" },
    { "--splunk-source", value = "S", help = "source of the splunk format" },
    { "--splunk-sourcetype", value = "S", help = "sourcetype of the splunk format" },
    { "--splunk-index", value = "I", help = "index of the splunk format" },
    { "--splunk-host", value = "H", help = "host of the splunk format (default: registry id)" },
    { "--on-error", value = "WHAT",
      help = "what to do with an event that has no record in the format: stop (the default), " ..
        "skip, or dead-letter:FILE" },
    given_format.options[1], given_format.options[2],
    { "--quiet", help = "no closing line and no progress" },
    { "--progress", help = "show progress even when standard error is no terminal" },
    { "--help", help = "show this help" },
  },
  notes = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but events were refused.\n" ..
    "When the reader of a pipe goes away, the export ends quietly with status 0.",
}

-- ---- reading the options ----

local function check_output(given)
  if given.header or (given.output or ""):match "^%a[%w+.-]*://" then
    return nil, "delivery to a URL is not part of this version: --output takes - or a file"
  end
  local is_file = given.output ~= nil and given.output ~= "-"
  if given.output == "" then return nil, "--output needs a file name, or - for standard output" end
  if given.append and given.truncate then return nil, "give either --append or --truncate" end
  if (given.append or given.truncate) and not is_file then
    return nil, "--append and --truncate need --output FILE"
  end
  if given.pretty and is_file then return nil, "--pretty is for standard output only" end
  return true
end

--- stop, skip or dead-letter, and the file of the last.
local function parse_on_error(text)
  if text == nil or text == "stop" or text == "skip" then return text or "stop" end
  local file = text:match "^dead%-letter:(.+)$"
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
      io.stderr:write(("oversight-siem export: --splunk-%s has no effect on format %s\n"):format(
        name, format.name))
    end
  end
  return chosen
end

-- ---- the job ----

local function open_sink(given)
  if given.output and given.output ~= "-" then
    return siem.sink.file(given.output, { truncate = given.truncate })
  end
  if given.pretty then return pretty.sink() end
  return siem.sink.stdout()
end

--- Opens all that an export needs, the sink last: a mistake elsewhere leaves the file untouched.
local function open_job(given)
  local on_error, dead_letter_file = parse_on_error(given.on_error)
  if not on_error then return nil, dead_letter_file, "usage" end
  local format, message, code = given_format.load(given, given.format)
  if not format then return nil, message, code == "not_found" and "usage" or nil end
  local job = { format = format, on_error = on_error }
  job.registry, message = siem.registry.open {
    path = given.db, registry_id = given.registry_id, since = given.since, limit = given.limit,
  }
  if not job.registry then return nil, message end
  job.mapping, message = format:compile(format_options(given, format))
  if not job.mapping then return nil, message end
  local known
  known, message = job.mapping:check(job.registry)
  if not known then return nil, message end
  local apart
  apart, message = pipeline.check_files(given.db, dead_letter_file, given.output)
  if not apart then return nil, message end
  if dead_letter_file then
    job.deadletter, message = siem.deadletter.open(dead_letter_file)
    if not job.deadletter then return nil, message end
  end
  job.sink, message = open_sink(given)
  if not job.sink then return nil, message end
  return job
end

local function start_progress(given, registry)
  local wanted = given.progress or (not given.quiet and core.terminal_width(2))
  -- Records on the same terminal would be torn by the line.
  if not given.progress and (given.output or "-") == "-" and core.terminal_width(1) then
    wanted = false
  end
  if not wanted then return end
  local ordering, message = registry:ordering()
  if not ordering then return nil, message end
  local total = ordering.count
  if given.limit and given.limit < total then total = given.limit end
  return progress.start(total)
end

local function close_line(mark, counts, given, format)
  if given.quiet then return end
  local file = (given.on_error or ""):match "^dead%-letter:(.+)$"
  report.print(mark, counts, format.name, file)
end

local function run_export(job, given)
  local bar, problem = start_progress(given, job.registry)
  if problem then return nil, problem, "failed" end
  if not given.quiet then program.report(0) end
  local export = siem.export.open {
    mapping = job.mapping, sink = job.sink, on_error = job.on_error, deadletter = job.deadletter,
    progress = function(counts)
      if bar then bar:update(counts.exported) end
      if not given.quiet then program.report(counts.exported) end
      return not program.stop_requested()
    end,
  }
  local ok, message, code = export:run(job.registry)
  if bar then bar:finish() end
  return ok, message, code, export:counts()
end

--- Closing can fail, too: a network file system tells then that a write was lost.
local function close_all(job)
  local ok, message = job.sink:close()
  if ok and job.deadletter then ok, message = job.deadletter:close() end
  return ok, message
end

function M.run(given)
  local usable, problem = check_output(given)
  if not usable then return nil, problem, "usage" end
  local job, reason, kind = open_job(given)
  if not job then return nil, reason, kind end
  local ok, message, code, counts = run_export(job, given)
  if code == "pipe_closed" then return "ok" end
  if not counts then return nil, message end
  local closed, close_message = close_all(job)
  if ok and not closed then ok, message = nil, close_message end
  if ok then
    close_line("ok", counts, given, job.format)
    return counts.refused > 0 and "refused" or "ok"
  end
  close_line(code == "cancelled" and "stopped" or "failed", counts, given, job.format)
  return nil, message
end

return M

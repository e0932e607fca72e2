--- oversight-siem run: a script, and the pipelines that it returns.
local core            = require "oversight.core"
local files           = require "oversight.files"
local given_format    = require "oversight.cli.support.given_format"
local log             = require "oversight.log"
local messages        = require "oversight.cli.support.messages"
local must            = require "oversight.cli.support.must"
local output          = require "oversight.output"
local pipeline        = require "oversight.pipeline"
local program         = require "oversight.program"
local reload          = require "oversight.cli.support.reload"
local runner          = require "oversight.cli.support.runner"
local service         = require "oversight.cli.support.service"
local service_options = require "oversight.cli.support.service_options"
local traceback       = require "oversight.cli.support.traceback"

local M = {
  summary = "Runs a Lua script, and the pipelines that it returns",
  usage   = "[OPTION]... SCRIPT [ARGUMENT]...",
  examples = {
    "oversight-siem run pipelines.lua",
    "oversight-siem run --restricted --db registry.sqlite -o events.jsonl partner.lua",
  },
  options = {
    arguments = { 1, math.huge, "SCRIPT", rest = true },
    given_format.options[1], given_format.options[2],
    { "--db", value = "FILE", help = "with --restricted: the registry that the script's pipeline reads" },
    { "--registry-id", value = "ID", help = "its identity in records (default: registry)" },
    { "--output", "-o", value = "-|FILE", help = "with --restricted: where the pipeline writes (default: -)" },
    { "--dead-letter", value = "FILE",
      help = "with --restricted: keep events without a record here, and continue" },
    service_options.metrics, service_options.metrics_listen, service_options.log_format,
    { "--quiet", "-q", help = "no closing line for pipelines" },
  },
  notes = "'oversight-siem SCRIPT.lua ...' is the same. The script sees its arguments in\n" ..
    "'arg' and '...'. It may work by itself, or return siem.pipeline{...}, or a list\n" ..
    "of them, which are then run one after the other; those that follow a registry\n" ..
    "run beside one another. A restricted script may return\n" ..
    "siem.pipeline{format=, filter=}: what is read and written, the options say.",
}

--- The script's results. `arg` is what stock Lua makes of it; an error gets a traceback. A script that works
--- by itself `may_exit` and print; one that is run again for a service that is at work must not end it.
local function run_script(given, may_exit)
  local chunk, message = loadfile(given[1] ~= "-" and given[1] or nil, "t")
  if not chunk then return false, message end
  _G.arg = { [0] = given[1], table.unpack(given, 2) }
  local function add_traceback(reason)
    reason = core.error_text(reason)
    if not reason:find(given[1], 1, true) then reason = given[1] .. ": " .. reason end
    return traceback(reason)
  end
  core.permit_exit(may_exit)
  if may_exit then program.hold_output() end -- until it is known whether a pipeline writes records there
  local results = table.pack(xpcall(chunk, add_traceback, table.unpack(given, 2)))
  core.permit_exit(false)
  return table.unpack(results, 1, results.n)
end

local function titles_of(jobs)
  local titles = {}
  for i, job in ipairs(jobs) do titles[i] = job:title() end
  return titles
end

--- Runs one pipeline and prints its closing line. Gives "ok" or "refused", or nil and the reason.
local function run_pipeline(job, given, remedy)
  local answer, message, code = runner.run(job, given, { command = "run", remedy = remedy })
  if not answer then return nil, message and ("%s: %s"):format(job:title(), message), code end
  return answer
end

--- Runs pipelines one after the other, until one fails: the message names those that did not run.
local function run_in_turn(jobs, given)
  local answer = "ok"
  for i, job in ipairs(jobs) do
    local done, message, code = run_pipeline(job, given, 'dead_letter = "FILE"')
    if not done then
      local left = titles_of({ table.unpack(jobs, i + 1) })
      if #left > 0 then message = (message and message .. "; " or "") .. "not run: " .. table.concat(left, ", ") end
      return nil, message, code
    end
    if done ~= "ok" then answer = done end
  end
  return answer
end

--- Runs a script from elsewhere, and its pipeline on what the options name.
local function run_restricted(given)
  if given.db and output.is_at(given.output or "-") then output.claim() end
  local format, message = given_format.load_restricted(given, given[1], { table.unpack(given, 2) })
  if message then must.fail(message) end
  if not format and (given.db or given.output or given.dead_letter) then
    must.fail(given[1] .. ": the script returns nothing to export with: siem.pipeline{format =, filter =}")
  end
  if not format then return "ok" end
  if not given.db then must.fail("the script returns something to export with: give --db FILE", "usage") end
  return run_pipeline(pipeline.new {
    source = { path = given.db, registry_id = given.registry_id or "registry" },
    format = format, sink = given.output or "-", dead_letter = given.dead_letter,
  }, given, "--dead-letter FILE")
end

--- Refuses files that two pipelines of the script would write.
local function check_files(jobs, given)
  local list = {}
  for i, job in ipairs(jobs) do list[i] = pipeline.files_of(job) end
  return files.check(list, given.metrics, jobs[1] and not jobs[1].follow)
end

--- Gives pipelines of one title different ones, which log lines and numbers are marked with.
local function name_apart(jobs)
  local taken = {}
  for _, job in ipairs(jobs) do
    local title, number = job:title(), 1
    while taken[job:title()] do
      number = number + 1
      job.name = ("%s-%d"):format(title, number)
    end
    taken[job:title()] = true
  end
end

--- What a script may return, for messages.
local EXPECTED = "a script returns siem.pipeline{...}, a list of them, or nothing"

--- What is wrong with a list of pipelines, or nil.
local function list_problem(list)
  if type(list) ~= "table" then return ("the script returns a %s: %s"):format(type(list), EXPECTED) end
  if list.source ~= nil and list.sink ~= nil then
    return "the script returns a table as it is: it belongs into siem.pipeline{...}"
  end
  if next(list) == nil then return "the script returns an empty table: " .. EXPECTED end
  local count = 0
  for i, job in ipairs(list) do
    if not pipeline.is_pipeline(job) then
      return ("result %d of the script is not a pipeline, but a %s: %s"):format(i, type(job), EXPECTED)
    end
    count = i
  end
  for key in pairs(list) do
    if math.type(key) ~= "integer" then
      return ("the script returns a table with the key %q: %s"):format(tostring(key), EXPECTED)
    end
    if key < 1 or key > count then return ("result %d of the script is nil: %s"):format(count + 1, EXPECTED) end
  end
end

--- What a script gave, as a list of pipelines; or nil and what is wrong. The second value of `return require "x"`
--- is a text.
local function to_list(result, second)
  if result == nil and second ~= nil then return nil, "the script failed: " .. tostring(second) end
  if result == nil then return {} end
  if type(second) == "table" then return nil, "the script returns several tables: " .. EXPECTED end
  local jobs = pipeline.is_pipeline(result) and { result } or result
  local problem = list_problem(jobs)
  if problem then return nil, problem end
  return jobs
end

--- The pipelines that the script returns, or nil and what is wrong.
local function load_jobs(given, may_exit)
  local ok, result, reason = run_script(given, may_exit)
  if not ok then
    output.release()
    return nil, result
  end
  local jobs, message = to_list(result, reason)
  for _, job in ipairs(jobs or {}) do
    if type(job.sink) == "string" and output.is_at(job.sink) then output.claim() end
  end
  output.release()
  if not jobs then return nil, ("%s: %s"):format(given[1], message) end
  for _, job in ipairs(jobs) do
    if (job.follow or false) ~= (jobs[1].follow or false) then
      return nil, "either all pipelines of a script follow, or none"
    end
  end
  local apart
  apart, message = check_files(jobs, given)
  if not apart then return nil, message end
  if jobs[1] and jobs[1].follow then name_apart(jobs) end
  return jobs
end

--- Runs pipelines that follow: one in this thread, several in a thread each, which runs the script again and
--- has no `jobs` yet.
local function run_service(given, jobs_at_start)
  local number, titles = program.worker() or 1, titles_of(jobs_at_start or {})
  messages.use_log()
  local process = service.start(given, titles)
  if #titles > 1 then return service.run_all(process, given.raw) end
  local known
  return service.run(process, number, function()
    local jobs, problem = load_jobs(given)
    if not jobs then return nil, problem end
    known = known or titles_of(jobs)
    if number == 1 and #jobs > #known then
      log.write("warning", ("the script has more pipelines (%d) than at the start (%d): restart to run them"):format(
        #jobs, #known))
    end
    if jobs[number] then return jobs[number] end
    return nil, ("the script does not return pipeline %s"):format(known[number] or number)
  end)
end

function M.run(given)
  if given.restricted then return run_restricted(given) end
  for _, option in ipairs { "db", "registry_id", "output", "dead_letter" } do
    if given[option] then
      must.fail(("--%s is for --restricted: the script opens what it reads and writes"):format(
        option:gsub("_", "-")), "usage")
    end
  end
  if program.is_trial() then return reload.try(function() return load_jobs(given) end) end
  if program.worker() then return run_service(given) end
  local jobs, message = load_jobs(given, true)
  if not jobs and given.log_format then messages.use_log() end
  must.have(jobs, message)
  if jobs[1] and jobs[1].follow then return run_service(given, jobs) end
  return run_in_turn(jobs, given)
end

return M

--- oversight-siem check: whether a format is fit for production, by its tests and its target's rules.
local color         = require "oversight.cli.support.color"
local core          = require "oversight.core"
local events        = require "oversight.cli.support.events"
local format_tests  = require "oversight.cli.support.format_tests"
local given_format  = require "oversight.cli.support.given_format"
local must          = require "oversight.cli.support.must"
local record        = require "oversight.record"
local sample_events = require "oversight.cli.support.sample_events"
local siem          = require "oversight.siem"
local targets       = require "oversight.targets"
local text          = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {
  summary = "Checks formats: their tests, and what their target accepts",
  usage   = "FORMAT... [--target NAME] [--db FILE]",
  examples = {
    "oversight-siem check my_ecs.lua",
    "oversight-siem check my_ecs.lua --target ecs --db registry.sqlite --limit 5000",
  },
  options = {
    arguments = { 1, math.huge, "FORMAT" },
    { "--target", value = "NAME", complete = { "splunk", "ecs", "sentinel" },
      help = "splunk, ecs or sentinel (default: the built-in format that FORMAT extends)" },
    { "--custom", value = "NAME", many = true, help = "a top-level name of your own in ECS records" },
    { "--db", value = "FILE", help = "check records of this registry as well" },
    { "--limit", value = "N", natural = true, help = "at most N events of it (default: 1000)" },
    given_format.options[1], given_format.options[2],
    { "--json", help = "one JSON object a problem" },
  },
  notes = "Tests are rows of 'tests' in the format, and files FORMAT.*.json beside it.\n" ..
    "Exit status: 0 without errors (warnings are printed), 1 with errors.",
}

local ORDER = { "format", "level", "field", "reason" }

--- Collects problems, each once.
local function new_problems()
  local problems, seen = { errors = 0 }, {}
  function problems.add(format, level, field, reason)
    local key = table.concat({ format, level, field, reason }, "\0")
    if seen[key] then return end
    seen[key] = true
    if level == "error" then problems.errors = problems.errors + 1 end
    problems[#problems + 1] = { format = format, level = level, field = field, reason = reason }
  end
  return problems
end

local function run_tests(format, name, problems)
  local count = format_tests.run(format, name, function(title, problem)
    problems.add(format.name, "error", title, problem)
  end)
  if count == 0 then problems.add(format.name, "warning", "tests", "the format has no test") end
end

-- ---- targets ----

--- The target of a format: the one that is named, or the built-in format at its root.
local function target_of(format, given)
  local name = given.target or given_format.describe(format).root
  return targets[name], name
end

--- A format may refuse an event without a usable time. What its record breaks is a warning, as it is not known
--- whether the registry has such events.
local function check_without_time(format, event, check)
  for _, written in ipairs(given_format.records(format, event) or {}) do check(written, "warning") end
end

local function check_records(format, given, list, problems)
  local target, name = target_of(format, given)
  if not target then
    problems.add(format.name, "warning", "target", ("there are no rules for '%s': give --target"):format(name))
    return
  end
  local custom = { oversight = true }
  for _, top in ipairs(given.custom or {}) do custom[top] = true end
  local function check(written, most)
    target(record.fields(written, format.encoding), function(field, reason, level)
      problems.add(format.name, most or level or "error", field, reason)
    end, custom)
  end
  for _, event in ipairs(list) do
    local records, message, code = given_format.records(format, event)
    for _, written in ipairs(records or {}) do check(written) end
    if not records and code ~= "dropped" then
      problems.add(format.name, "error", "event " .. event.event_id, message)
    end
  end
  if not given.db then check_without_time(format, sample_events.without_time "registry", check) end
end

-- ---- parallel ----

--- What a mapping makes of each event, in that order: records, or why there is none.
local function render_all(mapping, list, first, last, step)
  local made = {}
  for i = first, last, step do
    local batch = siem.batch.open()
    local ok, message = batch:write(mapping, list[i])
    made[i] = ok and batch:bytes() or message
    batch:close()
  end
  return made
end

--- A format that says that it keeps no state makes the same records on another thread, whatever came before.
local function check_parallel(format, list, problems)
  if not format.parallel then return end
  local mapping = format:compile()
  local twin, problem = core.mapping_twin(mapping)
  if twin == nil then problems.add(format.name, "error", "parallel", problem) end
  if not twin then return end
  local forward, backward = render_all(mapping, list, 1, #list, 1), render_all(twin, list, #list, 1, -1)
  for i, event in ipairs(list) do
    if forward[i] ~= backward[i] then
      problems.add(format.name, "error", "parallel", ("event %s has another record when other events come before "
        .. "it: a function keeps state, so remove parallel = true"):format(event.event_id))
      break
    end
  end
  twin:close()
end

local function print_problems(problems, as_json)
  for _, problem in ipairs(problems) do
    if as_json then
      print(siem.json.encode(siem.object(problem, ORDER)))
    else
      text.print_wrapped(("%s: %s: %s: %s"):format(text.printable(problem.format),
        color.paint(1, problem.level, problem.level), text.printable(problem.field), text.printable(problem.reason)))
    end
  end
end

function M.run(given)
  if given.target and not targets[given.target] then
    must.fail("--target takes splunk, ecs or sentinel", "usage")
  end
  local list = given.db and events.read(given, 1000) or sample_events.of_each_kind "registry"
  local problems = new_problems()
  for _, name in ipairs(given) do
    local format = must.have(given_format.load(given, name))
    local known, unknown = events.check_fields(given, format)
    if not known then problems.add(format.name, "error", "rows", unknown) end
    run_tests(format, name, problems)
    check_records(format, given, list, problems)
    check_parallel(format, list, problems)
    given_format.close(format)
  end
  print_problems(problems, given.json)
  if problems.errors > 0 then must.fail(("%d error(s)"):format(problems.errors)) end
  if not given.json then print(("%d format(s) checked, no errors"):format(#given)) end
  return "ok"
end

return M

--- oversight-siem check: whether a format is fit for production, by its tests and its target's rules.
local core          = require "oversight.core"
local events        = require "oversight.cli.support.events"
local fates         = require "oversight.cli.support.fates"
local findings      = require "oversight.cli.support.findings"
local format_tests  = require "oversight.cli.support.format_tests"
local given_format  = require "oversight.cli.support.given_format"
local mask_check    = require "oversight.cli.support.mask_check"
local must          = require "oversight.cli.support.must"
local numbers       = require "oversight.cli.support.numbers"
local record        = require "oversight.record"
local sample_events = require "oversight.cli.support.sample_events"
local siem          = require "oversight.siem"
local tables        = require "oversight.tables"
local targets       = require "oversight.targets"
local print = require("oversight.output").print

local M = {
  summary = "Checks formats: their tests, and what their target accepts",
  usage   = "FORMAT... [--to KIND | --target NAME] [--db FILE]",
  examples = {
    "oversight-siem check my_ecs.lua",
    "oversight-siem check my_ecs.lua --target ecs --db registry.sqlite --limit 5000",
  },
  options = events.with_options {
    arguments = { 1, math.huge, "FORMAT" },
    { "--to", value = "KIND", help = "the target that its records go to: the format has to suit it" },
    { "--target", value = "NAME", complete = { "splunk", "ecs", "sentinel" },
      help = "splunk, ecs or sentinel (default: the built-in format that FORMAT extends)" },
    { "--custom", value = "NAME", many = true, help = "a top-level name of your own in ECS records" },
    given_format.options[1], given_format.options[2],
    { "--json", help = "one JSON object a problem" },
  },
  notes = "Tests are rows of 'tests' in the format, and files FORMAT.*.json beside it.\n" ..
    "With --db, records of its first 1000 events are checked as well.\n" ..
    "Exit status: 0 without errors (warnings are printed), 1 with errors.",
}

local function run_tests(format, name, problems)
  local count = format_tests.run(format, name, function(title, problem)
    problems:add(format.name, "error", title, problem)
  end)
  if count == 0 then problems:add(format.name, "warning", "tests", "the format has no test") end
  return count
end

-- ---- names ----

--- A name that is like that of a field is a slip, unless the site has such a column, which --db would tell.
local function check_names(format, problems)
  local function warn(message)
    if not message:find "did you mean" then return end
    problems:add(format.name, "warning", "names", message:match "^(.-) *$" .. "; --db tells the columns of a registry")
  end
  for _, event in ipairs(sample_events.of_each_kind("registry", true)) do
    local known, unknown = given_format.mapping(format):check(event)
    if not known then return warn(unknown) end
    local records, message = given_format.records(format, event)
    if not records then warn(message) end
  end
end

-- ---- masks ----

local FIELDS = tables.set(table.unpack(sample_events.without_time "registry":names()))

local function check_masks(format, problems)
  mask_check.run(given_format.describe(format), FIELDS, function(field, reason)
    problems:add(format.name, "warning", field, reason)
  end)
end

-- ---- targets ----

--- The rules that a format is held to, by name: those that are asked for, or of the built-in format at its root.
local function rules_of(root, given, kind)
  local suits_kind = kind and kind.format and targets[kind.format] and kind.format
  return given.target or suits_kind or root
end

--- What does not suit the target of --to, or nil: a format that is made for another one.
local function misfit(root, kind)
  local wanted = kind and kind.format
  if not wanted or not targets[wanted] or not targets[root] or root == wanted then return end
  return ("the format extends %s, and --to %s takes records as %s writes them"):format(root, kind.name, wanted)
end

--- The kind of sink that --to names.
local function kind_of(given)
  local names = {}
  for i, kind in ipairs(siem.sink.kinds()) do
    if kind.name == given.to then return kind end
    names[i] = kind.name
  end
  if given.to then must.fail("--to takes " .. table.concat(names, ", "), "usage") end
end

--- Azure gives a row without the time of its event that of its arrival.
local function check_time_row(format, description, problems)
  for _, row in ipairs(description.rows or {}) do
    if row.destination == "TimeGenerated" then return end
  end
  if description.rows then
    problems:add(format.name, "error", "TimeGenerated", "no row writes it: every event gets the time of its arrival")
  end
end

--- A format may refuse an event without a usable time. What its record breaks is a warning, as it is not known
--- whether the registry has such events.
local function check_without_time(format, event, check)
  for _, written in ipairs(given_format.records(format, event) or {}) do
    check(written, "warning", " (an event without a time)")
  end
end

local function check_records(format, given, list, problems)
  local description, kind = given_format.describe(format), kind_of(given)
  local problem = misfit(description.root, kind)
  if problem then return problems:add(format.name, "error", "--to", problem) end
  local name = rules_of(description.root, given, kind)
  local target = targets[name]
  if not target then
    if not kind then
      problems:add(format.name, "warning", "target", ("there are no rules for '%s': give --target"):format(name))
    end
    return
  end
  if name == "sentinel" then check_time_row(format, description, problems) end
  local custom = { oversight = true }
  for _, top in ipairs(given.custom or {}) do custom[top] = true end
  local function check(written, most, note)
    target(record.fields(written, format.encoding), function(field, reason, level)
      problems:add(format.name, most or level or "error", field, reason .. (note or ""))
    end, custom)
  end
  local tally = fates.new(format.name)
  for _, event in ipairs(list) do
    local records, message, code = given_format.records(format, event)
    tally:add(records, code)
    for _, written in ipairs(records or {}) do check(written) end
    if not records and code ~= "dropped" then
      problems:add(format.name, "error", "event " .. event.event_id, message)
    end
  end
  if tally.skipped == #list then
    problems:add(format.name, "warning", "records", "all events are skipped: no record was checked")
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
  if twin == nil then problems:add(format.name, "error", "parallel", problem) end
  if not twin then return end
  local forward, backward = render_all(mapping, list, 1, #list, 1), render_all(twin, list, #list, 1, -1)
  for i, event in ipairs(list) do
    if forward[i] ~= backward[i] then
      problems:add(format.name, "error", "parallel", ("event %s has another record when other events come before "
        .. "it: a function keeps state, so remove parallel = true"):format(event.event_id))
      break
    end
  end
  twin:close()
end

--- What was looked at, in words.
local function describe(formats, tests, events_seen)
  return ("%d format(s), %s test(s) and %s event(s)"):format(formats, numbers.count(tests), numbers.count(events_seen))
end

function M.run(given)
  if given.target and not targets[given.target] then
    must.fail("--target takes splunk, ecs or sentinel", "usage")
  end
  local list = events.of_registry(given, 1000, function() return sample_events.of_each_kind "registry" end)
  local problems, tests = findings.new(), 0
  for _, name in ipairs(given) do
    local format = must.have(given_format.load(given, name))
    local known, unknown = events.check_fields(given, format)
    if not known then problems:add(format.name, "error", "rows", unknown) end
    tests = tests + run_tests(format, name, problems)
    check_records(format, given, list, problems)
    if not given.db then check_names(format, problems) end
    check_masks(format, problems)
    check_parallel(format, list, problems)
    given_format.close(format)
  end
  problems:print(given.json)
  local seen = describe(#given, tests, #list)
  if problems.errors > 0 then must.fail(("%d error(s) in %s"):format(problems.errors, seen)) end
  if not given.json then print(seen .. " checked, no errors") end
  return "ok"
end

return M

--- oversight-siem diff: what a format changes against another, field by field, on real events.
local color        = require "oversight.cli.support.color"
local events       = require "oversight.cli.support.events"
local fates        = require "oversight.cli.support.fates"
local given_format = require "oversight.cli.support.given_format"
local must         = require "oversight.cli.support.must"
local record       = require "oversight.record"
local siem         = require "oversight.siem"
local text         = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {
  summary = "Shows what a format changes against its base, on real events",
  usage   = "FORMAT [--against BASE] [--db FILE | < events.jsonl]",
  examples = {
    "oversight-siem diff my_ecs.lua --db registry.sqlite",
    "oversight-siem diff my_ecs.lua --against ecs --db registry.sqlite --json",
  },
  options = events.with_options {
    arguments = { 1, 1, "FORMAT" },
    { "--against", value = "BASE", complete = "format",
      help = "the other format (default: what FORMAT extends)" },
    given_format.options[1], given_format.options[2],
    { "--json", help = "one JSON object a field" },
  },
  notes = "Default: 1000 events. A field is shown once, with how many events it concerns.\n" ..
    "Exit status: 3 when one of the formats has no record of any event.",
}

--- The format that another one extends.
local function find_base(format)
  if format.base then return format.base end
  local described = given_format.describe(format)
  if not described.base then
    must.fail(("%s extends no other format: give one with --against"):format(format.name), "usage")
  end
  -- It is in a state of its own: what is a module there is the same module here.
  if described.base_is_module then return must.have(given_format.load({}, described.base)) end
  must.fail(("%s extends %s, which cannot be loaded by that name: give a format with --against"):format(
    format.name, described.base), "usage")
end

--- Notes a difference at a path: its kind, and one sample.
local function note(changes, path, kind, before, after, event)
  local key = path .. "\0" .. kind
  local change = changes[key]
  if not change then
    change = { path = path, kind = kind, count = 0, before = before, after = after, event = event.event_id }
    changes[key] = change
    changes[#changes + 1] = change
  end
  change.count = change.count + 1
  return change
end

--- Notes how two records differ. `within` is the beginning of the paths.
local function compare(changes, within, old, new, event)
  for _, field in ipairs(old) do
    local other = new[field.path]
    if not other then
      note(changes, within .. field.path, "removed", field.json, nil, event)
    elseif other.json ~= field.json then
      note(changes, within .. field.path, "changed", field.json, other.json, event)
    end
  end
  for _, field in ipairs(new) do
    if not old[field.path] then note(changes, within .. field.path, "added", nil, field.json, event) end
  end
end

--- Notes how the records of an event differ, the first with the first and so on.
local function compare_records(changes, old, new, event)
  local several = #old > 1 or #new > 1
  for i = 1, math.max(#old, #new) do
    local name = several and ("record %d"):format(i) or ""
    if old[i] and new[i] then
      compare(changes, several and name .. ": " or "", old[i].fields, new[i].fields, event)
    else
      note(changes, name, new[i] and "added" or "removed", old[i] and old[i].text, new[i] and new[i].text, event)
    end
  end
end

--- The records of an event, or nil and what became of it.
---@return { text: string, fields: oversight.Fields }[]?
---@return string? fate
local function render(format, event, tally)
  local texts, message, code = given_format.records(format, event)
  tally:add(texts, code)
  if not texts then return nil, code == "dropped" and "skipped" or "refused: " .. message end
  local records = {}
  for i, written in ipairs(texts) do
    records[i] = { text = written, fields = record.fields(written, format.encoding) }
  end
  return records
end

local function compare_event(changes, tallies, base, format, event)
  local old, old_problem = render(base, event, tallies.base)
  local new, new_problem = render(format, event, tallies.format)
  if old and new then
    compare_records(changes, old, new, event)
  elseif old_problem ~= new_problem then
    note(changes, "(the record)", new and "added" or "removed", old_problem, new_problem, event).is_fate = true
  end
end

local MARKS = { added = "+", removed = "-", changed = "~" }

local function print_sample(label, style, value)
  if value then print(("    %s  %s"):format(label, color.paint(1, style, text.fitting(value, 12)))) end
end

local function print_change(change, total)
  local name = ("%s %s"):format(MARKS[change.kind], text.printable(change.path))
  print(("%s  %d of %d event(s)"):format(color.paint(1, change.kind, name), change.count, total))
  print_sample("before", "removed", change.before)
  print_sample("after ", "added", change.after)
end

local ORDER = { "path", "kind", "count", "event", "before", "after" }

--- A change for programs: values as they are in the records, and in words what became of a record.
local function to_object(change)
  local function value_of(value) return not change.is_fate and value and siem.json.raw(value) or value end
  return siem.object({
    path = change.path, kind = change.kind, count = change.count, event = change.event,
    before = value_of(change.before), after = value_of(change.after),
  }, ORDER)
end

function M.run(given)
  local format = must.have(given_format.load(given, given[1]))
  local base = given.against and must.have(given_format.load({}, given.against)) or find_base(format)
  local list = events.sample(given, 1000, "compare on", format, base)
  local changes, tallies = {}, { base = fates.new(base.name), format = fates.new(format.name) }
  for _, event in ipairs(list) do compare_event(changes, tallies, base, format, event) end
  for _, change in ipairs(changes) do
    if given.json then
      print(siem.json.encode(to_object(change)))
    else
      print_change(change, #list)
    end
  end
  local has_base, has_format = tallies.base:report(), tallies.format:report()
  if not has_base or not has_format then return "refused" end
  if #changes == 0 and not given.json then
    print(("%s and %s write the same for %d event(s)"):format(format.name, base.name, #list))
  end
  return "ok"
end

return M

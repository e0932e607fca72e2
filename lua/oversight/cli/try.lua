--- oversight-siem try: what a format makes of some events, and where each field comes from.
local events       = require "oversight.cli.support.events"
local fates        = require "oversight.cli.support.fates"
local given_format = require "oversight.cli.support.given_format"
local must         = require "oversight.cli.support.must"
local record       = require "oversight.record"
local siem         = require "oversight.siem"
local text         = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {
  summary = "Shows the records that a format makes of some events",
  usage   = "FORMAT [--db FILE | < events.jsonl]",
  examples = {
    "oversight-siem try my_ecs.lua --db registry.sqlite",
    "oversight-siem try splunk --db registry.sqlite --explain",
  },
  options = events.with_options {
    arguments = { 1, 1, "FORMAT" },
    { "--explain", help = "show where each field comes from, with a sample" },
    given_format.options[1], given_format.options[2],
    { "--json", help = "for programs: records as lines, explanations as one object a field" },
  },
  notes = "Without --db, events are read from standard input, a JSON object each: columns\n" ..
    "of 'events', or a line of a dead letter file. At most 5 events, 100 to explain.\n" ..
    "Exit status: 3 when events are refused, and when none has a record."
}

--- The keys of a destination: "labels.a\\.b" is b. within labels.
local function keys_of(destination)
  local keys, key = {}, ""
  for escaped, plain in destination:gmatch "(\\?)(.)" do
    if escaped == "" and plain == "." then
      keys[#keys + 1], key = key, ""
    else
      key = key .. plain
    end
  end
  keys[#keys + 1] = key
  return keys
end

--- The first value that records have at a destination, as JSON text; of an object all of it.
local function sample_of(destination, records, encoding)
  local keys = keys_of(destination)
  for _, written in ipairs(records) do
    local sample = record.find(written, keys, encoding)
    if sample then return sample end
  end
end

--- A sample for people: an object or a list on lines of its own.
local function show_sample(sample, encoding)
  if not sample then return "(in none of these events)" end
  if not sample:find "^[{%[]" then return text.fitting(sample, 4) end
  return (text.printable_lines(record.indent(sample, encoding)):gsub("\n", "\n    "))
end

local function explain(format, records, as_json)
  local rows = given_format.describe(format).rows
  if not rows then must.fail(format.name .. " is a function: it has no rows to explain") end
  for _, row in ipairs(rows) do
    local sample = sample_of(row.destination, records, format.encoding)
    if as_json then
      print(siem.json.encode(siem.object(
        { destination = row.destination, source = row.source, sample = sample and siem.json.raw(sample) },
        { "destination", "source", "sample" })))
    else
      print(("%s <- %s"):format(text.printable(row.destination), text.printable(row.source)))
      print("    " .. show_sample(sample, format.encoding))
    end
  end
end

--- Renders all events; what is refused is printed and counted.
local function render_all(format, list, show)
  local tally = fates.new(format.name)
  for _, event in ipairs(list) do
    local records, message, code = given_format.records(format, event)
    tally:add(records, code)
    for _, written in ipairs(records or {}) do show(written) end
    if not records and code ~= "dropped" then
      io.stderr:write(text.printable_lines(("event %s: %s\n"):format(event.event_id, message)))
    end
  end
  return tally
end

function M.run(given)
  local format = must.have(given_format.load(given, given[1]))
  local list = events.sample(given, given.explain and 100 or 5, "try", format)
  local records = {}
  local tally = render_all(format, list, function(written)
    if given.explain then
      records[#records + 1] = written
    else
      print(given.json and written or record.indent(written, format.encoding))
    end
  end)
  if given.explain then explain(format, records, given.json) end
  local made_some = tally:report()
  return made_some and tally.refused == 0 and "ok" or "refused"
end

return M

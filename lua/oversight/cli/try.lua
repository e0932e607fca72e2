--- oversight-siem try: what a format makes of some events, and where each field comes from.
local events       = require "oversight.cli.support.events"
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
    "of 'events', or a line of a dead letter file. At most 5 events, 100 to explain."
}

--- The first value that the fields of records have at a destination or inside it.
local function sample_of(destination, records)
  for _, fields in ipairs(records) do
    for _, field in ipairs(fields) do
      if field.path == destination or field.path:sub(1, #destination + 1) == destination .. "." then
        return field.json
      end
    end
  end
end

local function explain(format, records, as_json)
  local rows = given_format.describe(format).rows
  if not rows then must.fail(format.name .. " is a function: it has no rows to explain") end
  for _, row in ipairs(rows) do
    local sample = sample_of(row.destination, records)
    if as_json then
      print(siem.json.encode(siem.object(
        { destination = row.destination, source = row.source, sample = sample and siem.json.decode(sample) },
        { "destination", "source", "sample" })))
    else
      print(("%s <- %s"):format(text.printable(row.destination), text.printable(row.source)))
      print("    " .. (sample and text.fitting(sample, 4) or "(in none of these events)"))
    end
  end
end

--- Renders all events; what is refused is printed and counted.
local function render_all(format, list, show)
  local refused = 0
  for _, event in ipairs(list) do
    local records, message, code = given_format.records(format, event)
    for _, written in ipairs(records or {}) do show(written) end
    if not records and code ~= "dropped" then
      refused = refused + 1
      io.stderr:write(text.printable_lines(("event %s: %s\n"):format(event.event_id, message)))
    end
  end
  return refused
end

function M.run(given)
  local format = must.have(given_format.load(given, given[1]))
  local list = events.sample(given, given.explain and 100 or 5, "try", format)
  local records = {}
  local refused = render_all(format, list, function(written)
    if given.explain then
      records[#records + 1] = record.fields(written, format.encoding)
    else
      print(given.json and written or record.indent(written, format.encoding))
    end
  end)
  if given.explain then explain(format, records, given.json) end
  return refused > 0 and "refused" or "ok"
end

return M

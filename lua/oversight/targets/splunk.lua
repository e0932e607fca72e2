--- What Splunk's HTTP Event Collector takes: "Format events for HTTP Event Collector", "Automate indexed
--- field extractions".
local record = require "oversight.record"
local tables = require "oversight.tables"
local values = require "oversight.targets.values"

local M = {}

-- There is no default for an empty one: Splunk refuses the index, and events without the others are hard to find.
local NOT_EMPTY = tables.set("host", "source", "sourcetype", "index")
local ENVELOPE = tables.set("time", "host", "source", "sourcetype", "index", "event", "fields")

--- What is wrong with the time: "1767225600.5" is as good as the number. 0 is what an event without a usable
--- time has.
---@return string? problem, "warning"? level
local function time_problem(field)
  if tonumber(field.value) == 0 then
    return "is 1970 to Splunk, whose indexes may delete it at once: leave the field out, and Splunk takes the " ..
      "time of arrival", "warning"
  end
  if type(field.value) == "number" then
    return field.json:find "[eE]" and "is seconds with fixed decimals, without an exponent"
  end
  if type(field.value) == "string" and field.value:find "^-?%d+%.?%d*$" then return nil end
  return ("is a number of seconds, also as a string, not %s"):format(values.show(field.value))
end

local function is_indexed(value)
  if record.kind_of(value) ~= "array" then return type(value) == "string" end
  for _, element in ipairs(value) do
    if type(element) ~= "string" then return false end
  end
  return true
end

--- What is wrong with a member of `fields`, or with `fields` itself when `rest` is "".
local function indexed_problem(field, rest)
  if rest == "" then
    if record.kind_of(field.value) ~= "object" then
      return "is an object of indexed fields, not " .. values.show(field.value)
    end
  elseif rest:find "[^\\]%." then
    return "fields must be flat (code 15)"
  elseif not is_indexed(field.value) then
    return "indexed fields are strings or lists of strings, not " .. values.show(field.value)
  end
end

local function problem_of(field)
  local top, rest = field.path:match "^([^.]*)%.?(.*)$"
  if not ENVELOPE[top] then return "is not a key of a HEC envelope (code 5)" end
  if top == "fields" then return indexed_problem(field, rest) end
  if top == "event" then return nil end
  if top == "time" and rest == "" then return time_problem(field) end
  if type(field.value) ~= "string" then return "is a string, not " .. record.kind_of(field.value) end
  if NOT_EMPTY[top] and field.value == "" then return "is empty" end
end

---@param fields oversight.Fields
---@param complain oversight.Complain
function M.check(fields, complain)
  local has_event = false
  for _, field in ipairs(fields) do
    has_event = has_event or field.path == "event" and field.value ~= "" and record.kind_of(field.value) ~= "null" or
      field.path:find "^event%." ~= nil
    local problem, level = problem_of(field)
    if problem then complain(field.path, problem, level) end
  end
  if not has_event then complain("event", "is missing or empty (codes 12 and 13)") end
end

return M

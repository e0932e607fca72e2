--- What Splunk's HTTP Event Collector takes: "Format events for HTTP Event Collector", "Automate indexed
--- field extractions".
local values = require "oversight.targets.values"

local M = {}

local ENVELOPE = values.set("time", "host", "source", "sourcetype", "index", "event", "fields")

---@param fields oversight.Fields
---@param complain oversight.Complain
function M.check(fields, complain)
  local has_event = false
  for _, field in ipairs(fields) do
    local top, rest = field.path:match "^([^.]*)%.?(.*)$"
    if not ENVELOPE[top] then complain(field.path, "is no key of a HEC envelope (code 5)") end
    has_event = has_event or top == "event"
    local kind = values.kind_of(field.value)
    if top == "fields" and rest ~= "" then
      if rest:find("[^\\]%.") then complain(field.path, "fields must be flat (code 15)") end
      if kind ~= "string" and kind ~= "array" then
        complain(field.path, "indexed fields are strings or lists of strings, not " .. kind)
      end
    elseif top == "time" and (kind ~= "number" and kind ~= "string" or field.json:find "[eE]") then
      complain(field.path, "is seconds with fixed decimals, without an exponent")
    elseif top ~= "time" and top ~= "event" and top ~= "fields" and ENVELOPE[top] and kind ~= "string" then
      complain(field.path, "is a string, not " .. kind)
    end
  end
  if not has_event then complain("event", "is missing or empty (codes 12 and 13)") end
end

return M

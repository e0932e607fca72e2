--- Records as flat lists of fields: "event.kind" and its value as JSON text.
local siem = require "oversight.siem"

local M = {}

local function walk(object, prefix, fields)
  local order = (getmetatable(object) or {}).__jsonorder or {}
  for _, key in ipairs(order) do
    local value, path = object[key], prefix .. key:gsub("[\\.]", "\\%0")
    local kind = type(value) == "table" and (getmetatable(value) or {}).__jsontype
    if kind == "object" and next(value) ~= nil then
      walk(value, path .. ".", fields)
    else
      fields[#fields + 1] = { path = path, value = value, json = siem.json.encode(value) }
      fields[path] = fields[#fields]
    end
  end
  return fields
end

--- A list in the record's order, which is a table by path as well. Dots within a key are "\\." in its path.
---@alias oversight.Fields { path: string, value: any, json: string }[]

--- The fields of a record.
---@param record string JSON text
---@return oversight.Fields
function M.of(record)
  return walk(assert(siem.json.decode(record, true)), "", {})
end

--- The fields of an object that stands in a list, by the paths that they would have without the list.
---@param object table decoded with its order
---@param path string the path of the list
---@return oversight.Fields
function M.within(object, path)
  return walk(object, path .. ".", {})
end

return M

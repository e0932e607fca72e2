--- Rows that look a value up in a table of siem.lookup, `lookup = people` or `with = people`, as rows with a function.
local core         = require "oversight.core"
local lookup_table = require "oversight.lookup_table"

local M = {}

--- What a row has for values that the table lacks: a function of the value.
local function default_of(default)
  if type(default) == "function" then return default end
  local prefix = type(default) == "table" and default.prefix
  if prefix then return function(text) return prefix .. text end end
  return function() return default end
end

--- `lookup = people`: what the table has, else the default, and then the row's own function.
local function lower_lookup(row, lowered, find)
  local default, with = default_of(row.default), lowered.with
  lowered.lookup, lowered.default = nil, nil
  -- As in a table of Lua, null is looked up as the empty text when something is to come of it.
  lowered.with_null = (row.default ~= nil or row.with_null) or nil
  lowered.with = function(value, event)
    local found = find(value)
    if found == nil then found = default(value == nil and "" or core.tostring(value)) end
    if with and (found ~= nil or row.with_null) then return with(found, event) end
    return found
  end
end

--- Replaces the tables of a row by functions. Gives what is wrong, or nil.
---@param row oversight.Row
---@param lowered table the row as the engine takes it
---@return string? problem
function M.lower(row, lowered)
  local in_lookup, in_with = lookup_table.is_table(row.lookup), lookup_table.is_table(row.with)
  if row.column ~= nil and not in_lookup and not in_with then
    return "column is that of a table of siem.lookup: lookup = people, column = \"team\""
  end
  if in_lookup and in_with then return "lookup and with are both tables: which one has the column is not known" end
  if not in_lookup and not in_with then return end
  if in_lookup and row.from == nil then return "lookup needs from" end
  local find, problem = lookup_table.reader(in_lookup and row.lookup or row.with, row.column)
  if not find then return problem end
  if in_lookup then lower_lookup(row, lowered, find) else lowered.with = find end
end

return M

--- What a format says of itself, in plain data: for commands, also of formats in another state.
local core = require "oversight.core"

local M = {}

--- "lookup in people.csv, column team"; nil for a table of Lua.
local function describe_table(value, column)
  if (debug.getmetatable(value) or {}).__name ~= "oversight.lookup" then return nil end
  return "lookup in " .. value.path .. (column and ", column " .. column or "")
end

--- "recipient_id, lower, lookup" of a row.
local function describe_source(row)
  local parts = { type(row.from) == "table" and table.concat(row.from, " or ") or row.from }
  if row.value ~= nil then parts[#parts + 1] = "value " .. core.json_encode(row.value) end
  if row.as then parts[#parts + 1] = "as " .. row.as end
  if row.lookup then parts[#parts + 1] = describe_table(row.lookup, row.column) or "lookup" end
  if type(row.with) == "table" then
    parts[#parts + 1] = describe_table(row.with, row.column)
  elseif row.with then
    local info = debug.getinfo(row.with, "S")
    parts[#parts + 1] = ("function at %s:%d"):format(info.short_src, info.linedefined)
  end
  if row.when then parts[#parts + 1] = "when" end
  if #parts == 0 then return "an object that is always there" end
  return table.concat(parts, ", ")
end

--- What a row writes of an event. What is looked up is not written, unless the default has it.
local function sources_of(row)
  local default, sources = row.default, {}
  local is_looked_up = row.lookup and type(default) ~= "function" and not (type(default) == "table" and default.prefix)
  for _, source in ipairs(type(row.from) == "table" and row.from or { row.from }) do
    if not is_looked_up and not source:find "^option%." then sources[#sources + 1] = source end
  end
  return core.array(sources)
end

--- The set of the converters that mask.
local function masking()
  local names = {}
  for _, converter in ipairs(core.converters()) do names[converter.name] = converter.masks or nil end
  return names
end

--- The name of the built-in or site format at the root of what this one extends.
local function root_of(format)
  while format.base do format = format.base end
  return format.name
end

---@class oversight.DescribedRow
---@field destination string
---@field source string
---@field reads string[] the sources whose value it writes: not those that it looks up
---@field masks boolean? its converter hides what the value is

---@class oversight.Description
---@field name string
---@field root string the name of the format at the root of what it extends
---@field base string? the name of the format that it extends
---@field base_is_module boolean? true when that one can be loaded by its name
---@field rows oversight.DescribedRow[]? nil for a function
---@field mask_dead_letter boolean?
---@field tests table[]?

---@param format oversight.Format
---@return oversight.Description
function M.of(format)
  local rows, masks = format.rows and {}, masking()
  for i, row in ipairs(format.rows or {}) do
    rows[i] = {
      destination = row[1], source = describe_source(row), reads = sources_of(row), masks = row.as and masks[row.as],
    }
  end
  local base = format.base
  return {
    name = format.name, root = root_of(format), rows = rows, tests = format.tests, base = base and base.name,
    mask_dead_letter = format.mask_dead_letter,
    base_is_module = base and package.loaded["oversight.formats." .. base.name] == base,
  }
end

return M

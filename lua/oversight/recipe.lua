--- What a compiled format can be loaded from again, in the Lua state of another thread, and what shows that it
--- is the same one there.
local core = require "oversight.core"

local M = {}

local MODULE = "oversight.formats."

---@class oversight.Origin
---@field name string of a module, or the path of a file as it was given
---@field file string? that file; nil for a module
---@field is_pipe boolean? true for what can be read once only

--- Of formats and filters that were loaded by name or path.
---@type table<table, oversight.Origin>
local origins = setmetatable({}, { __mode = "k" })

--- Remembers what a format or a filter was loaded from.
---@param loaded table
---@param name string
---@param is_path boolean
function M.remember(loaded, name, is_path)
  local file = is_path and core.absolute_path(name) or nil
  origins[loaded] = { name = name, file = file, is_pipe = is_path and not core.is_regular_file(name) or nil }
end

--- A format that a script has from `require` has its module's name.
local function origin_of(loaded)
  if origins[loaded] then return origins[loaded] end
  for name, module in pairs(package.loaded) do
    if rawequal(module, loaded) and type(name) == "string" and name:sub(1, #MODULE) == MODULE then
      return { name = name:sub(#MODULE + 1) }
    end
  end
end

-- ---- whether it is the same one ----

local write

local function write_table(parts, t, outer)
  local names = {}
  for key in next, t do names[#names + 1] = { ("%s %s"):format(type(key), tostring(key)), key } end
  table.sort(names, function(a, b) return a[1] < b[1] end)
  outer[t] = true
  parts[#parts + 1] = "{"
  for _, name in ipairs(names) do
    parts[#parts + 1] = name[1] .. "="
    write(parts, rawget(t, name[2]), outer)
  end
  parts[#parts + 1] = "}"
  outer[t] = nil
end

--- Adds a text that is the same for equal values: functions are equal that are of one place.
function write(parts, value, outer)
  local kind = type(value)
  if kind == "table" and (debug.getmetatable(value) or {}).__name == "oversight.lookup" then
    parts[#parts + 1] = ("lookup %q "):format(core.absolute_path(value.path)) -- its content changes
  elseif kind == "table" and not outer[value] then
    write_table(parts, value, outer)
  elseif kind == "function" then
    local info = debug.getinfo(value, "S")
    parts[#parts + 1] = ("%s:%d "):format(info.source, info.linedefined)
  elseif kind == "string" or kind == "number" or kind == "boolean" then
    parts[#parts + 1] = ("%q "):format(value)
  else
    parts[#parts + 1] = kind .. " "
  end
end

--- A list of { what, text } of all that decides what records are.
local function prints_of(format, options, filter)
  local prints = {}
  local function add(what, value)
    local parts = {}
    write(parts, value, {})
    prints[#prints + 1] = { what, table.concat(parts) }
  end
  add("the name", format.name)
  add("the options", options)
  add("the filter", filter and filter[1])
  add("the function", format.whole)
  for index, row in ipairs(format.rows or {}) do add(("row %d (%s)"):format(index, row[1]), row) end
  return prints
end

--- The first of what differs, or nil.
---@param prints string[][] of the recipe
---@return string?
function M.difference(prints, format, options, filter)
  local here = prints_of(format, options, filter)
  for i = 1, math.max(#here, #prints) do
    local mine, other = here[i] or {}, prints[i] or {}
    if mine[1] ~= other[1] or mine[2] ~= other[2] then return other[1] or mine[1] end
  end
end

-- ---- recipes ----

--- Tables of texts and flags as Lua, which keeps all bytes.
local function serialize(value)
  if type(value) ~= "table" then return ("%q"):format(value) end
  local members = {}
  for key, inner in pairs(value) do members[#members + 1] = ("[%q]=%s"):format(key, serialize(inner)) end
  return "{" .. table.concat(members, ",") .. "}"
end

--- What a recipe's text says.
---@param text string
---@return { format: oversight.Origin, filter: oversight.Origin?, options: table<string, string>, prints: string[][] }
function M.read(text)
  return assert(load("return " .. text, "=recipe", "t", {}))()
end

---@class oversight.Recipe
---@field text string? what oversight.twin loads; nil: it cannot be loaded again
---@field path string? package.path of this state, and
---@field cpath string? its package.cpath
---@field obstacle string? why it cannot be loaded again
---@field parallel boolean? its functions keep no state from event to event

--- Whether a row has a function of its own. What a table of siem.lookup gives depends on the value alone.
local function has_own_function(row)
  return type(row.with) == "function" or row.when ~= nil or type(row.default) == "function"
end

--- Whether one of a list of rows has a function that may keep state from event to event.
---@param rows oversight.Row[]
---@return boolean
function M.may_keep_state(rows)
  for _, row in ipairs(rows) do
    if has_own_function(row) then return true end
  end
  return false
end

--- Whether Lua runs for one of a list of rows.
---@param rows oversight.Row[]
---@return boolean
local function calls_functions(rows)
  for _, row in ipairs(rows) do
    local has_table = row.with or type(row.lookup) == "table" and getmetatable(row.lookup)
    if has_table or has_own_function(row) then return true end
  end
  return false
end

--- Why it cannot be loaded again, or nil.
local function obstacle_of(what, origin)
  if not origin then
    return ("the %s is made by a script, and cannot be loaded for another thread: put it into a file that " ..
      "returns it, and give that file: %s = \"FILE.lua\""):format(what, what)
  end
  if origin.is_pipe then return ("%s is not a regular file, and can be read once only"):format(origin.name) end
end

--- The recipe of a format that is being compiled; nil when no function is called.
---@param format oversight.Format
---@param options table<string, string> all of them
---@param filter oversight.Filter?
---@return oversight.Recipe?
function M.of(format, options, filter)
  local has_functions = format.whole ~= nil or calls_functions(format.rows)
  if not has_functions and not filter then return nil end
  local origin, filter_origin = origin_of(format), filter and origins[filter]
  local obstacle = obstacle_of("format", origin) or filter and obstacle_of("filter", filter_origin)
  if obstacle then return { obstacle = obstacle } end
  return {
    path = package.path, cpath = package.cpath,
    parallel = (format.parallel == true or not format.whole and not M.may_keep_state(format.rows))
      and (not filter or filter.parallel == true),
    text = serialize {
      format = origin, filter = filter_origin, options = options, prints = prints_of(format, options, filter),
    },
  }
end

return M

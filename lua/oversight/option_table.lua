--- Tables of options, checked: an unknown key, a wrong type and a key that is missing are misuse.
local core    = require "oversight.core"
local failed  = require "oversight.failed"
local misuse  = require "oversight.misuse"
local nearest = require "oversight.nearest"
local tables  = require "oversight.tables"

local M = {}

local NAMES = {
  integer = "a whole number", number = "a number", boolean = "true or false", string = "a string",
  table = "a table", ["function"] = "a function", deadletter = "a dead letter",
  time = "a time (seconds, or a text as \"-1h\")", texts = "a string or a list of strings",
}

--- True for an object of the engine, of that class.
function M.is_of(value, class)
  return type(value) == "userdata" and (debug.getmetatable(value) or {}).__name == "oversight." .. class
end

--- True for a value of a type of Lua, for a whole number, a time, texts, and for an object of the engine.
local function is_a(value, wanted)
  if wanted == "integer" then return math.type(value) ~= nil and math.tointeger(value) ~= nil end
  if wanted == "time" then return type(value) == "string" or is_a(value, "integer") end
  if wanted == "texts" then
    if type(value) ~= "table" then return type(value) == "string" end
    for _, text in ipairs(value) do
      if type(text) ~= "string" then return false end
    end
    return #value > 0
  end
  return wanted == "any" or type(value) == wanted or M.is_of(value, wanted)
end

--- What a value is, for messages; a number that is not whole as it is.
local function describe(value)
  if math.type(value) == "float" then return tostring(value) end
  return "a " .. type(value)
end

--- The name that may have been meant, or all that there are, as the end of a message.
---@param key any
---@param known table<string, any>
---@return string
function M.hint(key, known)
  local names = tables.sorted_keys(known)
  local near = nearest(tostring(key), names)
  if near then return ("; did you mean %q?"):format(near) end
  return #names > 0 and "; choices: " .. table.concat(names, ", ") or ""
end

--- What is wrong with a key that is not known.
---@param key any
---@param known table<string, any>
---@return string
function M.unknown(key, known)
  return ("there is no key %q%s"):format(tostring(key), M.hint(key, known))
end

--- What is wrong with a table of options, or nil.
---@param options any
---@param known table<string, string> key -> type: of Lua, "integer", "time", "texts", "any", or a class of the engine
---@param required string[]?
---@return string? problem
function M.problem(options, known, required)
  if type(options) ~= "table" then return ("it takes a table, not %s"):format(describe(options)) end
  for key, value in next, options do
    local wanted = known[key]
    if not wanted then return M.unknown(key, known) end
    if not is_a(value, wanted) then
      return ("%s must be %s, not %s"):format(key, NAMES[wanted] or "a " .. wanted, describe(value))
    end
    if wanted == "time" then
      local seconds, message = core.time(value)
      if not seconds then return ("%s: %s"):format(key, message) end
    end
  end
  for _, key in ipairs(required or {}) do
    if rawget(options, key) == nil then
      local reason = failed.reason(key)
      return reason and ("%s: %s"):format(key, reason) or key .. " is missing"
    end
  end
end

--- Raises what is wrong with a table of options.
---@param name string of the function that takes them
function M.check(name, options, known, required)
  local problem = M.problem(options, known, required)
  if problem then misuse.raise(("%s: %s"):format(name, problem)) end
end

-- ---- as the engine takes them ----

--- Adds { name, text } of one option; a list is an option that comes several times.
local function add_option(list, what, name, value)
  local kind = type(value)
  if kind == "table" then
    for _, one in ipairs(value) do add_option(list, what, name, one) end
  elseif kind == "string" or kind == "boolean" or kind == "number" then
    list[#list + 1] = { name, core.tostring(kind == "number" and math.tointeger(value) or value) }
  else
    misuse.raise(("%s: %s is a string, a number or true, not a %s"):format(what, name, kind))
  end
end

--- Options by name as the engine takes them, in the order of their names.
---@param what string for messages
---@param declared oversight.SinkOption[]
---@param own table<string, boolean>? keys that are not among the options, and that messages name as well
function M.to_list(what, options, declared, own)
  local known, list = {}, {}
  for _, option in ipairs(declared) do known[option.name] = true end
  for name in pairs(own or {}) do known[name] = true end
  for name in pairs(options) do
    if not known[name] then misuse.raise(("%s: %s"):format(what, M.unknown(name, known))) end
  end
  for _, name in ipairs(tables.sorted_keys(options)) do add_option(list, what, name, options[name]) end
  return list
end

return M

--- Formats from elsewhere: loaded with an environment that reaches neither files nor the system.
---
--- Runs in a state of its own, which holds nothing of value; what it may cost is the state's budget.
local actions = require "oversight.actions"
local core    = require "oversight.core"
local format  = require "oversight.format"

local M = {}

--- A table that can be read and not changed, and whose metatable cannot be reached.
local function read_only(t)
  return setmetatable({}, {
    __index = t, __metatable = false,
    __newindex = function() error("this table is shared and cannot be changed", 2) end,
  })
end

local function copy(t, ...)
  local chosen = {}
  for key, value in pairs(t) do chosen[key] = value end
  for _, key in ipairs { ... } do chosen[key] = nil end
  return chosen
end

--- setmetatable without finalizers: the collector would run them where no budget counts.
local function guarded_setmetatable(t, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("__gc is not allowed in a restricted format", 2)
  end
  return setmetatable(t, metatable)
end

local function modules()
  return {
    ["oversight.actions"] = read_only(actions),
    ["oversight.format"]  = format,
    ["oversight.siem"]    = read_only {
      VERSION = core.version, ECS_VERSION = core.ecs_version, SCHEMA_VERSION = core.schema_version,
      null = core.null, drop = core.drop, array = core.array, object = core.object,
      iso8601 = core.iso8601,
      json = read_only { encode = core.json_encode, decode = core.json_decode, raw = core.json_raw },
      format = read_only { define = format, from_function = format.from_function },
    },
    ["oversight.formats.splunk"]   = require "oversight.formats.splunk",
    ["oversight.formats.ecs"]      = require "oversight.formats.ecs",
    ["oversight.formats.sentinel"] = require "oversight.formats.sentinel",
  }
end

--- What a restricted format sees instead of Lua's globals.
local function new_environment()
  local strings, known = copy(string, "dump"), modules()
  local env = {
    assert = assert, error = error, getmetatable = getmetatable, ipairs = ipairs, next = next,
    pairs = pairs, pcall = pcall, rawequal = rawequal, rawget = rawget, rawlen = rawlen,
    rawset = rawset, select = select, setmetatable = guarded_setmetatable, tonumber = tonumber,
    tostring = tostring, type = type, xpcall = xpcall, _VERSION = _VERSION,
    coroutine = read_only(coroutine), math = read_only(math), table = read_only(table),
    string = read_only(strings), utf8 = read_only(utf8),
  }
  function env.require(name)
    return known[name] or error(("module '%s' is not open to a restricted format"):format(tostring(name)), 2)
  end
  env._G = env
  -- Methods of strings: ("x"):rep(3).
  local metatable = getmetatable ""
  metatable.__index, metatable.__metatable = strings, false
  return env
end

--- Loads the file of a format, as text.
---@param path string
---@return oversight.Format
function M.load(path)
  local file, message = io.open(path, "r")
  if not file then error("cannot open the format " .. message, 0) end
  local text = file:read "a"
  file:close()
  local chunk, problem = load(text, "@" .. path, "t", new_environment())
  if not chunk then error(problem, 0) end
  local loaded = chunk(path)
  if not format.is_format(loaded) then
    error(("format '%s': its file returns no format, but a %s"):format(path, type(loaded)), 0)
  end
  return loaded
end

return M

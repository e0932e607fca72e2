--- Formats and scripts from elsewhere: run in an environment that reaches neither files nor the system.
---
--- Runs in a state of its own, which holds nothing of value; what it may cost is the state's budget.
local actions     = require "oversight.actions"
local core        = require "oversight.core"
local description = require "oversight.description"
local format      = require "oversight.format"

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

local BUILT_IN = {
  splunk = require "oversight.formats.splunk",
  ecs = require "oversight.formats.ecs",
  sentinel = require "oversight.formats.sentinel",
}

--- A pipeline from elsewhere names no source and no sink: what is read and where it goes, the command says.
local PIPELINE_KEYS = { format = true, filter = true, options = true, name = true }

local Pipeline = {}

local function new_pipeline(definition)
  if type(definition) ~= "table" then error("pipeline: it is made of a table", 2) end
  for key in pairs(definition) do
    if not PIPELINE_KEYS[key] then
      error(("pipeline: there is no key %q in a restricted script: source and sink are given by " ..
        "--db and --output"):format(tostring(key)), 2)
    end
  end
  return setmetatable({
    format = BUILT_IN[definition.format] or definition.format, filter = definition.filter,
    options = definition.options, name = definition.name,
  }, Pipeline)
end

local function modules()
  local known = {
    ["oversight.actions"] = read_only(actions),
    ["oversight.format"]  = format,
    ["oversight.siem"]    = read_only {
      VERSION = core.version, ECS_VERSION = core.ecs_version, SCHEMA_VERSION = core.schema_version,
      null = core.null, drop = core.drop, array = core.array, object = core.object,
      iso8601 = core.iso8601, pipeline = new_pipeline,
      json = read_only { encode = core.json_encode, decode = core.json_decode, raw = core.json_raw },
      format = read_only { define = format, from_function = format.from_function },
    },
  }
  for name, built_in in pairs(BUILT_IN) do known["oversight.formats." .. name] = built_in end
  return known
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

local function read_chunk(path, env)
  local file, message = io.open(path, "r")
  if not file then error("cannot open the format " .. message, 0) end
  local text = file:read "a"
  file:close()
  local chunk, problem = load(text, "@" .. path, "t", env)
  if not chunk then error(problem, 0) end
  return chunk
end

--- The pipeline that a file's result stands for; nil for a script that returns nothing.
local function to_pipeline(path, result, is_script)
  if result == nil and is_script then return end
  local pipeline = getmetatable(result) == Pipeline and result or { format = result }
  if format.is_format(pipeline.format) then return pipeline end
  error(("%s: it returns no format and no pipeline of one, but a %s"):format(path, type(pipeline.format)), 0)
end

local function describe(pipeline)
  local described = description.of(pipeline.format)
  described.name = pipeline.name or described.name
  if described.rows then described.rows = core.array(described.rows) end
  if described.tests then described.tests = core.array(described.tests) end
  return core.json_encode(described)
end

--- Runs a file. A script sees its arguments, and may print.
---@param path string
---@param is_script boolean
---@param ... string
---@return oversight.Mapping? mapping nil for a script that returns nothing
---@return string description JSON of an oversight.Description
function M.load(path, is_script, ...)
  local env = new_environment()
  local chunk = read_chunk(path, env)
  if is_script then env.print, env.arg = print, { [0] = path, ... } end
  -- As elsewhere: a script is given its arguments, a module the name of its file.
  local pipeline = to_pipeline(path, is_script and chunk(...) or not is_script and chunk(path) or nil, is_script)
  if not pipeline then return nil, "{}" end
  return pipeline.format:compile(pipeline.options, pipeline.filter), describe(pipeline)
end

return M

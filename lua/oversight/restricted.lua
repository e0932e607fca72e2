--- Formats and scripts from elsewhere: run in an environment that reaches neither files nor the system.
---
--- Runs in a state of its own, which holds nothing of value; what it may cost is the state's budget.
local actions      = require "oversight.actions"
local core         = require "oversight.core"
local description  = require "oversight.description"
local format       = require "oversight.format"
local misuse       = require "oversight.misuse"
local option_table = require "oversight.option_table"
local read_only    = require "oversight.read_only"
local tables       = require "oversight.tables"
local text         = require "oversight.cli.support.text"

local M = {}

local MOST_PRINTED, MOST_DESCRIBED = 16 * 1024 * 1024, 4 * 1024 * 1024

--- setmetatable without finalizers: the collector runs them where no budget counts.
local function guarded_setmetatable(t, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("__gc is not allowed in a restricted format", 2)
  end
  return setmetatable(t, metatable)
end

--- print with neither escape sequences nor an end of the disk.
local function new_print()
  local printed = 0
  return function(...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = text.printable(tostring(words[i])) end
    local line = table.concat(words, "\t", 1, words.n)
    printed = printed + #line + 1
    if printed > MOST_PRINTED then error("the script printed more than 16 MiB", 2) end
    print(line)
  end
end

-- ---- modules ----

--- The formats that are shipped, each a copy of this state's own, in the place of the original.
local function own_formats()
  local formats = {}
  for _, name in ipairs { "splunk", "ecs", "sentinel", "event" } do
    local module = "oversight.formats." .. name
    local own = require(module):extend(name) {}
    for i, row in ipairs(own.rows) do own.rows[i] = tables.merge(row) end
    own.base = nil
    formats[name], package.loaded[module] = own, own
  end
  return formats
end

--- A pipeline from elsewhere names no source and no sink: what is read and where it goes, the command says.
local PIPELINE_KEYS = { format = "any", filter = "function", options = "table", name = "string" }

local Pipeline = { __metatable = false }

local function check_pipeline(definition)
  for key in pairs(type(definition) == "table" and definition or {}) do
    if not PIPELINE_KEYS[key] then
      return ("there is no key %q in a restricted script%s; source and sink are given by --db and --output"):format(
        tostring(key), option_table.hint(key, PIPELINE_KEYS))
    end
  end
  local problem = option_table.problem(definition, PIPELINE_KEYS, { "format" })
  if problem then return problem end
  if definition.name and not definition.name:find "^[%w_. -]+$" then
    return "a name is made of letters, digits, spaces and . _ -"
  end
end

local function pipeline_maker(formats)
  return misuse.entry(function(definition)
    local problem = check_pipeline(definition)
    if problem then misuse.raise("pipeline: " .. problem) end
    return setmetatable({
      format = formats[definition.format] or definition.format, filter = definition.filter,
      options = definition.options, name = definition.name,
    }, Pipeline)
  end)
end

local function modules()
  local formats = own_formats()
  local known = {
    ["oversight.actions"] = read_only.view(actions),
    ["oversight.format"]  = read_only.view(
      { from_function = format.from_function, is_format = format.is_format }, format),
    ["oversight.siem"]    = read_only.view {
      VERSION = core.version, ECS_VERSION = core.ecs_version, SCHEMA_VERSION = core.schema_version,
      null = core.null, drop = core.drop, array = core.array, object = core.object,
      iso8601 = core.iso8601, pipeline = pipeline_maker(formats),
      json = { encode = core.json_encode, decode = core.json_decode, raw = core.json_raw },
      format = { define = format, from_function = format.from_function },
    },
  }
  for name, built_in in pairs(formats) do known["oversight.formats." .. name] = built_in end
  return known
end

-- ---- environment ----

--- What a restricted format sees instead of Lua's globals.
local function new_environment()
  local strings, known = tables.merge(string), modules()
  strings.dump = nil
  local env = {
    assert = assert, error = error, getmetatable = getmetatable, ipairs = ipairs, next = next,
    pairs = pairs, pcall = pcall, rawequal = rawequal, rawget = rawget, rawlen = rawlen,
    rawset = read_only.rawset, select = select, setmetatable = guarded_setmetatable, tonumber = tonumber,
    tostring = tostring, type = type, xpcall = xpcall, _VERSION = _VERSION,
    coroutine = read_only.view(coroutine), math = read_only.view(math), table = read_only.view(table),
    string = read_only.view(strings), utf8 = read_only.view(utf8),
  }
  function env.require(name)
    return known[name] or error(("module '%s' is not open to a restricted format"):format(tostring(name)), 2)
  end
  env._G = env
  -- Methods of strings: ("x"):rep(3).
  local metatable = getmetatable ""
  metatable.__index, metatable.__metatable = strings, false
  -- All arrays share one, which could give each of them a finalizer.
  getmetatable(core.array {}).__metatable = { __jsontype = "array" }
  return env
end

-- ---- loading ----

local function read_chunk(path, env)
  local chunk, message = loadfile(path, "t", env)
  return chunk or error(message, 0)
end

--- The pipeline of a file's result; nil for a script that returns nothing.
local function to_pipeline(path, result, is_script)
  if result == nil and is_script then return end
  local is_pipeline = rawequal(debug.getmetatable(result), Pipeline)
  local pipeline = is_pipeline and result or { format = result }
  if format.is_format(pipeline.format) then return pipeline end
  error(("%s: it returns no format and no pipeline of one, but a %s"):format(path, type(pipeline.format)), 0)
end

local function describe(path, pipeline)
  local described = description.of(pipeline.format)
  described.name = pipeline.name or described.name
  if described.rows then described.rows = core.array(described.rows) end
  if described.tests then described.tests = core.array(described.tests) end
  local json, message = core.json_encode(described)
  if json and #json > MOST_DESCRIBED then json, message = nil, "its rows and tests are longer than 4 MiB" end
  return json or error(("%s: %s"):format(path, message), 0)
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
  if is_script then env.print, env.arg = new_print(), { [0] = path, ... } end
  -- As elsewhere: a script is given its arguments, a module the name of its file.
  local pipeline = to_pipeline(path, is_script and chunk(...) or not is_script and chunk(path) or nil, is_script)
  if not pipeline then return nil, "{}" end
  return pipeline.format:compile(pipeline.options, pipeline.filter), describe(path, pipeline)
end

return M

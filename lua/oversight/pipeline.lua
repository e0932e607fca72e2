--- A pipeline: source -> filter -> format -> sink, as data; run by a script or by the command.
local catalog = require "oversight.catalog"
local core    = require "oversight.core"
local format  = require "oversight.format"
local sink    = require "oversight.sink"

local KEYS = {
  source = true, format = true, options = true, filter = true, sink = true, on_error = true,
  dead_letter = true, progress = true, name = true,
}

---@class oversight.Pipeline
local Pipeline = {}
Pipeline.__index = Pipeline

local M = {}

--- A format of a name, a path, or as it is: also what only compiles like one.
---@return oversight.Format?
---@return string? message
---@return string? code
function M.to_format(value)
  if format.is_format(value) or (type(value) == "table" and value.compile) then return value end
  return catalog.load(value)
end

--- A sink of "-", a path, a table with send, or as it is; and whether it is ours to close.
function M.to_sink(value)
  if value == "-" then return core.sink_stdout(), true end
  if type(value) == "string" then
    local file, message, code = core.sink_file(value)
    return file, file and true or message, code
  end
  if type(value) == "table" then
    local own, message, code = sink.custom(value)
    return own, own and true or message, code
  end
  return value, false
end

--- What is wrong with a definition, or nil.
local function check(definition)
  if type(definition) ~= "table" then return "it is made of a table" end
  for key in pairs(definition) do
    if not KEYS[key] then return ("there is no key %q"):format(tostring(key)) end
  end
  for _, key in ipairs { "source", "format", "sink" } do
    if definition[key] == nil then return key .. " is missing" end
  end
  if definition.filter ~= nil and type(definition.filter) ~= "function" then
    return "filter must be a function"
  end
end

--- Checks a definition; what it names is opened when it is run.
---@param definition table
---@return oversight.Pipeline
function M.new(definition)
  local problem = check(definition)
  -- A script returns a pipeline, which is a tail call: there is no place to name.
  if problem then error("pipeline: " .. problem, 0) end
  local self = { name = definition.name }
  for key in pairs(KEYS) do self[key] = definition[key] end
  return setmetatable(self, Pipeline)
end

function M.is_pipeline(value)
  return getmetatable(value) == Pipeline
end

-- ---- files ----

--- Refuses to write over the registry, its log, or one output over another.
---@param db string? the registry's file
---@param ... string files to write to; nil and "-" are none
---@return true?
---@return string? message
---@return string? code
function M.check_files(db, ...)
  local taken = {}
  for _, suffix in ipairs(db and { "", "-wal", "-shm", "-journal" } or {}) do
    local identity = core.file_identity(db .. suffix)
    if identity then taken[identity] = "the registry " .. db end
  end
  for i = 1, select("#", ...) do
    local path = select(i, ...)
    if path and path ~= "-" and not path:find "^/dev/" then
      local file = core.file_identity(path) or path
      if taken[file] then
        return nil, ("cannot write to %s: it is %s"):format(path, taken[file]), "invalid"
      end
      taken[file] = "another output"
    end
  end
  return true
end

-- ---- running ----

--- Sends the events of a list or an iterator.
local function send_all(export, events)
  local list, i = type(events) == "table" and events, 0
  local next_event = list and function()
    i = i + 1
    return list[i]
  end or events
  for event in next_event do
    local ok, message, code = export:send(event)
    if not ok then return nil, message, code end
  end
  return export:finish()
end

--- True for { path = ... }, which describes a registry.
local function describes_registry(source)
  return type(source) == "table" and source.path ~= nil
end

local function run_export(export, source)
  if describes_registry(source) then
    local registry, message, code = core.registry_open(source)
    if not registry then return nil, message, code end
    local ok
    ok, message, code = export:run(registry)
    registry:close()
    return ok, message, code
  end
  if type(source) == "userdata" then return export:run(source) end
  return send_all(export, source)
end

--- Opens what the pipeline names: { mapping, sink, deadletter, and what is to close }.
local function open_parts(self)
  local chosen, message, code = M.to_format(self.format)
  if not chosen then return nil, message, code end
  local apart
  apart, message, code = M.check_files(describes_registry(self.source) and self.source.path or nil,
    self.dead_letter, type(self.sink) == "string" and self.sink or nil)
  if not apart then return nil, message, code end
  local parts = { format = chosen, mapping = chosen:compile(self.options, self.filter) }
  if self.dead_letter then
    parts.deadletter, message, code = core.deadletter_open(self.dead_letter)
    if not parts.deadletter then return nil, message, code end
  end
  local owned
  parts.sink, owned, code = M.to_sink(self.sink)
  if not parts.sink then return nil, owned, code end
  parts.owns_sink = owned
  return parts
end

local function close_parts(parts)
  local ok, message, code = true, nil, nil
  if parts.owns_sink then ok, message, code = parts.sink:close() end
  if parts.deadletter then
    local closed, problem, kind = parts.deadletter:close()
    if ok and not closed then ok, message, code = closed, problem, kind end
  end
  return ok, message, code
end

--- Runs the pipeline. Counts come with a failure as well: what is in the sink stays there.
---@return oversight.Counts? counts
---@return string? message
---@return string? code
---@return oversight.Counts? counts_at_failure
function Pipeline:run()
  local parts, message, code = open_parts(self)
  if not parts then return nil, message, code end
  local on_error = self.on_error or (self.dead_letter and "dead-letter") or "stop"
  local export = core.export_open {
    mapping = parts.mapping, sink = parts.sink, on_error = on_error,
    deadletter = parts.deadletter, progress = self.progress,
  }
  local ok
  ok, message, code = run_export(export, self.source)
  local counts = export:counts()
  export:close()
  parts.mapping:close()
  local closed, problem, kind = close_parts(parts)
  if ok and not closed then ok, message, code = nil, problem, kind end
  if not ok then return nil, message, code, counts end
  return counts
end

--- The name of the pipeline in messages.
function Pipeline:title()
  if self.name then return self.name end
  return type(self.format) == "string" and self.format or self.format.name
end

return M

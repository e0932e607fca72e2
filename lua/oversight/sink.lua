--- Sinks: files, tables of your own, and the kinds that deliver to a SIEM.
local core = require "oversight.core"

local M = { stdout = core.sink_stdout }

--- A file that gets a line for each record.
---@param path string
---@param options { truncate: boolean? }?
---@return oversight.Sink?, string?, string?
function M.file(path, options)
  return core.sink_file(path, options and options.truncate or false)
end

-- ---- options ----

--- Adds { name, text } of one option; a list stands for an option that comes several times.
local function add_option(list, name, value)
  local kind = type(value)
  if kind == "table" then
    for _, one in ipairs(value) do add_option(list, name, one) end
  elseif kind == "string" or kind == "boolean" or kind == "number" then
    list[#list + 1] = { name, math.type(value) == "float" and ("%.17g"):format(value) or tostring(value) }
  else
    error(("sink: %s is a string, a number or true, not a %s"):format(name, kind), 0)
  end
end

--- Options by name as the engine takes them, in the order of their names.
local function to_list(options)
  local names, list = {}, {}
  for name in pairs(options) do
    if type(name) ~= "string" then error("sink: options have names", 0) end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do add_option(list, name, options[name]) end
  return list
end

-- ---- tables ----

--- What a table over the engine's transport says by functions or tables; the rest are options.
local OWN = { headers = true, body = true, outcome = true, close = true }

--- A sink of your own: a table with send(self, batch), or one with url and perhaps headers, body and
--- outcome, which is sent by the engine.
---@param sink table
---@return oversight.Sink?
---@return string? message
---@return string? code
function M.custom(sink)
  if type(sink) ~= "table" then error("a sink of your own is a table", 2) end
  if sink.send ~= nil or sink.url == nil then return core.sink_table(sink) end
  local options = {}
  for name, value in pairs(sink) do
    if not OWN[name] then options[name] = value end
  end
  return core.sink_transport(sink, to_list(options))
end

-- ---- kinds ----

--- The kinds that deliver to a SIEM, each with its options.
---@return oversight.SinkKind[]
function M.kinds()
  return core.sink_kinds()
end

--- Opens a sink of a kind. Nothing is sent.
---@param kind string
---@param options table<string, any>
---@return oversight.Sink?
---@return string? message
---@return string? code
function M.open(kind, options)
  if type(options) ~= "table" then error("a sink takes a table of options", 2) end
  return core.sink_open(kind, to_list(options))
end

for _, kind in ipairs(core.sink_kinds()) do
  M[kind.name] = function(options) return M.open(kind.name, options) end
end

return M

--- Sinks: files, tables of your own, and the kinds that deliver to a SIEM (parameters: lua/meta/delivery.d.lua).
local core         = require "oversight.core"
local misuse       = require "oversight.misuse"
local option_table = require "oversight.option_table"
local output       = require "oversight.output"
local sink_table   = require "oversight.sink_table"

local M = {}

--- Standard output, which has no options.
function M.stdout(options)
  if options ~= nil then option_table.check("sink.stdout", options, {}) end
  output.claim()
  return core.sink_stdout()
end

local FILE_KEYS = { truncate = "boolean" }

--- A file that gets a line for each record.
function M.file(path, options)
  if type(path) ~= "string" or path:find "\0" then misuse.raise "sink.file: it takes the path of a file" end
  option_table.check("sink.file", options or {}, FILE_KEYS)
  if output.is_at(path) then output.claim() else output.release() end
  return core.sink_file(path, options and options.truncate or false)
end

-- ---- tables ----

--- A sink of your own: a table with send(self, batch), or one with url and perhaps headers, body and
--- outcome, which is sent by the engine.
function M.custom(sink)
  if type(sink) ~= "table" then misuse.raise "sink.custom: a sink of your own is a table" end
  local problem = sink_table.problem(sink)
  if problem then misuse.raise("sink.custom: " .. problem) end
  output.release()
  if sink.url == nil then return core.sink_table(sink) end
  local options = {}
  for name, value in pairs(sink) do
    if not sink_table.OWN[name] then options[name] = value end
  end
  local list = option_table.to_list("sink.custom", options, core.sink_transport_options(), sink_table.OWN)
  return core.sink_transport(sink, list)
end

-- ---- kinds ----

--- The kinds that deliver to a SIEM, each with its options.
M.kinds = core.sink_kinds

local KINDS = {}
for _, kind in ipairs(core.sink_kinds()) do KINDS[kind.name] = kind end

--- Opens a sink of a kind. Nothing is sent.
function M.open(kind, options)
  local what = "sink." .. tostring(kind)
  local known = KINDS[kind]
  if not known then
    misuse.raise(("sink.open: there is no kind of sink %q%s"):format(tostring(kind), option_table.hint(kind, KINDS)))
  end
  if type(options) ~= "table" then misuse.raise(what .. ": a sink takes a table of options") end
  output.release()
  return core.sink_open(kind, option_table.to_list(what, options, known.options))
end

for name in pairs(KINDS) do
  M[name] = function(options) return M.open(name, options) end
end

return M

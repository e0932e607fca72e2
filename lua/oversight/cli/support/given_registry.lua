--- The registry that a command's options name: what reads it ends at SIGINT and SIGTERM.
local kinds   = require "oversight.kinds"
local program = require "oversight.program"
local siem    = require "oversight.siem"

local M = {}

--- Opens it as siem.registry.open does.
---@param options table
---@return oversight.Registry?, string? message, string? code
function M.open(options)
  local registry, message, code = siem.registry.open(options)
  if not registry then return nil, message, code end
  local problem = kinds.problem(registry, options.kind)
  if problem then return nil, problem, "invalid" end
  registry:set_go_on(function() return not program.stop_requested() end)
  return registry
end

--- All rows of a query, or nil and the reason: a registry can be damaged in one table only.
---@param registry oversight.Registry
---@param sql string
---@return table[]?, string? message
function M.rows(registry, sql, ...)
  local ok, next_row, message = pcall(registry.query, registry, sql, ...)
  if not ok or not next_row then return nil, ok and message or next_row end
  local list = {}
  while true do
    local read, row = pcall(next_row)
    if not read or row == nil then return read and list or nil, row end
    list[#list + 1] = row
  end
end

return M

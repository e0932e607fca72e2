--- How many events of a registry come after the position of an export, and how old they are.
local must    = require "oversight.cli.support.must"
local numbers = require "oversight.cli.support.numbers"

local M = {}

---@class oversight.LagOfExport
---@field events integer? ids that were given after the position; nil: unknown
---@field last_id integer? the last of them
---@field seconds integer? since the first of these events occurred; nil: none has a time
---@field problem string? why the position is none of this registry
---@field is_idle boolean? no program has the registry open

--- The lag of an export that has the events up to an id; or the command ends.
---@param registry oversight.Registry that is followed
---@param last_id integer
---@return oversight.LagOfExport
function M.read(registry, last_id)
  local lag = must.have(registry:lag(last_id))
  local is_known = lag.events == 0 or lag.seconds > 0
  return { events = lag.events, last_id = last_id + lag.events, seconds = is_known and math.floor(lag.seconds) or nil }
end

---@param lag oversight.LagOfExport
---@return string
function M.describe(lag)
  if not lag.events then return "unknown" end
  if lag.events == 0 and lag.problem then return "nothing that is in this registry" end
  if lag.events == 0 then return "nothing: all events are exported" end
  local events = ("%d event(s), up to id %d"):format(lag.events, lag.last_id)
  if not lag.seconds then return events end
  return ("%s; the first of them is %s old"):format(events, numbers.duration(lag.seconds))
end

return M

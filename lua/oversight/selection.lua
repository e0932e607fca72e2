--- Which events of a registry an export is about, and what can be said of them afterwards.
local core = require "oversight.core"

---@class oversight.Selection
---@field registry oversight.Registry
---@field since integer? only events of this time or later
---@field limit integer? at most so many
---@field start integer? with a checkpoint: only events after this id
local Selection = {}
Selection.__index = Selection

local M = {}

--- As a value for "id > ?": before all ids of 64 bits, and smaller than the first.
M.BEFORE_ALL = -1e19

---@param registry oversight.Registry
---@param chosen { since: integer?, limit: integer? }
---@param start integer?
---@return oversight.Selection
function M.new(registry, chosen, start)
  return setmetatable({ registry = registry, since = chosen.since, limit = chosen.limit, start = start }, Selection)
end

--- The first value of a query's one row, or nil.
local function read(registry, sql, ...)
  local ran, row = pcall(function(...)
    local rows = registry:query(sql, ...)
    return rows and rows()
  end, ...)
  return ran and row and row[1] or nil
end

--- How many events there are, or nil when the registry cannot be asked.
---@return integer?
function Selection:count()
  local total
  if self.start then
    total = read(self.registry, "SELECT count(*) FROM events WHERE id > ?1 AND (?2 IS NULL OR timestamp >= ?2)",
      self.start ~= 0 and self.start or M.BEFORE_ALL, self.since)
  else
    local ordering = self.registry:ordering()
    total = ordering and ordering.count
  end
  return total and self.limit and math.min(total, self.limit) or total
end

--- How many of them are neither delivered nor accounted for; nil when the registry cannot be asked.
---@param counts oversight.Counts
---@return integer?
function Selection:left(counts)
  local total = self:count()
  return total and math.max(total - counts.exported - counts.refused - counts.dropped, 0)
end

--- Why there is none.
---@return string
function Selection:why_nothing()
  if self.limit == 0 then return "the limit is 0" end
  local registry, after = self.registry, self.start or 0
  if not read(registry, "SELECT id FROM events LIMIT 1") then return "the registry has no events" end
  if after > 0 and not read(registry, "SELECT id FROM events WHERE id > ?1 LIMIT 1", after) then
    return ("nothing is new after event %d"):format(after)
  end
  local last = math.tointeger(read(registry, "SELECT max(timestamp) FROM events WHERE typeof(timestamp) = 'integer'"))
  local known, text = pcall(core.iso8601, last)
  return ("no event is of the time %d or later%s"):format(self.since or 0,
    known and text and (": the last one is of " .. text) or "")
end

return M

--- Which events of a registry an export is about, and what can be said of them afterwards.
local core = require "oversight.core"

---@class oversight.Selection
---@field registry oversight.Registry
---@field kind string|string[]|nil only events of these kinds
---@field since integer? only events of this time or later
---@field before integer? only events before this time
---@field limit integer? at most so many
---@field start integer? with a checkpoint: only events after this id
local Selection = {}
Selection.__index = Selection

local M = {}

--- As a value for "id > ?": before all ids of 64 bits, and smaller than the first.
M.BEFORE_ALL = -1e19

---@param registry oversight.Registry
---@param chosen { since: integer|string|nil, before: integer|string|nil, kind: string|string[]|nil, limit: integer? }
---@param start integer?
---@return oversight.Selection
function M.new(registry, chosen, start)
  return setmetatable({
    registry = registry, kind = chosen.kind, since = chosen.since and core.time(chosen.since),
    before = chosen.before and core.time(chosen.before), limit = chosen.limit, start = start,
  }, Selection)
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
    total = read(self.registry, ("SELECT count(*) FROM events WHERE id > ? AND (%s)"):format(self.registry:condition()),
      self.start ~= 0 and self.start or M.BEFORE_ALL)
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

--- A time in seconds as text; as it is outside of the years that there are.
local function describe_time(seconds)
  local known, text = pcall(core.iso8601, seconds)
  return known and text or tostring(seconds)
end

--- "of the kind dns or ocsp, of 2026-01-01T00:00:00Z or later": what the events have in common.
local function describe(self)
  local parts = {}
  local kinds = type(self.kind) == "string" and { self.kind } or self.kind
  if kinds then parts[#parts + 1] = "of the kind " .. core.printable(table.concat(kinds, " or ")) end
  if self.since then parts[#parts + 1] = ("of %s or later"):format(describe_time(self.since)) end
  if self.before then parts[#parts + 1] = "before " .. describe_time(self.before) end
  return table.concat(parts, ", ")
end

--- Why there is none, where that is known.
---@return string?
function Selection:why_nothing()
  if self.limit == 0 then return "the limit is 0" end
  local registry, after = self.registry, self.start or 0
  if not read(registry, "SELECT id FROM events LIMIT 1") then return "the registry has no events" end
  if after > 0 and not read(registry, "SELECT id FROM events WHERE id > ?1 LIMIT 1", after) then
    return ("nothing is new after event %d"):format(after)
  end
  local what = describe(self)
  if what == "" then return end
  local last = math.tointeger(read(registry, "SELECT max(timestamp) FROM events WHERE typeof(timestamp) = 'integer'"))
  local known, text = pcall(core.iso8601, last)
  return ("no event%s is %s%s"):format(after > 0 and (" after event %d"):format(after) or "", what,
    known and text and (": the last one is of " .. text) or "")
end

return M

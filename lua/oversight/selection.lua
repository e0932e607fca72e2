--- Which events of a registry an export is about, and what can be told of them afterwards.
local core = require "oversight.core"

local M = {}

-- Smaller than all ids of 64 bits.
local BEFORE_ALL = -1e19

---@class oversight.Selection
---@field since integer? only events of this time or later
---@field limit integer? at most so many
---@field start integer? with a checkpoint: only events after this id

--- The first value of a query's one row, or nil.
local function read(registry, sql, ...)
  local arguments = table.pack(...)
  local told, row = pcall(function()
    local rows = registry:query(sql, table.unpack(arguments, 1, arguments.n))
    return rows and rows()
  end)
  return told and row and row[1] or nil
end

--- How many events of the selection are neither delivered nor accounted for; nil when it cannot be told.
---@param selection oversight.Selection
---@param counts oversight.Counts
---@return integer?
function M.left(registry, selection, counts)
  local total
  if selection.start then
    total = read(registry, "SELECT count(*) FROM events WHERE id > ?1 AND (?2 IS NULL OR timestamp >= ?2)",
      selection.start ~= 0 and selection.start or BEFORE_ALL, selection.since)
  else
    local ordering = registry:ordering()
    total = ordering and ordering.count
  end
  if not total then return end
  if selection.limit then total = math.min(total, selection.limit) end
  return math.max(total - counts.exported - counts.refused - counts.dropped, 0)
end

--- Why no event was selected.
---@param selection oversight.Selection
---@return string
function M.why_nothing(registry, selection)
  if selection.limit == 0 then return "the limit is 0" end
  if not read(registry, "SELECT id FROM events LIMIT 1") then return "the registry has no events" end
  local after = selection.start or 0
  if after > 0 and not read(registry, "SELECT id FROM events WHERE id > ?1 LIMIT 1", after) then
    return ("nothing is new after event %d"):format(after)
  end
  local last = math.tointeger(read(registry, "SELECT max(timestamp) FROM events WHERE typeof(timestamp) = 'integer'"))
  local known, text = pcall(core.iso8601, last)
  return ("no event is of the time %d or later%s"):format(selection.since or 0,
    known and text and (": the last one is of " .. text) or "")
end

return M

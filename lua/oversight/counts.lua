--- Counts of several exports, or of several runs of one, put together.
local core   = require "oversight.core"
local tables = require "oversight.tables"

local M = {}

--- A copy of the counts; each counter and each bucket put together with the one of other counts.
---@param counts oversight.Counts
---@param other oversight.Counts?
---@param put fun(a: number, b: number): number
---@return oversight.Counts
function M.combine(counts, other, put)
  local combined = tables.merge(counts)
  if not other then return combined end
  for _, counter in ipairs(core.counters()) do
    local name = counter.name
    if counter.kind == "counter" then combined[name] = put(counts[name], other[name]) end
  end
  combined.latency = {}
  for i, bucket in ipairs(counts.latency) do
    combined.latency[i] = { bucket[1], put(bucket[2], other.latency[i][2]) }
  end
  return combined
end

--- The sum; the other members are those of the first.
---@param counts oversight.Counts
---@param other oversight.Counts?
---@return oversight.Counts
function M.add(counts, other)
  return M.combine(counts, other, function(a, b) return a + b end)
end

return M

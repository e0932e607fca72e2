--- What the pipelines of a service look like from outside: whether all are at work, and alive.
local M = {}

---@class oversight.Health
---@field state string? what this run of it published last: running, waiting, held, stopped, failed; nil: nothing
---@field age number? seconds since then
---@field ended boolean? a run of it has ended

local AT_WORK = { running = true, waiting = true }

--- True when each has begun, or could not: one that cannot begin does not affect the others.
---@param pipelines oversight.Health[]
---@return boolean
function M.is_ready(pipelines)
  for _, pipeline in ipairs(pipelines) do
    if not AT_WORK[pipeline.state] and not pipeline.ended then return false end
  end
  return true
end

--- True unless one that is at work has published nothing for so many seconds.
---@param pipelines oversight.Health[]
---@param silence number
---@return boolean
function M.is_alive(pipelines, silence)
  for _, pipeline in ipairs(pipelines) do
    if AT_WORK[pipeline.state] and pipeline.age >= silence then return false end
  end
  return true
end

return M

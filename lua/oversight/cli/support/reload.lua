--- SIGHUP: what is to be reloaded is tried first, in a state and a thread of its own, beside the pipelines at
--- work. They go over to it only when it can be loaded, so that a script that loops or waits stalls nothing.
local core     = require "oversight.core"
local log      = require "oversight.log"
local pipeline = require "oversight.pipeline"
local program  = require "oversight.program"

local M = {}

--- How long a script and its formats may take to load.
M.SECONDS = 10

--- After that the trial ends by itself, unless it is in a function that cannot be interrupted.
local GRACE = 5

--- The number of the trial among the workers.
local TRIAL = 0

---@param problem any
---@param title string? of the pipeline; nil: all
function M.refuse(problem, title)
  log.write("error", "not reloaded, going on as before: " .. tostring(problem), { pipeline = title })
end

-- ---- in the state of the trial ----

--- Runs what loads the pipelines, and answers whether all of them could be loaded.
---@param load fun(): oversight.Pipeline[]?, string?
---@return "ok"?, false? the message is published
function M.try(load)
  local ran, done, message = program.limited(M.SECONDS, function()
    local jobs, problem = load()
    if not jobs then return nil, problem end
    for _, job in ipairs(jobs) do
      local usable, fault = pipeline.check_format(job)
      if usable then usable, fault = pipeline.check_registries(job) end
      if not usable then return nil, fault end
    end
    return true
  end)
  if done == true then return "ok" end
  program.publish(TRIAL, tostring(ran and message or done))
  return nil, false
end

-- ---- in the thread that looks after the process ----

---@class oversight.Trial
---@field arguments string[] of the command, from [0] on
---@field hangups integer that were answered
---@field begun number? when the one that runs was started
local Trial = {}
Trial.__index = Trial

---@param arguments string[]
---@return oversight.Trial
function M.new(arguments)
  return setmetatable({ arguments = arguments, hangups = program.hangups() }, Trial)
end

--- Ends an attempt to reload: with a problem, or for all pipelines to go over to it.
local function conclude(problem)
  if problem then M.refuse(problem) else program.permit_reload() end
  program.notify "READY=1"
end

local function begin(self)
  self.hangups = program.hangups()
  -- Since systemd 253 the time distinguishes this reload from an earlier one (sd_notify(3)).
  program.notify(("RELOADING=1\nMONOTONIC_USEC=%d"):format(core.clock() * 1000000 // 1))
  if self.is_stuck then return conclude "the attempt before has not ended" end
  program.publish(TRIAL, "it cannot be run")
  local started, message = program.start_worker(TRIAL, self.arguments)
  if not started then return conclude(message) end
  self.begun = core.clock()
end

--- Checks the attempt that runs: whether it has ended, or takes too long.
local function check(self)
  local status = program.worker_status(TRIAL)
  local is_late = core.clock() - self.begun > M.SECONDS + GRACE
  if status == nil and not is_late then return end
  self.begun, self.is_stuck = nil, status == nil
  if self.is_stuck then return conclude(("it was given up after %d s"):format(M.SECONDS + GRACE)) end
  conclude(status ~= 0 and program.published(TRIAL) or nil)
end

--- Waits a moment for an attempt, before the process ends: it is asked to stop as well.
function Trial:finish()
  local last = core.clock() + 1
  while self.begun and program.worker_status(TRIAL) == nil and core.clock() < last do core.pause(0.01) end
end

--- Begins an attempt after SIGHUP, and ends it.
function Trial:tick()
  if self.begun then return check(self) end
  if self.is_stuck then self.is_stuck = program.worker_status(TRIAL) == nil end
  if program.hangups() ~= self.hangups then begin(self) end
end

return M

--- Pipelines that follow a registry for months: signals, reloading, numbers, the service manager.
local core    = require "oversight.core"
local log     = require "oversight.log"
local metrics = require "oversight.metrics"
local program = require "oversight.program"

local M = {}

--- Seconds: between two reports, before a pipeline that failed is started again, and until one that
--- says nothing is taken for dead.
local INTERVAL, RESTART, SILENCE = 1, 30, 60

--- The options of commands that follow.
M.options = {
  { "--metrics", value = "FILE", help = "keep numbers for Prometheus in this file (textfile collector)" },
  { "--metrics-listen", value = "ADDRESS:PORT", help = "answer GET /metrics there, as 127.0.0.1:9469" },
  { "--log-format", value = "text|json", help = "of log lines (default: text, as key=value)" },
}

-- ---- what is told of a pipeline ----

local NUMBERS = {
  "events", "rendered", "exported", "refused", "dropped", "repaired", "retries", "bytes", "batches",
  "latency_seconds",
}

--- The counts with each counter and each bucket put together with the one of other counts.
local function combine(counts, other, put)
  local combined = {}
  for key, value in pairs(counts) do combined[key] = value end
  if not other then return combined end
  for _, key in ipairs(NUMBERS) do combined[key] = put(counts[key], other[key]) end
  combined.latency = {}
  for i, bucket in ipairs(counts.latency) do
    combined.latency[i] = { bucket[1], put(bucket[2], other.latency[i][2]) }
  end
  return combined
end

--- The counts of this run with those of the runs before a reload.
local function add_up(counts, before)
  return combine(counts, before, function(a, b) return a + b end)
end

--- Makes the numbers known. What is written again after a failure is counted again, from the checkpoint
--- on: until it is past what was told before, that stays, as counters only grow.
local function publish(self, title, numbers, state)
  numbers = combine(numbers, self.told, math.max)
  self.told = numbers
  numbers.state = state
  program.publish(self.number, core.json_encode { name = title, numbers = numbers })
end

local function read_published(count)
  local pipelines, oldest = {}, 0
  for number = 1, count do
    local text, age = program.published(number)
    if text then
      pipelines[#pipelines + 1] = core.json_decode(text)
      oldest = math.max(oldest, age)
    end
  end
  return pipelines, oldest
end

-- ---- the process ----

--- What the process as a whole reports: numbers, readiness, that it is alive.
local Process = {}
Process.__index = Process

local function start_listening(address)
  local host, port = address:match "^%[?([%x:.]+)%]?:(%d+)$"
  if not host then return nil, "--metrics-listen takes ADDRESS:PORT, as 127.0.0.1:9469", "usage" end
  local started, message = program.listen(host, math.tointeger(port))
  if not started then return nil, message end
  log.write("info", "serving numbers", { address = host, port = program.listening() })
  return true
end

--- Sets up what the options ask for. `count` is how many pipelines there are.
---@return table? process
---@return string? message
---@return string? code
function M.start(given, count)
  if given.log_format and given.log_format ~= "text" and given.log_format ~= "json" then
    return nil, "--log-format takes text or json", "usage"
  end
  log.set_format(given.log_format or "text", given.quiet)
  program.handle_reload()
  if program.worker() then return setmetatable({ count = 0 }, Process) end
  if given.metrics_listen then
    local started, message, code = start_listening(given.metrics_listen)
    if not started then return nil, message, code end
  end
  return setmetatable({
    count = count, file = given.metrics, watched = os.getenv "WATCHDOG_USEC" ~= nil, due = 0,
    listens = given.metrics_listen ~= nil,
  }, Process)
end

--- Tells the service manager once all pipelines are at work.
function Process:tell_ready(pipelines)
  if self.ready or #pipelines < self.count then return end
  self.ready = true
  program.notify "READY=1"
end

function Process:report()
  local pipelines, oldest = read_published(self.count)
  self:tell_ready(pipelines)
  if self.watched and oldest < SILENCE then program.notify "WATCHDOG=1" end
  if not self.file and not self.listens then return end
  local text = metrics.text(pipelines, os.time())
  if self.listens then program.serve(text) end
  if not self.file then return end
  local written, message = metrics.write(self.file, text)
  if not written then log.write("warning", "cannot write the numbers: " .. message) end
end

--- Reports once a second; a worker leaves that to the thread that started it.
function Process:tick()
  local now = core.clock()
  if self.count == 0 or now < self.due then return end
  self.due = now + INTERVAL
  self:report()
end

-- ---- one pipeline ----

local function loaded_modules()
  local loaded = {}
  for name, module in pairs(package.loaded) do loaded[name] = module end
  return loaded
end

local function set_loaded(modules)
  for name in pairs(package.loaded) do
    if modules[name] == nil then package.loaded[name] = nil end
  end
  for name, module in pairs(modules) do package.loaded[name] = module end
end

--- Makes the pipeline anew from its files; without success all stays as it was.
local function remake(make, base)
  local present = loaded_modules()
  set_loaded(base)
  local ok, job, message = pcall(make)
  if ok and job then return job end
  set_loaded(present)
  return nil, ok and message or job
end

local function log_start(job, counts)
  log.write("info", "following", { pipeline = job:title(), after = counts.last_id })
end

--- Gives the pipeline what it calls while it runs.
local function set_hooks(self, job)
  local due, started = 0, false
  job.progress = function(counts)
    local now = core.clock()
    if not started then
      started, self.previous = true, nil
      log_start(job, counts)
    end
    if now >= due then
      due = now + INTERVAL
      publish(self, job:title(), add_up(counts, self.before), "running")
      self.process:tick()
    end
    return not program.stop_requested() and program.reloads() == self.reloads
  end
  job.notice = function(text) log.write("warning", text, { pipeline = job:title() }) end
end

--- After SIGHUP: the pipeline as its files say now, or as it was when they are broken.
local function reload(self, job)
  self.reloads = program.reloads()
  -- Since systemd 253 the time tells this reload from an earlier one (sd_notify(3)).
  program.notify(("RELOADING=1\nMONOTONIC_USEC=%d"):format(core.clock() * 1000000 // 1))
  local fresh, problem = remake(self.make, self.base)
  program.notify "READY=1"
  if fresh then
    log.write("info", "reloaded", { pipeline = job:title() })
    self.previous = job
    return fresh
  end
  log.write("error", "not reloaded, going on as before: " .. tostring(problem), { pipeline = job:title() })
  return job
end

local STATES = { held = "held", cancelled = "stopped", pipe_closed = "stopped" }

--- How a run ended that is not to be followed by another one.
local function conclude(self, job, counts, message, code)
  local state = STATES[code] or "failed"
  if counts then
    local numbers = add_up(counts, self.before)
    publish(self, job:title(), numbers, state)
    log.write(state == "stopped" and "info" or "error", state == "stopped" and "stopped" or message, {
      pipeline = job:title(), delivered = numbers.exported, refused = numbers.refused, last_id = numbers.last_id,
    })
    if self.process.count > 0 then self.process:report() end
  end
  if self.process.count > 0 then program.notify "STOPPING=1" end
  if state == "stopped" then return "ok" end
  return nil, ("%s: %s"):format(job:title(), message), code
end

--- Runs one pipeline until it is stopped.
---@param process table of M.start
---@param number integer which one of the process it is
---@param make fun(): oversight.Pipeline?, string?, string? makes it from its files, each time anew
---@return "ok"?
---@return string? message
---@return string? code
function M.run(process, number, make)
  local self = { process = process, number = number, make = make, base = loaded_modules(),
    reloads = program.reloads() }
  local job, message, code = make()
  if not job then return nil, message, code end
  while true do
    set_hooks(self, job)
    local _, problem, kind, counts = job:run()
    if kind == "cancelled" and not program.stop_requested() then
      self.before = counts and add_up(counts, self.before) or self.before
      job = reload(self, job)
      -- Without a checkpoint, what was exported is known here alone.
      if counts and not job.checkpoint then job.after = counts.last_id end
    elseif self.previous and not counts then
      log.write("error", "not reloaded, going on as before: " .. tostring(problem), { pipeline = job:title() })
      job, self.previous = self.previous, nil
    else
      return conclude(self, job, counts, problem, kind)
    end
  end
end

-- ---- several pipelines ----

--- Starts what is due, and takes down what has ended. Returns how many still run or will again.
local function look_after(workers, arguments)
  local alive, now, stopping = 0, core.clock(), program.stop_requested()
  for number, worker in ipairs(workers) do
    if worker.running then
      worker.status = program.worker_status(number)
      worker.running = worker.status == nil
      if worker.status and worker.status ~= 0 and not stopping then
        worker.due = now + RESTART
        log.write("error", ("pipeline %d ended with status %d, starting it again in %d s"):format(
          number, worker.status, RESTART))
      end
    end
    if not worker.running and worker.due and now >= worker.due and not stopping then
      worker.due, worker.running = nil, true
      program.start_worker(number, arguments)
    end
    if worker.running or (worker.due and not stopping) then alive = alive + 1 end
  end
  return alive
end

--- Runs several pipelines, a thread each, so that none waits for another one.
---@param process table of M.start
---@param arguments string[] of the command, from [0] on
---@return "ok"?
---@return string? message
---@return string? code
function M.run_all(process, arguments)
  local workers = {}
  for number = 1, process.count do workers[number] = { due = 0 } end
  while look_after(workers, arguments) > 0 do
    process:tick()
    core.pause(0.1)
  end
  process:report()
  program.notify "STOPPING=1"
  if program.stop_requested() then return "ok" end
  for number, worker in ipairs(workers) do
    if worker.status ~= 0 then
      return nil, ("pipeline %d ended with status %d"):format(number, worker.status),
        worker.status == 4 and "held" or "failed"
    end
  end
  return "ok"
end

return M

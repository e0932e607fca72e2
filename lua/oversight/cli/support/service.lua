--- Pipelines that follow a registry for months: signals, reloading, numbers, the service manager.
local core    = require "oversight.core"
local health  = require "oversight.cli.support.health"
local log     = require "oversight.log"
local metrics = require "oversight.metrics"
local must    = require "oversight.cli.support.must"
local program = require "oversight.program"
local reload  = require "oversight.cli.support.reload"
local report  = require "oversight.cli.support.report"
local tables  = require "oversight.tables"

local M = {}

--- Seconds: between two reports, before a pipeline that failed is started again, and until one that
--- publishes nothing counts as dead.
local INTERVAL, RESTART, SILENCE = 1, core.retry_pause(), 60

--- Open files that a pipeline may need: the registry, an output, a checkpoint, requests in flight.
local FILES = 32

-- ---- what a pipeline reports ----

--- The counts with each counter and each bucket put together with the one of other counts.
local function combine(counts, other, put)
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

--- The counts of this run with those of the runs before a reload.
local function add_up(counts, before)
  return combine(counts, before, function(a, b) return a + b end)
end

--- Makes the numbers known. What is written again after a failure is counted again, from the checkpoint
--- on: until it is past what was published before, that stays, as counters only grow.
local function publish(self, title, numbers, state)
  numbers = combine(numbers, self.published, math.max)
  self.published = numbers
  numbers = combine(numbers)
  numbers.state = state
  -- Its position and lag are unknown until it has started.
  if not self.started then numbers.last_id, numbers.lag_events, numbers.lag_seconds = nil, nil, nil end
  program.publish(self.number, core.json_encode { name = title, numbers = numbers })
end

--- The health of a pipeline that published `state` so many seconds ago. What an earlier run of its thread
--- published does not count.
local function health_of(worker, state, age)
  if not worker then return { state = state, age = age } end
  local is_of_this_run = worker.running and age and age <= core.clock() - worker.begun
  return { state = is_of_this_run and state or nil, age = age, ended = worker.status ~= nil }
end

--- What each pipeline published last, and the health of all of them.
local function read_published(count, workers)
  local pipelines, states = {}, {}
  for number = 1, count do
    local json, age = program.published(number)
    local worker, numbers = workers and workers[number], nil
    if json then
      local pipeline = core.json_decode(json)
      numbers = pipeline.numbers
      if worker and not worker.running and numbers.state == "running" then numbers.state = "failed" end
      pipelines[#pipelines + 1] = pipeline
    end
    states[number] = health_of(worker, numbers and numbers.state, age)
  end
  return pipelines, states
end

-- ---- the process ----

--- What the process as a whole reports: numbers, readiness, that it is alive.
local Process = {}
Process.__index = Process

local function start_listening(address)
  local host, port = address:match "^%[?([%x:.]+)%]?:(%d+)$"
  port = math.tointeger(port)
  if not port or port > 65535 then must.fail("--metrics-listen takes ADDRESS:PORT, as 127.0.0.1:9469", "usage") end
  local started, message, code = program.listen(host, port)
  if not started then must.fail(code == "usage" and "--metrics-listen: " .. message or message, code) end
  log.write("info", "serving numbers", { address = host, port = program.listening() })
end

--- Sets up what the options ask for, for pipelines of these titles; or ends the command.
---@return table process
function M.start(given, titles)
  program.handle_reload()
  if program.worker() then return setmetatable({ count = 0 }, Process) end
  local allowed, problem = program.allow_files(FILES * (#titles + 2))
  if not allowed then must.fail(("cannot run %d pipelines: %s"):format(#titles, problem)) end
  if given.metrics_listen then start_listening(given.metrics_listen) end
  return setmetatable({
    count = #titles, titles = titles, file = given.metrics, watched = os.getenv "WATCHDOG_USEC" ~= nil, due = 0,
    listens = given.metrics_listen ~= nil, trial = reload.new(given.raw),
  }, Process)
end

--- Notifies the service manager: once when all are at work, and again and again while they are alive.
function Process:notify_manager(states)
  if not self.ready and health.is_ready(states) then
    self.ready = true
    program.notify "READY=1"
  end
  if self.watched and health.is_alive(states, SILENCE) then program.notify "WATCHDOG=1" end
end

function Process:report()
  local pipelines, states = read_published(self.count, self.workers)
  self:notify_manager(states)
  if not self.file and not self.listens then return end
  local text = metrics.text(pipelines, os.time())
  if self.listens then program.serve(text) end
  if not self.file then return end
  local written, message = metrics.write(self.file, text)
  if not written then log.write("warning", message) end
end

--- Looks after reloads, and reports once a second; a worker leaves both to the thread that started it.
function Process:tick()
  local now = core.clock()
  if self.count == 0 then return end
  self.trial:tick()
  if now < self.due then return end
  self.due = now + INTERVAL
  self:report()
end

--- The last report.
function Process:finish()
  self:report()
  program.notify "STOPPING=1"
  self.trial:finish()
end

-- ---- one pipeline ----

local function set_loaded(modules)
  for name in pairs(package.loaded) do
    if modules[name] == nil then package.loaded[name] = nil end
  end
  for name, module in pairs(modules) do package.loaded[name] = module end
end

--- Makes the pipeline again from its files; without success all stays as it was.
local function remake(make, base)
  local present = tables.merge(package.loaded)
  set_loaded(base)
  local ok, job, message = program.limited(reload.SECONDS, make)
  if ok and job and job.follow then return job end
  set_loaded(present)
  if ok and job then return nil, "it no longer follows" end
  return nil, ok and message or job
end

local NO_CHECKPOINT = "there is no checkpoint: after a restart, all events are exported again; " ..
  "name a file with --checkpoint, or checkpoint = in a script"

--- Logs once that the pipeline is at work, after a reload as well.
local function log_start(self, job, counts)
  if self.previous then log.write("info", "reloaded", { pipeline = job:title() }) end
  self.started, self.previous, self.modules = true, nil, nil
  log.write("info", "following", { pipeline = job:title(), after = counts.last_id })
  if not job.checkpoint then log.write("warning", NO_CHECKPOINT, { pipeline = job:title() }) end
end

--- What the pipeline's own definition wants to be called with.
local function own_hooks(self, job)
  local own = self.own[job] or { progress = job.progress, notice = job.notice }
  self.own[job] = own
  return own
end

--- Gives the pipeline what it calls while it runs.
local function set_hooks(self, job)
  local due, own = 0, own_hooks(self, job)
  self.started = false
  job.progress = function(counts)
    local now = core.clock()
    if not self.started and not counts.waiting then
      due = 0
      log_start(self, job, counts)
    end
    if now >= due then
      due = now + INTERVAL
      publish(self, job:title(), add_up(counts, self.before), counts.waiting and "waiting" or "running")
    end
    self.process:tick()
    if program.stop_requested() or program.reloads() ~= self.reloads then return false end
    return not own.progress or own.progress(counts)
  end
  job.notice = function(text)
    log.write("warning", text, { pipeline = job:title() })
    if own.notice then own.notice(text) end
  end
end

--- Runs the pipeline once. Only a run that was at work has counts.
local function run_once(self, job)
  set_hooks(self, job)
  -- Without a checkpoint, what was exported is known here alone.
  if self.after and not job.checkpoint then job.after = self.after end
  local ran, answer, problem, kind, counts = pcall(job.run, job)
  if not ran then problem, kind = answer, "failed" end
  if not self.started then return problem, kind end
  return problem, kind, counts
end

--- After a reload that was tried: the pipeline as its files are, or as it was when they are broken.
local function reload_job(self, job)
  self.reloads = program.reloads()
  local modules = tables.merge(package.loaded)
  local fresh, problem = remake(self.make, self.base)
  if fresh then
    -- One that was never at work cannot be reverted to.
    if not self.previous then self.previous, self.modules = job, modules end
    return fresh
  end
  reload.refuse(problem, job:title())
  return job
end

--- Back to the pipeline before a reload, as the new one could not begin.
local function revert(self, problem)
  local job = self.previous
  set_loaded(self.modules)
  self.previous, self.modules = nil, nil
  collectgarbage() -- what the new one held, a checkpoint for one, is free again
  reload.refuse(problem, job:title())
  return job
end

--- How a run ended that is not to be followed by another one.
local function conclude(self, job, counts, message, code)
  local state = report.mark_of_failure(code)
  local numbers = add_up(counts or core.no_counts(), self.before)
  publish(self, job:title(), numbers, state)
  local fields = { pipeline = job:title() }
  if counts then
    fields.delivered, fields.refused, fields.last_id = numbers.exported, numbers.refused, numbers.last_id
    fields.target = numbers.target
    if state == "stopped" and numbers.retrying_since > 0 then fields.cause = message end
  end
  log.write(state == "stopped" and "info" or "error", state == "stopped" and "stopped" or message, fields)
  if self.process.count > 0 then self.process:finish() end
  if state == "stopped" then return "ok" end
  return nil, false, code -- the log has it
end

--- Runs one pipeline until it is stopped.
---@param process table of M.start
---@param number integer which one of the process it is
---@param make fun(): oversight.Pipeline?, string?, string? makes it from its files, each time again
---@return "ok"?, string|false|nil message, string? code the message is false when the log has it
function M.run(process, number, make)
  local self = { process = process, number = number, make = make, base = tables.merge(package.loaded),
    reloads = program.reloads(), own = setmetatable({}, { __mode = "k" }) }
  local job, message, code = make()
  if not job then
    if process.count > 0 then process:report() end -- the numbers of an earlier process are not its own
    return nil, message, code
  end
  while true do
    local problem, kind, counts = run_once(self, job)
    if counts then self.after = counts.last_id end
    if kind == "cancelled" and not program.stop_requested() and program.reloads() ~= self.reloads then
      self.before = counts and add_up(counts, self.before) or self.before
      job = reload_job(self, job)
    elseif self.previous and not counts and kind ~= "cancelled" then
      job = revert(self, problem)
    else
      return conclude(self, job, counts, problem, kind)
    end
  end
end

-- ---- several pipelines ----

--- Logs that a pipeline does not run, and when it is started again.
local function schedule_restart(worker, reason)
  worker.due = core.clock() + RESTART
  log.write("error", ("%s, starting it again in %d s"):format(reason, RESTART), { pipeline = worker.title })
end

local function start_worker(worker, number, arguments)
  local started, message = program.start_worker(number, arguments)
  worker.due, worker.running, worker.begun = nil, started, core.clock()
  if not started then schedule_restart(worker, message) end
end

--- Records whether a pipeline has ended.
local function update_status(worker, number, stopping)
  worker.status = program.worker_status(number)
  worker.running = worker.status == nil
  if worker.running or worker.status == 0 then return end
  if stopping then worker.failed = true
  else schedule_restart(worker, ("ended with status %d"):format(worker.status)) end
end

--- Starts what is due, and records what has ended. Returns how many still run or will again.
local function supervise(workers, arguments)
  local alive, stopping = 0, program.stop_requested()
  for number, worker in ipairs(workers) do
    if worker.running then update_status(worker, number, stopping) end
    local is_due = worker.due and core.clock() >= worker.due
    if not worker.running and is_due and not stopping then start_worker(worker, number, arguments) end
    if worker.running or (worker.due and not stopping) then alive = alive + 1 end
  end
  return alive
end

--- Runs several pipelines, a thread each, so that none waits for another one.
---@param process table of M.start
---@param arguments string[] of the command, from [0] on
---@return "ok"?, string|false|nil message, string? code the message is false when the log has it
function M.run_all(process, arguments)
  local workers = {}
  for number, title in ipairs(process.titles) do workers[number] = { title = title, due = 0 } end
  process.workers = workers
  while supervise(workers, arguments) > 0 do
    process:tick()
    core.pause(0.1)
  end
  process:finish()
  for _, worker in ipairs(workers) do
    if worker.failed then return nil, false end -- the log has it
  end
  return "ok"
end

return M

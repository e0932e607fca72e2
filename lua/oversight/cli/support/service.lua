--- Pipelines that follow a registry for months: signals, reloading, numbers, the service manager.
local core         = require "oversight.core"
local counts_of    = require "oversight.counts"
local health       = require "oversight.cli.support.health"
local log          = require "oversight.log"
local metrics      = require "oversight.metrics"
local must         = require "oversight.cli.support.must"
local option_table = require "oversight.option_table"
local pipeline     = require "oversight.pipeline"
local program      = require "oversight.program"
local published    = require "oversight.cli.support.published"
local registries   = require "oversight.registries"
local reload       = require "oversight.cli.support.reload"
local report       = require "oversight.cli.support.report"
local tables       = require "oversight.tables"

local M = {}

--- Seconds: between two reports, before a pipeline that failed is started again, and until one that
--- publishes nothing counts as dead.
local INTERVAL, RESTART, SILENCE = 1, core.retry_pause(), 60

--- Open files that a pipeline may need: the registry, an output, a checkpoint, requests in flight.
local FILES = 32

--- And one of many registries: its database, the log, the log's index, the checkpoint, an output with its lock.
local FILES_OF_REGISTRY = 8

-- ---- what a pipeline reports ----

--- Makes the numbers of a pipeline known, and of each of its registries where there are many. What is written again
--- after a failure is counted again: until it is past what was published before, that stays.
local function publish(self, job, counts, state)
  if job.members then
    return published.write_many(self.number, job:title(), self.process.wants_numbers and job.members or {}, state)
  end
  local numbers = published.grown(counts_of.add(counts, self.before), self.published)
  self.published = tables.merge(numbers)
  -- Its position and lag are unknown until it has started.
  if not self.started then numbers.last_id, numbers.lag_events, numbers.lag_seconds = nil, nil, nil end
  if self.process.wants_numbers and option_table.is_of(job.source, "source") then
    numbers.partitions = job.source:partitions()
  end
  published.write(self.number, job:title(), numbers, state)
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
  program.handle_interrupt()
  local wants_numbers = (given.metrics or given.metrics_listen) ~= nil
  if program.worker() then return setmetatable({ count = 0, wants_numbers = wants_numbers }, Process) end
  local allowed, problem = program.allow_files(FILES * (#titles + 2))
  if not allowed then must.fail(("cannot run %d pipelines: %s"):format(#titles, problem)) end
  if given.metrics_listen then start_listening(given.metrics_listen) end
  return setmetatable({
    count = #titles, titles = titles, file = given.metrics, watched = os.getenv "WATCHDOG_USEC" ~= nil, due = 0,
    listens = given.metrics_listen ~= nil, trial = reload.new(given.raw), wants_numbers = wants_numbers,
    reader = published.new_reader(), text_due = 0,
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

--- Reports; the numbers of many registries not each time, but at the end.
function Process:report(is_last)
  local pipelines, states = self.reader:read(self.count, self.workers)
  self:notify_manager(states)
  if not self.wants_numbers or not is_last and core.clock() < self.text_due then return end
  self.text_due = core.clock() + published.interval(#pipelines) - INTERVAL / 2
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
  self:report(true)
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
  log.write("info", "following", { pipeline = job:title(), after = not job.members and counts.last_id or nil,
    registries = job.members and #job.members })
  local keeps = job.checkpoint or job.members or option_table.is_of(job.source, "source")
  if not keeps then log.write("warning", NO_CHECKPOINT, { pipeline = job:title() }) end
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
  job.past = self.past
  job.progress = function(counts, registry)
    local now = core.clock()
    if not self.started and not counts.waiting then
      due = 0
      log_start(self, job, counts)
    end
    if now >= due then
      due = now + published.interval(job.members and #job.members or 1)
      publish(self, job, counts, counts.waiting and "waiting" or "running")
    end
    self.process:tick()
    if program.stop_requested() or program.reloads() ~= self.reloads then return false end
    return not own.progress or own.progress(counts, registry)
  end
  job.notice = function(text, registry)
    log.write("warning", text, { pipeline = job:title(), registry = registry })
    if own.notice then own.notice(text, registry) end
  end
end

--- Runs the pipeline once. Only a run that was at work has counts.
local function run_once(self, job)
  set_hooks(self, job)
  -- Without a checkpoint, what was exported is known here alone.
  if self.after and not job.checkpoint and not job.found then job.after = self.after end
  local ran, answer, problem, kind, counts = pcall(job.run, job)
  if not ran then problem, kind = answer, "failed" end
  if ran and answer then problem, kind, counts = "all that was asked for is exported", "finished", answer end
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
  local numbers = counts_of.add(counts or core.no_counts(), self.before)
  publish(self, job, counts or core.no_counts(), state)
  local fields = { pipeline = job:title() }
  if counts then
    fields.delivered, fields.refused = numbers.exported, numbers.refused
    if job.members then fields.registries = #job.members else fields.last_id = numbers.last_id end
    fields.target = numbers.target
    local has_cause = state == "stopped" and (code == "finished" or numbers.retrying_since > 0)
    if has_cause then fields.cause = message end
  end
  log.write(state == "stopped" and "info" or "error", state == "stopped" and "stopped" or message, fields)
  if self.process.count > 0 then self.process:finish() end
  if state == "stopped" then return "ok" end
  return nil, false, code -- the log has it
end

--- The registries that a thread takes of all: as long as nothing is renamed, they stay its own.
local function part_of(members, share)
  local own = {}
  for _, member in ipairs(members) do
    local sum = 0
    for i = 1, #member.path do sum = (sum * 31 + member.path:byte(i)) % 65521 end
    if sum % share.count + 1 == share.number then own[#own + 1] = member end
  end
  return own
end

--- The pipeline that `make` gives, with its registries where it reads many: for each, files can be opened.
local function find_registries(make, share)
  local job, message, code = make()
  if not job or not pipeline.reads_many(job) then return job, message, code end
  job.found, message, code = registries.find(job.source.registries, job.wait)
  if not job.found then return nil, message, code end
  local allowed, problem = program.allow_files(FILES_OF_REGISTRY * #job.found + FILES * 2)
  if not allowed then return nil, ("cannot follow %d registries: %s"):format(#job.found, problem) end
  if share then job.found = part_of(job.found, share) end
  return job
end

--- Runs one pipeline until it is stopped.
---@param process table of M.start
---@param number integer which one of the process it is
---@param make fun(): oversight.Pipeline?, string?, string? makes it from its files, each time again
---@return "ok"?, string|false|nil message, string? code the message is false when the log has it
function M.run(process, number, make)
  local self = { process = process, number = number, make = make, base = tables.merge(package.loaded),
    reloads = program.reloads(), past = {}, own = setmetatable({}, { __mode = "k" }) }
  self.make = function() return find_registries(make, process.share) end
  local job, message, code = self.make()
  if not job then
    if process.count > 0 then process:report(true) end -- the numbers of an earlier process are not its own
    return nil, message, code
  end
  while true do
    local problem, kind, counts = run_once(self, job)
    if counts then self.after = counts.last_id end
    if kind == "cancelled" and not program.stop_requested() and program.reloads() ~= self.reloads then
      if not job.members then self.before = counts and counts_of.add(counts, self.before) or self.before end
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

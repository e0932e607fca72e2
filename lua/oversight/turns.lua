--- A pipeline over many registries: one after the other, or, where they are followed, in turn on one thread.
---
--- Format, sink and dead letter are opened once for all. A registry that cannot be read, or whose export fails, is
--- reported and tried again after a pause, and the others continue.
local core       = require "oversight.core"
local counts_of  = require "oversight.counts"
local kinds      = require "oversight.kinds"
local registries = require "oversight.registries"
local tables     = require "oversight.tables"

local M = {}

--- Events of a turn: what is left of a backlog waits until others had theirs.
local MOST = 5000

--- Seconds between two looks at what waits for a registry's program.
local IDLE = 0.2

--- Checkpoints are saved while there is nothing else to do; else in a fifth of the time; and when so many wait, each
--- time, as all are saved at the end.
local SAVE_SHARE, MOST_UNSAVED = 4, 64

--- Seconds between two calls of `progress` while nothing happens.
local PAUSE, PAUSE_MS = 0.1, 100

--- What opens the parts of a pipeline: from pipeline.lua, which this file is a part of.
---@class oversight.Tools
---@field open_parts fun(job: oversight.Pipeline): table?, any, string?
---@field open_export fun(job: oversight.Pipeline, parts: table): any, string?, string?
---@field open_mapping fun(job: oversight.Pipeline): any, string?, string?
---@field open_sink fun(job: oversight.Pipeline): any, string?, string?
---@field open_deadletter fun(job: oversight.Pipeline): any, string?, string?
---@field close_all fun(opened: table): boolean?, string?, string?
---@field finish_receipt fun(receipt: oversight.Receipt?, ok: any, message: string?, code: string?): any, any, string?

-- ---- what all have in common ----

--- Opens what is shared, in the order in which a mistake does least harm.
local function open_shared(job, tools)
  local shared, opened = {}, {}
  local function open(key, value, is_own)
    if is_own then return true end
    local part, message, code = tools["open_" .. key](job)
    if part == nil then return nil, message, code end
    shared[key] = part or nil
    if part and not rawequal(part, value) then opened[#opened + 1] = part end
    return true
  end
  local done, message, code = open("mapping")
  if done then done, message, code = open("deadletter", nil, job.dead_letter and registries.is_own(job.dead_letter)) end
  if done then
    done, message, code = open("sink", job.sink, type(job.sink) == "string" and registries.is_own(job.sink))
  end
  if done then return shared, opened end
  tools.close_all(opened)
  return nil, message, code
end

--- Gives the pipeline of a registry the files that are its own.
local function fill_paths(own, job, member)
  local message, code
  if job.checkpoint ~= false and not job.source.limit then
    own.checkpoint, message, code = registries.checkpoint_of(job.checkpoint, member)
    if not own.checkpoint then return nil, message, code end
  end
  for _, key in ipairs { "sink", "dead_letter", "tlog", "receipt" } do
    if type(own[key]) == "string" then
      own[key], message, code = registries.fill(own[key], member)
      if not own[key] then return nil, message, code end
    end
  end
  return true
end

--- The pipeline of one registry: with the parts that are shared, and files of its own.
---@return oversight.Pipeline?, string? message, string? code
local function job_of(job, shared, member)
  if not member.registry_id then
    member.registry_id, member.problem, member.code = core.registry_identity(member.path)
    if not member.registry_id then return nil, member.problem, member.code end
  end
  local source = tables.merge(job.source, { path = member.path, registry_id = member.registry_id })
  source.registries = nil
  local own = setmetatable(tables.merge(job, shared, { source = source, registry = member.path }), getmetatable(job))
  own.follow, own.wait, own.checkpoint = nil, nil, nil
  own.progress = job.progress and function(counts) return job.progress(counts, member.path) end
  own.notice = job.notice and function(text) return job.notice(text, member.path) end
  local filled, message, code = fill_paths(own, job, member)
  if not filled then return nil, message, code end
  return own
end

--- The registries of a pipeline: those that were found for it, or that are there now.
local function find(job)
  local members, message, code = job.found, nil, nil
  if not members then members, message, code = registries.find(job.source.registries, job.wait) end
  local problem = members and kinds.problem_of_many(members, job.source.kind)
  if problem then return nil, problem, "invalid" end
  return members, message, code
end

-- ---- one after the other ----

--- How bad it is that a registry ended with that code.
local function rank(code)
  return code == "held" and 1 or 2
end

--- Runs the pipeline of each registry by `run`, also after failures of others, until one is cancelled.
---@param job oversight.Pipeline
---@param tools oversight.Tools
---@param run function own pipeline or nil, member, message, code -> whether it is done, message, code
---@return boolean?, string? message, string? code of the worst; the message names all that failed
function M.each(job, tools, run)
  local members, message, code = find(job)
  if not members then return nil, message, code end
  local shared, opened
  shared, opened, code = open_shared(job, tools)
  if not shared then return nil, opened, code end
  local worst, failures = nil, {}
  for _, member in ipairs(members) do
    local own, problem, kind = job_of(job, shared, member)
    local done
    done, problem, kind = run(own, member, problem, kind)
    if not done then
      failures[#failures + 1] = ("%s: %s"):format(member.path, problem)
      if not worst or rank(kind) > rank(worst) then worst = kind or "failed" end
      if kind == "cancelled" or kind == "pipe_closed" then
        worst = kind
        break
      end
    end
  end
  local closed
  closed, message, code = tools.close_all(opened)
  if #failures > 0 then return nil, table.concat(failures, "; "), worst end
  return closed, message, code
end

--- Runs all, and adds up what they count.
---@return oversight.Counts? counts, string? message, string? code, oversight.Counts? counts_at_failure
function M.run_once(job, tools)
  local total = core.no_counts()
  local done, message, code = M.each(job, tools, function(own, _, problem, kind)
    if not own then return nil, problem, kind end
    local counts, at_failure
    counts, problem, kind, at_failure = own:run()
    total = counts_of.add(total, counts or at_failure)
    return counts ~= nil, problem, kind
  end)
  if not done then return nil, message, code, total end
  return total
end

-- ---- in turn ----

local Turns = {}
Turns.__index = Turns

--- Reports the state of a registry.
local function notice(self, member, text)
  if self.job.notice then self.job.notice(text, member.path) end
end

--- What is counted of a registry, over all attempts.
local function update_counts(member)
  member.counts = counts_of.add(member.export:counts(), member.before)
end

--- Calls the progress function. What it raises ends the run.
local function ask(self, member)
  if self.stopped then return false end
  if not self.job.progress then return true end
  local ran, goes_on = pcall(self.job.progress, member and member.counts or self.none, member and member.path)
  if not ran then self.fault = core.error_text(goes_on) end
  self.stopped = not ran or goes_on == false
  return not self.stopped
end

--- What a registry's pipeline calls while it is its turn.
local function progress_of(self, member)
  return function(counts)
    member.counts = counts_of.add(counts, member.before)
    return ask(self, member)
  end
end

--- Saves and closes all that a registry has open.
local function close_member(self, member)
  local saved, message, code = true, nil, nil
  if member.export then
    saved, message, code = self.tools.finish_receipt(member.parts.receipt, core.export_stop(member.export))
    update_counts(member)
    member.before = member.counts
    member.export:close()
  end
  if member.listens then self.news:remove(member.parts.source) end
  if member.opened then
    local closed, problem, kind = self.tools.close_all(member.opened)
    if saved and not closed then saved, message, code = nil, problem, kind end
  end
  member.export, member.parts, member.opened, member.listens = nil, nil, nil, nil
  member.is_unsaved = false
  return saved, message, code
end

--- Another registry of that identity that is open: it may be known only when its file can be read.
local function find_clash(self, member)
  for _, other in ipairs(self.members) do
    if other ~= member and other.registry_id == member.registry_id then return other end
  end
end

--- Opens a registry and its export.
local function open_member(self, member)
  local own, message, code = job_of(self.job, self.shared, member)
  if not own then return nil, message, code end
  local other = find_clash(self, member)
  if other then
    message = registries.clash(other, member)
    member.registry_id = nil
    return nil, message, "invalid"
  end
  own.jobs, own.progress = 1, progress_of(self, member)
  member.parts, member.opened, code = self.tools.open_parts(own)
  if not member.parts then
    message, member.opened = member.opened, nil
    return nil, message, code
  end
  member.export, message, code = self.tools.open_export(own, member.parts)
  if member.export then member.listens, message, code = self.news:add(member.parts.source, member) end
  if not member.listens then return nil, message, code end
  update_counts(member)
  return true
end

--- A failure is reported at first, and then after twice as many each time.
local function is_worth_report(failures)
  return failures & (failures - 1) == 0
end

--- Puts a registry off after a failure; the first one, and ever fewer of the others, are reported.
local function put_off(self, member, message, code)
  close_member(self, member)
  member.state = code == "held" and "held" or "failed"
  member.failures = member.failures + 1
  local pause = core.retry_pause(member.failures - 1)
  member.due = core.clock() + pause
  if is_worth_report(member.failures) then
    notice(self, member, ("%s; trying again in %.0f s"):format(message, math.max(pause, 1)))
  end
end

--- One that no program has open is waited for, and is not a failure.
local function wait_for_program(self, member, message)
  if member.state ~= "waiting" then notice(self, member, message .. "; waiting for it") end
  close_member(self, member)
  member.state, member.due = "waiting", core.clock() + IDLE
end

local function fail(self, member, message, code)
  if code == "cancelled" then
    self.stopped = true
  elseif code == "idle" then
    wait_for_program(self, member, message)
  else
    put_off(self, member, message, code)
  end
end

--- Opens what is closed and due.
local function open_due(self)
  local now, first = core.clock(), math.huge
  if now < self.open_due then return end
  for _, member in ipairs(self.members) do
    local is_due = not member.export and member.due <= now
    if is_due and member.state == "waiting" and not core.registry_await(member.path, 0) then
      member.due, is_due = now + IDLE, false
    end
    if is_due then
      local opened, message, code = open_member(self, member)
      if not opened then fail(self, member, message, code) end
      if not ask(self) then return end
    end
    if not member.export then first = math.min(first, member.due) end
  end
  self.open_due = first
end

--- What had a failure works again.
local function go_on(self, member)
  if member.state == "waiting" then notice(self, member, ("'%s' is open again: going on"):format(member.path)) end
  if member.failures > 0 then
    notice(self, member, ("'%s' works again, after %d failed attempt(s)"):format(member.path, member.failures))
  end
  member.failures, member.state = 0, "running"
end

--- When the target of all fails, no registry is tried until a pause has passed.
local function hold_all(self)
  self.sink_failures = self.sink_failures + 1
  self.sink_due = core.clock() + core.retry_pause(self.sink_failures - 1)
end

--- The turn of a registry.
local function turn(self, member)
  local has_more, message, code, is_its_fault = core.export_turn(member.export, member.parts.source, MOST)
  if has_more == nil then
    if self.shared.sink and not is_its_fault then hold_all(self) end
    fail(self, member, message, code)
    self.open_due = 0
    return
  end
  self.sink_failures = 0
  update_counts(member)
  go_on(self, member)
  if not member.is_unsaved then table.insert(self.unsaved, member) end
  member.is_unsaved = true
  if has_more and not member.has_more then table.insert(self.backlog, member) end
  member.has_more = has_more
end

--- Whether a checkpoint is to be saved while nothing else is done.
local function may_save(self)
  return #self.unsaved > 0 and core.clock() >= self.save_retry
end

--- The one whose turn it is: of those with news and those with a backlog by turns. Waits for news when there is none.
local function next_member(self)
  local first = table.remove(self.backlog, 1)
  if first then first.has_more = false end
  if first and first.export and not self.had_backlog then
    self.had_backlog = true
    return first
  end
  self.had_backlog = false
  local member = self.news:wait((first or may_save(self)) and 0 or PAUSE_MS)
  if not first or not first.export then return member end
  if not member then return first end
  if member ~= first then
    first.has_more = true
    table.insert(self.backlog, 1, first)
  end
  return member
end

--- Saves the checkpoint that waits longest, unless something else comes first.
local function tend(self, is_idle)
  local begun = core.clock()
  if begun < self.save_retry or not is_idle and #self.unsaved < MOST_UNSAVED and begun < self.save_due then return end
  local member = table.remove(self.unsaved, 1)
  if not member or not member.is_unsaved then return end
  member.is_unsaved = false
  local saved, message, code = core.export_tend(member.export)
  local now = core.clock()
  self.save_due = now + SAVE_SHARE * (now - begun)
  if not saved then
    fail(self, member, message, code)
    self.open_due = 0
    return
  end
  update_counts(member)
  if member.counts.save_failures == 0 then return end
  member.is_unsaved, self.save_retry = true, now + core.retry_pause(member.counts.save_failures - 1)
  table.insert(self.unsaved, member)
end

--- Writes the receipt of one registry when it is due, of another one each time: all at once would take long.
local function tend_receipt(self)
  self.looked_at = self.looked_at % #self.members + 1
  local member = self.members[self.looked_at]
  local receipt = member and member.parts and member.parts.receipt
  if not receipt then return end
  local written, message, code = receipt:write_when_due()
  if written then return end
  fail(self, member, "the receipt cannot be written: " .. message, code)
  self.open_due = 0
end

local function loop(self)
  while ask(self, self.last) do
    open_due(self)
    local is_held = core.clock() < self.sink_due
    if is_held then core.pause(PAUSE) end
    local member = not is_held and not self.stopped and next_member(self)
    if member then
      turn(self, member)
      self.last = member
    end
    tend(self, not member)
    if self.job.receipt and #self.members > 0 then tend_receipt(self) end
  end
end

--- Closes all: each saves its position.
local function close(self)
  local ok, message, code = true, nil, nil
  for _, member in ipairs(self.members) do
    local closed, problem, kind = close_member(self, member)
    if ok and not closed then ok, message, code = nil, ("%s: %s"):format(member.path, problem), kind end
    if self.past then self.past[member.path] = member.before end
  end
  self.news:close()
  local closed, problem, kind = self.tools.close_all(self.opened)
  if ok and not closed then ok, message, code = nil, problem, kind end
  return ok, message, code
end

--- The counts of all together.
local function total(self)
  local sum = core.no_counts()
  for _, member in ipairs(self.members) do sum = counts_of.add(sum, member.counts) end
  return sum
end

--- Follows all registries, until the progress function says false.
---@param job oversight.Pipeline `past`: counts of an earlier run, by path; `members`: set while it runs
---@param tools oversight.Tools
---@return nil, string message, string code, oversight.Counts? counts
function M.follow(job, tools)
  local members, message, code = find(job)
  if not members then return nil, message, code end
  local shared, opened
  shared, opened, code = open_shared(job, tools)
  if not shared then return nil, opened, code end
  local self = setmetatable({
    job = job, tools = tools, shared = shared, opened = opened, members = members, past = job.past,
    news = core.news_open(), backlog = {}, unsaved = {}, open_due = 0, save_due = 0, save_retry = 0,
    sink_due = 0, sink_failures = 0, looked_at = 0, none = core.no_counts(),
  }, Turns)
  for _, member in ipairs(members) do
    member.failures, member.due, member.state = 0, 0, "running"
    member.before = self.past and self.past[member.path]
    member.counts = member.before or self.none
  end
  job.members = members
  local ran, fault = pcall(loop, self)
  local closed, problem, kind = close(self)
  if not ran then return nil, core.error_text(fault), "invalid", total(self) end
  if self.fault then return nil, self.fault, "invalid", total(self) end
  if not closed then return nil, problem, kind, total(self) end
  return nil, "stopped on request", "cancelled", total(self)
end

return M

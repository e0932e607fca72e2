--- A pipeline that a command runs, and closes with how it ended: with a line of progress, until SIGINT or SIGTERM.
local core      = require "oversight.core"
local lazy      = require "oversight.lazy"
local messages  = require "oversight.cli.support.messages"
local pipeline  = require "oversight.pipeline"
local program   = require "oversight.program"
local counts_of = lazy "oversight.counts"
local numbers   = lazy "oversight.cli.support.numbers"
local progress  = lazy "oversight.cli.support.progress"
local report    = lazy "oversight.cli.support.report"
local text      = lazy "oversight.cli.support.text"

local M = {}

---@class oversight.RunStyle
---@field command string? whose messages are printed
---@field remedy string? how an event that stops it is kept aside
---@field dry_run boolean? requests are printed, and nothing is sent
---@field rehearsal (fun(): oversight.Rehearsal?)? what counts instead of a file
---@field head (fun(): string)? what comes after the mark, instead of what an export says
---@field dead_letter string? the file that refused events are kept in, when the pipeline names none
---@field shows_progress boolean? on standard error, when the number of events is known

--- What shows how many events of the selection are exported; drawn once the pipeline is open.
local function new_bar(job)
  local bar
  function job.opened(selection)
    selection.registry:set_go_on(function() return not program.stop_requested() end)
    local total = selection:count()
    bar = total and progress.start(total)
    messages.set_bar(bar)
  end
  return {
    update = function(count) if bar then bar:update(count) end end,
    finish = function()
      if bar then bar:finish() end
      messages.set_bar(nil)
    end,
  }
end

--- Gives the pipeline what it calls while it runs, beside what its own definition wants to be called with.
local function set_hooks(job, given, bar)
  local own_progress = job.progress
  job.progress = function(counts)
    if bar then bar.update(counts.exported) end
    if not given.quiet then program.report(counts.exported) end
    if program.stop_requested() then return false end
    return not own_progress or own_progress(counts)
  end
  job.notice = job.notice or messages.warning
  if not given.quiet then program.report(0) end
end

--- Runs a pipeline, and prints how it ended. Nothing is printed of one that could not be opened. The counts come
--- after what M.run gives.
local function run_one(job, given, style)
  local bar = style.shows_progress and new_bar(job) or nil
  set_hooks(job, given, bar)
  local begun = core.clock()
  local counts, message, code, at_failure = job:run()
  if bar then bar.finish() end
  local ended = counts or at_failure
  if not ended then return nil, message, code end
  local rehearsal = style.rehearsal and style.rehearsal()
  local answer, problem, kind = report.close({
    rehearsed = rehearsal and rehearsal:take(), start = job.rehearse and ended.start,
    counts = ended, title = job:title(), registry = job.registry, seconds = core.clock() - begun, target = ended.target,
    beginning = ended.beginning, dead_letter = job.dead_letter or style.dead_letter, remedy = style.remedy,
    dry_run = style.dry_run, head = style.head and style.head(),
    last_id = job.checkpoint and ended.last_id or nil,
    failure = not counts and { message = message, code = code } or nil,
  }, given)
  return answer, problem, kind, ended
end

--- Prints how the export of all registries ended, after the line of each.
local function close_all(total, given, style)
  local counts = total.counts
  return report.close({
    counts = counts, title = total.title, seconds = core.clock() - total.begun, registries = total.registries,
    dry_run = style.dry_run, failure = total.failure,
    head = ("%s %s event(s) of %d registries as %s"):format(style.dry_run and "would send" or "exported",
      numbers.count(counts.exported), total.registries, text.printable(total.title)),
  }, given)
end

--- Runs the pipeline of each of many registries; one that fails is reported, and the others run.
local function run_each(job, given, style)
  local total = { counts = core.no_counts(), registries = 0, title = job:title(), begun = core.clock() }
  local done, message, code = pipeline.each(job, function(own, member, problem, kind)
    local answer, counts
    total.registries = total.registries + 1
    if own then answer, problem, kind, counts = run_one(own, given, style) end
    if counts then total.counts = counts_of.add(total.counts, counts) end
    if not answer then messages.error(style.command, ("%s: %s"):format(member.path, problem)) end
    return answer ~= nil, problem, kind
  end)
  if not done and total.registries == 0 then return nil, message, code end
  if not done then total.failure = { message = message, code = code } end
  local answer = close_all(total, given, style)
  if answer then return answer end
  return nil, false, code -- each is printed
end

--- Runs a pipeline, and prints how it ended: of many registries, for each, and for all.
---@param job oversight.Pipeline
---@param given table options of the command: quiet, log_format
---@param style oversight.RunStyle
---@return "ok"|"refused"|nil answer, string|false|nil message, string? code the message is false when it is printed
function M.run(job, given, style)
  program.handle_interrupt()
  if pipeline.reads_many(job) then return run_each(job, given, style) end
  local answer, message, code = run_one(job, given, style)
  return answer, message, code
end

return M

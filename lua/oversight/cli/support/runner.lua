--- A pipeline that a command runs, and closes with how it ended: with a line of progress, until SIGINT or SIGTERM.
local core     = require "oversight.core"
local lazy     = require "oversight.lazy"
local messages = require "oversight.cli.support.messages"
local program  = require "oversight.program"
local progress = lazy "oversight.cli.support.progress"
local report   = lazy "oversight.cli.support.report"

local M = {}

---@class oversight.RunStyle
---@field remedy string? how an event that stops it is kept aside
---@field dry_run boolean? requests are printed, and nothing is sent
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
  job.notice = job.notice or messages.notice
  if not given.quiet then program.report(0) end
end

--- Runs a pipeline, and prints how it ended. Nothing is printed of one that could not be opened.
---@param job oversight.Pipeline
---@param given table options of the command: quiet, log_format
---@param style oversight.RunStyle
---@return "ok"|"refused"|nil answer, string? message, string? code
function M.run(job, given, style)
  local bar = style.shows_progress and new_bar(job) or nil
  set_hooks(job, given, bar)
  local begun = core.clock()
  local counts, message, code, at_failure = job:run()
  if bar then bar.finish() end
  local ended = counts or at_failure
  if not ended then return nil, message, code end
  return report.close({
    counts = ended, title = job:title(), seconds = core.clock() - begun, target = ended.target,
    beginning = ended.beginning, dead_letter = job.dead_letter or style.dead_letter, remedy = style.remedy,
    dry_run = style.dry_run, head = style.head and style.head(),
    last_id = job.checkpoint and ended.last_id or nil,
    failure = not counts and { message = message, code = code } or nil,
  }, given)
end

return M

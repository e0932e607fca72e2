--- What a command tells beside its result: warnings and notices, on standard error or as log lines.
local log  = require "oversight.log"
local text = require "oversight.cli.text"

local M = {}

local to_log, bar = false, nil

--- Makes all messages log lines from here on.
function M.use_log()
  to_log = true
end

--- Sets the progress line that makes room for messages; nil: there is none.
---@param progress table?
function M.set_bar(progress)
  bar = progress
end

--- Tells what does not end the command, in one line.
---@param message string
function M.warning(message)
  if to_log then return log.write("warning", message) end
  if bar then bar:finish() end
  io.stderr:write("oversight-siem: warning: ", text.printable_lines(message), "\n")
end

return M

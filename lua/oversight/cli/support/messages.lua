--- What a command prints beside its result: warnings and errors, on standard error or as log lines.
local core    = require "oversight.core"
local lazy    = require "oversight.lazy"
local log     = require "oversight.log"
local text    = require "oversight.cli.support.text"
local color   = lazy "oversight.cli.support.color"
local columns = lazy "oversight.cli.support.columns"

local M = {}

local to_log, is_json, bar = false, false, nil

--- Sets how log lines look. With "json" all messages are log lines.
---@param format string? "text" (the default) or "json"
---@param quiet boolean? without lines of level info
---@return true?, string? message
function M.set_format(format, quiet)
  format = format or "text"
  if format ~= "text" and format ~= "json" then return nil, "--log-format takes text or json" end
  log.set_format(format, quiet)
  is_json = format == "json"
  to_log = is_json
  return true
end

--- Makes all messages log lines from here on.
function M.use_log()
  to_log = true
end

--- Sets the progress line that makes room for messages; nil: there is none.
---@param progress table?
function M.set_bar(progress)
  bar = progress
end

--- Prints what may be wrong, or what happens while it runs: in one line, but on a terminal.
---@param message string
function M.warning(message)
  if bar then bar:finish() end
  if to_log then return log.write("warning", message) end
  local width = core.terminal_width(2)
  local line = ("oversight-siem: %s %s"):format(color.paint(2, "warning", "warning:"), text.printable_lines(message))
  io.stderr:write(width and table.concat(columns.wrap(line, width - 2), "\n  ") or line, "\n")
end

--- Prints why a command failed.
---@param command string? its name
---@param message string
function M.error(command, message)
  if to_log then return log.write("error", message) end
  local name = ("oversight-siem%s:"):format(command and " " .. command or "")
  -- It may quote a row, or what a format's function said.
  io.stderr:write(("%s %s\n"):format(color.paint(2, "error", name), text.printable_lines(message)))
end

--- Prints what is wrong with the arguments, and where to look.
---@param command string?
---@param message string
function M.usage(command, message)
  to_log = is_json -- a fault of arguments is for the user who gave them
  M.error(command, message)
  if is_json then return end
  io.stderr:write(("Try 'oversight-siem %s--help'.\n"):format(command and command .. " " or ""))
end

return M

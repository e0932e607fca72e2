--- What a command prints beside its result: warnings and errors, on standard error or as log lines.
local core    = require "oversight.core"
local lazy    = require "oversight.lazy"
local log     = require "oversight.log"
local text    = require "oversight.cli.support.text"
local columns = lazy "oversight.cli.support.columns"

local M = {}

local DEFAULT_WIDTH = 80

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

local function write_warning(message, width)
  if to_log then return log.write("warning", message) end
  if bar then bar:finish() end
  local line = "oversight-siem: warning: " .. text.printable_lines(message)
  io.stderr:write(width and table.concat(columns.wrap(line, width - 2), "\n  ") or line, "\n")
end

--- Prints what may be wrong with how the command was given.
---@param message string
function M.warning(message)
  write_warning(message, DEFAULT_WIDTH)
end

--- Prints what happens while it runs, or names a file: in one line, but on a terminal.
---@param message string
function M.notice(message)
  write_warning(message, core.terminal_width(2))
end

--- Prints why a command failed.
---@param command string? its name
---@param message string
function M.error(command, message)
  if to_log then return log.write("error", message) end
  -- It may quote a row, or what a format's function said.
  io.stderr:write(("oversight-siem%s: %s\n"):format(command and " " .. command or "", text.printable_lines(message)))
end

--- Prints what is wrong with the arguments, and where to look.
---@param command string?
---@param message string
function M.usage(command, message)
  to_log = is_json -- a fault of arguments is for whoever gave them
  M.error(command, message)
  if is_json then return end
  io.stderr:write(("Try 'oversight-siem %s--help'.\n"):format(command and command .. " " or ""))
end

return M

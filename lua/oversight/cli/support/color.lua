--- Colours of results and of messages: on a terminal that has them, or as --color says.
local core = require "oversight.core"

local M = {}

--- What is shown in a colour, as the codes of ECMA-48: 1 is bold.
local STYLES = {
  error = "1;31", warning = "1;33", good = "32", heading = "1", bar = "36",
  added = "32", removed = "31", changed = "33",
}

local MODES = { always = true, never = true, auto = true }

local mode, known = "auto", {}

--- Sets when there are colours: "always", "never", or "auto" (on a terminal, without NO_COLOR).
---@param name string
---@return true?, string? message, string? code
function M.set(name)
  if not MODES[name] then return nil, "--color takes always, never or auto", "usage" end
  mode = name
  return true
end

local function is_set(name)
  local value = os.getenv(name)
  return value ~= nil and value ~= ""
end

--- Whether a stream has colours by itself.
local function has_colors(fd)
  return core.terminal_width(fd) ~= nil and not is_set "NO_COLOR" and is_set "TERM" and os.getenv "TERM" ~= "dumb"
end

--- The text in a style, when the stream shows it: 1 is standard output, 2 standard error.
---@param fd 1|2
---@param style string
---@param text string
---@return string
function M.paint(fd, style, text)
  if known[fd] == nil then known[fd] = has_colors(fd) end
  if mode == "never" or mode == "auto" and not known[fd] then return text end
  return ("\27[%sm%s\27[m"):format(STYLES[style], text)
end

return M

--- Text from outside on a terminal: outsiders choose tokens and user agents.
local core    = require "oversight.core"
local lazy    = require "oversight.lazy"
local print   = require("oversight.output").print
local columns = lazy "oversight.cli.support.columns"

local M = {}

local LEAST_WIDTH, INDENT = 10, "    "

--- Makes a value printable: what is unsafe to show becomes escapes.
---@param value any
---@param width integer? cut to this many columns
function M.printable(value, width)
  local text = value == nil and "(none)" or value == "" and "(empty)" or core.tostring(value)
  text = core.printable(text)
  return width and columns.cut(text, width) or text
end

--- The same for text of several lines, as tracebacks are.
---@param lines string
---@return string
function M.printable_lines(lines)
  return (lines:gsub("[^\n\t]+", function(line) return M.printable(line) end))
end

--- The same, cut to what a line of the terminal has after so many columns. Elsewhere it stays whole.
---@param value any
---@param before integer
---@return string
function M.fitting(value, before)
  local width = core.terminal_width(1)
  return M.printable(value, width and math.max(width - before, LEAST_WIDTH))
end

--- Prints text in lines that fit the terminal, the later ones indented; elsewhere in one line. A longer word stays
--- whole.
---@param words string
function M.print_wrapped(words)
  local width = core.terminal_width(1)
  print(width and table.concat(columns.wrap(words, width - #INDENT), "\n" .. INDENT) or words)
end

return M

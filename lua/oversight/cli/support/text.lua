--- Text from outside on a terminal: outsiders choose tokens and user agents.
local core    = require "oversight.core"
local lazy    = require "oversight.lazy"
local print   = require("oversight.output").print
local columns = lazy "oversight.cli.support.columns"

local M = {}

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

--- Prints text in lines of at most `width` characters (80), the later ones indented. A longer word stays whole.
---@param words string
---@param width integer?
function M.print_wrapped(words, width)
  local line
  for word in words:gmatch "%S+" do
    if line and utf8.len(line) + 1 + utf8.len(word) > (width or 80) then
      print(line)
      line = "   "
    end
    line = line and line .. " " .. word or word
  end
  print(line or "")
end

return M

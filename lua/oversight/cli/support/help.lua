--- What a command says of itself: two examples, its usage, and its options.
local columns = require "oversight.cli.support.columns"
local core    = require "oversight.core"
local print   = require("oversight.output").print

local M = {}

local HELP_COLUMN, LINE_WIDTH, LEAST_WIDTH = 28, 80, 50

--- Lines fit a page of 80 columns, and a terminal that has fewer.
local function line_width()
  return math.max(math.min(core.terminal_width(1) or LINE_WIDTH, LINE_WIDTH), LEAST_WIDTH)
end

--- Prints a name and what it is, which begins in that column and goes on there.
---@param left string
---@param column integer
---@param words string
function M.print_columns(left, column, words)
  local lines = columns.wrap(words, line_width() - column)
  if #left >= column then
    print(left)
    left = ""
  end
  for _, line in ipairs(lines) do
    print(columns.pad(left, column) .. line)
    left = ""
  end
end

--- "-o, --output -|FILE|URL"
---@param option table as a command declares it
---@return string
function M.name_of(option)
  return (option[2] and option[2] .. ", " or "") .. option[1] .. (option.value and " " .. option.value or "")
end

--- Prints options in two columns.
---@param declared table
function M.print_options(declared)
  for _, option in ipairs(declared) do
    if not option.hidden then M.print_columns("  " .. M.name_of(option), HELP_COLUMN, option.help) end
  end
end

--- Breaks text into lines, where the spaces that a pattern finds stay within one: it has what is before and after.
local function wrap_around(text, pattern, width, separator)
  local whole = text:gsub(pattern, "%1\0%2")
  return (table.concat(columns.wrap(whole, width), separator):gsub("%z", " "))
end

--- An example in lines, as a shell takes them: an option stays with its value.
local function wrap_example(example)
  return wrap_around(example, "( %-%-?%a[%w-]*) ([^-|])", line_width() - 8, " \\\n      ")
end

--- Prints exit statuses: { 0, "done" } and so on.
---@param statuses { [1]: integer, [2]: string }[]
function M.print_statuses(statuses)
  local words = {}
  for i, status in ipairs(statuses) do words[i] = ("%d %s"):format(status[1], status[2]) end
  print(wrap_around(("Exit status: %s."):format(table.concat(words, ", ")), "(%d) (%l)", line_width(), "\n"))
end

--- Prints examples.
---@param examples string[]
function M.print_examples(examples)
  print "Examples:"
  for _, example in ipairs(examples) do
    print("  " .. wrap_example(example))
  end
  print()
end

local function print_notes(notes)
  local width = line_width()
  for line in (notes .. "\n"):gmatch "(.-)\n" do
    print(columns.width(line) > width and table.concat(columns.wrap(line, width), "\n") or line)
  end
end

--- Prints the options of a target.
---@param kind oversight.SinkKind
function M.print_target(kind)
  local target_options = require "oversight.cli.support.target_options"
  M.print_columns(kind.name .. ":", #kind.name + 2, kind.summary)
  if kind.format then print(("Default format: %s"):format(kind.format)) end
  M.print_options(target_options.of(kind))
end

--- Prints the help of a command.
---@param name string
---@param command table
---@param kind oversight.SinkKind? the target whose options are asked for as well
function M.print_command(name, command, kind)
  M.print_examples(command.examples)
  local usage = columns.wrap(("Usage: oversight-siem %s %s"):format(name, command.usage), line_width() - 4)
  print(table.concat(usage, "\n    "))
  print(command.summary .. ".\n")
  M.print_options(command.options)
  if kind then
    print()
    M.print_target(kind)
  end
  if not command.notes then return end
  print()
  print_notes(command.notes)
end

return M

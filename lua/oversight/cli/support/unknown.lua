--- What is said of arguments that a command does not know. Their names are repeated, up to "=", with the nearest
--- name that is known; what may be a value is not: it may hold a secret.
local nearest = require "oversight.nearest"

local M = {}

local LEAST, MOST = 3, 40

--- A word that can be a name: no secret is made of a few letters and dashes alone.
local function is_name(word)
  return #word <= MOST and word:find "^%a[%a_-]*$" ~= nil
end

--- The end of a message: the name that may have been meant.
local function hint(name, known)
  local near = #name:gsub("^%-+", "") >= LEAST and nearest(name, known)
  return near and ("; did you mean %s?"):format(near) or ""
end

local function names_of(declared)
  local names = {}
  for i, option in ipairs(declared) do names[i] = option[1] end
  return names
end

--- What of an argument that begins with a dash can be repeated, or nil. A value may follow one letter at once.
local function shown_name(name, near)
  if is_name(name:gsub("^%-%-?", "")) and (name:find "^%-%-" or near ~= "") then return name end
  return name:match "^%-%a"
end

--- Of an argument that begins with a dash.
---@param parser oversight.Parser
---@param argument string
---@return string
function M.option(parser, argument)
  local name = argument:match "^[^=]*"
  local near = hint(name:gsub("^%-*", "--"), names_of(parser.declared))
  local shown = shown_name(name, near) or ("argument %d"):format(parser.at)
  return ("%s is not an option of %s%s"):format(shown, parser.command, near)
end

--- Of an argument that is not an option, where only options are expected.
---@param parser oversight.Parser
---@param argument string
---@return string
function M.value(parser, argument)
  local name = argument:match "^([^=]*)=[^=]"
  local place = name and is_name(name) and ("%s= (argument %d)"):format(name, parser.at) or
    ("argument %d"):format(parser.at)
  local after = parser.last and (", after the value of %s,"):format(parser.last[1]) or ""
  return ("%s%s is where an option is expected%s"):format(place, after,
    hint("--" .. (name or argument), names_of(parser.declared)))
end

--- Of the word where a command is expected.
---@param word string
---@param commands string[]
---@return string
function M.command(word, commands)
  if word:find "^%-" then return "the first argument is a command, and its options follow" end
  local name = word:match "^[^=]*"
  if not is_name(name) then return "the first argument is not a command" .. hint(name, commands) end
  return ("there is no command '%s'%s"):format(name, hint(name, commands))
end

return M

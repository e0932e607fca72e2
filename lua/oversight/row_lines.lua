--- The lines on which the rows of a definition begin, read from its source: a table does not know where it was made.
local core = require "oversight.core"

local M = {}

--- Words by which Lua opens and closes blocks, which may hold commas as well.
local DEPTH = {
  ["function"] = 1, ["if"] = 1, ["do"] = 1, ["repeat"] = 1, ["end"] = -1, ["until"] = -1,
  ["{"] = 1, ["("] = 1, ["["] = 1, ["}"] = -1, [")"] = -1, ["]"] = -1,
}

--- Where a text in long brackets ends that may begin at `at`, or nil.
local function after_long_bracket(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, stop = text:find("]" .. level .. "]", at, true)
  return (stop or #text) + 1
end

--- Skips white space and comments.
local function skip(text, at)
  while true do
    at = text:match("^%s*()", at)
    if text:sub(at, at + 1) ~= "--" then return at end
    at = after_long_bracket(text, at + 2) or text:find("\n", at, true) or #text + 1
  end
end

--- Where a text in quotes ends that begins at `at`.
local function after_quoted(text, at)
  local quote = text:sub(at, at)
  local stop = text:find("[\\" .. quote .. "]", at + 1)
  while stop and text:sub(stop, stop) == "\\" do stop = text:find("[\\" .. quote .. "]", stop + 2) end
  return (stop or #text) + 1
end

--- The token at `at`, and where what follows it begins. A text is given as nil and its content.
local function token_at(text, at)
  local word, after = text:match("^([%w_]+)()", at)
  if word then return word, skip(text, after) end
  after = after_long_bracket(text, at)
  if after then return nil, skip(text, after), nil end
  local first = text:sub(at, at)
  if first ~= '"' and first ~= "'" then return first, skip(text, at + 1) end
  after = after_quoted(text, at)
  return nil, skip(text, after), text:sub(at + 1, after - 2)
end

--- Where the constructor begins of a definition whose name comes at or after `at`: format "name" { or
--- format("name")({.
local function find_definition(text, at, name)
  at = skip(text, at)
  while at <= #text do
    local token, after, content = token_at(text, at)
    if not token and content == name then return text:match("^%)?%s*%(?%s*(){", after) end
    at = after
  end
end

--- Whether a member of a constructor has a name, and so is not a row.
local function is_named(text, at)
  local word, after = text:match("^([%a_][%w_]*)()", at)
  if word then return text:find("^=[^=]", skip(text, after)) ~= nil end
  return text:find("^%[[^=%[]", at) ~= nil
end

--- Calls `see` with where each row of a constructor begins.
local function each_row(text, at, see)
  local depth, expecting = 1, true
  at = skip(text, at + 1)
  while at <= #text and depth > 0 do
    if expecting and not text:find("^[},;]", at) and not is_named(text, at) then see(at) end
    local token, after = token_at(text, at)
    depth = depth + (DEPTH[token] or 0)
    expecting = depth == 1 and (token == "," or token == ";")
    at = after
  end
end

--- The text of a source, and where its line begins, or nil.
local function read_source(source, line)
  local path = source:match "^@(.*)"
  local file = path and io and core.is_regular_file(path) and io.open(path, "r")
  if not file then return nil end
  local text, at = file:read "a", 1
  file:close()
  for _ = 2, line do at = text and (text:find("\n", at, true) or #text) + 1 end
  return text, at
end

--- The lines on which rows begin, in their order; empty where the source does not show it: for rows that are not
--- written there one by one, and for a file that cannot be read.
---@param source string of the chunk, as debug.getinfo gives it
---@param line integer on which the definition is called
---@param name string of the format
---@return integer[]
function M.of(source, line, name)
  local lines = {}
  local text, counted = read_source(source, line)
  local start = text and find_definition(text, counted, name)
  if not start then return lines end
  each_row(text, start, function(at)
    line = line + select(2, text:sub(counted, at - 1):gsub("\n", ""))
    counted = at
    lines[#lines + 1] = line
  end)
  return lines
end

return M

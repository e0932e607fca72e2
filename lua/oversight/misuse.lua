--- Misuse of a function by a script: raised with the place of the script, and not with ours.
local core = require "oversight.core"

local M = {}

local Misuse = { __name = "oversight.misuse" }

function Misuse:__tostring() return self.message end

--- Raises what the caller of an entry does wrong. Without an entry, the error is a table.
---@param message string
function M.raise(message)
  error(setmetatable({ message = message }, Misuse), 0)
end

--- Whether a path is that of a file of this library. A script may lie in a folder of that name as well.
---@param path string
---@return boolean
function M.is_own(path)
  local name = path:match "^.*oversight/([%l_/]+)%.lua$"
  if not name then return false end
  return name:find "^formats/" ~= nil or package.loaded["oversight." .. name:gsub("/", ".")] ~= nil
end

--- The text that follows a place in the files of this library, or nil.
local function without_own_place(reason)
  local path, text = reason:match "^(%S*%.lua):%d+: (.*)$"
  return path and M.is_own(path) and text or nil
end

--- What an entry raises of an error: misuse gets the place of the entry's caller. Where that is this library
--- itself, the outer entry blames.
local function blame(place, reason)
  if without_own_place(place) then return reason end
  if rawequal(debug.getmetatable(reason), Misuse) then return place .. reason.message end
  local message = type(reason) == "string" and without_own_place(reason)
  return message and place .. message or reason
end

--- The function as scripts call it.
---@param f function
---@return function
function M.entry(f)
  return core.entry(f, blame)
end

return M

--- What opened nothing, remembered: `siem.pipeline { sink = siem.sink.file "/none/x" }` keeps the nil
--- of a failure, and not its message.
local M = {}

--- By noun: how the last attempt to open one failed, or nil.
local failures = {}

local function note(noun, name, ...)
  local opened, message = ...
  failures[noun] = opened == nil and message ~= nil and ("%s failed: %s"):format(name, tostring(message)) or nil
  return ...
end

--- The function, which opens a noun, with its failures remembered.
---@param noun string
---@param name string as scripts call it
---@param open function
---@return function
function M.remembering(noun, name, open)
  return function(...) return note(noun, name, open(...)) end
end

--- Keys of options that are named otherwise than what they hold.
local NOUNS = { source = "registry", events = "registry", dead_letter = "deadletter" }

--- Why there may be nothing at a key, or nil.
---@param key string
---@return string?
function M.reason(key)
  return failures[NOUNS[key] or key]
end

return M

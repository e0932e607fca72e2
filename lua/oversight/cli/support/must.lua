--- How a command ends where it fails: with the message and the code of what failed, and without passing them on.
---
--- Only for code that runs as a command: a pipeline that continues after a failure returns it.
local Failure = {}

local M = {}

--- Ends the command with a message.
---@param message string|false|nil false: it is printed already
---@param code string? "usage", "held", ...
function M.fail(message, code)
  error(setmetatable({ message = message, code = code }, Failure), 0)
end

--- Gives what a function returned; or ends the command when that is nil or false, a message and a code.
function M.have(value, message, code, ...)
  if not value then M.fail(message, code) end
  return value, message, code, ...
end

--- What ended a command, or nil for any other error.
---@param reason any
---@return { message: string|false|nil, code: string? }?
function M.failure(reason)
  return rawequal(getmetatable(reason), Failure) and reason or nil
end

return M

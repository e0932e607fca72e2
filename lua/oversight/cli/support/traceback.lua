--- The traceback of a script's error: its own frames, without those of the program and of Lua.
local misuse = require "oversight.misuse"

--- True for a line that helps the author of the script.
local function is_of_script(line)
  if line:find "^\t%[C%]" or line:find("^\t%(%.%.%.") then return false end
  local path = line:match "^\t(%S*%.lua):"
  return not path or path:find("oversight/formats/", 1, true) ~= nil or not misuse.is_own(path)
end

--- The message with a traceback, unless that would only repeat the message's own place.
---@param message string
---@return string
return function(message)
  local frames = {}
  for line in debug.traceback("", 2):gmatch "\n(\t[^\n]+)" do
    if is_of_script(line) then frames[#frames + 1] = line end
  end
  if #frames < 2 then return message end
  return ("%s\nstack traceback:\n%s"):format(message, table.concat(frames, "\n"))
end

--- Standard output: for the records and results of a command, and, while there are none, for scripts.
---
--- The program takes print and io.stdout of scripts over after this file is loaded; a host's stay as they are.
local core = require "oversight.core"

local M = {
  --- What commands print their results with.
  print = print,
  --- Keeps standard output for records: from here on scripts print to standard error.
  claim = function() end,
  --- Writes what a script printed before it was known what standard output is for.
  release = function() end,
}

--- True for "-", and for a file that standard output goes to: /dev/stdout, or the name that a shell redirects it to.
---@param path string
---@return boolean
function M.is_at(path)
  return path == "-" or not path:find("\0", 1, true) and core.same_file(path, "/dev/stdout")
end

return M

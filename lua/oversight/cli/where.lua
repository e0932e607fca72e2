--- oversight-siem where: the file that a format's name means.
local siem = require "oversight.siem"

local print = require("oversight.output").print

local M = {
  summary = "Prints the file that a format comes from",
  usage   = "NAME",
  options = {
    arguments = { 1, 1, "NAME" },
    { "--help", help = "show this help" },
  },
}

function M.run(given)
  local file, message, code = siem.format.where(given[1])
  if not file then return nil, message, code == "not_found" and "usage" or nil end
  print(file)
  return "ok"
end

return M

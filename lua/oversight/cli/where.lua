--- oversight-siem where: the file that a format's name means.
local must = require "oversight.cli.support.must"
local siem = require "oversight.siem"
local print = require("oversight.output").print

local M = {
  summary = "Prints the file that a format comes from",
  usage   = "NAME",
  examples = {
    "oversight-siem where ecs",
    "oversight-siem where my_ecs --lua-path /srv/lua",
  },
  options = { arguments = { 1, 1, "NAME", complete = "format" } },
}

function M.run(given)
  local file, message, code = siem.format.where(given[1])
  print((must.have(file, message, code == "not_found" and "usage" or code)))
  return "ok"
end

return M

--- oversight-siem formats: names, one line each, and the file each comes from.
local siem = require "oversight.siem"
local text = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {
  summary = "Lists the formats that --format takes",
  usage   = "[--help]",
  examples = {
    "oversight-siem formats",
    "oversight-siem formats --lua-path /srv/lua",
  },
  options = {},
}

function M.run()
  for _, entry in ipairs(siem.format.list()) do
    local format, message = siem.format.load(entry.name)
    local summary = format and format.summary or "does not load: " .. message
    print(("%-8s  %-41s  %s"):format(text.printable(entry.name), text.printable(entry.file), text.printable(summary)))
  end
  return "ok"
end

return M

--- oversight-siem sinks: the kinds that --to takes, and the options of one.
local help  = require "oversight.cli.support.help"
local siem  = require "oversight.siem"

local M = {
  summary = "Lists the targets that --to takes, and the options of one",
  usage   = "[KIND]",
  examples = {
    "oversight-siem sinks",
    "oversight-siem sinks splunk",
  },
  options = { arguments = { 0, 1, "KIND" } },
}

function M.run(given)
  local names = {}
  for i, kind in ipairs(siem.sink.kinds()) do
    names[i] = kind.name
    if not given[1] then
      help.print_columns(kind.name, 10, kind.summary)
    elseif given[1] == kind.name then
      help.print_target(kind)
      return "ok"
    end
  end
  if not given[1] then return "ok" end
  return nil, ("there is no kind of sink '%s' (choices: %s)"):format(given[1], table.concat(names, ", ")), "usage"
end

return M

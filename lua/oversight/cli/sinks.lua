--- oversight-siem sinks: the kinds that --to takes, and the options of one.
local help    = require "oversight.cli.support.help"
local nearest = require "oversight.nearest"
local siem    = require "oversight.siem"

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
  local near = nearest(given[1], names)
  local hint = near and ("did you mean '%s'?"):format(near) or "choices: " .. table.concat(names, ", ")
  return nil, ("there is no kind of sink '%s' (%s)"):format(given[1], hint), "usage"
end

return M

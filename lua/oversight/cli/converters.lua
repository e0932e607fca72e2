--- oversight-siem converters: what a row can name with `as`.
local siem = require "oversight.siem"
local print = require("oversight.output").print

local M = {
  summary = "Lists what a row of a format can name with 'as'",
  usage   = "[--help]",
  examples = {
    "oversight-siem converters",
    "oversight-siem converters | grep hash",
  },
  options = {},
}

function M.run()
  for _, converter in ipairs(siem.converters()) do
    print(("%-11s %s"):format(converter.name, converter.summary))
  end
  return "ok"
end

return M

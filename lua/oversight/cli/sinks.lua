--- oversight-siem sinks: the kinds that --to takes, and the options of one.
local options = require "oversight.cli.support.options"
local siem    = require "oversight.siem"
local print = require("oversight.output").print

local M = {
  summary = "Lists the targets that --to takes, and the options of one",
  usage   = "[KIND]",
  options = { arguments = { 0, 1, "KIND" } },
}

--- What an option is, with its range and its default.
local function describe(option)
  local words = {}
  if option.least then words[1] = ("%s to %s"):format(option.least, option.most) end
  if option.default then words[#words + 1] = "default: " .. option.default end
  if option.required then words[#words + 1] = "required" end
  if #words == 0 then return option.help end
  return ("%s (%s)"):format(option.help, table.concat(words, "; "))
end

--- A kind's options as those of a command are declared.
local function as_arguments(kind)
  local declared = {}
  for i, option in ipairs(kind.options) do
    declared[i] = { "--" .. option.name:gsub("_", "-"), value = option.value, help = describe(option) }
  end
  return declared
end

function M.run(given)
  local names = {}
  for i, kind in ipairs(siem.sink.kinds()) do
    names[i] = kind.name
    if not given[1] then
      options.print_columns(kind.name, 10, kind.summary)
    elseif given[1] == kind.name then
      options.print_columns(kind.name .. ":", #kind.name + 2, kind.summary)
      if kind.format then print(("Default format: %s"):format(kind.format)) end
      options.print_options(as_arguments(kind))
      return "ok"
    end
  end
  if not given[1] then return "ok" end
  return nil, ("there is no kind of sink '%s' (choices: %s)"):format(given[1], table.concat(names, ", ")), "usage"
end

return M

--- The options of a target as those of a command are declared: with their ranges and defaults.
local siem = require "oversight.siem"

local M = {}

--- Where else a secret can be than where all options of the engine say.
local SECRET = "or @FILE"

--- What an option is, with its range and its default.
local function describe(option)
  local words = {}
  if option.least then words[1] = ("%s to %s"):format(option.least, option.most) end
  if option.default then words[#words + 1] = "default: " .. option.default end
  if option.required then words[#words + 1] = "required" end
  if option.kind == "secret" then words[#words + 1] = SECRET end
  if #words == 0 then return option.help end
  return ("%s (%s)"):format(option.help, table.concat(words, "; "))
end

---@param kind oversight.SinkKind
---@return table
function M.of(kind)
  local declared = {}
  for i, option in ipairs(kind.options) do
    declared[i] = { "--" .. option.name:gsub("_", "-"), value = option.value, help = describe(option) }
  end
  return declared
end

--- The kind that --to names, or nil.
---@param name string?
---@return oversight.SinkKind?
function M.kind(name)
  for _, kind in ipairs(siem.sink.kinds()) do
    if kind.name == name then return kind end
  end
end

return M

--- What a check found: each finding once, and of many that are alike the first ones.
local color   = require "oversight.cli.support.color"
local numbers = require "oversight.cli.support.numbers"
local siem    = require "oversight.siem"
local text    = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {}

local ORDER = { "format", "level", "field", "reason" }
local MOST_ALIKE, SHOWN = 3, 2 -- of more findings that are alike, so many are shown

---@class oversight.Finding
---@field format string
---@field level "error"|"warning"
---@field field string
---@field reason string

local Findings = {}
Findings.__index = Findings

---@return oversight.Findings
function M.new()
  ---@class oversight.Findings: { [integer]: oversight.Finding }
  return setmetatable({ errors = 0, seen = {} }, Findings)
end

--- Adds a finding, unless it is known.
function Findings:add(format, level, field, reason)
  local key = table.concat({ format, level, field, reason }, "\0")
  if self.seen[key] then return end
  self.seen[key] = true
  if level == "error" then self.errors = self.errors + 1 end
  self[#self + 1] = { format = format, level = level, field = field, reason = reason }
end

--- Reasons that differ in numbers and quoted texts alone are one.
local function kind_of(finding)
  local reason = finding.reason:gsub('"[^"]*"', '""'):gsub("'[^']*'", "''"):gsub("%d+", "0")
  return table.concat({ finding.format, finding.level, reason }, "\0")
end

--- Findings that are alike, in the order of the first ones.
local function group(findings)
  local groups = {}
  for _, finding in ipairs(findings) do
    local kind = kind_of(finding)
    if not groups[kind] then
      groups[kind] = {}
      groups[#groups + 1] = groups[kind]
    end
    table.insert(groups[kind], finding)
  end
  return groups
end

local function print_line(finding, words)
  text.print_wrapped(("%s: %s: %s"):format(text.printable(finding.format),
    color.paint(1, finding.level, finding.level), words))
end

--- Prints them for people, grouped; or each as an object of JSON.
---@param as_json boolean?
function Findings:print(as_json)
  if as_json then
    for _, finding in ipairs(self) do print(siem.json.encode(siem.object(finding, ORDER))) end
    return
  end
  for _, alike in ipairs(group(self)) do
    local shown = #alike > MOST_ALIKE and SHOWN or #alike
    for i = 1, shown do
      print_line(alike[i], text.printable(alike[i].field) .. ": " .. text.printable(alike[i].reason))
    end
    if shown < #alike then
      print_line(alike[1], ("… and %s more like these (--json has all)"):format(numbers.count(#alike - shown)))
    end
  end
end

return M

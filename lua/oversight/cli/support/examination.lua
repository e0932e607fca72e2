--- What the checks of a set-up have found: each what is right, or what is wrong and what to do.
local color   = require "oversight.cli.support.color"
local core    = require "oversight.core"
local columns = require "oversight.cli.support.columns"
local siem    = require "oversight.siem"
local text    = require "oversight.cli.support.text"
local print = require("oversight.output").print

---@class oversight.Check
---@field check string its name
---@field result "ok"|"warning"|"failed"
---@field text string what was found
---@field remedy string? what to do
---@field code string? of a failure

---@class oversight.Examination
---@field list oversight.Check[]
local Examination = {}
Examination.__index = Examination

local M = {}

---@return oversight.Examination
function M.new()
  return setmetatable({ list = {} }, Examination)
end

local function add(self, result, check, what, remedy, code)
  self.list[#self.list + 1] = { check = check, result = result, text = what, remedy = remedy, code = code }
end

--- Adds what is right.
function Examination:ok(check, what) add(self, "ok", check, what) end

--- Adds what works, and may be wrong.
function Examination:warn(check, what, remedy) add(self, "warning", check, what, remedy) end

--- Adds what is wrong.
---@param code string? of the error: "held" and "idle" are the set-up's
function Examination:fail(check, what, remedy, code) add(self, "failed", check, what, remedy, code) end

--- How many have that result.
function Examination:count(result)
  local count = 0
  for _, finding in ipairs(self.list) do count = count + (finding.result == result and 1 or 0) end
  return count
end

--- The command's answer: "ok" without a failure; nil and "held" where all failures are of the set-up.
---@return "ok"|"incomplete"|nil answer, false|nil message, string? code
function Examination:answer()
  local is_held = true
  for _, finding in ipairs(self.list) do
    if finding.result == "failed" and finding.code ~= "held" and finding.code ~= "idle" then is_held = false end
  end
  if self:count "failed" == 0 then return "ok" end
  if is_held then return nil, false, "held" end
  return "incomplete"
end

local STYLES = { ok = "good", warning = "warning", failed = "error" }
local RESULT_WIDTH, CHECK_WIDTH = 9, 13

--- Prints a finding: the result, the check, and what was found and is to do in a column of their own.
local function print_finding(finding, width)
  local indent = (" "):rep(RESULT_WIDTH + CHECK_WIDTH)
  local result = color.paint(1, STYLES[finding.result], columns.pad(finding.result, RESULT_WIDTH))
  local left = result .. columns.pad(finding.check, CHECK_WIDTH)
  local function print_text(what)
    local line = text.printable(what)
    for _, part in ipairs(width and columns.wrap(line, width - #indent) or { line }) do
      print(left .. part)
      left = indent
    end
  end
  print_text(finding.text)
  if finding.remedy then print_text("To do: " .. finding.remedy) end
end

--- Prints all, and how many there are of each result.
function Examination:print()
  local width = core.terminal_width(1)
  for _, finding in ipairs(self.list) do print_finding(finding, width) end
  print(("%d checks: %d ok, %d warning(s), %d failed"):format(#self.list, self:count "ok", self:count "warning",
    self:count "failed"))
end

--- Prints all as an object.
function Examination:print_json()
  local order, list = { "check", "result", "text", "remedy", "code" }, siem.array {}
  for i, finding in ipairs(self.list) do list[i] = siem.object(finding, order) end
  print(siem.json.encode(siem.object({
    checks = list, ok = self:count "ok", warnings = self:count "warning", failed = self:count "failed",
  }, { "ok", "warnings", "failed", "checks" })))
end

return M

--- What became of events that a format was tried on: records, a refusal, or nothing as they were skipped.
local messages = require "oversight.cli.support.messages"
local numbers  = require "oversight.cli.support.numbers"

local M = {}

local Fates = {}
Fates.__index = Fates

---@param name string of the format
function M.new(name)
  return setmetatable({ name = name, made = 0, refused = 0, skipped = 0 }, Fates)
end

--- Counts an event by what given_format.records gave for it.
---@param records string[]?
---@param code string?
function Fates:add(records, code)
  local fate = records and #records > 0 and "made" or (records or code == "dropped") and "skipped" or "refused"
  self[fate] = self[fate] + 1
end

--- Reports when no event has a record: nothing was shown then that the format is judged by.
---@return boolean made_some
function Fates:report()
  if self.made > 0 then return true end
  messages.warning(("%s makes no record of any event: %s refused, %s skipped"):format(self.name,
    numbers.count(self.refused), numbers.count(self.skipped)))
  return false
end

return M

--- How often each of many ids was seen: not, once, twice, more often. Two bits an id.
---@class oversight.IdCounts
---@field ids integer how many different ones
local IdCounts = {}
IdCounts.__index = IdCounts

local IDS_A_WORD = 32 -- of 64 bits

local M = { MANY = 3 } -- the answer for this often or more

function M.new()
  return setmetatable({ words = {}, ids = 0 }, IdCounts)
end

--- How often the id was seen: 0, 1, 2, or MANY.
---@param id integer
---@return integer
function IdCounts:count(id)
  local word = self.words[id // IDS_A_WORD]
  return word and (word >> (id % IDS_A_WORD * 2)) & 3 or 0
end

---@param id integer
function IdCounts:add(id)
  local count = self:count(id)
  if count == M.MANY then return end
  if count == 0 then self.ids = self.ids + 1 end
  local at = id // IDS_A_WORD
  self.words[at] = (self.words[at] or 0) + (1 << (id % IDS_A_WORD * 2))
end

return M

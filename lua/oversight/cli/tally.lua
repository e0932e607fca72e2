--- How often each of many ids was seen: not, once, more often. Two bits an id.
local Tally = {}
Tally.__index = Tally

local IDS_A_WORD = 32 -- of 64 bits

local M = {}

function M.new()
  return setmetatable({ words = {} }, Tally)
end

--- How often the id was seen: 0, 1, or 2 for more often.
---@param id integer
---@return integer
function Tally:count(id)
  local word = self.words[id // IDS_A_WORD]
  return word and (word >> (id % IDS_A_WORD * 2)) & 3 or 0
end

---@param id integer
function Tally:add(id)
  local count = self:count(id)
  if count == 2 then return end
  local at = id // IDS_A_WORD
  self.words[at] = (self.words[at] or 0) + (1 << (id % IDS_A_WORD * 2))
end

return M

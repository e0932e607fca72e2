--- The known name that is most like one that is not known.

--- How many letters to add, remove, change or swap to make one of the other.
local function distance(a, b)
  local rows = { [0] = {} }
  for j = 0, #b do rows[0][j] = j end
  for i = 1, #a do
    local before, above, row = rows[i - 2], rows[i - 1], { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost)
      local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
      if swapped then row[j] = math.min(row[j], before[j - 2] + 1) end
    end
    rows[i] = row
  end
  return rows[#a][#b]
end

local LONGEST = 100

--- The name of the list that is nearest, or nil when none is near: one letter in three may differ.
---@param name string
---@param known string[]
---@return string?
return function(name, known)
  local nearest, least
  for _, candidate in ipairs(#name <= LONGEST and known or {}) do
    local steps = distance(name:lower(), candidate:lower())
    if steps * 3 <= math.max(#name, #candidate, 3) and (not least or steps < least) then
      nearest, least = candidate, steps
    end
  end
  return nearest
end

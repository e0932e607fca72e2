--- The network that an address is shown as: /24 of IPv4, /48 of IPv6.

--- The first three groups of an IPv6 address, as hexadecimal numbers without zeros before them; nil when it is none.
local function groups_of(text)
  if not text:find "^[%x:.]+$" or not text:find ":" then return end
  local before = text:match "^(.-)::" or text
  local groups = {}
  for group in before:gmatch "[^:]+" do
    if #group > 4 or group:find "%." then return end
    groups[#groups + 1] = ("%x"):format(tonumber(group, 16))
  end
  if #groups < 3 and not text:find("::", 1, true) then return end
  while #groups < 3 do groups[#groups + 1] = "0" end
  return groups
end

---@param address any
---@return string network "192.0.2.0/24", "2001:db8:0::/48", or the text as it is when it is not an address
return function(address)
  local text = tostring(address):match "^[^%%]*" -- without a zone
  local four = text:lower():match "^::ffff:(%d+%.%d+%.%d+%.%d+)$" or text
  local a, b, c = four:match "^(%d+)%.(%d+)%.(%d+)%.%d+$"
  if a then return ("%s.%s.%s.0/24"):format(a, b, c) end
  local groups = groups_of(text)
  if not groups then return text end
  return ("%s:%s:%s::/48"):format(groups[1], groups[2], groups[3])
end

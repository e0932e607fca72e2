--- Numbers as people read them.
local M = {}

--- "12,000"
---@param number integer
function M.count(number)
  local digits = ("%d"):format(number)
  local head = (#digits - 1) % 3 + 1
  return digits:sub(1, head) .. digits:sub(head + 1):gsub("(%d%d%d)", ",%1")
end

local UNITS = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } }

--- "2 d 3 h": the two largest units of whole seconds.
---@param seconds integer
function M.duration(seconds)
  local parts = {}
  for _, unit in ipairs(UNITS) do
    local count = seconds // unit[1]
    if count > 0 or (unit[1] == 1 and #parts == 0) then parts[#parts + 1] = ("%d %s"):format(count, unit[2]) end
    seconds = seconds % unit[1]
    if #parts == 2 then break end
  end
  return table.concat(parts, " ")
end

local SIZES = { { 1 << 40, "TiB" }, { 1 << 30, "GiB" }, { 1 << 20, "MiB" }, { 1 << 10, "KiB" } }

--- "12.3 GiB": cut to a tenth.
---@param bytes integer
function M.bytes(bytes)
  for _, size in ipairs(SIZES) do
    if bytes >= size[1] then
      local tenths = bytes // (size[1] // 10)
      return ("%d.%d %s"):format(tenths // 10, tenths % 10, size[2])
    end
  end
  return ("%d B"):format(bytes)
end

local function rounded(number) return math.floor(number + 0.5) end

--- "less than 0.01 s", "0.02 s", "3.2 s", "1 min 52 s"
---@param seconds number
function M.seconds(seconds)
  if seconds < 0.01 then return "less than 0.01 s" end
  if seconds >= 100 then return M.duration(math.floor(seconds)) end
  if seconds < 0.095 then return ("0.%02d s"):format(rounded(seconds * 100)) end
  local tenths = rounded(seconds * 10)
  return ("%d.%d s"):format(tenths // 10, tenths % 10) -- "%.1f" has the comma of a script's locale
end

return M

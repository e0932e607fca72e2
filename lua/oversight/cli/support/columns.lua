--- Text in the columns of a terminal: how wide it is, cut and wrapped.
local M = {}

-- Letters that take two columns, and none: what terminals agree on of Unicode's East Asian Width and of its marks.
local WIDE = {
  { 0x1100, 0x115F }, { 0x2E80, 0x303E }, { 0x3041, 0x33FF }, { 0x3400, 0x4DBF }, { 0x4E00, 0xA4CF },
  { 0xA960, 0xA97F }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F }, { 0xFF01, 0xFF60 },
  { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF }, { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD },
}
local NONE = { { 0x0300, 0x036F }, { 0x200B, 0x200F }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F } }

local function is_in(code, ranges)
  for _, range in ipairs(ranges) do
    if code < range[1] then return false end
    if code <= range[2] then return true end
  end
  return false
end

local function width_of(code)
  if code < 0x0300 then return 1 end
  return is_in(code, WIDE) and 2 or is_in(code, NONE) and 0 or 1
end

--- How many columns a text takes; colours take none.
---@param text string
---@return integer
function M.width(text)
  if text:find("\27", 1, true) then text = text:gsub("\27%[[%d;]*m", "") end
  if not text:find "[\x80-\xff]" or not utf8.len(text) then return #text end
  local columns = 0
  for _, code in utf8.codes(text) do columns = columns + width_of(code) end
  return columns
end

--- A text that takes at most `width` columns: the last of them is "~" where it was cut.
---@param text string
---@param width integer
---@return string
function M.cut(text, width)
  if M.width(text) <= width then return text end
  if not utf8.len(text) then return text:sub(1, width - 1) .. "~" end
  local columns = 0
  for at, code in utf8.codes(text) do
    columns = columns + width_of(code)
    if columns >= width then return text:sub(1, at - 1) .. "~" end
  end
end

--- A text with spaces after it, up to `width` columns.
---@param text string
---@param width integer
---@return string
function M.pad(text, width)
  return text .. (" "):rep(width - M.width(text))
end

--- Breaks text into lines of at most `width` columns. A longer word stays whole.
---@param text string
---@param width integer
---@return string[]
function M.wrap(text, width)
  local lines, line, used = {}, nil, 0
  for word in text:gmatch "%S+" do
    local size = M.width(word)
    if line and used + 1 + size <= width then
      line, used = line .. " " .. word, used + 1 + size
    else
      lines[#lines + 1] = line
      line, used = word, size
    end
  end
  lines[#lines + 1] = line or ""
  return lines
end

return M

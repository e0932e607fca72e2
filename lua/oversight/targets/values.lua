--- What a value of a record is: the questions that the rules of several targets ask.
local core = require "oversight.core"

local M = {}

--- A table that has each of the names.
---@return table<string, true>
function M.set(...)
  local names = {}
  for _, name in ipairs { ... } do names[name] = true end
  return names
end

--- "null", "array", "object", or Lua's type.
---@return string
function M.kind_of(value)
  if value == core.null then return "null" end
  if type(value) ~= "table" then return type(value) end
  return (getmetatable(value) or {}).__jsontype or "object"
end

--- A value in a message: short, and on one line.
---@return string
function M.show(value)
  local kind = M.kind_of(value)
  if kind == "array" or kind == "object" then return kind end
  local json = core.json_encode(value)
  return #json <= 60 and json or json:sub(1, 57) .. "..."
end

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_day(year, month, day)
  local days = DAYS[month]
  if month == 2 and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0) then days = 29 end
  return days ~= nil and day >= 1 and day <= days
end

--- True for a time of RFC 3339 on a day that exists. A leap second is refused, as SIEMs have none.
---@return boolean
function M.is_rfc3339(value)
  if type(value) ~= "string" then return false end
  local year, month, day, hour, minute, second, rest =
    value:match "^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)(.*)$"
  if not year or not is_day(tonumber(year), tonumber(month), tonumber(day)) then return false end
  if tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 59 then return false end
  rest = rest:gsub("^%.%d+", "")
  if rest:find "^[Zz]$" then return true end
  local hours, minutes = rest:match "^[+-](%d%d):(%d%d)$"
  return hours ~= nil and tonumber(hours) <= 23 and tonumber(minutes) <= 59
end

--- True for an IPv4 or IPv6 address as text.
---@return boolean
function M.is_address(value)
  local networks = core.networks_open()
  return type(value) == "string" and not value:find("/", 1, true) and networks:add(value, 1) == true
end

return M

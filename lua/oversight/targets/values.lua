--- What a value of a record is: the questions that the rules of several targets ask.
local core   = require "oversight.core"
local record = require "oversight.record"

local M = {}

--- A value in a message: short, and on one line.
---@return string
function M.show(value)
  local kind = record.kind_of(value)
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

--- Days from 1970-01-01 to a day of the proleptic Gregorian calendar. The year begins in March here, so that
--- a leap day is its last one.
local function days_to(year, month, day)
  local shifted = month > 2 and year or year - 1
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719468
end

--- The seconds that local time is ahead of UTC, of "Z" or "+05:30"; nil for anything else.
local function offset_of(zone)
  if zone:find "^[Zz]$" then return 0 end
  local sign, hours, minutes = zone:match "^([+-])(%d%d):(%d%d)$"
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then return end
  return (sign == "-" and -1 or 1) * (hours * 3600 + minutes * 60)
end

--- Whole seconds since 1970 of a time of RFC 3339 on a day that exists; nil for anything else. A leap second is
--- refused, as SIEMs have none.
---@return integer?
function M.unix_time(value)
  if type(value) ~= "string" then return end
  local date, clock, rest = value:match "^(%d%d%d%d%-%d%d%-%d%d)T(%d%d:%d%d:%d%d)(.*)$"
  if not date then return end
  local year, month, day = date:match "(%d+)-(%d+)-(%d+)"
  local hour, minute, second = clock:match "(%d+):(%d+):(%d+)"
  year, month, day = math.tointeger(year), math.tointeger(month), math.tointeger(day)
  hour, minute, second = math.tointeger(hour), math.tointeger(minute), math.tointeger(second)
  local offset = offset_of((rest:gsub("^%.%d+", "")))
  if not is_day(year, month, day) or hour > 23 or minute > 59 or second > 59 or not offset then return end
  return days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
end

--- True for a time of RFC 3339, as unix_time reads it.
---@return boolean
function M.is_rfc3339(value)
  return M.unix_time(value) ~= nil
end

--- True for an IPv4 or IPv6 address as text.
---@return boolean
function M.is_address(value)
  local networks = core.networks_open()
  return type(value) == "string" and not value:find("/", 1, true) and networks:add(value, 1) == true
end

return M

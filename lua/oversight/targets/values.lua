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

--- True for a time of RFC 3339.
---@return boolean
function M.is_rfc3339(value)
  return type(value) == "string" and
    value:find "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.?%d*[Zz+-]" ~= nil
end

--- True for an IPv4 or IPv6 address as text.
---@return boolean
function M.is_address(value)
  local networks = core.networks_open()
  return type(value) == "string" and not value:find("/", 1, true) and networks:add(value, 1) == true
end

return M

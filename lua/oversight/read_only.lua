--- Tables that can be read and not changed: what is shared with scripts from elsewhere.
local M = {}

--- The proxies, so that rawset can be kept from them.
local proxies = setmetatable({}, { __mode = "k" })

local function refuse()
  error("this table is shared and cannot be changed", 2)
end

--- A substitute for a table, its tables and theirs.
---@param t table
---@param call (fun(...): any)? what calling it does
---@return table
function M.view(t, call)
  local inside = {}
  for key, value in pairs(t) do inside[key] = type(value) == "table" and M.view(value) or value end
  local proxy = setmetatable({}, {
    __index = inside, __newindex = refuse, __metatable = false,
    __len = function() return #inside end,
    __pairs = function()
      return function(_, key) return next(inside, key) end
    end,
    __call = call and function(_, ...) return call(...) end or nil,
  })
  proxies[proxy] = true
  return proxy
end

--- rawset for all other tables.
function M.rawset(t, key, value)
  if proxies[t] then refuse() end
  return rawset(t, key, value)
end

return M

--- A module that is loaded when it is first used: a command starts earlier without those that it may not need.

--- Stands for a module that is a table: what it has is found in it, and not listed.
---@param name string of the module, as require takes it
---@return table
return function(name)
  return setmetatable({}, {
    __index = function(self, key)
      local module = require(name)
      setmetatable(self, { __index = module })
      return module[key]
    end,
  })
end

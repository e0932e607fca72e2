--- Filters of a pipeline: a function that is asked for each event, or the file that returns one.
local core     = require "oversight.core"
local recipe   = require "oversight.recipe"
local searcher = require "oversight.searcher"

local M = {}

---@class oversight.Filter
---@field [1] fun(event: oversight.Event): boolean?
---@field parallel boolean? it keeps no state from event to event

--- What is wrong with a table that is to be a filter, or nil.
local function table_problem(t)
  if type(t[1]) ~= "function" then return "a filter is a function, or { function, parallel = true }" end
  if t.parallel ~= nil and type(t.parallel) ~= "boolean" then return "parallel must be true or false" end
  for key in pairs(t) do
    if key ~= 1 and key ~= "parallel" then return ("there is no key %q in a filter"):format(tostring(key)) end
  end
end

--- What is wrong with a filter as a pipeline takes it, or nil.
---@param value any
---@return string? problem
function M.problem(value)
  local kind = type(value)
  if value == nil or kind == "function" or kind == "string" then return nil end
  if kind == "table" then return table_problem(value) end
  return ("it must be a function, or the name of a file that returns one, not a %s"):format(kind)
end

--- A filter of a function, or as it is.
---@param value function|oversight.Filter|nil one without a problem
---@return oversight.Filter?
function M.of(value)
  return type(value) == "function" and { value } or value
end

--- Loads a filter: the path to a .lua file, or the name of a module.
---@param name string
---@return oversight.Filter?
---@return string? message
---@return string? code
function M.load(name)
  local is_path = searcher.is_path(name)
  local ok, result = searcher.protected_call(is_path and searcher.run_file or require, name)
  if not ok then return nil, ("filter '%s': %s"):format(name, core.error_text(result)), "invalid" end
  local kind = type(result)
  local problem = kind == "table" and table_problem(result) or
    kind ~= "table" and kind ~= "function" and ("its file returns no function, but a " .. kind)
  if problem then return nil, ("filter '%s': %s"):format(name, problem), "invalid" end
  local loaded = { kind == "table" and result[1] or result, parallel = kind == "table" and result.parallel or nil }
  recipe.remember(loaded, name, is_path)
  return loaded
end

return M

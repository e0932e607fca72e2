--- A table as a sink: one that sends by itself, or one that says what the engine sends.
local M = {}

--- What a table over the engine's transport says itself; its other keys are options of the transport.
M.OWN = { headers = true, body = true, outcome = true, close = true }

--- What is wrong with a function of a table, or nil.
local function function_problem(sink, key)
  local value = sink[key]
  if value == nil or type(value) == "function" or (key == "headers" and type(value) == "table") then return nil end
  return ("%s must be a function%s, not a %s"):format(key, key == "headers" and " or a table" or "", type(value))
end

--- What is wrong with a sink that is a table, or nil.
---@param sink table
---@return string?
function M.problem(sink)
  if sink.send ~= nil and sink.url ~= nil then
    return "give either send, which sends by itself, or url, to which the engine sends"
  end
  if sink.url == nil then
    if type(sink.send) ~= "function" then return "a sink of your own has a function send, or a url" end
    return function_problem(sink, "close")
  end
  for key in pairs(M.OWN) do
    local problem = function_problem(sink, key)
    if problem then return problem end
  end
end

return M

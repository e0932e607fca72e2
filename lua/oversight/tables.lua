--- What several modules do with tables.
local M = {}

--- A new table with the members of several; those of a later one come in the place of an earlier one's.
---@param ... table<any, any>?
---@return table<any, any>
function M.merge(...)
  local merged = {}
  for i = 1, select("#", ...) do
    for key, value in pairs((select(i, ...)) or {}) do merged[key] = value end
  end
  return merged
end

---@param t table<string, any>
---@return string[]
function M.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- A table that has each of the names.
---@return table<string, true>
function M.set(...)
  local names = {}
  for _, name in ipairs { ... } do names[name] = true end
  return names
end

return M

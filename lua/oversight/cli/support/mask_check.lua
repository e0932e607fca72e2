--- Which outputs of a format still have what one of its rows masks.
local M = {}

--- Whether a source holds another one: extra holds extra.qname, and * all columns of a site.
---@param fields table<string, true> of every event
local function holds(source, other, fields)
  if source == other or other:sub(1, #source + 1) == source .. "." then return true end
  local is_column = not fields[other:match "^[^.]*"]
  return is_column and (source == "*" or source == "*bytes")
end

--- The destination of the first row that masks each source.
local function masked_sources(rows)
  local masked, order = {}, {}
  for _, row in ipairs(rows) do
    for _, source in ipairs(row.masks and row.reads or {}) do
      if not masked[source] then
        masked[source], order[#order + 1] = row.destination, source
      end
    end
  end
  return masked, order
end

--- Calls complain for each row that has what another one masks. A function may mask it, too: that is not known.
---@param description oversight.Description
---@param fields table<string, true> names of the fields of every event
---@param complain fun(field: string, reason: string)
function M.run(description, fields, complain)
  local masked, order = masked_sources(description.rows or {})
  for _, row in ipairs(description.rows or {}) do
    for _, source in ipairs(not row.masks and row.reads or {}) do
      for _, other in ipairs(order) do
        if holds(source, other, fields) then
          complain(row.destination, ("has %s as it is, which %s masks"):format(other, masked[other]))
        end
      end
    end
  end
  if #order > 0 and not description.mask_dead_letter then
    local names = table.concat(order, ", ")
    complain("dead letter", ("its events have %s as they are: mask_dead_letter = true"):format(names))
  end
end

return M

--- The closing line of an export: how many events are in, were repaired, refused or left out.
local M = {}

local REPAIRS = {
  { "utf8", "text that was not UTF-8" },
  { "blob", "a blob in a text column" },
  { "timestamp", "a timestamp that is no time" },
  { "extra", "extra nested too deep or with NaN" },
  { "number", "an infinite number" },
}

--- What had to be replaced, as one sentence, or nil.
local function describe_repairs(counts)
  if counts.repaired == 0 then return end
  local parts = {}
  for _, repair in ipairs(REPAIRS) do
    if counts[repair[1]] > 0 then
      parts[#parts + 1] = ("%d with %s"):format(counts[repair[1]], repair[2])
    end
  end
  return ("%d event(s) needed repair: %s"):format(counts.repaired, table.concat(parts, ", "))
end

local function describe_refused(counts, dead_letter)
  if counts.refused == 0 then return end
  return ("%d event(s) refused and %s"):format(counts.refused,
    dead_letter and "kept in " .. dead_letter or "left out")
end

local function describe_dropped(counts)
  if counts.dropped == 0 then return end
  return ("%d event(s) left out by a filter"):format(counts.dropped)
end

---@param mark "ok"|"failed"|"stopped"
---@param counts oversight.Counts
---@param title string the format's or the pipeline's name
---@param dead_letter string?
function M.print(mark, counts, title, dead_letter)
  io.stderr:write(("[%s] exported %d event(s) as %s\n"):format(mark, counts.exported, title))
  for _, describe in ipairs { describe_repairs, describe_refused, describe_dropped } do
    local line = describe(counts, dead_letter)
    if line then io.stderr:write("     ", line, "\n") end
  end
end

return M

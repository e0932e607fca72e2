--- The closing line of an export: how many events are in, were repaired, refused or left out.
local text = require "oversight.cli.text"

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

local function describe_refused(counts, details)
  if counts.refused == 0 then return end
  return ("%d event(s) refused and %s"):format(counts.refused,
    details.dead_letter and "kept in " .. details.dead_letter or "left out")
end

--- A sentence for each count of a name that is not zero.
local function describe(name, sentence)
  return function(counts)
    if counts[name] > 0 then return sentence:format(counts[name]) end
  end
end

local function describe_left(counts)
  if counts.left and counts.left > 0 then return ("%d event(s) left"):format(counts.left) end
end

local LINES = {
  describe_repairs,
  describe_refused,
  describe("dropped", "%d event(s) left out by a filter"),
  describe("existed", "%d event(s) of these were there already"),
  describe("kept_aside", "%d event(s) of these went into the target's failure store: look there"),
  describe("cut", "%d text(s) cut, as they are longer than the target's fields"),
  describe("retries", "%d request(s) had to be made again"),
  describe_left,
}

---@param mark "ok"|"failed"|"stopped"|"held"|"dry run"
---@param counts oversight.Counts
---@param title string the format's or the pipeline's name
---@param details { dead_letter: string?, left: integer? }
function M.print(mark, counts, title, details)
  local verb = mark == "dry run" and "would send" or "exported"
  io.stderr:write(("[%s] %s %d event(s) as %s\n"):format(mark, verb, counts.exported, text.printable(title)))
  for _, line in ipairs(LINES) do
    local sentence = line(counts, details)
    if sentence then io.stderr:write("     ", sentence, "\n") end
  end
end

return M

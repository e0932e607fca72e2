--- How an export ended: its mark, what became of all events, and what to do next; for people, or as a line of JSON.
local color   = require "oversight.cli.support.color"
local columns = require "oversight.cli.support.columns"
local core    = require "oversight.core"
local log     = require "oversight.log"
local numbers = require "oversight.cli.support.numbers"
local text    = require "oversight.cli.support.text"

local M = {}

---@class oversight.Ending
---@field counts oversight.Counts
---@field title string the format's or the pipeline's name
---@field registry string? of one out of many: the path of its database
---@field seconds number
---@field failure { message: string, code: string? }? nil: it has succeeded
---@field registries integer? how many the counts are of
---@field target string? where the events went
---@field beginning string? what was done with a file there
---@field head string? what comes after the mark, instead of what an export says
---@field dead_letter string? the file of refused events
---@field dry_run boolean?
---@field rehearsed { sentence: string, records: integer, bytes: integer, target: string }? what a file would hold
---@field start integer? of a dry run: the position of its checkpoint
---@field last_id integer? of the checkpoint
---@field remedy string? how an event that stops the export is kept aside

local INDENT = "     "

-- ---- the mark ----

local MARKS = { cancelled = "stopped", finished = "stopped", pipe_closed = "stopped", held = "held" }

--- The mark of a failure: "stopped", "held" or "failed".
---@param code string?
function M.mark_of_failure(code)
  return MARKS[code] or "failed"
end

--- The mark, which goes with the exit status: ok 0, refused 3, held 4, failed and stopped 1.
---@param ending oversight.Ending
function M.mark(ending)
  if ending.failure then return M.mark_of_failure(ending.failure.code) end
  if ending.dry_run then return "dry run" end
  return ending.counts.refused > 0 and "refused" or "ok"
end

-- ---- for people ----

--- Words for each counter that has some and is not 0, of those that are part of another one, or of none.
local function describe_counters(counts, part_of)
  local words = {}
  for _, counter in ipairs(core.counters()) do
    local count = counts[counter.name]
    if counter.summary and counter.part_of == part_of and count > 0 then
      words[#words + 1] = ("%s %s"):format(numbers.count(count), counter.summary)
    end
  end
  return words
end

--- What had to be replaced, as one sentence, or nil.
local function describe_repairs(counts)
  if counts.repaired == 0 then return end
  local parts = describe_counters(counts, "repaired")
  return ("%s event(s) needed repair: %s"):format(numbers.count(counts.repaired), table.concat(parts, ", "))
end

local function describe_refused(counts, ending)
  if counts.refused == 0 or ending.head then return end
  return ("%s event(s) refused and %s"):format(numbers.count(counts.refused),
    ending.dead_letter and "kept in " .. ending.dead_letter or "skipped")
end

--- "  12: splunk rejects it: too old (event 3, 17, 20, ...)", a line for each reason.
local function describe_reasons(counts)
  local lines = {}
  for _, group in ipairs(counts.reasons or {}) do
    local first = table.concat(group.first, ", ") .. (group.events > #group.first and ", ..." or "")
    lines[#lines + 1] = ("  %s: %s (event %s)"):format(numbers.count(group.events), text.printable(group.reason),
      text.printable(first))
  end
  return lines
end

local function describe_left(counts, ending)
  if (counts.left or 0) > 0 and not ending.head then return numbers.count(counts.left) .. " event(s) left" end
end

local function describe_remedy(_, ending)
  local failure = ending.failure
  if not failure or failure.code ~= "refused" or not ending.remedy then return end
  return ("to go on: correct the event or the format, or keep it aside with %s and send it later with " ..
    "'oversight-siem replay FILE'"):format(ending.remedy)
end

local function describe_start(_, ending)
  if not ending.start then return end
  return ("from %s on; the checkpoint stays there"):format(
    ending.start == 0 and "the first event" or ("the event after %d"):format(ending.start))
end

--- What comes after the first line: each gives a sentence, a list of them, or nil.
local LINES = {
  describe_start, function(counts) return counts.nothing end,
  describe_repairs, describe_refused, describe_reasons, function(counts) return describe_counters(counts) end,
  describe_left, describe_remedy,
}

--- "to out.jsonl (appended) in 0.2 s (50,000/s)"
local function describe_way(ending)
  local parts, counts = {}, ending.counts
  if ending.target and not ending.dry_run then
    parts[1] = "to " .. text.printable(ending.target)
    if ending.beginning then parts[2] = ("(%s)"):format(ending.beginning) end
  end
  parts[#parts + 1] = "in " .. numbers.seconds(ending.seconds)
  local rate = ending.seconds >= 0.1 and math.floor(counts.exported / ending.seconds) or 0
  if rate > 0 then parts[#parts + 1] = ("(%s/s)"):format(numbers.count(rate)) end
  return table.concat(parts, " ")
end

--- Prints a sentence below the first line; spaces before it set it further in. On a terminal it is wrapped.
local function print_line(sentence, width)
  local indent = INDENT .. sentence:match "^ *"
  local lines = width and columns.wrap(sentence, width - #indent - 2) or { sentence:match "^ *(.*)" }
  io.stderr:write(indent, table.concat(lines, "\n" .. indent .. "  "), "\n")
end

local STYLES = { ok = "good", ["dry run"] = "good", failed = "error", held = "error" }

local function print_ending(ending)
  local head = ending.head or ending.rehearsed and ending.rehearsed.sentence or ("%s %s event(s)"):format(
    ending.dry_run and "would send" or "exported", numbers.count(ending.counts.exported))
  if not ending.head then head = ("%s as %s"):format(head, text.printable(ending.title)) end
  if ending.registry then head = ("%s from %s"):format(head, text.printable(ending.registry)) end
  local mark, width = M.mark(ending), core.terminal_width(2)
  local line, way = ("%s %s"):format(color.paint(2, STYLES[mark] or "warning", ("[%s]"):format(mark)), head),
    describe_way(ending)
  local fits = not width or columns.width(line) + 1 + columns.width(way) <= width
  io.stderr:write(line, fits and " " or "\n" .. INDENT, way, "\n")
  for _, describe_line in ipairs(LINES) do
    local said = describe_line(ending.counts, ending) or {}
    for _, sentence in ipairs(type(said) == "table" and said or { said }) do print_line(sentence, width) end
  end
end

-- ---- for programs ----

local LEVELS = { ok = "info", ["dry run"] = "info", stopped = "info", refused = "warning" }

--- An ending for programs: the counts and what goes with them.
local function fields_of(ending)
  local counts, failure = ending.counts, ending.failure
  local fields = {
    mark = M.mark(ending), pipeline = ending.title, registry = ending.registry,
    registries = ending.registries, target = ending.target, file = ending.beginning,
    dead_letter = ending.dead_letter, last_id = ending.last_id, nothing = counts.nothing, left = counts.left,
    seconds = math.floor(ending.seconds * 1000 + 0.5) / 1000, error = failure and failure.message,
  }
  for _, counter in ipairs(core.counters()) do
    local count = counts[counter.name]
    if counter.kind == "counter" and math.type(count) == "integer" then fields[counter.name] = count end
  end
  local rehearsed = ending.rehearsed
  for _, key in ipairs(rehearsed and { "records", "bytes", "target" } or {}) do fields[key] = rehearsed[key] end
  if counts.reasons and #counts.reasons > 0 then fields.reasons = counts.reasons end
  return fields
end

-- ---- the end ----

--- Prints how an export ended, unless it is to be quiet, and gives the command's answer.
---@param ending oversight.Ending
---@param given table options of the command: quiet, log_format
---@return "ok"|"refused"|nil answer, string? message, string? code
function M.close(ending, given)
  local failure = ending.failure
  if failure and failure.code == "pipe_closed" then return "ok" end
  if not given.quiet and given.log_format == "json" then
    local message = ending.dry_run and "would send" or "exported"
    log.write_always(LEVELS[M.mark(ending)] or "error", message, fields_of(ending))
  elseif not given.quiet then
    print_ending(ending)
  end
  if failure then return nil, failure.message, failure.code end
  return ending.counts.refused > 0 and "refused" or "ok"
end

return M

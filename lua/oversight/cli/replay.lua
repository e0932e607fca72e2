--- oversight-siem replay: a dead letter file's events, sent again; what is refused again is kept.
---
--- The file is renamed first, so that an exporter beside it begins a new one; what is to be kept is
--- added to that. What is done is made blank in the renamed file, batch by batch: a replay that was cut
--- short continues with what is left of it.
local core             = require "oversight.core"
local dead_letter_line = require "oversight.cli.support.dead_letter_line"
local given_format     = require "oversight.cli.support.given_format"
local given_sink       = require "oversight.cli.support.given_sink"
local messages         = require "oversight.cli.support.messages"
local must             = require "oversight.cli.support.must"
local pipeline         = require "oversight.pipeline"
local program          = require "oversight.program"
local runner           = require "oversight.cli.support.runner"
local service_options  = require "oversight.cli.support.service_options"
local siem             = require "oversight.siem"

local M = {
  summary = "Sends the events of a dead letter file again",
  usage   = "FILE --to KIND ... [--format NAME | --as-rendered]",
  examples = {
    "oversight-siem replay refused.jsonl --to splunk --url https://splunk:8088 --token " ..
      "@hec.token",
    "oversight-siem replay refused.jsonl -f my_ecs.lua -o replayed.jsonl",
  },
  options = given_sink.with_options {
    arguments = { 1, 1, "FILE" },
    { "--format", "-f", value = "NAME", complete = "format",
      help = "render them again, in this format (default: what suits --to)" },
    { "--as-rendered", help = "send the records as they were refused" },
    { "--dry-run", help = "print the requests that would be sent, and leave the file as it is" },
    service_options.log_format,
  },
  notes = "FILE keeps what is refused again or cannot be sent, and damaged lines as they are;\n" ..
    "it is gone when all is delivered.\n" ..
    "Exit status: 0 all delivered, 1 failed, 2 wrong usage, 3 some refused again or\n" ..
    "damaged, 4 held.",
}

local BATCH_LINES, BATCH_BYTES = 1000, 16 << 20
local STAYS = { refused = true, left = true, damaged = true }

-- ---- lines ----

--- Adds the records that an event has in the format; of a line that is about one of several, that one.
--- Gives their numbers, from 0.
local function add_rendered(batch, mapping, line)
  local rendered, parts = siem.batch.open(), {}
  local written, problem, code = rendered:write(mapping, line.event)
  if not written then return nil, problem, code end
  for i, record in rendered:records() do
    if line.part == nil or line.part == i - 1 then
      local added, message = batch:add(record, line.event.event_id, line.event.registry_id, i - 1)
      if not added then return nil, message end
      parts[#parts + 1] = i - 1
    end
  end
  if #parts == 0 then return nil, ("the format no longer makes a record %d of it"):format(line.part + 1) end
  return parts
end

--- Adds a line's records to the batch. Gives their numbers, or nil and the reason when it has none.
local function add_line(batch, mapping, line)
  if mapping then return add_rendered(batch, mapping, line) end
  local record, part = siem.json.member(line.text, "record"), line.part or 0
  if not record then return nil, "the line has no record: omit --as-rendered" end
  local added, problem = batch:add(record, line.event.event_id, line.event.registry_id, part)
  return added and { part }, problem
end

-- ---- sending ----

local Replay = {}
Replay.__index = Replay

local function write_line(self, line, outcome)
  local message
  if not self.deadletter then
    self.deadletter, message = siem.deadletter.open(self.path)
    if not self.deadletter then return nil, message end
  end
  if not outcome and line.text == "" then return self.deadletter:copy(self.claimed, line.offset, line.size) end
  if not outcome then return self.deadletter:append(line.text) end
  return self.deadletter:write(line.event, self.format or line.format, outcome.reason or "rejected", {
    sink = self.kind, http_status = outcome.status, code = outcome.code, record = outcome.record,
    part = outcome.part,
  })
end

--- Writes a line for each record that was rejected, or the line as it is.
local function write_lines(self, line)
  if not line.rejected or #line.rejected == 0 then return write_line(self, line) end
  for _, outcome in ipairs(line.rejected) do
    local written, message = write_line(self, line, outcome)
    if not written then return nil, message end
  end
  return true
end

--- Keeps lines for the next time: those that are refused with the reason for it, others as they are. It is
--- on the disk before they are taken from where they were; what cannot be kept stays there.
function Replay:keep(lines)
  local message
  for _, line in ipairs(lines) do
    if STAYS[line.fate] and not self.unkept then
      line.kept, message = write_lines(self, line)
      if not line.kept then self.unkept = message end
    end
  end
  if not self.deadletter then return end
  local synced
  synced, message = self.deadletter:sync()
  if synced then return end
  self.unkept = self.unkept or message
  for _, line in ipairs(lines) do line.kept = false end
end

--- Records what became of lines. A replay that is cut short after this skips them.
function Replay:settle(lines)
  local places = {}
  if not self.dry_run then self:keep(lines) end
  for _, line in ipairs(lines) do
    local stays = STAYS[line.fate] and not line.kept and not self.dry_run
    local fate = stays and "left" or line.fate
    self[fate] = self[fate] + 1
    if not stays then places[#places + 1] = { line.offset, line.size } end
  end
  if self.dry_run or #places == 0 then return true end
  return siem.deadletter.blank(self.claimed, places)
end

function Replay:report_damage(line)
  line.fate = "damaged"
  messages.warning(("%s, line %d: %s: the line is kept, and not sent"):format(self.path, line.number, line.damage))
end

--- Adds a line's records to the batch, and to `sent` whose each of them is; or says why it has none.
function Replay:add(line, batch, sent)
  local parts, problem, code = add_line(batch, self.mapping, line)
  for _, part in ipairs(parts or {}) do sent[#sent + 1] = { line = line, part = part } end
  if parts then return end
  line.fate = code == "dropped" and "dropped" or "refused"
  if line.fate == "refused" then self.reasons:add(problem, line.event.event_id) end
end

--- Renders lines into a batch. Gives whose each of its records is.
---@return { line: table, part: integer }[]
function Replay:render(lines, batch)
  local sent = {}
  for _, line in ipairs(lines) do
    line.fate, line.rejected, line.undecided = "left", {}, false
    if line.damage then self:report_damage(line)
    else self:add(line, batch, sent) end
  end
  return sent
end

--- Sends lines, and says of each what became of it. Gives nil, message and code when the sink fails.
function Replay:send(lines)
  local batch = siem.batch.open()
  local sent = self:render(lines, batch)
  if #sent == 0 then return true end
  local delivered, message, code, outcomes = self.sink:send(batch)
  if delivered then outcomes = message end
  for i, record in ipairs(sent) do
    local line, outcome = record.line, outcomes[i]
    line.undecided = line.undecided or (outcome.verdict ~= "delivered" and outcome.verdict ~= "reject")
    if outcome.verdict == "reject" then
      outcome.record, outcome.part = batch:at(i), record.part
      line.rejected[#line.rejected + 1] = outcome
      self.reasons:add(("%s rejects it: %s"):format(self.kind, outcome.reason or "rejected"), line.event.event_id)
    end
    line.fate = line.undecided and "left" or #line.rejected > 0 and "refused" or "delivered"
  end
  if delivered then return true end
  return nil, message, code
end

--- Sends lines; those after a failure are left. Gives nil, message and code for the first one.
function Replay:pass(lines)
  local ok, message, code = true, nil, nil
  for _, line in ipairs(lines) do line.fate = "left" end
  if program.stop_requested() and not self.failed then
    ok, message, code = nil, "stopped on request", "cancelled"
  elseif not self.failed and not self.unkept then
    ok, message, code = self:send(lines)
  end
  local settled, problem = self:settle(lines)
  if ok and not settled then ok, message = nil, problem end
  self.failed = self.failed or not ok
  return ok, message, code
end

--- Sends all lines of a file. After a failure the rest is kept.
function Replay:send_lines(file)
  local lines, bytes, offset, number, failure = {}, 0, 0, 0, nil
  local function flush()
    local ok, message, code = self:pass(lines)
    if not ok then failure = failure or { message, code } end
    lines, bytes = {}, 0
  end
  local function add(line)
    lines[#lines + 1], bytes = line, bytes + #line.text
    if #lines >= BATCH_LINES or bytes >= BATCH_BYTES then flush() end
  end
  repeat -- an exporter may have written its last line here when the file was renamed already
    local before = offset
    offset, number = dead_letter_line.each(file, offset, number, add)
    if #lines > 0 then flush() end
    file:seek "cur" -- past the end that was met
  until offset == before
  if self.unkept then return nil, self.unkept end
  if failure then return nil, failure[1], failure[2] end
  return true
end

--- The counts of an export, as far as a replay has them. A damaged line is kept as a refused one is.
function Replay:counts()
  local counts = core.no_counts()
  counts.exported, counts.refused, counts.left = self.delivered, self.refused + self.damaged, self.left
  counts.dropped, counts.reasons = self.dropped, self.reasons:list()
  return counts
end

function Replay:head()
  local head = ("%s %d event(s), %d refused again, %d left"):format(self.dry_run and "would send" or "delivered",
    self.delivered, self.refused, self.left)
  return self.damaged == 0 and head or ("%s, %d damaged"):format(head, self.damaged)
end

-- ---- the command ----

--- Opens a file that stays as it is.
local function open_to_read(path)
  local is_file, reason = core.is_regular_file(path)
  if not is_file then return nil, ("cannot open '%s': %s"):format(path, reason or "it is not a regular file") end
  return io.open(path, "r"), path
end

--- Takes the file away from exporters that add to it, and from a second replay. Gives the file and its name then.
local function claim(given_path, dry_run)
  local path, problem, kind = core.resolve(given_path)
  if not path then return nil, problem, kind end
  local claimed = path .. ".replaying"
  local file, message, code = program.claim(claimed)
  if file then
    messages.warning(("going on with %s, which an earlier replay left"):format(claimed))
    return file, claimed
  end
  if code ~= "not_found" then return nil, message, code end
  if dry_run then return open_to_read(path) end
  file, message, code = program.claim(path)
  if not file then return nil, message, code end
  local renamed, reason = os.rename(path, claimed)
  if renamed then return file, claimed end
  file:close()
  return nil, reason
end

--- What the pipeline sends: claims the file, sends its lines, and removes it unless something is to be kept in it.
local function send_file(self, parts, given)
  local file, path, code = claim(given[1], given.dry_run)
  if not file then return nil, path, code end
  self.claimed, self.mapping, self.sink = path, parts.mapping, parts.sink
  given_sink.attend(self.sink)
  local ok, message
  ok, message, code = self:send_lines(file)
  if self.deadletter then
    local kept, lost = self.deadletter:close()
    if not kept then self.unkept, ok, message, code = lost, nil, lost, nil end
  end
  if not given.dry_run and not self.unkept then os.remove(path) end
  file:close()
  return ok, message, code, self:counts()
end

--- Stands for the format with --as-rendered: the lines have the records.
local AS_RENDERED = { name = "as rendered", compile = function() return false end }

--- The format, and its name as it was given.
local function load_format(given, kind)
  if given.as_rendered then return AS_RENDERED end
  local name = must.have(given.format or kind and kind.format, "--format NAME is missing", "usage")
  return must.have(given_format.load(given, name)), name
end

function M.run(given)
  local kind = given_sink.kind_of(given)
  if given.as_rendered and given.format then must.fail("give either --format or --as-rendered", "usage") end
  local format, name = load_format(given, kind)
  local replay = setmetatable({
    path = given[1], delivered = 0, refused = 0, left = 0, dropped = 0, damaged = 0, dry_run = given.dry_run,
    kind = kind and kind.name or "file", format = name, reasons = core.reasons(),
  }, Replay)
  local job = pipeline.new {
    name = name and core.printable(name), source = {}, format = format,
    sink = function() return given_sink.open(given, kind, name and format) end,
  }
  function job.send(parts) return send_file(replay, parts, given) end
  return runner.run(job, given, {
    dry_run = given.dry_run, dead_letter = given[1], head = function() return replay:head() end,
  })
end

return M

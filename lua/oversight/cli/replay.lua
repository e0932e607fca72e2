--- oversight-siem replay: a dead letter file's events, sent again; what is refused again is kept.
---
--- The file is renamed first, so that an exporter beside it begins a new one; what is to be kept is
--- added to that. A replay that was cut short goes on with the renamed file.
local events       = require "oversight.cli.events"
local given_format = require "oversight.cli.given_format"
local given_sink   = require "oversight.cli.given_sink"
local program      = require "oversight.program"
local siem         = require "oversight.siem"

local M = {
  summary = "Sends the events of a dead letter file again",
  usage   = "FILE --to KIND ... [--format NAME | --as-rendered]",
  options = given_sink.with_options {
    arguments = { 1, 1, "FILE" },
    { "--format", value = "NAME", help = "render them anew in this format (default: what suits --to)" },
    { "--as-rendered", help = "send the records as they were refused" },
    { "--dry-run", help = "print the requests that would be sent, and leave the file as it is" },
    { "--help", help = "show this help" },
  },
  notes = "FILE keeps what is refused again or cannot be sent; it is gone when all is delivered.\n" ..
    "Exit status: 0 all delivered, 1 failed, 2 wrong usage, 3 some refused again, 4 held.",
}

local BATCH_LINES = 1000

-- ---- lines ----

--- The event of a line, and the format that its record has.
local function read_event(text)
  local object = siem.json.decode(text, true)
  local registry_id, row = object.event.registry_id or "registry", events.to_row(object.event)
  if type(object.event.extra) == "table" then -- as it is written: 1.10 and long numbers stay as they are
    row.extra = siem.json.member(siem.json.member(text, "event"), "extra")
  end
  local event = siem.from_registry_row(row, { registry_id = registry_id })
  if event.event_id == "" then error "an event has an id" end
  return event, type(object.format) == "string" and object.format or "unknown"
end

--- A line of the file: its text, and what it says; or the text alone when it cannot be read.
local function read_line(text)
  local read, event, format = pcall(read_event, text)
  if not read then return { text = text, problem = "it is no line of a dead letter file" } end
  return { text = text, event = event, format = format }
end

--- Adds a line's record to the batch. Gives nil and the reason when it has none.
local function add_line(batch, mapping, line)
  if line.problem then return nil, line.problem end
  if mapping then return batch:write(mapping, line.event) end
  local record = siem.json.member(line.text, "record")
  if not record then return nil, "the line has no record: leave out --as-rendered" end
  return batch:add(record, line.event.event_id, line.event.registry_id)
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
  if not outcome or line.problem then return self.deadletter:append(line.text) end
  return self.deadletter:write(line.event, self.format or line.format, outcome.reason or "rejected", {
    sink = self.kind, http_status = outcome.status, code = outcome.code, record = outcome.record,
  })
end

--- Keeps a line, with the reason it is refused for now; without one, as it is. What cannot be kept is
--- still in the renamed file, which stays then.
function Replay:keep(line, outcome)
  if self.dry_run then return true end
  local kept, message = write_line(self, line, outcome)
  if not kept then self.unkept = message end
  return kept, message
end

--- Sends the lines that were collected. Gives nil, message and code when the sink fails: then what was
--- not decided is kept.
function Replay:send(lines)
  local batch, sent = siem.batch.open(), {}
  for _, line in ipairs(lines) do
    local added, problem, code = add_line(batch, self.mapping, line)
    if added then
      sent[#sent + 1] = line
    elseif code ~= "dropped" then
      self.refused = self.refused + 1
      io.stderr:write(("event %s: %s\n"):format(line.event and line.event.event_id or "?", problem))
      local kept, message = self:keep(line)
      if not kept then return nil, message end
    end
  end
  if #sent == 0 then return true end
  local delivered, message, code, outcomes = self.sink:send(batch)
  if delivered then outcomes = message end
  for i, line in ipairs(sent) do
    local outcome = outcomes[i]
    if outcome.verdict == "delivered" then
      self.delivered = self.delivered + 1
    else
      local rejected = outcome.verdict == "reject"
      self[rejected and "refused" or "left"] = self[rejected and "refused" or "left"] + 1
      outcome.record = batch:at(i)
      local kept, problem = self:keep(line, rejected and outcome or nil)
      if not kept then return nil, problem end
    end
  end
  if delivered then return true end
  return nil, message, code
end

--- Sends all lines of a file. After a failure the rest is kept.
function Replay:run(file)
  local lines, failed, message, code, flush = {}, false, nil, nil, nil
  function flush()
    if failed then
      for _, line in ipairs(lines) do
        self.left = self.left + 1
        if not self.unkept then self:keep(line) end
      end
    elseif program.stop_requested() then
      failed, message, code = true, "stopped on request", "cancelled"
      return flush()
    else
      local ok
      ok, message, code = self:send(lines)
      failed = not ok
    end
    lines = {}
  end
  repeat -- an exporter may have written its last line here when the file was renamed already
    local any = false
    for text in file:lines() do
      any = true
      if text:find "%S" then lines[#lines + 1] = read_line(text) end
      if #lines >= BATCH_LINES then flush() end
    end
    if #lines > 0 then flush() end
    file:seek "cur" -- past the end that was met
  until not any
  if self.unkept then return nil, self.unkept end
  if failed then return nil, message, code end
  return true
end

-- ---- the command ----

--- Takes the file away from exporters that add to it.
local function claim(path, dry_run)
  local claimed = path .. ".replaying"
  local left = io.open(claimed, "r")
  if left then
    io.stderr:write(("going on with %s, which an earlier replay left\n"):format(claimed))
    return left, claimed
  end
  if dry_run then return io.open(path, "r"), path end
  local renamed, message = os.rename(path, claimed)
  if not renamed then return nil, ("%s: %s"):format(path, message) end
  return io.open(claimed, "r"), claimed
end

local function open_replay(given, kind)
  local replay = setmetatable({
    path = given[1], delivered = 0, refused = 0, left = 0, dry_run = given.dry_run,
    kind = kind and kind.name or "file",
  }, Replay)
  local format, message, code
  if not given.as_rendered then
    local name = given.format or (kind and kind.format)
    if not name then return nil, "--format NAME is missing", "usage" end
    format, message, code = given_format.load(given, name)
    if not format then return nil, message, code == "not_found" and "usage" or nil end
    replay.format, replay.mapping = name, format:compile()
  end
  replay.sink, message, code = given_sink.open(given, kind, format)
  if not replay.sink then return nil, message, code end
  if given.dry_run then given_sink.preview(replay.sink) end
  return replay
end

local function print_counts(mark, replay)
  io.stderr:write(("[%s] delivered %d event(s), %d refused again, %d left\n"):format(
    mark, replay.delivered, replay.refused, replay.left))
end

function M.run(given)
  local usable, kind = given_sink.check(given)
  if not usable then return nil, kind, "usage" end
  if given.as_rendered and given.format then return nil, "give either --format or --as-rendered", "usage" end
  local replay, reason, problem = open_replay(given, kind)
  if not replay then return nil, reason, problem end
  local file, path = claim(given[1], given.dry_run)
  if not file then return nil, path end
  local ok, message, code = replay:run(file)
  file:close()
  local closed, close_message = replay.sink:close()
  if replay.deadletter then
    local kept, lost = replay.deadletter:close()
    if not kept then replay.unkept, ok, message, code = lost, nil, lost, nil end
  end
  if ok and not closed then ok, message = nil, close_message end
  if not given.dry_run and not replay.unkept and (ok or replay.left > 0) then os.remove(path) end
  print_counts(given.dry_run and "dry run" or ok and "ok" or code == "held" and code or "failed", replay)
  if not ok then return nil, message, code end
  return replay.refused > 0 and "refused" or "ok"
end

return M

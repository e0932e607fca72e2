--- oversight-siem replay: a dead letter file's events, sent again; what is refused again is kept.
---
--- The file is renamed first, so that an exporter beside it begins a new one; what is to be kept is
--- added to that. A replay that was cut short goes on with the renamed file.
local events       = require "oversight.cli.events"
local given_format = require "oversight.cli.given_format"
local given_sink   = require "oversight.cli.given_sink"
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

--- A line of the file: its text, and what it says; or the text alone when it cannot be read.
local function read_line(text)
  local object = siem.json.decode(text, true)
  local event = type(object) == "table" and type(object.event) == "table" and object.event or nil
  if not event then return { text = text, problem = "it is no line of a dead letter file" } end
  return {
    text = text, object = object,
    event = siem.from_registry_row(events.to_row(event), { registry_id = event.registry_id or "registry" }),
  }
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

--- Keeps a line, with the reason it is refused for now; without one, as it is.
function Replay:keep(line, outcome)
  if self.dry_run then return true end
  if not self.deadletter then
    local message
    self.deadletter, message = siem.deadletter.open(self.path)
    if not self.deadletter then return nil, message end
  end
  if not outcome or line.problem then return self.deadletter:append(line.text) end
  return self.deadletter:write(line.event, self.format, outcome.reason or "rejected", {
    sink = self.kind, http_status = outcome.status, code = outcome.code, record = outcome.record,
  })
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
  local lines, failed, message, code = {}, false, nil, nil
  local function flush()
    if failed then
      for _, line in ipairs(lines) do
        self.left = self.left + 1
        assert(self:keep(line))
      end
    else
      local ok
      ok, message, code = self:send(lines)
      failed = not ok
    end
    lines = {}
  end
  for text in file:lines() do
    if text:find "%S" then lines[#lines + 1] = read_line(text) end
    if #lines >= BATCH_LINES then flush() end
  end
  flush()
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
  if not renamed then return nil, message end
  return io.open(claimed, "r"), claimed
end

local function open_replay(given, kind)
  local replay = setmetatable({
    path = given[1], delivered = 0, refused = 0, left = 0, dry_run = given.dry_run,
    kind = kind and kind.name or "file", format = given.format or (kind and kind.format) or "as rendered",
  }, Replay)
  if not given.as_rendered then
    local name = given.format or (kind and kind.format)
    if not name then return nil, "--format NAME is missing", "usage" end
    local format, message, code = given_format.load(given, name)
    if not format then return nil, message, code == "not_found" and "usage" or nil end
    replay.mapping = format:compile()
  end
  local message, code
  replay.sink, message, code = given_sink.open(given, kind)
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
  if replay.deadletter then assert(replay.deadletter:close()) end
  if ok and not closed then ok, message = nil, close_message end
  if not given.dry_run and (ok or replay.left > 0) then os.remove(path) end
  print_counts(given.dry_run and "dry run" or ok and "ok" or code == "held" and code or "failed", replay)
  if not ok then return nil, message, code end
  return replay.refused > 0 and "refused" or "ok"
end

return M

--- oversight-siem checkpoint: the position of an export that follows: shown, set, reset.
local members  = require "oversight.cli.support.members"
local messages = require "oversight.cli.support.messages"
local must     = require "oversight.cli.support.must"
local siem     = require "oversight.siem"
local text     = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {
  summary = "Shows, sets or resets the position of an export",
  usage   = "show FILE... | set FILE --last-id N | reset FILE...",
  examples = {
    "oversight-siem checkpoint show siem.checkpoint",
    "oversight-siem checkpoint set siem.checkpoint --last-id 4711",
  },
  options = {
    arguments = { 2, 100000, "show, set or reset, and FILE",
      complete = { "show", "set", "reset", files = true } },
    { "--last-id", value = "N", natural = true, help = "with set: the events after this id are new" },
    { "--json", help = "with show: for programs; of several files: a line for each" },
  },
  notes = "After set, the position goes with whichever file the registry is in now. After\n" ..
    "reset, all events are new. Both need the exporter to be stopped.",
}

--- "of 2026-01-02T00:00:00Z" when the time of the last event is known.
local function describe_time(state)
  local seconds = state.last_timestamp
  local is_time = math.type(seconds) == "integer" and seconds >= -62135596800 and seconds <= 253402300799
  return is_time and (", of " .. siem.iso8601(seconds)) or ""
end

--- Since when, and why, what the export has for its target is not taken.
local function describe_retrying(state)
  return state.retrying_since and ("since %s: %s"):format(state.retrying_since, state.retrying_cause or "no cause")
end

local function describe_output(state)
  if not state.output_file then return end
  return ("%d bytes, of the file with device:inode:birth %s"):format(state.output_size, state.output_file)
end

--- Prints what a checkpoint says.
---@param path string
---@param state table<string, any> of siem.checkpoint.read
function M.print(path, state)
  local function line(label, value)
    if value then print(("%-13s %s"):format(label, text.printable(value))) end
  end
  line("Checkpoint", path)
  line("Position", (state.last_id == 0 and "before the first event" or "event %d"):format(state.last_id) ..
    describe_time(state))
  line("Saved", state.saved)
  line("Registry", state.registry_id or "any: it belongs to the next export")
  line("Format", state.format or "any")
  line("Sink", state.sink or "any")
  line("Output", describe_output(state))
  line("Retrying", describe_retrying(state))
end

--- Calls `act` with each file and its number. What is wrong with one does not end the others.
local function each(given, act)
  if #given == 2 then return act(given[2], 1) end
  local failed, code = 0, nil
  for i = 2, #given do
    local done, failure = members.try(act, given[i], i - 1)
    if not done then
      messages.error("checkpoint", failure.message)
      code = (failed == 0 or code == failure.code) and failure.code or nil
      failed = failed + 1
    end
  end
  if failed > 0 then must.fail(("%d of %d files failed"):format(failed, #given - 1), code) end
  return "ok"
end

local function show(given)
  return each(given, function(path, number)
    local state = must.have(siem.checkpoint.read(path))
    if given.json then
      if #given > 2 then state.checkpoint = path end
      print(siem.json.encode(state))
      return "ok"
    end
    if number > 1 then print "" end
    M.print(path, state)
    return "ok"
  end)
end

local function set(given)
  if not given.last_id then must.fail("set needs --last-id N", "usage") end
  if #given > 2 then must.fail("set takes one FILE: ids are those of one registry", "usage") end
  must.have(siem.checkpoint.set(given[2], given.last_id))
  print(("%s: the events after id %d are new"):format(given[2], given.last_id))
  return "ok"
end

local function reset(given)
  return each(given, function(path)
    must.have(siem.checkpoint.reset(path))
    print(("%s: all events are new"):format(path))
    return "ok"
  end)
end

local ACTIONS = { show = show, set = set, reset = reset }

function M.run(given)
  local action = ACTIONS[given[1]]
  if not action then must.fail("the first argument is show, set or reset", "usage") end
  if given.last_id and action ~= set then must.fail("--last-id is for set", "usage") end
  if given.json and action ~= show then must.fail("--json is for show", "usage") end
  return action(given)
end

return M

--- oversight-siem checkpoint: the position of an export that follows: shown, set, reset.
local must = require "oversight.cli.support.must"
local siem = require "oversight.siem"
local text = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {
  summary = "Shows, sets or resets the position of an export",
  usage   = "show FILE | set FILE --last-id N | reset FILE",
  examples = {
    "oversight-siem checkpoint show siem.checkpoint",
    "oversight-siem checkpoint set siem.checkpoint --last-id 4711",
  },
  options = {
    arguments = { 2, 2, "show, set or reset, and FILE" },
    { "--last-id", value = "N", natural = true, help = "with set: the events after this id are new" },
    { "--json", help = "with show: for programs" },
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

local function show(given)
  local state = must.have(siem.checkpoint.read(given[2]))
  if given.json then print(siem.json.encode(state)) else M.print(given[2], state) end
  return "ok"
end

local function set(given)
  if not given.last_id then must.fail("set needs --last-id N", "usage") end
  must.have(siem.checkpoint.set(given[2], given.last_id))
  print(("%s: the events after id %d are new"):format(given[2], given.last_id))
  return "ok"
end

local function reset(given)
  must.have(siem.checkpoint.reset(given[2]))
  print(("%s: all events are new"):format(given[2]))
  return "ok"
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

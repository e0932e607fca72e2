--- oversight-siem status: how many events of its registry an export that follows has left.
local checkpoint     = require "oversight.cli.checkpoint"
local given_registry = require "oversight.cli.support.given_registry"
local must           = require "oversight.cli.support.must"
local numbers        = require "oversight.cli.support.numbers"
local position       = require "oversight.cli.support.position"
local siem           = require "oversight.siem"
local text           = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {
  summary = "Shows how many events an export has left",
  usage   = "CHECKPOINT --db FILE",
  options = {
    arguments = { 1, 1, "CHECKPOINT" },
    { "--db", value = "FILE", required = true, help = "the registry's SQLite database" },
    { "--json", help = "for programs" },
  },
  notes = "Exit status: 0 the position is one of this registry, 1 it is not, or it failed,\n" ..
    "2 wrong usage, 4 unknown: the registry is idle and not ours to open.",
}

--- The ids that were given after the checkpoint, and how many whole seconds ago the first of these events occurred: nil
--- when none has a time.
local function read_lag(registry, last_id)
  local lag = must.have(registry:lag(last_id))
  local is_known = lag.events == 0 or lag.seconds > 0
  return { events = lag.events, last_id = last_id + lag.events, seconds = is_known and math.floor(lag.seconds) or nil }
end

local function describe_lag(lag)
  if not lag.events then return "unknown" end
  if lag.events == 0 and lag.problem then return "nothing that is in this registry" end
  if lag.events == 0 then return "nothing: all events are exported" end
  local events = ("%d event(s), up to id %d"):format(lag.events, lag.last_id)
  if not lag.seconds then return events end
  return ("%s; the first of them is %s old"):format(events, numbers.duration(lag.seconds))
end

local function show(given, state, lag)
  if given.json then
    state.lag_events, state.lag_seconds, state.problem = lag.events, lag.seconds, lag.problem
    print(siem.json.encode(state))
    return
  end
  checkpoint.print(given[1], state)
  print(("%-13s %s"):format("Behind", describe_lag(lag)))
  if lag.problem then print(("%-13s %s"):format("Problem", text.printable(lag.problem))) end
end

function M.run(given)
  local state = must.have(siem.checkpoint.read(given[1]))
  local registry, message, code = given_registry.open { path = given.db, registry_id = "registry", follow = true }
  if code == "idle" then
    show(given, state, { problem = message })
    must.fail(false, code)
  end
  local lag = read_lag(must.have(registry, message, code), state.last_id)
  lag.problem = position.problem(registry, given.db, given[1], state.last_id)
  show(given, state, lag)
  return lag.problem and "incomplete" or "ok"
end

return M

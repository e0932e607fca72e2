--- oversight-siem status: how many events of its registry, or of a topic, an export that follows has left.
local checkpoint     = require "oversight.cli.checkpoint"
local given_registry = require "oversight.cli.support.given_registry"
local given_source   = require "oversight.cli.support.given_source"
local lag            = require "oversight.cli.support.lag"
local lazy           = require "oversight.lazy"
local members        = require "oversight.cli.support.members"
local must           = require "oversight.cli.support.must"
local numbers        = require "oversight.cli.support.numbers"
local position       = require "oversight.cli.support.position"
local siem           = require "oversight.siem"
local text           = require "oversight.cli.support.text"
local topic_status   = lazy "oversight.cli.support.topic_status"
local print = require("oversight.output").print

local M = {
  summary = "Shows how many events an export has left",
  usage   = "[CHECKPOINT] --db FILE | --from kafka --brokers HOST:PORT,... --topic NAME --group NAME",
  examples = {
    "oversight-siem status --db registry.sqlite",
    "oversight-siem status --from kafka --brokers kafka-1:9092 --topic oversight --group siem",
  },
  options = {
    arguments = { 0, 1, "CHECKPOINT" },
    { "--db", value = "FILE|PATTERN", many = true,
      help = "the registry's SQLite database; of many registries: again for each, or a pattern in quotes" },
    { "--json", help = "for programs; of many registries: a line for each" },
    table.unpack(given_source.questions),
  },
  notes = "CHECKPOINT is what 'export --checkpoint' was given; without it, FILE.checkpoint is read.\n" ..
    "With --from, the brokers are asked what the group has committed, whether it has members or not.\n\n" ..
    "Exit status: 0 the position is one of this registry, 1 it is not, or it failed,\n" ..
    "2 wrong usage, 4 unknown: the registry is idle and not ours to open.",
}

--- What the checkpoint of a registry says, and how much is left. One that is idle has a lag with a problem alone.
local function look(path, checkpoint_path)
  local state = must.have(siem.checkpoint.read(checkpoint_path))
  local registry, message, code = given_registry.open { path = path, registry_id = "registry", follow = true }
  if code == "idle" then return state, { problem = message, is_idle = true } end
  local left = lag.read(must.have(registry, message, code), state.last_id)
  left.problem = position.problem(registry, path, checkpoint_path, state.last_id)
  registry:close()
  return state, left
end

local function print_json(path, state, left)
  state.db, state.lag_events, state.lag_seconds, state.problem = path, left.events, left.seconds, left.problem
  print(siem.json.encode(state))
end

--- Of one registry.
local function run_one(given, path)
  local checkpoint_path = given[1] or path .. ".checkpoint"
  local state, left = look(path, checkpoint_path)
  if given.json then
    print_json(nil, state, left)
  else
    checkpoint.print(checkpoint_path, state)
    print(("%-13s %s"):format("Behind", lag.describe(left)))
    if left.problem then print(("%-13s %s"):format("Problem", text.printable(left.problem))) end
  end
  if left.is_idle then must.fail(false, "idle") end
  return left.problem and "incomplete" or "ok"
end

--- One of many, whatever is wrong with it.
local function look_at_member(given, member)
  local state, left
  local _, failure = members.try(function()
    state, left = look(member.path, members.checkpoint_of(given[1], member))
  end)
  if failure then return {}, { problem = failure.message } end
  return state, left
end

local function print_member(path, left)
  local line = left.events and lag.describe(left) or nil
  if left.problem then line = (line and line .. "; " or "") .. left.problem end
  print(text.printable(("%s: %s"):format(path, line)))
end

--- Of many registries: a line for each, and one for all.
local function run_many(given)
  local list, events, late, problems, idle = members.find(given.db), 0, 0, 0, 0
  for _, member in ipairs(list) do
    local state, left = look_at_member(given, member)
    if given.json then print_json(member.path, state, left) else print_member(member.path, left) end
    events, late = events + (left.events or 0), late + ((left.events or 0) > 0 and 1 or 0)
    idle, problems = idle + (left.is_idle and 1 or 0), problems + (left.problem and not left.is_idle and 1 or 0)
  end
  if not given.json then
    print(("%d registries: %d with %s event(s) left, %d with a problem, %d idle"):format(#list, late,
      numbers.count(events), problems, idle))
  end
  if problems == 0 and idle > 0 then must.fail(false, "idle") end
  return problems > 0 and "incomplete" or "ok"
end

function M.run(given)
  if given.from and given[1] then must.fail("CHECKPOINT does not go with --from: offsets take its place", "usage") end
  local source = given_source.take(given)
  if source then return topic_status.run(source, given) end
  if members.are_many(given.db) then return run_many(given) end
  return run_one(given, given.db[1])
end

return M

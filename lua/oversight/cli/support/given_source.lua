--- The source that a command was given: a registry by --db, or a topic by --from.
local given_sink = require "oversight.cli.support.given_sink"
local must       = require "oversight.cli.support.must"
local siem       = require "oversight.siem"

local M = {}

M.options = {
  { "--from", value = "kafka",
    help = "instead of --db: raw events of a topic, by --brokers, --topic, --group and --kafka: what is there, or " ..
      "with --follow also what comes" },
  { "--group", value = "NAME", help = "with --from: the group of consumers that share the topic's partitions" },
  { "--handover", value = "SECONDS",
    help = "with --from: to deliver what was read of a partition that another consumer gets (default: 10)" },
}

--- Options of the source that a kind of sink has as well.
local SHARED = { "brokers", "topic", "kafka" }

--- What is about one registry.
local OF_REGISTRY = {
  "db", "registry_id", "since", "limit", "checkpoint", "wait", "tlog", "on_unverified", "dry_run", "receipt",
}

local function flag_of(name)
  return "--" .. name:gsub("_", "-")
end

--- What is wrong with the options of a source, or nil.
local function problem_of(given)
  if given.from ~= "kafka" then return "--from takes kafka" end
  if given.to == "kafka" then
    return "--brokers and --topic cannot be of --from and of --to: use a script, with siem.source.kafka"
  end
  for _, name in ipairs(OF_REGISTRY) do
    if given[name] then return ("%s is about one registry: it does not go with --from"):format(flag_of(name)) end
  end
  if (given.jobs or 1) > 1 then return "--jobs does not go with --from: start more consumers of the group" end
  for _, name in ipairs { "brokers", "topic", "group" } do
    if not given[name] then return ("--from kafka needs %s"):format(flag_of(name)) end
  end
end

local function check_registry(given)
  for _, name in ipairs { "group", "handover" } do
    if given[name] then return flag_of(name) .. " needs --from" end
  end
  if not given.db then return "--db FILE|PATTERN is missing" end
end

--- Takes the options of the source out of those that were given, which are then those of the sink. They are checked.
---@return { topic: table }? what M.open takes; nil for registries
function M.take(given)
  local problem = (given.from and problem_of or check_registry)(given)
  if problem then must.fail(problem, "usage") end
  if not given.from then return nil end
  local own = { group = given.group, handover = given.handover }
  for _, name in ipairs(SHARED) do own[name], given[name] = given[name], nil end
  given_sink.warn_of_properties(own.kafka)
  return { topic = own }
end

--- The source as a pipeline takes it: a topic is opened, registries stay described.
---@param described table
---@return table|oversight.Source?, string? message, string? code
function M.open(described)
  if not described.topic then return described end
  local source, message, code, fault = siem.source.kafka(described.topic)
  if source then return source end
  return nil, given_sink.in_terms_of_arguments(message, fault), code == "invalid" and "usage" or code
end

return M

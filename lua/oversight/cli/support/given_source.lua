--- The source that a command was given: a registry by --db, or a topic by --from.
local given_sink = require "oversight.cli.support.given_sink"
local must       = require "oversight.cli.support.must"
local siem       = require "oversight.siem"

local M = {}

--- Of commands that export.
local OF_EXPORT = {
  { "--from", value = "kafka",
    help = "instead of --db: raw events of a topic, by --brokers, --topic, --group and --kafka: what is there, or " ..
      "with --follow also what comes" },
  { "--group", value = "NAME", help = "with --from: the group of consumers that share the topic's partitions" },
  { "--handover", value = "SECONDS",
    help = "with --from: to deliver what was read of a partition that another consumer gets (default: 10)" },
  { "--to-topic", value = "NAME", help = "with --from kafka and --to kafka: the topic that records go to" },
  { "--to-brokers", value = "HOST:PORT,...",
    help = "and the brokers of its cluster (default: those of --brokers, with the properties of --kafka)" },
  { "--to-kafka", value = "NAME=VALUE", many = true, help = "and a property of librdkafka for them" },
}

--- Of commands that ask how far a group is.
M.questions = {
  { "--from", value = "kafka", help = "instead of --db: how far a group is in a topic" },
  { "--brokers", value = "HOST:PORT,...", help = "with --from: some brokers of the cluster, which names the others" },
  { "--topic", value = "NAME", help = "with --from: the topic with raw events" },
  { "--group", value = "NAME", help = "with --from: the group of consumers" },
  { "--kafka", value = "NAME=VALUE", many = true, help = "with --from: a property of librdkafka" },
}

--- Adds the options of a source after the first one, which is --db.
function M.with_options(own)
  for i, option in ipairs(OF_EXPORT) do table.insert(own, i + 1, option) end
  return own
end

--- Options of the source that a kind of sink has as well.
local SHARED = { "brokers", "topic", "kafka" }

--- What is about one registry.
local OF_REGISTRY = {
  "db", "registry_id", "since", "until", "kind", "limit", "checkpoint", "wait", "tlog", "on_unverified", "dry_run",
  "receipt",
}

local function flag_of(name)
  return "--" .. name:gsub("_", "-")
end

-- ---- the source ----

--- What is wrong with the options of a source, or nil.
local function problem_of(given)
  if given.from ~= "kafka" then return "--from takes kafka" end
  for _, name in ipairs(OF_REGISTRY) do
    if given[name] then return ("%s is about one registry: it does not go with --from"):format(flag_of(name)) end
  end
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

--- Takes the options of the source out of those that were given.
local function take_topic(given)
  local own = { group = given.group, handover = given.handover }
  for _, name in ipairs(SHARED) do own[name], given[name] = given[name], nil end
  own.kafka = given_sink.read_properties(own.kafka)
  return own
end

-- ---- the sink beside it ----

local function problem_of_target(given)
  local both = given.from and given.to == "kafka"
  for _, name in ipairs(SHARED) do
    if given["to_" .. name] and not both then
      return ("%s needs --from kafka and --to kafka"):format(flag_of("to_" .. name))
    end
  end
  if both and not given.to_topic then
    return "--brokers, --topic and --kafka are of --from: give --to-topic for --to kafka, and --to-brokers " ..
      "where they are others"
  end
  if both and given.to_topic == given.topic and not given.to_brokers then
    return "--to-topic is the topic that is read: give another one"
  end
end

--- Properties of both lists.
local function joined(list, more)
  local all = table.move(list or {}, 1, #(list or {}), 1, {})
  return table.move(more or {}, 1, #(more or {}), #all + 1, all)
end

--- Gives a sink of the same kind what is its own. Credentials of one cluster are not sent to another.
local function give_target(given, own)
  local is_other = given.to_brokers ~= nil
  given.brokers, given.topic = given.to_brokers or own.brokers, given.to_topic
  given.kafka = is_other and given.to_kafka or joined(own.kafka, given.to_kafka)
  given.sink_flags = { topic = "--to-topic", kafka = "--to-kafka", brokers = "--to-brokers" }
end

-- ---- both ----

--- Takes the options of the source out of those that were given, which are then those of the sink. They are checked.
---@return { topic: table }? what M.open takes; nil for registries
function M.take(given)
  local problem = (given.from and problem_of or check_registry)(given) or problem_of_target(given)
  if problem then must.fail(problem, "usage") end
  if not given.from then return nil end
  local own = take_topic(given)
  if given.to == "kafka" then give_target(given, own) end
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

--- How far a group of consumers is in a topic, as the brokers know it.
local core         = require "oversight.core"
local given_source = require "oversight.cli.support.given_source"
local must         = require "oversight.cli.support.must"
local numbers      = require "oversight.cli.support.numbers"
local text         = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {}

local function describe(partition)
  if not partition.offset and partition.lag > 0 then
    return ("%s message(s): the group has not begun"):format(numbers.count(partition.lag))
  end
  if partition.lag == 0 then return ("nothing, at offset %d"):format(partition.end_offset) end
  return ("%s message(s), from offset %d to %d"):format(numbers.count(partition.lag), partition.offset,
    partition.end_offset)
end

local function print_json(topic, partitions, left)
  local list = core.array {}
  for i, partition in ipairs(partitions) do
    list[i] = { partition = partition.partition, offset = partition.offset, end_offset = partition.end_offset,
      lag_events = partition.lag }
  end
  print(core.json_encode { topic = topic.topic, group = topic.group, lag_events = left, partitions = list })
end

local function print_lines(topic, partitions, left)
  local function line(name, value) print(("%-13s %s"):format(name, value)) end
  line("Topic", text.printable(topic.topic))
  line("Group", text.printable(topic.group))
  for _, partition in ipairs(partitions) do line(("Partition %d"):format(partition.partition), describe(partition)) end
  line("Behind", left == 0 and "nothing: all messages are done" or
    ("%s message(s) of %d partition(s)"):format(numbers.count(left), #partitions))
end

--- Asks the brokers, and prints what they say.
---@param described { topic: table } of given_source.take
---@param given table parsed options
---@return "ok"
function M.run(described, given)
  local source = must.have(given_source.open(described))
  must.have(source:ask())
  local partitions, left = source:partitions(), 0
  for _, partition in ipairs(partitions) do left = left + partition.lag end
  source:close()
  local show = given.json and print_json or print_lines
  show(described.topic, partitions, left)
  return "ok"
end

return M

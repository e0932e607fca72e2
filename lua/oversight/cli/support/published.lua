--- What pipelines at work publish for the thread that reports: the numbers of each, or of each of its registries.
local core      = require "oversight.core"
local counts_of = require "oversight.counts"
local program   = require "oversight.program"
local tables    = require "oversight.tables"

local M = {}

--- Publishes the numbers of a pipeline with one registry.
---@param number integer which one of the process it is
---@param title string
---@param numbers oversight.Counts
---@param state string
function M.write(number, title, numbers, state)
  program.publish(number, core.json_encode { name = title, numbers = tables.merge(numbers, { state = state }) })
end

--- The numbers of one of many registries: its position is unknown until it was opened.
local function numbers_of(member, state)
  local numbers = tables.merge(member.counts, { state = state == "running" and member.state or state })
  if numbers.saved > 0 or numbers.last_id > 0 then return numbers end
  numbers.last_id, numbers.lag_events, numbers.lag_seconds = nil, nil, nil
  return numbers
end

--- Publishes the numbers of each registry of a pipeline.
---@param members oversight.Member[] as turns.lua has them; none when their numbers are not read
function M.write_many(number, title, members, state)
  local registries = {}
  for i, member in ipairs(members) do
    registries[i] = { name = title, registry = member.path, numbers = numbers_of(member, state) }
  end
  program.publish(number, core.json_encode { name = title, registries = registries, state = state })
end

--- The health of a pipeline that published `state` so many seconds ago. What an earlier run of its thread
--- published does not count.
local function health_of(worker, state, age)
  if not worker then return { state = state, age = age } end
  local is_of_this_run = worker.running and age and age <= core.clock() - worker.begun
  return { state = is_of_this_run and state or nil, age = age, ended = worker.status ~= nil }
end

---@class oversight.Reader
---@field known table<integer, { json: string, pipeline: table }> what was decoded last, by number
local Reader = {}
Reader.__index = Reader

---@return oversight.Reader
function M.new_reader()
  return setmetatable({ known = {} }, Reader)
end

--- What a pipeline published last; of many registries it is long, and seldom another one.
local function decode(self, number, json)
  local known = self.known[number]
  if known and known.json == json then return known.pipeline end
  local pipeline = core.json_decode(json)
  self.known[number] = { json = json, pipeline = pipeline }
  return pipeline
end

--- What is at work as far as it published, and is not, has failed.
local function mark_failed(list)
  for _, pipeline in ipairs(list) do
    if pipeline.numbers.state == "running" then pipeline.numbers.state = "failed" end
  end
end

--- What each pipeline, or each registry, published last, and the health of all pipelines.
---@param count integer pipelines
---@param workers table[]? the threads that they run in; nil: this one
---@return { name: string, registry: string?, numbers: table }[] pipelines, oversight.Health[] states
function Reader:read(count, workers)
  local pipelines, states = {}, {}
  for number = 1, count do
    local json, age = program.published(number)
    local worker, state = workers and workers[number], nil
    if json then
      local pipeline = decode(self, number, json)
      local list = pipeline.registries or { pipeline }
      state = pipeline.state or pipeline.numbers.state
      if worker and not worker.running then mark_failed(list) end
      table.move(list, 1, #list, #pipelines + 1, pipelines)
    end
    states[number] = health_of(worker, state, age)
  end
  return pipelines, states
end

--- Seconds between two reports of so many: they cost at most a few hundredths of the time.
---@param count integer
---@return number
function M.interval(count)
  return math.min(math.max(1, count / 100), 30)
end

--- As counters only grow: what is counted again after a failure, from the checkpoint on, is not less than before.
---@param numbers oversight.Counts
---@param before oversight.Counts? that were published
---@return oversight.Counts
function M.grown(numbers, before)
  return counts_of.combine(numbers, before, math.max)
end

return M

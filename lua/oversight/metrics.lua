--- What pipelines count, as Prometheus reads it (text format 0.0.4).
local core = require "oversight.core"

local M = {}

local PREFIX = "oversight_siem_"

--- What is made of the numbers of a pipeline beside its counters: name, help, and a function of them. All are gauges.
local DERIVED = {
  { "checkpoint_age_seconds", "Since the checkpoint was saved", function(numbers, now)
    return numbers.saved > 0 and math.max(now - numbers.saved, 0) or nil
  end },
  { "retrying", "1 while attempts fail and are made again", function(numbers)
    return numbers.retrying_since > 0 and 1 or 0
  end },
  { "retrying_since_timestamp_seconds", "When the first of these attempts failed", function(numbers)
    return numbers.retrying_since > 0 and numbers.retrying_since or nil
  end },
  { "up", "1 while the pipeline runs", function(numbers) return numbers.state == "running" and 1 or 0 end },
  { "held", "1 when the target's set-up must be fixed", function(numbers)
    return numbers.state == "held" and 1 or 0
  end },
}

local function escape(label)
  return (label:gsub('[\\"\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }))
end

--- A number without a needless fraction.
local function number_text(value)
  return core.tostring(math.tointeger(value) or value)
end

local function add_family(lines, name, kind, help)
  lines[#lines + 1] = ("# HELP %s%s %s"):format(PREFIX, name, help)
  lines[#lines + 1] = ("# TYPE %s%s %s"):format(PREFIX, name, kind)
end

local function add_sample(lines, name, labels, value)
  lines[#lines + 1] = ("%s%s{%s} %s"):format(PREFIX, name, labels, number_text(value))
end

--- What distinguishes the samples of a pipeline, and of one of its registries.
local function labels_of(pipeline)
  local labels = ('pipeline="%s"'):format(escape(pipeline.name))
  if not pipeline.registry then return labels end
  return ('%s,registry="%s"'):format(labels, escape(pipeline.registry))
end

--- A family of one sample a pipeline, or a registry: what `value` gives for its numbers, unless that is nil.
local function add_values(lines, pipelines, name, value)
  for _, pipeline in ipairs(pipelines) do
    local number = value(pipeline.numbers)
    if number then add_sample(lines, name, labels_of(pipeline), number) end
  end
end

--- How far each pipeline with a topic is in the partitions that are its own.
local function add_partitions(lines, pipelines)
  local name, samples = "partition_lag_events", {}
  for _, pipeline in ipairs(pipelines) do
    for _, partition in ipairs(pipeline.numbers.partitions or {}) do
      local labels = ('%s,partition="%d"'):format(labels_of(pipeline), partition.partition)
      if partition.lag then add_sample(samples, name, labels, partition.lag) end
    end
  end
  if #samples == 0 then return end
  add_family(lines, name, "gauge", "Messages of a partition of the topic that are not done")
  table.move(samples, 1, #samples, #lines + 1, lines)
end

local function add_latency(lines, pipelines)
  local name = "batch_latency_seconds"
  add_family(lines, name, "histogram", "How long a batch was in flight until its last record was settled")
  for _, pipeline in ipairs(pipelines) do
    local label, numbers = labels_of(pipeline), pipeline.numbers
    for _, bucket in ipairs(numbers.latency) do
      add_sample(lines, name .. "_bucket", ('%s,le="%s"'):format(label, number_text(bucket[1])), bucket[2])
    end
    add_sample(lines, name .. "_bucket", label .. ',le="+Inf"', numbers.batches)
    add_sample(lines, name .. "_sum", label, numbers.latency_seconds)
    add_sample(lines, name .. "_count", label, numbers.batches)
  end
end

---@param pipelines { name: string, registry: string?, numbers: table }[] the numbers are counts with a state
---@param now number seconds since 1970
---@return string
function M.text(pipelines, now)
  local lines = {}
  for _, counter in ipairs(core.counters()) do
    if counter.metric then
      add_family(lines, counter.metric, counter.kind, counter.help)
      add_values(lines, pipelines, counter.metric, function(numbers) return numbers[counter.name] end)
    end
  end
  for _, family in ipairs(DERIVED) do
    local name, help, value = table.unpack(family)
    add_family(lines, name, "gauge", help)
    add_values(lines, pipelines, name, function(numbers) return value(numbers, now) end)
  end
  add_partitions(lines, pipelines)
  add_latency(lines, pipelines)
  return table.concat(lines, "\n") .. "\n"
end

--- Replaces a file as a whole: a reader sees the old text or the new one.
---@return true?, string? message
function M.write(path, text)
  local written, message = core.replace_file(path, text)
  if written then return true end
  return nil, ("cannot write the numbers to '%s': %s"):format(path, message)
end

return M

--- What pipelines count, as Prometheus reads it (text format 0.0.4).
local core = require "oversight.core"

local M = {}

local PREFIX = "oversight_siem_"

--- name, type, help, and the value of a pipeline's numbers.
local FAMILIES = {
  { "events_read_total", "counter", "Events taken from the registry", "events" },
  { "events_rendered_total", "counter", "Events that became records", "rendered" },
  { "events_delivered_total", "counter", "Events that the sink confirmed", "exported" },
  { "events_refused_total", "counter", "Events without a record, or rejected by the target", "refused" },
  { "events_dropped_total", "counter", "Events that a filter left out", "dropped" },
  { "events_repaired_total", "counter", "Delivered events in which something was replaced", "repaired" },
  { "requests_retried_total", "counter", "Attempts that had to be made again", "retries" },
  { "bytes_delivered_total", "counter", "Bytes of delivered records", "bytes" },
  { "checkpoint_failures", "gauge", "Attempts to save the checkpoint since it was saved", "save_failures" },
  { "last_id", "gauge", "Id of the event up to which all is dealt with", "last_id" },
  { "lag_events", "gauge", "Ids given since then", "lag_events" },
  { "lag_seconds", "gauge", "Since the first event that is not dealt with occurred", "lag_seconds" },
  { "checkpoint_saved_timestamp_seconds", "gauge", "When the checkpoint was saved", "saved" },
  { "checkpoint_age_seconds", "gauge", "Since the checkpoint was saved", function(numbers, now)
    return numbers.saved > 0 and math.max(now - numbers.saved, 0) or nil
  end },
  { "retrying", "gauge", "1 while attempts fail and are made again", function(numbers)
    return numbers.retrying_since > 0 and 1 or 0
  end },
  { "retrying_since_timestamp_seconds", "gauge", "When the first of these attempts failed", function(numbers)
    return numbers.retrying_since > 0 and numbers.retrying_since or nil
  end },
  { "up", "gauge", "1 while the pipeline runs", function(numbers) return numbers.state == "running" and 1 or 0 end },
  { "held", "gauge", "1 when the target's set-up must be mended", function(numbers)
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

local function add_latency(lines, pipelines)
  local name = "batch_latency_seconds"
  add_family(lines, name, "histogram", "How long a batch was under way until its last record was settled")
  for _, pipeline in ipairs(pipelines) do
    local label, numbers = ('pipeline="%s"'):format(escape(pipeline.name)), pipeline.numbers
    for _, bucket in ipairs(numbers.latency) do
      add_sample(lines, name .. "_bucket", ('%s,le="%s"'):format(label, number_text(bucket[1])), bucket[2])
    end
    add_sample(lines, name .. "_bucket", label .. ',le="+Inf"', numbers.batches)
    add_sample(lines, name .. "_sum", label, numbers.latency_seconds)
    add_sample(lines, name .. "_count", label, numbers.batches)
  end
end

---@param pipelines { name: string, numbers: table }[] the numbers are counts with a state
---@param now number seconds since 1970
---@return string
function M.text(pipelines, now)
  local lines = {}
  for _, family in ipairs(FAMILIES) do
    local name, kind, help, source = table.unpack(family)
    add_family(lines, name, kind, help)
    for _, pipeline in ipairs(pipelines) do
      local numbers = pipeline.numbers
      local value = type(source) == "function" and source(numbers, now) or numbers[source]
      if value then add_sample(lines, name, ('pipeline="%s"'):format(escape(pipeline.name)), value) end
    end
  end
  add_latency(lines, pipelines)
  return table.concat(lines, "\n") .. "\n"
end

--- Replaces a file as a whole: whoever reads it sees the old text or the new one.
---@return true?
---@return string? message
function M.write(path, text)
  local written, message = core.replace_file(path, text)
  if written then return true end
  return nil, ("cannot write the numbers to '%s': %s"):format(path, message)
end

return M

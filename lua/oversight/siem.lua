--- oversight.siem: read an Oversight registry, shape its events, hand them to a sink.
---
--- Functions return nil, message, code when the world fails, and raise when they are misused.
local catalog  = require "oversight.catalog"
local core     = require "oversight.core"
local format   = require "oversight.format"
local lookup   = require "oversight.lookup"
local pipeline = require "oversight.pipeline"
local sink     = require "oversight.sink"

local M = {
  VERSION        = core.version,
  ECS_VERSION    = core.ecs_version,
  SCHEMA_VERSION = core.schema_version,
  ACTION_BY_KIND = core.action_by_kind,
  BEACON_KINDS   = {},
  null           = core.null,
  array          = core.array,
  object         = core.object,
  drop           = core.drop,
  iso8601        = core.iso8601,
  converters     = core.converters,
  sentinel_authorization = core.sentinel_authorization,
  json       = { encode = core.json_encode, decode = core.json_decode, raw = core.json_raw, member = core.json_member },
  event      = {},
  registry   = { open = core.registry_open },
  format     = {
    define = format, from_function = format.from_function,
    load = catalog.load, list = catalog.list, where = catalog.where,
  },
  lookup     = lookup,
  batch      = { open = core.batch_open },
  sink       = sink,
  deadletter = { open = core.deadletter_open, strike = core.deadletter_strike },
  checkpoint = { open = core.checkpoint_open, set = core.checkpoint_set, reset = core.checkpoint_reset },
  export     = { open = core.export_open },
}
for kind in pairs(M.ACTION_BY_KIND) do M.BEACON_KINDS[kind] = true end

--- What a checkpoint says, whoever has it open.
---@param path string
---@return table<string, any>?
---@return string? message
---@return string? code
function M.checkpoint.read(path)
  local text, message, code = core.checkpoint_read(path)
  if not text then return nil, message, code end
  return core.json_decode(text)
end

-- ---- events ----

--- An event of a row of the registry's `events` table, given as a table column -> value.
---@param row table<string, string|number>
---@param options { registry_id: string }
---@return oversight.Event
function M.event.from_row(row, options)
  if type(options) ~= "table" or type(options.registry_id) ~= "string" then
    error("from_row needs { registry_id = ... }", 2)
  end
  local event, message, code = core.event_from_row(row, options.registry_id)
  if code == "invalid" then error("from_row: " .. message, 2) end
  return event, message, code
end

M.from_registry_row = M.event.from_row

--- An iterator of the events of a registry file, in the order of time and id.
---@param path string
---@param options { registry_id: string, since_unix: integer?, limit: integer? }
---@return (fun(): oversight.Event)?, string?, string?
function M.iter_registry_events(path, options)
  local registry, message, code = core.registry_open {
    path = path, registry_id = options.registry_id,
    since = options.since_unix, limit = options.limit,
  }
  if not registry then return nil, message, code end
  return registry:events()
end

-- ---- formats ----

--- Takes a format or the name of one. Raises for an unknown name.
local function to_format(value, level)
  local chosen, message = pipeline.to_format(value)
  return chosen or error(message, level + 1)
end

--- The record of an event as a table that keeps the order of its keys.
---@param event oversight.Event
---@param name string|oversight.Format
---@param options table<string, string>?
---@return table? record
---@return string? message
---@return string? code
function M.format_event(event, name, options)
  local chosen = to_format(name, 2)
  local record, message, code
  if options then
    local mapping = chosen:compile(options)
    record, message, code = mapping:render(event)
    mapping:close()
  else
    record, message, code = chosen:render(event)
  end
  if not record then return nil, message, code end
  return core.json_decode(record, true)
end

--- The record as Splunk takes it; options: source, sourcetype, index, host.
function M.to_splunk_hec(event, options)
  return M.format_event(event, "splunk", options)
end

--- The record in the Elastic Common Schema.
function M.to_ecs(event)
  return M.format_event(event, "ecs")
end

--- The record as a flat Sentinel row.
function M.to_sentinel(event)
  return M.format_event(event, "sentinel")
end

--- The built-in formats by name, each a function of an event.
M.FORMATTERS = { splunk = M.to_splunk_hec, ecs = M.to_ecs, sentinel = M.to_sentinel }

-- ---- export ----

--- source -> filter -> format -> sink, as data: pipeline:run(), or returned by a script that
--- `oversight-siem run` runs.
---@param definition oversight.PipelineDefinition
---@return oversight.Pipeline
function M.pipeline(definition)
  return pipeline.new(definition)
end

--- Exports a registry, or events of an iterator or a list, through a format into a sink.
---@param job oversight.Job
---@return integer? exported how many events the sink confirmed
---@return string|oversight.Counts? counts or message
---@return string? code
function M.export_events(job)
  -- As a userdata, the sink is the caller's to close.
  local target, message, code = job.sink, nil, nil
  if type(target) == "table" then target, message, code = sink.custom(target) end
  if not target and message then return nil, message, code end
  local counts
  counts, message, code = pipeline.new({
    source = job.registry or job.events, format = to_format(job.format, 2), options = job.options,
    filter = job.filter, sink = target, on_error = job.on_error, dead_letter = job.dead_letter,
    progress = job.progress, notice = job.notice,
  }):run()
  if not counts then return nil, message, code end
  return counts.exported, counts
end

return M

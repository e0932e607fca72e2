--- oversight.siem: read an Oversight registry, shape its events, hand them to a sink.
---
--- Functions return nil, message, code when the world fails, and raise when they are misused. What they take and
--- give is in lua/meta.
if _VERSION ~= "Lua 5.4" then
  local jit = rawget(_G, "jit")
  error(("oversight.siem needs Lua 5.4, and this is %s: run it with lua5.4, or build the host with Lua 5.4"):format(
    jit and jit.version or _VERSION), 0)
end

local catalog      = require "oversight.catalog"
local core         = require "oversight.core"
local failed       = require "oversight.failed"
local format       = require "oversight.format"
local lazy         = require "oversight.lazy"
local lookup       = require "oversight.lookup"
local misuse       = require "oversight.misuse"
local option_table = require "oversight.option_table"
local pipeline     = require "oversight.pipeline"
local searcher     = require "oversight.searcher"
local sink         = require "oversight.sink"
local source       = require "oversight.source"
local record       = lazy "oversight.record"

local M = {
  VERSION        = core.version,
  ECS_VERSION    = core.ecs_version,
  SCHEMA_VERSION = core.schema_version,
  FEATURES       = {},
  ACTION_BY_KIND = core.action_by_kind,
  BEACON_KINDS   = {},
  null           = core.null,
  array          = core.array,
  object         = core.object,
  drop           = core.drop,
  iso8601        = core.iso8601,
  converters     = core.converters,
  json       = { encode = core.json_encode, decode = core.json_decode, raw = core.json_raw, member = core.json_member },
  event      = {},
  registry   = {},
  format     = {
    define = format, from_function = format.from_function,
    load = misuse.entry(failed.remembering("format", "siem.format.load", catalog.load)),
    list = catalog.list, where = misuse.entry(catalog.where), folder = searcher.folder,
  },
  lookup     = lookup,
  batch      = { open = core.batch_open },
  sink       = {},
  source     = {},
  deadletter = {
    open = misuse.entry(failed.remembering("deadletter", "siem.deadletter.open", core.deadletter_open)),
    blank = core.deadletter_blank,
  },
  checkpoint = { set = core.checkpoint_set, reset = core.checkpoint_reset },
  export     = {},
}
for _, feature in ipairs(core.features) do M.FEATURES[feature.name] = feature.built end
for kind in pairs(M.ACTION_BY_KIND) do M.BEACON_KINDS[kind] = true end
for name, open in pairs(sink) do
  M.sink[name] = misuse.entry(failed.remembering("sink", "siem.sink." .. name, open))
end

for name, open in pairs(source) do
  M.source[name] = misuse.entry(failed.remembering("source", "siem.source." .. name, open))
end

--- A function of a table of options, which is checked first.
---@param name string of the function, as "registry.open"
local function checking(name, open, keys, required)
  return function(options)
    option_table.check(name, options, keys, required)
    return open(options)
  end
end

--- The same for what opens a noun.
local function opening(noun, open, keys, required)
  local name = noun .. ".open"
  return misuse.entry(failed.remembering(noun, "siem." .. name, checking(name, open, keys, required)))
end

local TLOG_KEYS = { source = "string", go_on = "function" }

M.tlog = {
  open = opening("tlog", core.tlog_open, TLOG_KEYS, { "source" }),
  head = misuse.entry(checking("tlog.head", core.tlog_head, TLOG_KEYS, { "source" })),
  hash = core.tlog_hash, check_head = core.tlog_check_head, check_proof = core.tlog_check_proof,
}
M.registry.await = core.registry_await
M.registry.open = opening("registry", core.registry_open, pipeline.REGISTRY_KEYS, pipeline.REGISTRY_REQUIRED)
M.checkpoint.open = opening("checkpoint", core.checkpoint_open,
  { path = "string", registry = "registry", mapping = "mapping", sink = "sink" },
  { "path", "registry", "mapping", "sink" })
local EXPORT_KEYS = {
  mapping = "mapping", sink = "sink", deadletter = "deadletter", checkpoint = "checkpoint", on_error = "string",
  tlog = "tlog", on_unverified = "string",
  after = "integer", batch_bytes = "integer", jobs = "integer", progress = "function", notice = "function",
}

M.export.open = misuse.entry(function(options)
  local required = { "mapping", "sink" }
  if type(options) == "table" and options.on_error == "dead-letter" then required[3] = "deadletter" end
  option_table.check("export.open", options, EXPORT_KEYS, required)
  return core.export_open(options)
end)
M.sentinel_authorization = misuse.entry(checking("sentinel_authorization", core.sentinel_authorization, {
  workspace_id = "string", shared_key = "string", content_length = "integer", date = "string", method = "string",
  content_type = "string", resource = "string",
}))

--- What a checkpoint says, also while a process has it open.
function M.checkpoint.read(path)
  local text, message, code = core.checkpoint_read(path)
  if not text then return nil, message, code end
  return core.json_decode(text)
end

M.checkpoint.read = misuse.entry(M.checkpoint.read)

-- ---- events ----

--- An event of a row of the registry's `events` table, given as a table column -> value.
function M.event.from_row(row, options)
  option_table.check("from_row", options, { registry_id = "string", masked = "table", complete = "boolean" },
    { "registry_id" })
  local event, message, code = core.event_from_row(row, options.registry_id, options.masked, options.complete)
  if code == "invalid" then misuse.raise("from_row: " .. message) end
  return event, message, code
end

M.event.from_row = misuse.entry(M.event.from_row)
M.from_registry_row = M.event.from_row

local ITERATOR_KEYS = { registry_id = "string", since_unix = "integer", limit = "integer" }

--- An iterator of the events of a registry file, in the order of time and id.
function M.iter_registry_events(path, options)
  if type(path) ~= "string" then misuse.raise "iter_registry_events: it takes the path of a registry" end
  option_table.check("iter_registry_events", options, ITERATOR_KEYS, { "registry_id" })
  local registry, message, code = core.registry_open {
    path = path, registry_id = options.registry_id,
    since = options.since_unix, limit = options.limit,
  }
  if not registry then return nil, message, code end
  return registry:events()
end

M.iter_registry_events = misuse.entry(failed.remembering("registry", "siem.iter_registry_events",
  M.iter_registry_events))

-- ---- formats ----

--- Takes a format or the name of one. Raises for an unknown name.
local function to_format(value)
  local chosen, message = pipeline.to_format(value)
  return chosen or misuse.raise(message)
end

--- The record of an event as a table that keeps the order of its keys.
function M.format_event(event, name, options)
  local chosen = to_format(name)
  local text, message, code
  if options then
    local mapping = chosen:compile(options)
    text, message, code = mapping:render(event)
    mapping:close()
  else
    text, message, code = chosen:render(event)
  end
  if not text then return nil, message, code end
  return record.decode(text, chosen.encoding)
end

M.format_event = misuse.entry(M.format_event)

--- The record as Splunk takes it; options: source, sourcetype, index, host.
function M.to_splunk_hec(event, options) return M.format_event(event, "splunk", options) end

--- The record in the Elastic Common Schema.
function M.to_ecs(event) return M.format_event(event, "ecs") end

--- The record as a flat Sentinel row.
function M.to_sentinel(event) return M.format_event(event, "sentinel") end

for _, name in ipairs { "to_splunk_hec", "to_ecs", "to_sentinel" } do M[name] = misuse.entry(M[name]) end

--- The built-in formats by name, each a function of an event.
M.FORMATTERS = { splunk = M.to_splunk_hec, ecs = M.to_ecs, sentinel = M.to_sentinel }

-- ---- export ----

--- source -> filter -> format -> sink, as data: pipeline:run(), or returned by a script that
--- `oversight-siem run` runs.
M.pipeline = misuse.entry(function(definition) return pipeline.new(definition) end)

local JOB_KEYS = {
  registry = "registry", events = "any", format = "any", options = "table", filter = "any", sink = "any",
  on_error = "string", dead_letter = "string", jobs = "integer", progress = "function", notice = "function",
}

--- What is wrong with where the events of a job come from, or nil.
local function source_problem(job)
  if job.registry ~= nil and job.events ~= nil then return "give either registry or events" end
  if job.registry ~= nil or job.events ~= nil then return nil end
  local reason = failed.reason "registry"
  return reason and "registry: " .. reason or "registry or events is missing"
end

--- Exports a registry, or events of an iterator or a list, through a format into a sink.
function M.export_events(job)
  option_table.check("export_events", job, JOB_KEYS, { "format", "sink" })
  local problem = source_problem(job)
  if problem then misuse.raise("export_events: " .. problem) end
  -- As a userdata, the sink is the caller's to close.
  local target, message, code = job.sink, nil, nil
  if type(target) == "table" then target, message, code = sink.custom(target) end
  if not target then return nil, message, code end
  local counts
  counts, message, code = pipeline.new({
    source = job.registry or job.events, format = to_format(job.format), options = job.options,
    filter = job.filter, sink = target, on_error = job.on_error, dead_letter = job.dead_letter,
    jobs = job.jobs, progress = job.progress, notice = job.notice,
  }, "export_events"):run()
  if not counts then return nil, message, code end
  return counts.exported, counts
end

M.export_events = misuse.entry(M.export_events)

return M

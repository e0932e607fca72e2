--- A pipeline: source -> filter -> format -> sink, as data; run by a script or by the command.
local catalog      = require "oversight.catalog"
local core         = require "oversight.core"
local failed       = require "oversight.failed"
local files        = require "oversight.files"
local filter       = require "oversight.filter"
local format       = require "oversight.format"
local lazy         = require "oversight.lazy"
local misuse       = require "oversight.misuse"
local option_table = require "oversight.option_table"
local receipt      = require "oversight.receipt"
local selection    = require "oversight.selection"
local sink         = require "oversight.sink"
local sink_table   = require "oversight.sink_table"
local tables       = require "oversight.tables"
local kinds        = lazy "oversight.kinds"
local registries   = lazy "oversight.registries"
local turns        = lazy "oversight.turns"

local is_of = option_table.is_of

local KEYS = {
  source = "any", format = "any", sink = "any", options = "table", filter = "any", on_error = "string",
  dead_letter = "string", progress = "function", notice = "function", name = "string", checkpoint = "string",
  follow = "boolean", wait = "boolean", after = "integer", jobs = "integer", tlog = "any", on_unverified = "string",
  receipt = "string", receipt_key = "string",
}
local REQUIRED = { "source", "format", "sink" }

---@class oversight.Pipeline
---@field send function? of a command: sends in place of an export: parts -> ok, message, code, counts
---@field chosen oversight.Format? what `format` named, once the mapping is open
---@field registry string? of one out of many: the path of its database
---@field mapping any? that is shared with others, as the dead letter is: opened, and its owner's to close
---@field deadletter any?
---@field rehearse { sink_name: string? }? of the command: the checkpoint stays as it is, whatever is exported
---@field opened fun(selection: oversight.Selection)? of the command: called when all is open, unless it follows
local Pipeline = {}
Pipeline.__index = Pipeline

local M = {}

--- A format of a name, a path, or as it is: also what only compiles like one.
---@return oversight.Format?, string? message, string? code
function M.to_format(value)
  if format.is_format(value) or (type(value) == "table" and value.compile) then return value end
  return catalog.load(value)
end

local function open_mapping(self)
  if self.mapping then return self.mapping end
  local chosen, asked, message, code
  chosen, message, code = M.to_format(self.format)
  if not chosen then return nil, message, code end
  self.chosen = chosen
  asked = self.filter
  if type(asked) == "string" then
    asked, message, code = filter.load(asked)
    if not asked then return nil, message, code end
  end
  return chosen:compile(self.options, asked)
end

--- Whether the format of a pipeline can be loaded and compiled. Nothing else of it is opened.
---@param self oversight.Pipeline
---@return boolean?, string? message
function M.check_format(self)
  local mapping, message = open_mapping(self)
  if not mapping then return nil, message end
  mapping:close()
  return true
end

--- True for { path = ... }, which describes a registry.
local function describes_registry(source)
  return type(source) == "table" and source.path ~= nil
end

--- True for { registries = ... }, which describes many.
local function describes_many(source)
  return type(source) == "table" and source.registries ~= nil
end

--- What describes a registry, as siem.registry.open takes it.
M.REGISTRY_KEYS = {
  path = "string", registry_id = "string", since = "time", before = "time", kind = "texts", limit = "integer",
  busy_timeout_ms = "integer", follow = "boolean", by_id = "boolean",
}
M.REGISTRY_REQUIRED = { "path", "registry_id" }

local ON_UNVERIFIED = { export = true, stop = true, refuse = true }
local ON_ERROR = { stop = true, skip = true, ["dead-letter"] = true }

--- The message about a text that must not be empty.
local function empty(key)
  return key .. " is empty: is the variable that it comes from set?"
end

--- What is wrong with a table that describes a registry, or nil.
local function source_problem(source)
  local problem = option_table.problem(source, M.REGISTRY_KEYS, M.REGISTRY_REQUIRED)
  if problem then return "source: " .. problem end
  if source.path == "" then return "source: " .. empty "path" end
  local possible
  possible, problem = core.registry_id_check(source.registry_id)
  if not possible then return "source: " .. problem end
end

local MANY_KEYS = {
  registries = "table", since = "time", before = "time", kind = "texts", limit = "integer", busy_timeout_ms = "integer",
}

--- What is wrong with a table that describes many registries, or nil.
local function many_problem(source)
  local problem = option_table.problem(source, MANY_KEYS) or registries.problem(source.registries)
  return problem and "source: " .. problem
end

--- What is wrong with what a pipeline reads, or nil.
local function check_source(source)
  if describes_registry(source) then return source_problem(source) end
  if describes_many(source) then return many_problem(source) end
  if type(source) == "table" then
    local key = next(source)
    if key == nil or math.type(key) == "integer" then return nil end
    return "source has no path"
  end
  if type(source) == "function" or is_of(source, "registry") or is_of(source, "source") then return nil end
  return "source is a registry, { path = ..., registry_id = ... }, a source, or events, not a " .. type(source)
end

--- What is wrong with a format or a sink as a pipeline takes it, or nil.
local function check_ends(definition)
  local chosen, target = definition.format, definition.sink
  if chosen == "" or target == "" then return empty(chosen == "" and "format" or "sink") end
  if type(chosen) ~= "string" and not (type(chosen) == "table" and chosen.compile) then
    return "format is a name, a file or a format, not a " .. type(chosen)
  end
  local is_opener = type(target) == "function"
  if type(target) ~= "string" and type(target) ~= "table" and not is_opener and not is_of(target, "sink") then
    return "sink is \"-\", a file, a table with send, or a sink, not a " .. type(target)
  end
  local problem = filter.problem(definition.filter)
  if problem then return "filter: " .. problem end
  problem = type(target) == "table" and sink_table.problem(target)
  return problem and "sink: " .. problem or nil
end

--- What is wrong with the keys of a definition, each by itself, or nil.
local function check_keys(definition)
  local problem = option_table.problem(definition, KEYS, REQUIRED)
  if problem then return problem end
  for key in pairs(KEYS) do
    if definition[key] == "" then return empty(key) end
  end
  -- It is part of log lines and of labels.
  if definition.name and core.printable(definition.name) ~= definition.name then
    return "name must be text without control characters"
  end
  return check_source(definition.source) or check_ends(definition)
end

--- What is wrong with how many registries are combined with other keys, or nil.
local function check_many(definition)
  if not describes_many(definition.source) then return nil end
  if definition.after then return "after is for one registry: of many, each has a checkpoint" end
  if definition.receipt and not registries.is_own(definition.receipt) then
    return "receipt of many registries is a path with {registry_id}"
  end
  local tlog = definition.tlog
  if tlog and not (type(tlog) == "string" and registries.is_own(tlog)) then
    return "tlog of many registries is a path or a URL with {registry_id}"
  end
  for _, key in ipairs { "limit", "before" } do
    if definition.follow and definition.source[key] then
      return ("%s does not go with follow: of many registries, each would end by itself"):format(key)
    end
  end
  local target = definition.sink
  if is_of(target, "sink") then
    target = target:target()
    if target and core.is_regular_file(target) == false then target = nil end
  end
  return registries.files_problem(definition.checkpoint, type(target) == "string" and not target:find "^%a+:" and
    target or nil)
end

--- What is wrong with a definition, or nil.
local function check(definition)
  local problem = check_keys(definition)
  if problem then return problem end
  if definition.on_error ~= nil and not ON_ERROR[definition.on_error] then
    return "on_error is \"stop\", \"skip\" or \"dead-letter\""
  end
  if definition.on_error == "dead-letter" and not definition.dead_letter then
    return failed.reason "dead_letter" or
      "on_error is \"dead-letter\", and no file is given: dead_letter = \"refused.jsonl\""
  end
  if definition.tlog ~= nil and type(definition.tlog) ~= "string" and not is_of(definition.tlog, "tlog") then
    return "tlog is a file, a URL or a log, not a " .. type(definition.tlog)
  end
  if definition.on_unverified ~= nil and not (definition.tlog and ON_UNVERIFIED[definition.on_unverified]) then
    return "on_unverified is \"export\", \"stop\" or \"refuse\", and needs tlog"
  end
  if (definition.follow or definition.checkpoint) and type(definition.source) ~= "userdata" and
    not describes_registry(definition.source) and not describes_many(definition.source) then
    return "follow and checkpoint need a registry as source: { path = ..., registry_id = ... }"
  end
  if is_of(definition.source, "source") then
    for _, key in ipairs { "checkpoint", "after", "wait", "tlog" } do
      if definition[key] then return key .. " is of one registry: a source keeps its position by itself" end
    end
  end
  if definition.wait and not definition.follow then return "wait needs follow" end
  if definition.jobs and (definition.jobs < 1 or definition.jobs > 64) then return "jobs is a number from 1 to 64" end
  problem = check_many(definition)
  if problem then return problem end
  if definition.after and (not definition.follow or definition.checkpoint) then
    return "after is for following without a checkpoint"
  end
end

--- Checks a definition; what it names is opened when it is run.
---@param definition table
---@param caller string? what messages name; "pipeline"
---@return oversight.Pipeline
function M.new(definition, caller)
  local problem = check(definition)
  if problem then misuse.raise(("%s: %s"):format(caller or "pipeline", problem)) end
  local self = { name = definition.name }
  for key in pairs(KEYS) do self[key] = definition[key] end
  return setmetatable(self, Pipeline)
end

function M.is_pipeline(value)
  return rawequal(getmetatable(value), Pipeline)
end

-- ---- files ----

--- The files that a pipeline names.
---@param self oversight.Pipeline
---@return oversight.Files
function M.files_of(self)
  return {
    db = describes_registry(self.source) and self.source.path or nil, dead_letter = self.dead_letter,
    output = type(self.sink) == "string" and self.sink or nil, checkpoint = self.checkpoint, receipt = self.receipt,
  }
end

-- ---- running ----

--- Sends the events of a list or an iterator.
local function send_all(export, events)
  local list, i = type(events) == "table" and events, 0
  local next_event = list and function()
    i = i + 1
    return list[i]
  end or events
  for event in next_event do
    if not is_of(event, "event") then
      return nil, ("events has a %s instead of an event"):format(type(event)), "invalid"
    end
    local ok, message, code, fault = export:send(event)
    if not ok then return nil, message, code, fault end
  end
  return export:finish()
end

--- Waits for a registry that cannot be read yet, or until an idle one is opened; false when the pipeline is to
--- stop. It does not wait longer with each attempt: what is opened is a file of this machine.
local function wait_for(self, is_idle)
  local counts = core.no_counts()
  counts.waiting = true
  local due = core.clock() + core.retry_pause(0)
  while core.clock() < due do
    if self.progress and self.progress(counts) == false then return false end
    if not is_idle then
      core.pause(0.1)
    elseif core.registry_await(self.source.path, 100) then
      break
    end
  end
  return true
end

--- What may be different when the registry has started.
local COMES = { not_found = true, schema = true, io = true, locked = true, idle = true }

--- Whether a registry that could not be opened is tried again: one that is followed is not given up for a lock,
--- nor while it is idle.
local function is_awaited(self, code)
  return self.wait and COMES[code] or self.follow and (code == "locked" or code == "idle")
end

--- Opens the registry that the source describes; with `wait`, when it appears. An idle one is reported once.
local function open_registry(self)
  local options = tables.merge({ follow = self.follow or self.checkpoint and true }, self.source)
  local reported
  while true do
    local registry, message, code = core.registry_open(options)
    if registry or not is_awaited(self, code) then return registry, message, code end
    local is_idle = code == "idle"
    if self.notice and not (is_idle and reported == message) then self.notice(message .. "; waiting for it") end
    reported = message
    if not wait_for(self, is_idle) then return nil, "stopped on request", "cancelled" end
  end
end

local function open_source(self, parts)
  if not describes_registry(self.source) then return self.source end
  local registry, message, code = open_registry(self)
  if not registry then return nil, message, code end
  local known
  known, message, code = parts.mapping:check(registry)
  local problem = known and not self.registry and kinds.problem(registry, self.source.kind)
  if problem then known, message, code = nil, problem, "invalid" end
  if known then return registry end
  registry:close()
  return nil, message, code
end

--- Opens the log after the registry: each row that was there has its leaf by then.
local function open_tlog(self)
  if type(self.tlog) ~= "string" then return self.tlog or false end
  return core.tlog_open { source = self.tlog }
end

local function open_deadletter(self)
  if self.deadletter then return self.deadletter end
  if not self.dead_letter then return false end
  return core.deadletter_open(self.dead_letter)
end

--- How a sink is opened that is not one yet, by the type of what the definition has.
local SINK_OPENERS = {
  string = function(path)
    if path == "-" then return sink.stdout() end
    return sink.file(path)
  end,
  table = sink.custom,
  ["function"] = function(open)
    local opened, message, code = open()
    if opened and not is_of(opened, "sink") then error("the function that opens the sink gave none", 0) end
    return opened, message, code
  end,
}

local function open_sink(self)
  local open = SINK_OPENERS[type(self.sink)]
  if not open then return self.sink end
  return open(self.sink)
end

local function open_checkpoint(self, parts)
  if not self.checkpoint then return false end
  return core.checkpoint_open {
    path = self.checkpoint, registry = parts.source, mapping = parts.mapping, sink = parts.sink,
    rehearse = self.rehearse ~= nil, sink_name = self.rehearse and self.rehearse.sink_name,
  }
end

--- The digests of the files that the format is made of: its own, and of each that it extends.
local function digests_of_format(self)
  local digests = core.array {}
  for i, part in ipairs(catalog.texts(self.chosen)) do
    digests[i] = core.object { name = part.name, sha256 = part.text and receipt.hash(part.text) or nil }
  end
  return digests
end

--- Opens the receipts last: nothing is delivered without.
local function open_receipt(self, parts)
  if not self.receipt then return false end
  local is_url = type(self.tlog) == "string" and self.tlog:find "^https?://"
  return receipt.open {
    path = self.receipt, key = self.receipt_key, tlog = parts.tlog,
    head = is_url and core.tlog_head { source = self.tlog } or nil,
    about = {
      registry_id = describes_registry(self.source) and self.source.registry_id or nil, format = parts.mapping:name(),
      format_files = digests_of_format(self), target = parts.sink:target(), program = "oversight-siem " .. core.version,
    },
  }
end

--- In the order in which a mistake does least harm: the files that are written come last.
local STEPS = {
  { "mapping", open_mapping }, { "source", open_source }, { "tlog", open_tlog }, { "deadletter", open_deadletter },
  { "sink", open_sink }, { "checkpoint", open_checkpoint },
  { "receipt", open_receipt },
}

--- Closes all, the last one first. Closing can fail, too: a late write error.
local function close_all(opened)
  local ok, message, code = true, nil, nil
  for i = #opened, 1, -1 do
    local closed, problem, kind = opened[i]:close()
    if ok and problem then ok, message, code = closed, problem, kind end
  end
  return ok, message, code
end

--- Calls a function that opens a part; what it raises is a failure of the pipeline as well.
local function protected(open, ...)
  local ok, part, message, code = pcall(open, ...)
  if ok then return part, message, code end
  return nil, core.error_text(part), "invalid"
end

--- Opens what the pipeline names: mapping, source, deadletter, sink, checkpoint, and what of it is to
--- be closed.
local function open_parts(self)
  local apart, message, code = files.check { M.files_of(self) }
  if not apart then return nil, message, code end
  local parts, opened = {}, {}
  for _, step in ipairs(STEPS) do
    local part
    part, message, code = protected(step[2], self, parts)
    if part == nil then
      close_all(opened)
      return nil, message, code
    end
    -- A source or a sink that the definition has as it is stays its owner's.
    if part and not rawequal(part, self[step[1]]) then opened[#opened + 1] = part end
    parts[step[1]] = part or nil
  end
  return parts, opened
end

local function run_export(self, export, source)
  if is_of(source, "source") then return export[self.follow and "consume" or "drain"](export, source) end
  if self.follow then return export:follow(source) end
  if type(source) == "userdata" then return export:run(source) end
  return send_all(export, source)
end

-- Seconds that counting may take at the end, when a stop may be requested.
local LAST_LOOK = 2

--- What of a registry is exported; nil where that has no end, or the events are not a registry's.
local function selection_of(self, parts)
  if self.follow or type(parts.source) ~= "userdata" or is_of(parts.source, "source") then return end
  local start = parts.checkpoint and parts.checkpoint:last_id()
  return selection.new(parts.source, describes_registry(self.source) and self.source or {}, start)
end

--- The counts, with what is known at the end alone.
local function conclude(self, export, parts, selected, ok)
  local counts = export:counts()
  counts.reasons = export:reasons()
  if not selected then return counts end
  counts.start = self.rehearse and selected.start
  if describes_registry(self.source) then
    local deadline = core.clock() + LAST_LOOK
    parts.source:set_go_on(function() return core.clock() < deadline end)
  end
  if not ok then counts.left = selected:left(counts) end
  if ok and counts.events == 0 then counts.nothing = selected:why_nothing() end
  return counts
end

--- What an export calls while it runs: it writes receipts that are due as well. One that cannot be written ends it.
local function progress_of(self, receipts)
  if not receipts then return self.progress end
  return function(counts)
    local written, message = receipts:write_when_due()
    if not written then error("the receipt cannot be written: " .. message, 0) end
    if self.progress then return self.progress(counts) end
  end
end

--- Writes the last receipt, also after a failure; gives what was given, unless that fails.
local function finish_receipt(receipts, ok, message, code, fault)
  if not receipts then return ok, message, code, fault end
  local written, problem, kind = receipts:write()
  if written or not ok then return ok, message, code, fault end
  return nil, "the receipt cannot be written: " .. problem, kind
end

local function open_export(self, parts)
  return core.export_open {
    mapping = parts.mapping, sink = parts.sink, deadletter = parts.deadletter,
    checkpoint = parts.checkpoint, after = self.after, jobs = self.jobs,
    progress = progress_of(self, parts.receipt), notice = self.notice,
    digest = parts.receipt and parts.receipt.digest, tlog = parts.tlog, on_unverified = self.on_unverified,
    on_error = self.on_error or (self.dead_letter and "dead-letter") or "stop",
  }
end

--- Exports what the parts are opened for.
local function send_by_export(self, parts)
  local export, problem, kind = open_export(self, parts)
  if not export then return nil, problem, kind end
  local selected = selection_of(self, parts)
  if self.opened and selected then self.opened(selected) end
  local ok, message, code, fault = run_export(self, export, parts.source)
  local counts = conclude(self, export, parts, selected, ok)
  export:close()
  ok, message, code, fault = finish_receipt(parts.receipt, ok, message, code, fault)
  return ok, message, code, counts, fault
end

--- How the files of turns.lua open parts.
local TOOLS = {
  open_parts = open_parts, open_export = open_export, close_all = close_all, finish_receipt = finish_receipt,
  open_mapping = function(self) return protected(open_mapping, self) end,
  open_deadletter = function(self) return protected(open_deadletter, self) end,
  open_sink = function(self) return protected(open_sink, self) end,
}

--- Whether the pipeline reads many registries.
---@param self oversight.Pipeline
---@return boolean
function M.reads_many(self)
  return describes_many(self.source)
end

--- Whether the registries of a pipeline can be found, each with an identity of its own.
---@param self oversight.Pipeline
---@return boolean?, string? message
function M.check_registries(self)
  if not describes_many(self.source) then return true end
  local found, message = registries.find(self.source.registries, self.wait)
  return found ~= nil, message
end

--- Runs the pipeline of each of many registries, by `run`.
---@param self oversight.Pipeline
---@param run function as of turns.each
---@return boolean?, string? message, string? code
function M.each(self, run)
  return turns.each(self, TOOLS, run)
end

--- Runs the pipeline. Counts come with a failure as well: what is in the sink stays there. One that
--- follows ends with a failure, or "cancelled" when the progress function says false.
---@return oversight.Counts? counts, string? message, string? code, oversight.Counts? counts_at_failure
---@return oversight.Fault? fault what is at fault, where that is known
function Pipeline:run()
  if describes_many(self.source) then return (self.follow and turns.follow or turns.run_once)(self, TOOLS) end
  local parts, opened, code = open_parts(self)
  if not parts then return nil, opened, code end
  local ok, message, counts, fault
  if self.send then ok, message, code, counts = self.send(parts)
  else ok, message, code, counts, fault = send_by_export(self, parts) end
  if counts then counts.target, counts.beginning = parts.sink:target() end
  local closed, problem, kind = close_all(opened)
  if ok and not closed then ok, message, code = nil, problem, kind end
  if not ok then return nil, message, code, counts, fault end
  return counts
end

-- What its functions do, as yield, must not get past it.
Pipeline.run = misuse.entry(Pipeline.run)

--- The name of the pipeline in messages.
function Pipeline:title()
  if self.name then return self.name end
  return type(self.format) == "string" and self.format or self.format.name
end

function Pipeline:__tostring() return "pipeline " .. self:title() end

return M

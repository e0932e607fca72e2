--- What one registry has up to a checkpoint, compared with what its export left: in files, or in a target that can
--- count.
local core           = require "oversight.core"
local given_format   = require "oversight.cli.support.given_format"
local given_registry = require "oversight.cli.support.given_registry"
local id_counts      = require "oversight.cli.support.id_counts"
local id_reader      = require "oversight.cli.support.id_reader"
local must           = require "oversight.cli.support.must"
local position       = require "oversight.cli.support.position"
local program        = require "oversight.program"
local reconciliation = require "oversight.cli.support.reconciliation"
local selection      = require "oversight.selection"
local siem           = require "oversight.siem"
local tables         = require "oversight.tables"

---@class oversight.Comparison
---@field found oversight.Reconciliation
---@field last_id integer of the checkpoint
---@field registry_id string? of the checkpoint
---@field registry oversight.Registry
---@field format oversight.Format?
---@field selects_all boolean no event of the registry was omitted by options
---@field dead oversight.IdCounts
---@field read_at number when the checkpoint was read, by the clock
local Comparison = {}
Comparison.__index = Comparison

local M = {}

local PAGE = 2000

-- ---- what the registry has ----

local IDS = "SELECT id FROM events NOT INDEXED WHERE id > ?1 AND id <= ?2 AND (%s) ORDER BY id LIMIT ?3"

local function check_stop()
  if program.stop_requested() then must.fail "stopped on request" end
end

--- The ids of the next page of events after an id.
local function read_page(self, after)
  local registry = self.registry
  local rows = must.have(given_registry.rows(registry, IDS:format(registry:condition()), after, self.last_id, PAGE))
  local ids = {}
  for i, row in ipairs(rows) do
    local id = row[1]
    if id <= after then must.fail(("the registry is damaged: event %d comes after event %d"):format(id, after)) end
    ids[i], after = id, id
  end
  return ids
end

--- Calls `see` with the ids of each page of events up to the checkpoint; no read transaction is open then.
local function each_page(self, see)
  local after = selection.BEFORE_ALL
  repeat
    local ids = read_page(self, after)
    after = ids[#ids]
    if after then see(ids) end
    check_stop()
  until #ids < PAGE
end

-- ---- files ----

--- The names of different files; what names one of them again is recorded.
local function different(names, found)
  local list = {}
  for _, name in ipairs(names) do
    local other
    for _, known in ipairs(list) do
      if known == name or core.same_file(known, name) then other = known end
    end
    table.insert(other and found.again or list, name)
  end
  return list
end

--- Calls `count` with each line; one that it cannot count is recorded in `found`.
local function read_lines(file, name, found, count)
  local number = 0
  while true do
    local line, problem = file:read "l"
    if problem then must.fail(("%s: %s"):format(name, problem)) end
    if not line then return end
    number = number + 1
    if number == 1 and line:sub(1, 2) == "\x1f\x8b" then
      must.fail(name .. " is compressed: give it as zcat FILE | ... --file -")
    end
    local counted, message = count(line)
    if not counted then found:add_unreadable(("%s, line %d: %s"):format(name, number, message)) end
    if number % PAGE == 0 then check_stop() end
  end
end

local function read_file(name, found, count)
  if name == "-" then return read_lines(io.stdin, "standard input", found, count) end
  local file = must.have(io.open(name, "r"))
  read_lines(file, name, found, count)
  file:close()
end

--- How often each event up to the checkpoint is in the files. Other lines are counted in `found`.
local function count_in_files(self, files, reader)
  local seen, found = id_counts.new(), self.found
  local function count(line)
    local id, message = reader:read(line)
    if not id then return nil, message end
    if self.registry_id and reader:is_of_another(line, self.registry_id) then
      found.foreign = found.foreign + 1
    elseif id > self.last_id then
      found.later = found.later + 1
    else
      seen:add(id)
    end
    return true
  end
  for _, name in ipairs(different(files, found)) do read_file(name, found, count) end
  return seen
end

local function is_there(name)
  return name == "-" or core.file_stamp(name) ~= nil
end

--- Dead letter files that are there, each with what a replay that was cut short left of it.
local function dead_letter_files(names, found)
  local list = {}
  for _, name in ipairs(different(names, found)) do
    local rest = name .. ".replaying"
    if is_there(name) then list[#list + 1] = name end
    if is_there(rest) then list[#list + 1] = rest end
    if not is_there(name) and not is_there(rest) then table.insert(found.absent, name) end
  end
  return list
end

--- The events of dead letter files. Lines that a replay has blanked are done; other registries may share the files.
local function count_dead_letters(self, names)
  local dead, reader = id_counts.new(), id_reader.DEAD_LETTER
  local function count(line)
    local id = reader:read(line)
    local is_other = id and self.registry_id and reader:is_of_another(line, self.registry_id)
    if id and not is_other then dead:add(id) end
    return id ~= nil or not line:find "%S", "it is not a line of a dead letter file"
  end
  for _, name in ipairs(dead_letter_files(names, self.found)) do read_file(name, self.found, count) end
  return dead
end

-- ---- how many records an event has ----

--- A query of the row of one event: of all columns that can be read.
local function row_query(registry)
  local names = {}
  for i, name in ipairs(registry:columns()) do names[i] = 'events."' .. name:gsub('"', '""') .. '"' end
  return assert(registry:prepare(("SELECT %s FROM events WHERE id = ?"):format(table.concat(names, ", "))))
end

--- How many records the format makes of an event: 0 when it drops it, false when it refuses it, 1 when
--- that is not known.
local function count_records(self, id)
  if not self.format then return 1 end
  self.row = self.row or row_query(self.registry)
  local columns = {}
  for key, value in pairs(self.row:first(id) or {}) do
    if type(key) == "string" and value ~= siem.null then columns[key] = value end
  end
  local event = siem.from_registry_row(columns, { registry_id = self.registry_id or "registry" })
  local records, _, code = given_format.records(self.format, event)
  if code == "refused" then return false end
  return records and #records or code == "dropped" and 0 or 1
end

--- Records that an event is there `count` times. Only of a function's format an event can have more than one
--- record.
local function add_event(self, id, count, most_records)
  local is_plain = count == 1 and not (self.format and self.format.whole)
  local records_of_event = is_plain and 1 or count_records(self, id)
  local expected = records_of_event and math.min(records_of_event, most_records)
  self.found:add(id, count, expected, self.dead:count(id))
end

-- ---- the two ways ----

--- Compares with files.
---@param files string[] "-" is standard input
---@param id_path string? where records hold the event's id
function Comparison:with_files(files, id_path)
  local reader, known = must.have(id_reader.new(id_path, self.format)), 0
  local seen = count_in_files(self, files, reader)
  each_page(self, function(ids)
    for _, id in ipairs(ids) do
      local count = seen:count(id)
      if count > 0 then known = known + 1 end
      add_event(self, id, count, id_counts.MANY)
    end
  end)
  -- Those that are not selected were not asked for.
  if self.selects_all then self.found.unknown = seen.ids - known end
end

--- How many documents each of these events has.
local function count_documents(self, count, ids)
  local texts = {}
  for i, id in ipairs(ids) do texts[i] = tostring(id) end
  return count(self.registry_id, texts)
end

--- Records how often events are there; those that are not go to `absent`, when it is given. Of an event with
--- several records, the target shows the first alone.
local function count_page(self, count, ids, absent)
  local counts = count_documents(self, count, ids)
  for i, id in ipairs(ids) do
    if absent and counts[i] == 0 and self.dead:count(id) == 0 then
      absent[#absent + 1] = id
    else
      add_event(self, id, counts[i], 1)
    end
  end
end

--- Compares with what a target counts.
---@param count fun(registry_id: string, ids: string[]): integer[] ends the command on a failure
---@param delay number seconds that what was delivered may take to be counted
function Comparison:with_target(count, delay)
  if not self.registry_id then
    must.fail "the checkpoint names no registry id, of which the ids of documents are made: run its export first"
  end
  local absent = {}
  each_page(self, function(ids) count_page(self, count, ids, absent) end)
  if #absent > 0 then core.pause(math.max(self.read_at + delay - core.clock(), 0)) end
  for first = 1, #absent, PAGE do
    count_page(self, count, table.move(absent, first, math.min(first + PAGE - 1, #absent), 1, {}))
  end
end

function Comparison:close()
  self.registry:close()
end

--- Opens the registry of a checkpoint that belongs to it; or ends the command.
---@param options { db: string, checkpoint: string, state: table, read_at: number, format: string?, selected: table,
---  dead_letters: string[]? } state: of the checkpoint, as it was at read_at
---@return oversight.Comparison
function M.open(options)
  local state = options.state
  local self = setmetatable({ found = reconciliation.new(), last_id = state.last_id, registry_id = state.registry_id,
    selects_all = next(options.selected) == nil, read_at = options.read_at }, Comparison)
  if options.format or state.format then
    local format, message, code = given_format.load({}, options.format or state.format)
    self.format = options.format and must.have(format, message, code) or format
  end
  self.registry = must.have(given_registry.open(tables.merge(options.selected, {
    path = options.db, registry_id = self.registry_id or "registry",
  })))
  must.have(self.registry:ordering()) -- in a damaged file, pages of ids could pass over some
  local problem = position.problem(self.registry, options.db, options.checkpoint, state.last_id)
  if problem then must.fail(problem) end
  self.dead = count_dead_letters(self, options.dead_letters or {})
  return self
end

return M

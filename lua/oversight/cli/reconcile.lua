--- oversight-siem reconcile: whether every event up to a checkpoint is there once, in files or in an index.
local core           = require "oversight.core"
local given_format   = require "oversight.cli.support.given_format"
local given_registry = require "oversight.cli.support.given_registry"
local given_sink     = require "oversight.cli.support.given_sink"
local id_counts      = require "oversight.cli.support.id_counts"
local id_reader      = require "oversight.cli.support.id_reader"
local must           = require "oversight.cli.support.must"
local position       = require "oversight.cli.support.position"
local program        = require "oversight.program"
local reconciliation = require "oversight.cli.support.reconciliation"
local selection      = require "oversight.selection"
local siem           = require "oversight.siem"

local M = {
  summary = "Shows that every event up to a checkpoint is there, once",
  usage   = "--db FILE --checkpoint FILE (--file OUT... | --to KIND ...)",
  examples = {
    "oversight-siem reconcile --db registry.sqlite --checkpoint siem.checkpoint --file events.jsonl",
    "oversight-siem reconcile --db registry.sqlite --checkpoint siem.checkpoint --to elastic --url " ..
      "https://elastic:9200 --api-key env:ELASTIC_KEY",
  },
  options = given_sink.with_targets {
    arguments = { 0, 100000, "FILE" },
    { "--db", value = "FILE", required = true, help = "the registry's SQLite database" },
    { "--checkpoint", value = "FILE", required = true, help = "of the export" },
    { "--file", value = "OUT", many = true, help = "a file that it wrote, and those that follow; - is standard input" },
    { "--dead-letter", value = "FILE", many = true, help = "events in it are accounted for" },
    { "--format", "-f", value = "NAME", help = "when the name in the checkpoint is not on the search path" },
    { "--id-path", value = "PATH", help = "where records hold the event's id, as event.id, when that is unclear" },
    { "--since", value = "UNIX", whole = true, help = "as the export was given" },
    { "--refresh", value = "SECONDS", natural = true,
      help = "with --to: how long a new document may take to be counted (default: 5)" },
    { "--json", help = "for programs" },
  },
  notes = "Compressed files are given to standard input:\n" ..
    "  zcat out.jsonl.*.gz | oversight-siem reconcile ... --file - out.jsonl\n" ..
    "Events that the filter of a pipeline skips are listed as missing: it is not\nknown here. " ..
    "Exit status: 0 each is there once, 1 some are not, or it failed,\n2 wrong usage, 4 held.",
}

local PAGE = 2000

-- ---- what the registry has ----

local IDS = "SELECT id FROM events NOT INDEXED WHERE id > ?1 AND id <= ?2 " ..
  "AND (?4 IS NULL OR timestamp >= ?4) ORDER BY id LIMIT ?3"

local function check_stop()
  if program.stop_requested() then must.fail "stopped on request" end
end

--- The ids of the next page of events after an id.
local function read_page(registry, after, last_id, since)
  local rows = must.have(given_registry.rows(registry, IDS, after, last_id, PAGE, since))
  local ids = {}
  for i, row in ipairs(rows) do
    local id = row[1]
    if id <= after then must.fail(("the registry is damaged: event %d comes after event %d"):format(id, after)) end
    ids[i], after = id, id
  end
  return ids
end

--- Calls `see` with the ids of each page of events up to `last_id`; no read transaction is open then.
local function each_page(registry, last_id, since, see)
  local after = selection.BEFORE_ALL
  repeat
    local ids = read_page(registry, after, last_id, since)
    after = ids[#ids]
    if after then see(ids) end
    check_stop()
  until #ids < PAGE
end

-- ---- files ----

--- The names of different files; what names one of them again is recorded in `found`.
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
local function count_in_files(job, reader, found)
  local seen = id_counts.new()
  local function count(line)
    local id, message = reader:read(line)
    if not id then return nil, message end
    if job.registry_id and reader:is_of_another(line, job.registry_id) then
      found.foreign = found.foreign + 1
    elseif id > job.last_id then
      found.later = found.later + 1
    else
      seen:add(id)
    end
    return true
  end
  for _, name in ipairs(different(job.files, found)) do read_file(name, found, count) end
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

--- The events of dead letter files. Lines that a replay has blanked are done.
local function count_dead_letters(names, found)
  local dead = id_counts.new()
  local function count(line)
    local id = id_reader.DEAD_LETTER:read(line)
    if id then dead:add(id) end
    return id ~= nil or not line:find "%S", "it is not a line of a dead letter file"
  end
  for _, name in ipairs(dead_letter_files(names or {}, found)) do read_file(name, found, count) end
  return dead
end

-- ---- the index ----

--- How many documents each of these events has.
local function count_documents(sink, registry_id, ids)
  local texts = {}
  for i, id in ipairs(ids) do texts[i] = tostring(id) end
  return must.have(sink:count(registry_id, texts))
end

-- ---- the two ways ----

--- A query of the row of one event: of all columns that can be read.
local function row_query(registry)
  local names = {}
  for i, name in ipairs(registry:columns()) do names[i] = 'events."' .. name:gsub('"', '""') .. '"' end
  return assert(registry:prepare(("SELECT %s FROM events WHERE id = ?"):format(table.concat(names, ", "))))
end

--- How many records the format makes of an event: 0 when it drops it, false when it refuses it, 1 when
--- that is not known.
local function count_records(job, id)
  if not job.format then return 1 end
  job.row = job.row or row_query(job.registry)
  local columns = {}
  for key, value in pairs(job.row:first(id) or {}) do
    if type(key) == "string" and value ~= siem.null then columns[key] = value end
  end
  local event = siem.from_registry_row(columns, { registry_id = job.registry_id or "registry" })
  local records, _, code = given_format.records(job.format, event)
  if code == "refused" then return false end
  return records and #records or code == "dropped" and 0 or 1
end

--- Records that an event is there `count` times. Only of a function's format an event can have more than one
--- record; of those, an index shows the first alone.
local function add_event(job, found, id, count)
  local is_plain = count == 1 and not (job.format and job.format.whole)
  local records_of_event = is_plain and 1 or count_records(job, id)
  local expected = records_of_event and math.min(records_of_event, job.most_records)
  found:add(id, count, expected, job.dead:count(id))
end

local function reconcile_files(job, given)
  local reader = must.have(id_reader.new(given.id_path, job.format))
  local found, known = job.found, 0
  local seen = count_in_files(job, reader, found)
  each_page(job.registry, job.last_id, given.since, function(ids)
    for _, id in ipairs(ids) do
      local count = seen:count(id)
      if count > 0 then known = known + 1 end
      add_event(job, found, id, count)
    end
  end)
  -- Those before --since were not asked for.
  if not given.since then found.unknown = seen.ids - known end
end

--- Records how often events are in the index; those that are not go to `absent`, when it is given.
local function count_page(job, sink, found, ids, absent)
  local counts = count_documents(sink, job.registry_id, ids)
  for i, id in ipairs(ids) do
    if absent and counts[i] == 0 and job.dead:count(id) == 0 then
      absent[#absent + 1] = id
    else
      add_event(job, found, id, counts[i])
    end
  end
end

--- A document counts only after its index was refreshed: asks once more for those that are absent.
local function ask_again(job, sink, found, absent, seconds)
  if #absent > 0 then core.pause(seconds) end
  for first = 1, #absent, PAGE do
    local page = table.move(absent, first, math.min(first + PAGE - 1, #absent), 1, {})
    count_page(job, sink, found, page)
  end
end

local function reconcile_index(job, given, kind)
  local sink = must.have(given_sink.open(given, kind))
  given_sink.attend(sink)
  local found, absent = job.found, {}
  each_page(job.registry, job.last_id, given.since, function(ids) count_page(job, sink, found, ids, absent) end)
  ask_again(job, sink, found, absent, given.refresh or 5)
  sink:close()
end

-- ---- the command ----

--- The files: all of --file, and what follows them.
local function files_of(given)
  local files = { table.unpack(given.file or {}) }
  return table.move(given, 1, #given, #files + 1, files)
end

--- The names of the kinds of sinks that can count events.
local function counting_kinds()
  local names = {}
  for _, kind in ipairs(siem.sink.kinds()) do
    if kind.counts then names[#names + 1] = kind.name end
  end
  return table.concat(names, " and ")
end

local function check(kind, files)
  if kind and #files > 0 then return "give either --file or --to" end
  if not kind and #files == 0 then
    return ("--file OUT or --to is missing, with one of %s"):format(counting_kinds())
  end
  if kind and not kind.counts then
    return ("%s cannot count events: only %s can"):format(kind.name, counting_kinds())
  end
end

local function open_job(given, files)
  local state = must.have(siem.checkpoint.read(given.checkpoint))
  local job = { files = files, found = reconciliation.new(), last_id = state.last_id, registry_id = state.registry_id,
    most_records = #files > 0 and id_counts.MANY or 1 }
  if given.format or state.format then
    local format, message, code = given_format.load({}, given.format or state.format)
    job.format = given.format and must.have(format, message, code) or format
  end
  job.registry = must.have(given_registry.open { path = given.db, registry_id = job.registry_id or "registry" })
  must.have(job.registry:ordering()) -- in a damaged file, pages of ids could pass over some
  if #files == 0 and not job.registry_id then
    must.fail "the checkpoint names no registry id, of which the ids of documents are made: run its export first"
  end
  local problem = position.problem(job.registry, given.db, given.checkpoint, state.last_id)
  if problem then must.fail(problem) end
  job.dead = count_dead_letters(given.dead_letter, job.found)
  return job
end

function M.run(given)
  local kind, files = given_sink.kind_of(given), files_of(given)
  local problem = check(kind, files)
  if problem then must.fail(problem, "usage") end
  local job = open_job(given, files)
  local reconcile, found = kind and reconcile_index or reconcile_files, job.found
  reconcile(job, given, kind)
  if given.json then found:print_json(job.last_id) else found:print(job.last_id) end
  return found:is_complete() and "ok" or "incomplete"
end

return M

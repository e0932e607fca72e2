--- oversight-siem reconcile: whether every event up to a checkpoint is there once, in files or in an index.
local comparison      = require "oversight.cli.support.comparison"
local core            = require "oversight.core"
local given_selection = require "oversight.cli.support.given_selection"
local given_sink      = require "oversight.cli.support.given_sink"
local members         = require "oversight.cli.support.members"
local must            = require "oversight.cli.support.must"
local numbers         = require "oversight.cli.support.numbers"
local registries      = require "oversight.registries"
local siem            = require "oversight.siem"
local text            = require "oversight.cli.support.text"
local print = require("oversight.output").print

local M = {
  summary = "Checks that every event up to a checkpoint was delivered once",
  usage   = "--db FILE [--checkpoint FILE] (--file OUT... | --to KIND ...)",
  examples = {
    "oversight-siem reconcile --db registry.sqlite --checkpoint siem.checkpoint --file events.jsonl",
    "oversight-siem reconcile --db registry.sqlite --checkpoint siem.checkpoint --to elastic --url " ..
      "https://elastic:9200 --api-key env:ELASTIC_KEY",
  },
  options = given_sink.with_targets {
    arguments = { 0, 100000, "FILE" },
    { "--db", value = "FILE|PATTERN", required = true, many = true,
      help = "the registry's SQLite database; of many registries: again for each, or a pattern in quotes" },
    { "--checkpoint", value = "FILE",
      help = "of the export; of many registries: a folder, or a path with {registry_id} (default: FILE.checkpoint " ..
        "beside each database)" },
    { "--file", value = "OUT", many = true,
      help = "a file that it wrote, and those that follow; - is standard input; of many registries: a path or a " ..
        "pattern with {registry_id}" },
    { "--dead-letter", value = "FILE", many = true, help = "events in it are accounted for" },
    { "--format", "-f", value = "NAME", complete = "format",
      help = "when the name in the checkpoint is not on the search path" },
    { "--id-path", value = "PATH", help = "where records hold the event's id, as event.id, when that is unclear" },
    given_selection.options[1], given_selection.options[2], given_selection.options[3],
    { "--refresh", value = "SECONDS", natural = true,
      help = "with --to: how long a new document may take to be counted (default: 5)" },
    { "--json", help = "for programs; of many registries: a line for each" },
  },
  notes = "Compressed files are given to standard input:\n" ..
    "  zcat out.jsonl.*.gz | oversight-siem reconcile ... --file - out.jsonl\n" ..
    "Events that the filter of a pipeline skips are listed as missing: it is not\nknown here. " ..
    "Exit status: 0 each is there once, 1 some are not, or it failed,\n2 wrong usage, 4 held.",
}

-- ---- what is given ----

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

--- Standard input is read once, and the registries are many.
local function check_many(given, files)
  for _, name in ipairs(files) do
    if name == "-" then return "--file - is for one registry" end
  end
  for _, name in ipairs(given.dead_letter or {}) do
    if name == "-" then return "--dead-letter - is for one registry" end
  end
  return registries.files_problem(given.checkpoint)
end

-- ---- the target ----

---@class oversight.Counter
---@field sink oversight.Sink
---@field failure table? that ended a count
local Counter = {}
Counter.__index = Counter

--- The sink, opened once for all registries.
local function open_counter(given, kind)
  local sink = must.have(given_sink.open(given, kind))
  given_sink.attend(sink)
  return setmetatable({ sink = sink }, Counter)
end

function Counter:count(registry_id, ids)
  local counts, message, code = self.sink:count(registry_id, ids)
  if counts then return counts end
  self.failure = { message = message, code = code }
  must.fail(message, code)
end

-- ---- one registry ----

--- Where the events of one registry went.
---@class oversight.Left
---@field files string[]
---@field dead_letters string[]
---@field counter oversight.Counter?

---@param place { db: string, checkpoint: string, state: table, read_at: number }
---@param left oversight.Left
---@return oversight.Comparison
local function compare(given, place, left)
  local compared = comparison.open {
    db = place.db, checkpoint = place.checkpoint, state = place.state, read_at = place.read_at,
    format = given.format, selected = given_selection.of(given), dead_letters = left.dead_letters,
  }
  if left.counter then
    compared:with_target(function(...) return left.counter:count(...) end, given.refresh or 5)
  else
    compared:with_files(left.files, given.id_path)
  end
  compared:close()
  return compared
end

local function read_place(db, checkpoint)
  local read_at = core.clock()
  return { db = db, checkpoint = checkpoint, read_at = read_at, state = must.have(siem.checkpoint.read(checkpoint)) }
end

local function run_one(given, kind, files)
  local db = given.db[1]
  local left = { files = files, dead_letters = given.dead_letter, counter = kind and open_counter(given, kind) }
  local compared = compare(given, read_place(db, given.checkpoint or db .. ".checkpoint"), left)
  local found = compared.found
  if given.json then print(siem.json.encode(found:describe(compared.last_id))) else found:print(compared.last_id) end
  if left.counter then left.counter.sink:close() end
  return found:is_complete() and "ok" or "incomplete"
end

-- ---- many registries ----

--- The files of one of many: the identity in their names, and what patterns match.
local function files_of_member(paths, member)
  local files = {}
  for _, path in ipairs(paths) do
    local own = members.fill(path, member)
    local matches = registries.is_pattern(own) and must.have(core.glob(own)) or { own }
    table.move(matches, 1, #matches, #files + 1, files)
  end
  if #paths > 0 and #files == 0 then must.fail("no file matches " .. table.concat(paths, ", ")) end
  return files
end

--- Compares one of many, whatever is wrong with it.
local function compare_member(given, member, files, counter)
  if not member.place then return nil, member.failure end
  return members.try(function()
    local dead_letters = {}
    for i, path in ipairs(given.dead_letter or {}) do dead_letters[i] = members.fill(path, member) end
    return compare(given, member.place,
      { files = files_of_member(files, member), dead_letters = dead_letters, counter = counter })
  end)
end

--- All registries. The checkpoints are read first: what was delivered by then is counted soon, and the wait for that
--- is one for all.
local function find_members(given)
  local list = members.find(given.db)
  for _, member in ipairs(list) do
    member.place, member.failure = members.try(function()
      return read_place(member.path, members.checkpoint_of(given.checkpoint, member))
    end)
    if member.place then member.registry_id = member.registry_id or member.place.state.registry_id end
  end
  return list
end

local function print_member(given, member, compared, failure)
  if given.json then
    local described = compared and compared.found:describe(compared.last_id) or { problem = failure.message }
    described.db, described.registry_id = member.path, member.registry_id
    return print(siem.json.encode(described))
  end
  if not compared then return print(text.printable(("%s: %s"):format(member.path, failure.message))) end
  compared.found:print(compared.last_id, text.printable(member.path))
end

--- What is known of all together.
local function new_total()
  return { complete = 0, incomplete = 0, problems = 0, idle = 0, events = 0, missing = 0, twice = 0 }
end

local function add_to(total, compared, failure)
  local found = compared and compared.found
  local key = found and (found:is_complete() and "complete" or "incomplete") or
    failure.code == "idle" and "idle" or "problems"
  total[key] = total[key] + 1
  if not found then return end
  total.events, total.missing = total.events + found.events, total.missing + #found.missing
  total.twice = total.twice + #found.twice
end

local function print_total(total, count)
  print(("%d registries: %d complete, %d incomplete, %d with a problem, %d idle"):format(count, total.complete,
    total.incomplete, total.problems, total.idle))
  print(("%s event(s): %s missing, %s there twice"):format(numbers.count(total.events), numbers.count(total.missing),
    numbers.count(total.twice)))
end

local function run_many(given, kind, files)
  local counter, total = kind and open_counter(given, kind), new_total()
  local list = find_members(given)
  for _, member in ipairs(list) do
    local compared, failure = compare_member(given, member, files, counter)
    if counter and counter.failure then must.fail(counter.failure.message, counter.failure.code) end
    print_member(given, member, compared, failure)
    add_to(total, compared, failure)
  end
  if counter then counter.sink:close() end
  if not given.json then print_total(total, #list) end
  if total.incomplete + total.problems > 0 then return "incomplete" end
  if total.idle > 0 then must.fail(false, "idle") end
  return "ok"
end

-- ---- the command ----

function M.run(given)
  local kind, files, are_many = given_sink.kind_of(given), files_of(given), members.are_many(given.db)
  local problem = check(kind, files) or are_many and check_many(given, files)
  if problem then must.fail(problem, "usage") end
  return (are_many and run_many or run_one)(given, kind, files)
end

return M

--- Enrichment tables: from a value of an event to what a site knows about it.
---
--- A table is called with a value and gives a row or nil: `assets(event.source_ip)` (oversight.lookup_table). A path is
--- relative to the file of the format that is being loaded, elsewhere to the working directory.
local core         = require "oversight.core"
local lookup_table = require "oversight.lookup_table"
local misuse       = require "oversight.misuse"
local searcher     = require "oversight.searcher"

local M = {}

-- How often, at most, a database is looked at, in seconds; how many rows a SQL table caches.
local RELOAD_SECONDS, CACHED_ROWS = 1, 10000

-- ---- CSV (RFC 4180) ----

--- The quoted field that begins at `at`, and where it ends; nil when its quote is not closed.
local function read_quoted(text, at)
  local quote = text:find('"', at + 1, true)
  while quote and text:sub(quote + 1, quote + 1) == '"' do quote = text:find('"', quote + 2, true) end
  if not quote then return nil end
  return text:sub(at + 1, quote - 1):gsub('""', '"'), quote + 1
end

--- The field that begins at `at`, and where it ends.
local function read_field(text, at)
  if text:sub(at, at) == '"' then
    local field, stop = read_quoted(text, at)
    return field, stop
  end
  local stop = text:find("[,\r\n]", at) or #text + 1
  return text:sub(at, stop - 1), stop
end

--- Splits text into records { line =, fields = }, or gives nil and what is wrong.
local function parse_csv(text)
  local records, record, at, line = {}, { line = 1, fields = {} }, 1, 1
  text = text:gsub("^\xef\xbb\xbf", "")
  if text ~= "" and not text:find "\n$" then text = text .. "\n" end
  while at <= #text do
    local field, stop = read_field(text, at)
    if not field then return nil, ("line %d: a quote is not closed"):format(line) end
    table.insert(record.fields, field)
    line = line + select(2, field:gsub("\n", ""))
    local separator = text:match("^\r?\n", stop) or text:match("^,", stop)
    if not separator then return nil, ("line %d: text after a closing quote"):format(line) end
    if separator ~= "," then
      local blank = #record.fields == 1 and field == ""
      if not blank then records[#records + 1] = record end
      line = line + 1
      record = { line = line, fields = {} }
    end
    at = stop + #separator
  end
  return records
end

--- The set of a header's names, or nil and the one that comes twice.
local function set_of(names)
  local set = {}
  for _, name in ipairs(names) do
    if set[name] then return nil, name end
    set[name] = true
  end
  return set
end

--- The records of a CSV file, or nil and a message.
local function read_records(path)
  local text, message = core.read_table_file(path)
  if not text then return nil, message end
  local records, problem = parse_csv(text)
  if not records then return nil, ("%s: %s"):format(path, problem) end
  if #records == 0 then return nil, path .. ": the table is empty: its first line names the columns" end
  return records
end

--- Reads a CSV file, whose header has the column `key`, into a list of rows { line =, values = }.
--- Gives the list and a set of its columns, or nil and a message.
local function read_csv(path, key)
  local records, message = read_records(path)
  if not records then return nil, message end
  local names, rows = records[1].fields, {}
  local columns, twice = set_of(names)
  if not columns then return nil, ("%s: the column %q comes twice"):format(path, twice) end
  if not columns[key] then return nil, ("%s has no column %q"):format(path, key) end
  for i = 2, #records do
    local fields = records[i].fields
    if #fields ~= #names then
      return nil, ("%s:%d: %d fields instead of %d"):format(path, records[i].line, #fields, #names)
    end
    local row = { line = records[i].line, values = {} }
    for k, name in ipairs(names) do row.values[name] = fields[k] end
    rows[i - 1] = row
  end
  return rows, columns
end

--- A CSV file with a header, looked up by the text of one column.
function M.csv(path, key)
  if type(path) ~= "string" or type(key) ~= "string" then
    misuse.raise "lookup.csv takes the path of a file and the name of a column"
  end
  local function read(file)
    local rows, columns = read_csv(file, key)
    if not rows then return nil, columns end
    local by_key = {}
    for _, row in ipairs(rows) do
      local value = row.values[key]
      if by_key[value] then return nil, ("%s:%d: %s %q comes twice"):format(file, row.line, key, value) end
      by_key[value] = row.values
    end
    return { columns = columns, by_key = by_key }
  end
  return lookup_table.of_file(path, read, function(content, value)
    return content.by_key[core.tostring(value)]
  end, key)
end

--- A CSV file with a column "network", looked up by address: the longest network wins.
function M.cidr(path)
  if type(path) ~= "string" then misuse.raise "lookup.cidr takes the path of a file" end
  local function read(file)
    local rows, columns = read_csv(file, "network")
    if not rows then return nil, columns end
    local networks = core.networks_open()
    for i, row in ipairs(rows) do
      local added, problem = networks:add(row.values.network, i)
      if not added then return nil, ("%s:%d: %s"):format(file, row.line, problem) end
    end
    return { columns = columns, networks = networks, rows = rows }
  end
  return lookup_table.of_file(path, read, function(content, value)
    local id = content.networks:find(value)
    return id and content.rows[id].values
  end, "network")
end

--- What a record has at a dotted path: country.iso_code.
local function member_of(record, path)
  for key in (path or ""):gmatch "[^.]+" do record = type(record) == "table" and record[key] or nil end
  return record
end

--- A MaxMind database (.mmdb), looked up by address. A row is what it holds: row.country.iso_code.
function M.geoip(path)
  if type(path) ~= "string" then misuse.raise "lookup.geoip takes the path of a file" end
  local function read(file)
    local database, message = core.geoip_open(file)
    return database and { database = database }, message
  end
  local function find(content, value) return content.database:find(value) end
  return lookup_table.of_file(path, read, find, nil, member_of)
end

-- ---- SQL ----

--- Rows that were looked up, in two halves: when the young one is full, the old one goes.
local function new_cache(size)
  local young, old, count = {}, {}, 0
  local cache = {}
  function cache.get(key)
    local row = young[key]
    if row == nil then row = old[key] end
    return row
  end
  function cache.set(key, row)
    if count >= size // 2 then young, old, count = {}, young, 0 end
    young[key], count = row, count + 1
  end
  return cache
end

--- Gives a cache for rows of the registry, an empty one when another connection has changed the database;
--- and with it the one before, for when the changed database cannot be asked.
local function new_changing_cache(registry)
  local version_query = assert(registry:prepare "PRAGMA data_version")
  local cache, stale, version, next_look = new_cache(CACHED_ROWS), new_cache(CACHED_ROWS), nil, -math.huge
  return function()
    local now = core.clock()
    if now < next_look then return cache, stale end
    next_look = now + RELOAD_SECONDS
    -- A database that is locked at the moment says nothing, and has not changed yet.
    local ok, row = pcall(version_query.first, version_query)
    if ok and row[1] ~= version then cache, stale, version = new_cache(CACHED_ROWS), cache, row[1] end
    return cache, stale
  end
end

--- A function of a value that asks the query, and keeps what it gave.
local function asker(registry, query)
  local current_cache, warned = new_changing_cache(registry), nil
  return function(value)
    local cache, stale = current_cache()
    local row = cache.get(value)
    if row ~= nil then return row end
    local ok, found = pcall(query.first, query, value)
    if ok then
      row = found or false
      cache.set(value, row)
      return row
    end
    row = stale.get(value)
    if row == nil then error(found, 0) end
    if warned ~= cache then lookup_table.warn("the query: " .. tostring(found)) end
    warned = cache
    return row
  end
end

--- The query that a table asks. Raises what is wrong with it.
local function prepare(registry, sql)
  local query, message = registry:prepare(sql)
  if not query then misuse.raise(message) end
  local count = query:parameters()
  if count ~= 1 then
    misuse.raise(("lookup.sql: the query has %d parameters instead of 1: WHERE file_id = ?"):format(count))
  end
  return query
end

--- A SELECT with one parameter on a registry: the first row, which is kept until the database changes.
function M.sql(registry, sql)
  if type(sql) ~= "string" or type(registry) ~= "string" and type(registry) ~= "userdata" then
    misuse.raise "lookup.sql takes a registry, open or as the path of its file, and a query"
  end
  if type(registry) == "string" then
    local opened, message = core.registry_open { path = searcher.beside(registry), registry_id = "registry" }
    registry = opened or misuse.raise(message)
  end
  local ask = asker(registry, prepare(registry, sql))
  return lookup_table.of_function("the query", function(value) return ask(value) or nil end,
    function(row, name) return row[name or 1] end)
end

for name, open in pairs(M) do M[name] = misuse.entry(open) end

return M

--- Enrichment tables: from a value of an event to what a site knows about it.
---
--- A table is called with a value and gives a row or nil: `assets(event.source_ip)`. table:column(name)
--- gives a function of one column, ready for `with` of a format's row. A file that changes is read anew;
--- when its new content is wrong, the old one stays, and standard error says so once.
local core = require "oversight.core"

local M = {}

-- How often, at most, a file is looked at, in seconds; and how many rows a SQL table keeps at hand.
local RELOAD_SECONDS, CACHED_ROWS = 1, 10000

-- ---- tables ----

local Table = {}
Table.__index = Table

function Table.__call(self, value)
  if value == nil then return nil end
  return self:find(value)
end

--- A function of a value that gives one column of its row.
---@param name string
---@return fun(value: any): any
function Table:column(name)
  if self.columns and not self.columns[name] then
    error(("%s has no column %q"):format(self.path, tostring(name)), 2)
  end
  return function(value)
    local row = self(value)
    return row and row[name]
  end
end

-- ---- files that change ----

--- Reads the file when it is new or has changed. Raises at the first time only.
local function refresh(self)
  local now = core.clock()
  if now < self.next_look then return end
  self.next_look = now + RELOAD_SECONDS
  local stamp = core.file_stamp(self.path)
  if self.content and stamp == self.stamp then return end
  local content, message = self.read(self.path)
  if content then
    self.content, self.stamp = content, stamp
  elseif not self.content then
    error(message, 0)
  else
    self.stamp = stamp
    io.stderr:write(("oversight-siem: keeping what was read before: %s\n"):format(message))
  end
end

--- A table over a file. `read` gives the content or nil and a message; `find` looks a value up in it.
local function file_table(path, read, find, columns)
  local self = setmetatable({
    path = path, read = read, next_look = -math.huge, columns = columns,
    find = function(self, value)
      refresh(self)
      return find(self.content, value)
    end,
  }, Table)
  local ok, message = pcall(refresh, self)
  if not ok then error(message, 3) end
  return self
end

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
    if not separator then return nil, ("line %d: text behind a closing quote"):format(line) end
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

local function set_of(names)
  local set = {}
  for _, name in ipairs(names) do set[name] = true end
  return set
end

--- Reads a CSV file, whose header has the column `key`, into a list of rows { line =, values = }.
--- Gives the list and a set of its columns, or nil and a message.
local function read_csv(path, key)
  local file, message = io.open(path, "r")
  if not file then return nil, "cannot open the table " .. message end
  local text = file:read "a"
  file:close()
  local records, problem = parse_csv(text or "")
  if not records then return nil, ("%s: %s"):format(path, problem) end
  if #records == 0 then return nil, path .. ": the table is empty: its first line names the columns" end
  local names, rows = records[1].fields, {}
  local columns = set_of(names)
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

--- The columns of a CSV file; raises at `level` what is wrong with it.
local function columns_of(path, key, level)
  local rows, columns = read_csv(path, key)
  return rows and columns or error(columns, level + 1)
end

--- A CSV file with a header, looked up by the text of one column.
---@param path string
---@param key string the column
function M.csv(path, key)
  local columns = columns_of(path, key, 2)
  local function read(file)
    local rows, message = read_csv(file, key)
    if not rows then return nil, message end
    local by_key = {}
    for _, row in ipairs(rows) do
      local value = row.values[key]
      if by_key[value] then return nil, ("%s:%d: %s %q comes twice"):format(file, row.line, key, value) end
      by_key[value] = row.values
    end
    return by_key
  end
  return file_table(path, read, function(by_key, value) return by_key[tostring(value)] end, columns)
end

--- A CSV file with a column "network", looked up by address: the longest network wins.
---@param path string
function M.cidr(path)
  local columns = columns_of(path, "network", 2)
  local function read(file)
    local rows, message = read_csv(file, "network")
    if not rows then return nil, message end
    local networks = core.networks_open()
    for i, row in ipairs(rows) do
      local added, problem = networks:add(row.values.network, i)
      if not added then return nil, ("%s:%d: %s"):format(file, row.line, problem) end
    end
    return { networks = networks, rows = rows }
  end
  return file_table(path, read, function(content, value)
    local id = content.networks:find(value)
    return id and content.rows[id].values
  end, columns)
end

--- A MaxMind database (.mmdb), looked up by address. A row is what it holds: row.country.iso_code.
---@param path string
function M.geoip(path)
  return file_table(path, core.geoip_open, function(geoip, value) return geoip:find(value) end)
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

--- A SELECT with one parameter on a registry: the first row, which is kept for the next event.
---@param registry oversight.Registry|string an open registry, or the path of its file
---@param sql string "SELECT ... WHERE file_id = ?"
function M.sql(registry, sql)
  if type(registry) == "string" then
    local opened, message = core.registry_open { path = registry, registry_id = "" }
    registry = opened or error(message, 2)
  end
  local query, message = registry:prepare(sql)
  if not query then error(message, 2) end
  local cache = new_cache(CACHED_ROWS)
  return setmetatable({
    path = "the query",
    find = function(_, value)
      local row = cache.get(value)
      if row == nil then
        row = query:first(value) or false
        cache.set(value, row)
      end
      return row or nil
    end,
  }, Table)
end

return M

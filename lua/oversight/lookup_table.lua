--- What a table of siem.lookup is: called with a value, it gives a row or nil; table:column(name) gives a function of
--- one column, ready for `with` of a format's row.
---
--- A file that changes is read again, apart from the budget of the event that is waiting for it; whatever fails then,
--- the old content stays, and there is one warning on standard error.
local core         = require "oversight.core"
local misuse       = require "oversight.misuse"
local option_table = require "oversight.option_table"
local searcher     = require "oversight.searcher"

local M = {}

-- How often, at most, a file is looked at, in seconds.
local RELOAD_SECONDS = 1

-- ---- tables ----

local Table = { __name = "oversight.lookup" }
Table.__index = Table

function Table:__tostring() return "lookup " .. self.path end

function Table.__call(self, value)
  if value == nil then return nil end
  return self:find(value)
end

--- The column that is meant without a name: the one beside the key. Nil and the choices when there are several.
local function only_column(columns, key)
  local others = {}
  for name in pairs(columns) do
    if name ~= key then others[#others + 1] = name end
  end
  table.sort(others)
  if #others == 1 then return others[1] end
  return nil, table.concat(others, ", ")
end

--- A function of a value that gives one column of its row, or nil and what is wrong.
---@param name string? nil: the column beside the key; of a query, the first one; of a MaxMind database, the record
---@return (fun(value: any): any)?, string? problem
function M.reader(self, name)
  local columns = self.content and self.content.columns
  if name ~= nil and type(name) ~= "string" then return nil, "a column's name is a string, not a " .. type(name) end
  if columns and not name then
    local choices
    name, choices = only_column(columns, self.key)
    if not name then return nil, ("%s has several columns: name one with column (%s)"):format(self.path, choices) end
  end
  if columns and not columns[name] then
    return nil, ("%s has no column %q%s"):format(self.path, name, option_table.hint(name, columns))
  end
  if name then self.used[name] = true end
  local cell = self.cell
  return function(value)
    local row = self(value)
    return row and cell(row, name)
  end
end

--- A function of a value that gives one column of its row.
function Table:column(name)
  if name == nil then error("a column's name is a string, not a nil", 2) end
  local read, problem = M.reader(self, name)
  return read or error(problem, 2)
end

--- True for what the functions of this module give.
function M.is_table(value)
  return type(value) == "table" and rawequal(debug.getmetatable(value), Table)
end

local function column_of(row, name) return row[name] end


-- ---- files that change ----

--- The file's content, or nil and what is wrong: with the file, or with what is used of it.
local function read_content(self)
  local content, message = self.read(self.path)
  if not content then return nil, message end
  for name in pairs(content.columns and self.used or {}) do
    if not content.columns[name] then return nil, ("%s has no column %q"):format(self.path, name) end
  end
  return content
end

function M.warn(message)
  io.stderr:write(("oversight-siem: keeping what was read before: %s\n"):format(core.printable(message)))
end

--- Reads the file when it is new or has changed. Raises at the first time only.
local function refresh(self)
  local now = core.clock()
  if now < self.next_look then return end
  self.next_look = now + RELOAD_SECONDS
  local stamp = core.file_stamp(self.path)
  if self.content and stamp == self.stamp then return end
  local ok, content, message = core.call_apart(read_content, self)
  if not ok then content, message = nil, ("%s: %s"):format(self.path, content) end
  self.stamp = stamp
  if content then
    self.content = content
  elseif not self.content then
    error(message, 0)
  else
    M.warn(message)
  end
end

--- A table over a file. `read` gives the content, with its `columns` if they are known, or nil and a
--- message; `find` looks a value up in it.
---@param key string? its column, by which values are looked up
---@param cell (fun(row: table, name: string?): any)? how a column is read
function M.of_file(path, read, find, key, cell)
  local self = setmetatable({
    path = searcher.beside(path), read = read, next_look = -math.huge, used = {}, key = key, cell = cell or column_of,
    find = function(self, value)
      refresh(self)
      return find(self.content, value)
    end,
  }, Table)
  local ok, message = pcall(refresh, self)
  if not ok then misuse.raise(message) end
  return self
end

--- A table that asks for each value.
---@param name string for messages
---@param ask fun(value: any): table?
---@param cell fun(row: table, name: string?): any
function M.of_function(name, ask, cell)
  return setmetatable({ path = name, used = {}, cell = cell, find = function(_, value) return ask(value) end }, Table)
end

return M

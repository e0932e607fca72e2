--- Whether the position of a checkpoint is one of a registry, and not of another one.
local core = require "oversight.core"

local M = {}

--- The value of a query's one row, or nil; also when there is no such table.
local function read_number(registry, sql)
  local query = registry:prepare(sql)
  if not query then return nil end
  local ok, row = pcall(query.first, query)
  query:close()
  return ok and row and row[1] or nil
end

--- The largest id that was ever given, or 0. A table without AUTOINCREMENT has its largest one.
local function largest_id(registry)
  return read_number(registry, "SELECT seq FROM sqlite_sequence WHERE name = 'events' COLLATE NOCASE")
    or read_number(registry, "SELECT max(id) FROM events") or 0
end

--- What is wrong with the position, and what to do about it; or nil.
---@param registry oversight.Registry
---@param db string its file
---@param path string the checkpoint's file
---@param state table<string, any> of siem.checkpoint.read
---@return string?
function M.problem(registry, db, path, state)
  local file, known = core.file_identity(db), state.registry_file
  -- Device and inode: when it was made, which the checkpoint has as well, is for the engine to compare.
  if known and file and known:match "^%d+:%d+" ~= file:gsub(" ", ":") then
    return ("the registry '%s' is another file than the one that the checkpoint was made for: give that one as " ..
      "--db. When this one has the same events (a copy), say so with " ..
      "'oversight-siem checkpoint set %s --last-id %d'"):format(db, path, state.last_id)
  end
  local largest = largest_id(registry)
  if largest < state.last_id then
    return ("the registry '%s' has given no id after %d, and the checkpoint is at event %d: it is another one, or " ..
      "was restored from a backup. Say from where on its events are new with 'oversight-siem checkpoint set', or " ..
      "start over with 'oversight-siem checkpoint reset'"):format(db, largest, state.last_id)
  end
end

return M

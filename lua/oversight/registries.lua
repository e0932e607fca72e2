--- Many registries in one source: files and patterns, the identity of each, and the files that are its own.
local core         = require "oversight.core"
local option_table = require "oversight.option_table"

local M = {}

---@class oversight.Member
---@field path string of the database; what its log lines and numbers are marked with
---@field registry_id string? nil: it could not be read
---@field problem string? why
---@field code string?

local ITEM_KEYS = { path = "string", registry_id = "string" }

--- What is wrong with an item of the list, or nil.
local function item_problem(item)
  if type(item) == "string" then return item == "" and "a path is empty" or nil end
  if type(item) ~= "table" then return "it has files, patterns, and { path =, registry_id = }, not a " .. type(item) end
  local problem = option_table.problem(item, ITEM_KEYS, { "path" })
  if problem then return problem end
  if item.path == "" then return "a path is empty" end
  if not item.registry_id then return end
  local possible
  possible, problem = core.registry_id_check(item.registry_id)
  return not possible and problem or nil
end

--- What is wrong with a list of registries, or nil. What is in the folders is not looked at.
---@return string?
function M.problem(list)
  if #list == 0 then return "registries is empty: give files or patterns" end
  for i, item in ipairs(list) do
    local problem = item_problem(item)
    if problem then return ("registries[%d]: %s"):format(i, problem) end
  end
end

--- Whether a path names more files than one: a pattern of the shell's, unless there is a file of that name.
---@param path string
---@return boolean
function M.is_pattern(path)
  local is_one = path:find "[*?]" or path:find "%[[^%]]+%]"
  return is_one ~= nil and core.is_regular_file(path) == nil
end

-- ---- finding them ----

--- The paths that an item names.
local function paths_of(item, may_be_none)
  local path = type(item) == "table" and item.path or item
  if not M.is_pattern(path) then return { path } end
  local paths, message = core.glob(path)
  if not paths then return nil, message, "io" end
  if #paths == 0 and not may_be_none then return nil, ("no file matches '%s'"):format(path), "not_found" end
  return paths
end

--- A registry with its identity: the one that is given, or that is kept beside it.
local function new_member(path, registry_id)
  local member = { path = path, registry_id = registry_id }
  if not registry_id then member.registry_id, member.problem, member.code = core.registry_identity(path) end
  return member
end

--- What is wrong with two registries of one identity: in a target that stores by id they overwrite each other.
---@param a oversight.Member
---@param b oversight.Member
function M.clash(a, b)
  return ("'%s' and '%s' have one identity, %s: give each its own, as NAME.identity.json beside NAME.sqlite"):format(
    a.path, b.path, a.registry_id)
end

--- All registries of a list, each once, in its order; one whose identity cannot be read is among them.
---@param list (string|{ path: string, registry_id: string? })[]
---@param may_be_none boolean? a pattern need not match yet
---@return oversight.Member[]?, string? message, string? code
function M.find(list, may_be_none)
  local members, places, identities = {}, {}, {}
  for _, item in ipairs(list) do
    local paths, message, code = paths_of(item, may_be_none)
    if not paths then return nil, message, code end
    for _, path in ipairs(paths) do
      local place = core.file_identity(path) or path
      if not places[place] then
        local member = new_member(path, type(item) == "table" and item.registry_id or nil)
        local other = identities[member.registry_id]
        if other then return nil, M.clash(other, member), "invalid" end
        members[#members + 1], places[place] = member, true
        if member.registry_id then identities[member.registry_id] = member end
      end
    end
  end
  return members
end

-- ---- files of their own ----

local PLACE = "{registry_id}"

--- Whether a path has a place for the identity, so that each registry has a file of its own.
---@param path string
---@return boolean
function M.is_own(path)
  return path:find(PLACE, 1, true) ~= nil
end

--- The path with the identity in its place.
---@param path string
---@param member oversight.Member
---@return string?, string? message, string? code
function M.fill(path, member)
  if not M.is_own(path) then return path end
  local id = member.registry_id
  if id:find "/" or id:find "^%." then
    return nil, ("the identity %s cannot be part of a file's name"):format(id), "invalid"
  end
  return (path:gsub("{registry_id}", (id:gsub("%%", "%%%%"))))
end

--- Whether a path names a folder, or is meant to.
local function is_folder(path)
  return path:find "/$" ~= nil or core.list_folder(path)[1] ~= nil
end

--- The checkpoint of a registry: in a folder, by a path with a place for the identity, or beside the database.
---@param checkpoint string?
---@param member oversight.Member
---@return string?, string? message, string? code
function M.checkpoint_of(checkpoint, member)
  if not checkpoint then return member.path .. ".checkpoint" end
  if M.is_own(checkpoint) then return M.fill(checkpoint, member) end
  return M.fill((checkpoint:gsub("/*$", "/")) .. PLACE .. ".checkpoint", member)
end

--- What is wrong with paths that all registries would share, or nil.
---@param checkpoint string?
---@param output string? a file or "-"
---@return string?
function M.files_problem(checkpoint, output)
  if checkpoint and not M.is_own(checkpoint) and not is_folder(checkpoint) then
    return ("'%s' cannot be the checkpoint of several registries: give a folder that is there, or a path with %s")
      :format(checkpoint, PLACE)
  end
  if output and output ~= "-" and not M.is_own(output) and core.is_regular_file(output) ~= false then
    return ("'%s' cannot be the output of several registries, as each has a file of its own: give a path with %s")
      :format(output, PLACE)
  end
end

return M

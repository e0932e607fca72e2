--- Kinds of events that somebody asks for: those of Oversight, and those that a registry has by itself.
local core    = require "oversight.core"
local nearest = require "oversight.nearest"
local tables  = require "oversight.tables"

local M = {}

--- Kinds that a message names.
local MOST_NAMED = 12

--- The first values of the rows of a query, or nil when the registry cannot be asked.
local function read(registry, sql, ...)
  local ran, list = pcall(function(...)
    local list = {}
    for row in assert(registry:query(sql, ...)) do list[#list + 1] = row[1] end
    return list
  end, ...)
  return ran and list or nil
end

--- Whether a registry has an event of a kind. One that cannot be asked may have it.
local function has(registry, kind)
  local found = read(registry, "SELECT 1 FROM events WHERE CAST(kind AS TEXT) COLLATE BINARY = ? LIMIT 1", kind)
  return not found or #found > 0
end

--- The kinds of Oversight, and those that a registry has.
local function known_kinds(registry)
  local known = {}
  for kind in pairs(core.action_by_kind) do known[kind] = true end
  local own = registry and read(registry,
    "SELECT DISTINCT CAST(kind AS TEXT) FROM events WHERE kind IS NOT NULL LIMIT ?", MOST_NAMED) or {}
  for _, kind in ipairs(own) do known[kind] = true end
  return tables.sorted_keys(known)
end

--- What is said of a kind that is unknown.
---@param registry oversight.Registry? whose kinds are named as well
local function describe(kind, registry)
  local known = known_kinds(registry)
  local near = nearest(kind, known)
  for i, name in ipairs(known) do known[i] = core.printable(name) end
  return ("no event has the kind '%s'%s; kinds: %s"):format(core.printable(kind),
    near and ("; did you mean '%s'?"):format(core.printable(near)) or "", table.concat(known, ", "))
end

--- The kinds of a text or a list, that are not Oversight's own.
local function others(asked)
  local list = {}
  for _, kind in ipairs(type(asked) == "table" and asked or { asked }) do
    if not core.action_by_kind[kind] then list[#list + 1] = kind end
  end
  return list
end

--- What is wrong with the kinds that are asked of a registry, or nil: one of Oversight's is known also before the
--- first event has it, any other by an event.
---@param registry oversight.Registry
---@param asked string|string[]|nil
---@return string?
function M.problem(registry, asked)
  for _, kind in ipairs(others(asked)) do
    if not has(registry, kind) then return describe(kind, registry) end
  end
end

--- The same for many registries: some event in any of them is enough.
---@param members oversight.Member[]
---@param asked string|string[]|nil
---@return string?
function M.problem_of_many(members, asked)
  for _, kind in ipairs(others(asked)) do
    local found = false
    for _, member in ipairs(members) do
      local registry = not found and core.registry_open { path = member.path, registry_id = "registry" }
      found = found or not registry or has(registry, kind)
      if registry then registry:close() end
    end
    if not found then return describe(kind) end
  end
end

return M

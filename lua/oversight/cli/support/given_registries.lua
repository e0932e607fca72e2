--- The registries that --db and --registry-id name: one, or many.
local core            = require "oversight.core"
local given_selection = require "oversight.cli.support.given_selection"
local lazy            = require "oversight.lazy"
local must            = require "oversight.cli.support.must"
local registries      = lazy "oversight.registries"

local M = {}

--- The identity of the only registry: the one that is given, or that is kept beside it.
local function identity_of(path, id)
  if id then
    local possible, problem = core.registry_id_check(id)
    if not possible then must.fail(problem, "usage") end
    return id
  end
  local known, message, code = core.registry_identity(path)
  if not known then must.fail(code == "not_found" and "--registry-id ID is missing" or message, "usage") end
  return known
end

--- What a pipeline reads, as it takes it: { path =, registry_id = }, or { registries = }.
---@param given table options of the command: db, registry_id, since, until, kind, limit
---@return table
function M.source_of(given)
  local paths, ids = given.db, given.registry_id or {}
  local source = given_selection.of(given)
  source.limit = given.limit
  if #paths == 1 and not (paths[1]:find "[*?[]" and registries.is_pattern(paths[1])) then
    source.path, source.registry_id = paths[1], identity_of(paths[1], ids[#ids])
    return source
  end
  if #ids > 0 and #ids ~= #paths then
    must.fail("give --registry-id once for each --db, in their order, or not at all", "usage")
  end
  source.registries = {}
  for i, path in ipairs(paths) do source.registries[i] = { path = path, registry_id = ids[i] } end
  local problem = registries.problem(source.registries)
  if problem then must.fail(problem, "usage") end
  return source
end

--- What is wrong with options that do not go with many registries, or nil.
---@param given table
---@param output string? a file or "-"
---@return string?
function M.problem(given, output)
  if given.truncate then return "--truncate does not go with several registries: each has a checkpoint" end
  if output == "-" and given.follow and (given.jobs or 1) > 1 then
    return "--jobs does not go with standard output: each thread writes by itself"
  end
  for _, name in ipairs { "limit", "until" } do
    if given[name] and given.follow and not given.dry_run then
      return ("--%s does not go with --follow of several registries: each would end by itself"):format(name)
    end
  end
  if given.receipt and not registries.is_own(given.receipt) then
    return "--receipt of several registries is a path with {registry_id}"
  end
  if given.tlog and not registries.is_own(given.tlog) then
    return "--tlog of several registries is a path or a URL with {registry_id}"
  end
  return registries.files_problem(given.checkpoint, output)
end

return M

--- Registries that a command looks at one by one: what is wrong with one does not end the others.
local must       = require "oversight.cli.support.must"
local program    = require "oversight.program"
local registries = require "oversight.registries"

local M = {}

--- Whether --db names many registries.
---@param paths string[]
---@return boolean
function M.are_many(paths)
  return #paths > 1 or registries.is_pattern(paths[1])
end

--- The registries that --db names, each with its identity; or the command ends.
---@param paths string[]
---@return oversight.Member[]
function M.find(paths)
  local list = {}
  for i, path in ipairs(paths) do list[i] = { path = path } end
  return must.have(registries.find(list))
end

--- The checkpoint of one of many: its identity is needed where that is part of the name.
---@param checkpoint string?
---@param member oversight.Member
---@return string
function M.checkpoint_of(checkpoint, member)
  if checkpoint and not member.registry_id then must.fail(member.problem, member.code) end
  return must.have(registries.checkpoint_of(checkpoint, member))
end

--- A path of one of many, with its identity in the place for it.
---@param path string
---@param member oversight.Member
---@return string
function M.fill(path, member)
  if registries.is_own(path) and not member.registry_id then must.fail(member.problem, member.code) end
  return must.have(registries.fill(path, member))
end

--- What `look` gives; or nil and how it ended. A request to stop ends the command.
---@return any, { message: string|false|nil, code: string? }? failure
function M.try(look, ...)
  local ok, found = pcall(look, ...)
  if program.stop_requested() then must.fail "stopped on request" end
  if ok then return found end
  local failure = must.failure(found)
  if not failure then error(found, 0) end
  return nil, failure
end

return M

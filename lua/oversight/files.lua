--- The files of pipelines: one that is written must not be another one, nor a registry.
local core = require "oversight.core"

local M = {}

---@class oversight.Files
---@field db string? the registry
---@field output string? "-" is none
---@field dead_letter string?
---@field checkpoint string?
---@field receipt string?

--- The names beside a file that its owner uses as well.
local BESIDE = {
  registry = { "", "-wal", "-shm", "-journal" }, checkpoint = { "", ".new", ".lock" }, numbers = { "", ".new" },
  output = { "" }, ["dead letter"] = { "" }, receipt = { "" },
}

--- The file that was recorded and that `name` names as well: by its place, or by another link. Inodes say
--- only which ones to compare: beside exports at work, the one of a file that was replaced is used again.
local function find(taken, name, place, inode)
  if taken[place] then return taken[place] end
  local other = inode and taken[inode]
  return other and core.same_file(name, other.name) and other or nil
end

--- Records the names of a file; or nil and what is wrong. Files of kind `alike` may be one another.
local function claim(taken, path, kind, alike)
  for _, suffix in ipairs(BESIDE[kind]) do
    local name = path .. suffix
    local place, inode = core.file_place(name) or name, core.file_identity(name)
    local other = find(taken, name, place, inode)
    if other and not (alike and other.kind == kind) then
      return nil, ("cannot write to %s: it is %s"):format(name, other.what), "invalid"
    end
    other = other or { name = name, kind = kind,
      what = kind == "registry" and "the registry " .. path or "another output (" .. kind .. ")" }
    taken[place] = other
    if inode then taken[inode] = other end
  end
  return true
end

--- A pipe, a device, or nothing, can be written by all.
local function is_file(path)
  if not path or path == "-" or path:find "^/dev/std" or path:find "^/dev/fd/" then return false end
  return core.is_regular_file(path) ~= false
end

--- What is written, in the order in which it is checked.
local WRITTEN = { { "output", "output" }, { "dead letter", "dead_letter" }, { "checkpoint", "checkpoint" },
  { "receipt", "receipt" } }

--- Refuses to write over a registry, its log, or one output over another.
---@param list oversight.Files[] of each pipeline
---@param numbers string? the file that --metrics names
---@param in_turn boolean? the pipelines run one after the other, and may add to one file
---@return true?, string? message, string? code
function M.check(list, numbers, in_turn)
  local taken = {}
  for _, files in ipairs(list) do
    if files.db then claim(taken, files.db, "registry", true) end
  end
  for _, written in ipairs(WRITTEN) do
    local kind, key = table.unpack(written)
    for _, files in ipairs(list) do
      if is_file(files[key]) then
        local apart, message, code = claim(taken, files[key], kind, in_turn and kind ~= "checkpoint")
        if not apart then return nil, message, code end
      end
    end
  end
  if not is_file(numbers) then return true end
  return claim(taken, numbers, "numbers")
end

return M

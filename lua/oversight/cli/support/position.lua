--- Whether the position of a checkpoint is one of a registry, and not of another one.
local core = require "oversight.core"

local M = {}

--- The message for each answer: of the registry's file, the checkpoint's, its last id, and the largest id given.
local PROBLEMS = {
  other_file = function(db, path, last_id)
    return ("the registry '%s' is another file than the one that the checkpoint was made for: give that one as " ..
      "--db. When this one has the same events (a copy), say so with " ..
      "'oversight-siem checkpoint set %s --last-id %d'"):format(db, path, last_id)
  end,
  ids_back = function(db, _, last_id, largest)
    return ("the registry '%s' has given no id after %d, and the checkpoint is at event %d: it is another one, or " ..
      "was restored from a backup. Say from where on its events are new with 'oversight-siem checkpoint set', or " ..
      "start over with 'oversight-siem checkpoint reset'"):format(db, largest, last_id)
  end,
  other_event = function(db, _, last_id)
    return ("event %d of the registry '%s' is not the one that was exported: the registry was restored or made " ..
      "again. Say from where on its events are new with 'oversight-siem checkpoint set', or start over with " ..
      "'oversight-siem checkpoint reset'"):format(last_id, db)
  end,
}

--- What is wrong with the position, and what to do about it; or nil. That it cannot be compared is wrong as well.
---@param registry oversight.Registry
---@param db string its file
---@param path string the checkpoint's file
---@param last_id integer of the checkpoint
---@return string?
function M.problem(registry, db, path, last_id)
  local answer, detail = core.checkpoint_compare(path, registry)
  if not answer then return detail end
  local describe = PROBLEMS[answer]
  return describe and describe(db, path, last_id, detail)
end

return M

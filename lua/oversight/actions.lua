--- The action that a record names for each beacon kind.
local core = require "oversight.core"

local M = {}

---@type table<string, string>
M.by_kind = core.action_by_kind

--- For a kind that is not in the table: this text, followed by the kind.
M.for_unknown = { prefix = "beacon-" }

return M

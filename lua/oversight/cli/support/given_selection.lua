--- The events of a registry that a command is about: --since, --until and --kind.
local core   = require "oversight.core"
local tables = require "oversight.tables"

local M = {}

M.options = {
  { "--since", value = "TIME", time = true,
    help = "only events of this time or later: 2026-01-02T03:04:05Z, 2026-01-02 (midnight in UTC), now, -1h or 2d " ..
      "(ago; s, m, h, d, w), or seconds since 1970" },
  { "--until", value = "TIME", time = true, help = "only events before this time" },
  { "--kind", value = "KIND", many = true, complete = tables.sorted_keys(core.action_by_kind),
    help = "only events of this kind, as dns; again for each of several" },
}

--- A command's own options with these.
function M.with_options(own)
  for _, option in ipairs(M.options) do own[#own + 1] = option end
  return own
end

--- The same as keys of a registry, for a source or for siem.registry.open.
---@param given table options of the command
---@return { since: integer?, before: integer?, kind: string[]? }
function M.of(given)
  return { since = given.since, before = given["until"], kind = given.kind }
end

return M

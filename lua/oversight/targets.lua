--- What SIEMs accept: rules over the fields of a record, for `oversight-siem check`.
local ecs      = require "oversight.targets.ecs"
local sentinel = require "oversight.targets.sentinel"
local splunk   = require "oversight.targets.splunk"

--- Called for each rule that is broken. The level is "error" (when omitted) or "warning".
---@alias oversight.Complain fun(path: string, reason: string, level: string?)

--- Calls complain for what a target would not accept. `custom` has the top-level names that a site declared.
---@alias oversight.Target fun(fields: oversight.Fields, complain: oversight.Complain, custom: table<string, true>)

---@type table<string, oversight.Target>
local M = {
  ecs      = ecs.check,
  sentinel = sentinel.check,
  splunk   = splunk.check,
}

return M

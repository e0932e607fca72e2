--- What SIEMs accept: rules over the fields of a record, for `oversight-siem check`.

--- Called for each rule that is broken. The level is "error" (when omitted) or "warning".
---@alias oversight.Complain fun(path: string, reason: string, level: string?)

--- Calls complain for what a target would not accept. `custom` has the top-level names that a site declared.
---@alias oversight.Target fun(fields: oversight.Fields, complain: oversight.Complain, custom: table<string, true>)

---@type table<string, oversight.Target>
return {
  ecs      = require("oversight.targets.ecs").check,
  sentinel = require("oversight.targets.sentinel").check,
  splunk   = require("oversight.targets.splunk").check,
}

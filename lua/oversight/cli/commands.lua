--- The commands, in the order of the help, and what all of them take.
---
--- A command is a module of its own that gives { summary, usage, examples, options, notes, run }. All that is said
--- of options, in help, completions and manual pages, comes from these tables.
local M = {}

M.names = {
  "export", "replay", "ping", "run", "try", "diff", "check", "formats", "where", "converters", "sinks", "checkpoint",
  "status", "doctor", "reconcile", "verify", "inspect", "sign",
}

M.summary = "Exports the beacon events of an Oversight registry to a SIEM"

M.examples = {
  "oversight-siem export --db registry.sqlite -f ecs --limit 3 --pretty",
  "oversight-siem export --db registry.sqlite --to splunk --url https://splunk:8088 --token @hec.token " ..
    "--checkpoint siem.checkpoint --follow",
}

--- What every command takes.
M.options = {
  { "--lua-path", value = "FOLDER", many = true, help = "look for Lua files in this folder first" },
  { "--max-instructions", value = "N", natural = true,
    help = "of a format's function for one event (default: 100 million)" },
  { "--max-memory", value = "MIB", natural = true, help = "for Lua, in MiB (default: 512)" },
  { "--color", value = "always|never|auto",
    help = "colours of results and messages (default: auto, on a terminal without NO_COLOR)" },
  { "--help", "-h", instead = true, help = "show this help; with --to KIND, the options of that target as well" },
  { "--version", "-v", instead = true, help = "show the version, and the features of this build" },
}

--- Exit statuses, as the README documents them.
M.statuses = {
  { 0, "done" },
  { 1, "failed" },
  { 2, "wrong usage" },
  { 3, "done but events were refused" },
  { 4, "held: fix the target's set-up, the credentials or the registry's rights first" },
  { 130, "stopped by Ctrl-C" },
}

--- A command with what every command takes; nil when there is none of that name.
---@param name string
---@return table?
function M.load(name)
  for _, known in ipairs(M.names) do
    if known == name then
      local command = require("oversight.cli." .. name)
      if not command.has_common then
        table.move(M.options, 1, #M.options, #command.options + 1, command.options)
        command.has_common = true
      end
      return command
    end
  end
end

return M

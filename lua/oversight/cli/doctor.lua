--- oversight-siem doctor: whether all that an export needs is there and right, and what to do where it is not.
local examination     = require "oversight.cli.support.examination"
local file_checks     = require "oversight.cli.support.file_checks"
local given_sink      = require "oversight.cli.support.given_sink"
local registry_checks = require "oversight.cli.support.registry_checks"
local target_checks   = require "oversight.cli.support.target_checks"

local M = {
  summary = "Checks what an export needs: rights, table, clock, target, disk",
  usage   = "--db FILE [--to KIND ...] [--checkpoint FILE]",
  examples = {
    "oversight-siem doctor --db registry.sqlite",
    "oversight-siem doctor --db registry.sqlite --to splunk --url https://splunk:8088 --token @hec.token " ..
      "--checkpoint siem.checkpoint",
  },
  options = given_sink.with_targets {
    { "--db", value = "FILE", required = true, help = "the registry's SQLite database" },
    { "--registry-id", value = "ID", help = "as export is given it" },
    { "--format", "-f", value = "NAME", complete = "format",
      help = "the format whose fields the table must have (default: what suits --to)" },
    { "--output", "-o", value = "FILE|URL", help = "in place of --to, as export is given it" },
    { "--checkpoint", value = "FILE",
      help = "of the export (default: FILE.checkpoint beside the database, if it is there)" },
    { "--dead-letter", value = "FILE", help = "of the export" },
    { "--json", help = "for programs" },
  },
  notes = "Run it as the user who exports. Nothing is written and no event is sent.\n" ..
    "Exit status: 0 nothing has failed, 1 something has, 2 wrong usage, 4 all that failed is\n" ..
    "the set-up: of the target, the credentials, the checkpoint or rights.",
}

function M.run(given)
  local kind = given_sink.kind_of(given)
  local found = examination.new()
  registry_checks.run(found, given, kind)
  if kind then target_checks.run(found, given, kind) end
  file_checks.run(found, given, kind)
  if given.json then found:print_json() else found:print() end
  return found:answer()
end

return M

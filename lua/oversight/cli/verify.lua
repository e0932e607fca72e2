--- oversight-siem verify: whether the rows of a registry are what its transparency log says.
local given_registry = require "oversight.cli.support.given_registry"
local program        = require "oversight.program"
local receipt_report = require "oversight.cli.support.receipt_report"
local registries     = require "oversight.registries"
local siem           = require "oversight.siem"
local text           = require "oversight.cli.support.text"

local MOST_SHOWN, MOST_SHOWN_JSON = 20, 1000

--- What a row has that no leaf proves.
local NOT_COVERED = { "id", "issuer_id", "timestamp (the integer)", "extra, except qname and qtype of dns",
  "user_agent of dns", "columns of the site" }

local print = require("oversight.output").print

local M = {
  summary = "Checks that a registry's rows are what its signed log says",
  usage   = "(--db FILE --tlog FILE|URL | --receipt FILE [--file OUT...])",
  examples = {
    "oversight-siem verify --db registry.sqlite --tlog leaves.jsonl",
    "oversight-siem verify --receipt receipts.jsonl --file events.jsonl",
  },
  options = {
    arguments = { 0, 100000, "FILE" },
    { "--db", value = "FILE", many = true, help = "the registry's SQLite database" },
    { "--tlog", value = "FILE|URL", help = "its leaves.jsonl, or the URL of the registry" },
    { "--head", value = "FILE|URL", help = "what the registry signed: a file with the answer of /tlog/head, or the " ..
      "URL of the registry (default: that of --tlog)" },
    { "--registry-id", value = "KEY", help = "the registry's public key, 64 hex digits, by which the head is signed" },
    { "--since-head", value = "FILE", help = "an older head, whose log this one must continue" },
    { "--receipt", value = "FILE", help = "instead: check the receipts of an export" },
    { "--receipt-key", value = "FILE", help = "by the public key that signs them, in PEM" },
    { "--file", value = "OUT", many = true, help = "and by all files that it wrote, in order: each byte" },
    { "--json", help = "for programs" },
  },
  notes = "Without --head and --registry-id, the rows are compared with the log alone.\n" ..
    "That proves nothing: a user who can write both can change both. Exit status:\n" ..
    "0 proved, 1 not proved, or it failed, 2 wrong usage, 3 proved, except rows\n" ..
    "that never had a leaf, 4 held.",
}

-- ---- the report ----

local function describe_finding(finding)
  local parts = {}
  for _, part in ipairs { { "row", finding.row }, { "leaf", finding.leaf }, { "line", finding.line } } do
    if part[2] then parts[#parts + 1] = ("%s %d"):format(part[1], part[2]) end
  end
  if finding.other then
    parts[#parts + 1] = ("%s %d"):format(finding.row and "fits leaf" or "head of size", finding.other)
  end
  local line = table.concat(parts, ", ")
  return finding.detail and ("%s: %s"):format(line, text.printable(finding.detail)) or line
end

local function print_group(group)
  print(("\n%s%s: %d"):format(group.title:sub(1, 1):upper(), group.title:sub(2), group.count))
  for _, finding in ipairs(group.first) do print("  " .. describe_finding(finding)) end
  if group.count > #group.first then print(("  and %d more"):format(group.count - #group.first)) end
end

--- What the leaves rest on.
local function describe_head(report, head)
  if not head then return "none: the log itself is not proved" end
  local signature = report.signed and "signed by the registry" or "its signature is not proved"
  return ("%d leaves, root %s, %s"):format(head.size, head.root, signature)
end

--- Whether rows and log agree.
local function agreement_of(report)
  local status = "ok"
  for _, group in ipairs(report.findings) do
    if group.name ~= "row_never_logged" then return "failed" end
    status = "refused"
  end
  return status
end

--- A user who can write both can make them agree: without a signature nothing is proved.
local function status_of(report)
  return report.signed and agreement_of(report) or "failed"
end

local CONCLUSIONS = {
  ok = "Proved: each row is what its leaf says.",
  refused = "Proved, except the rows that never had a leaf.",
  failed = "Not proved.",
}

--- Without a head that is signed, rows and log agree, and nothing more is known.
local function conclude(report, status)
  if not report.signed and agreement_of(report) ~= "failed" then
    return "Not proved: rows and log agree, but the log itself is not proved. Give --head and --registry-id."
  end
  return CONCLUSIONS[status]
end

local function print_report(given, report, head, status)
  print(("Log           %s: %d leaves, of which %d are callbacks"):format(
    text.printable(given.tlog), report.leaves, report.callbacks))
  print("Root          " .. (report.root or "unknown, as leaves are missing"))
  print("Head          " .. describe_head(report, head))
  print(("Rows          %d, of which %d are what their leaf says"):format(report.rows, report.proved))
  if report.after_head > 0 then
    print(("After head    %d of these, whose leaf the head does not have"):format(report.after_head))
  end
  print("Not covered   " .. table.concat(NOT_COVERED, "; "))
  for _, group in ipairs(report.findings) do print_group(group) end
  print("\n" .. conclude(report, status))
end

local function print_json(report, head, status)
  local findings = siem.object {}
  for _, group in ipairs(report.findings) do
    findings[group.name] = { count = group.count, first = siem.array(group.first) }
  end
  print(siem.json.encode {
    status = status == "failed" and "not_proved" or status == "refused" and "proved_but_never_logged" or "proved",
    leaves = report.leaves, callbacks = report.callbacks, rows = report.rows, proved = report.proved,
    after_head = report.after_head, signed = report.signed, root = report.root, head = head, findings = findings,
    not_covered = siem.array(NOT_COVERED),
  })
end

-- ---- the check ----

local function go_on() return not program.stop_requested() end

local function read_head(source)
  return siem.tlog.head { source = source, go_on = go_on }
end

--- The heads that are given, or nil and the reason.
local function read_heads(given)
  local source = given.head or given.tlog:find "^https?://" and given.tlog
  local head, since_head, message, code
  if source then
    head, message, code = read_head(source)
    if not head then return nil, message, code end
  end
  if given.since_head then
    since_head, message, code = read_head(given.since_head)
    if not since_head then return nil, message, code end
  end
  return { head = head, since_head = since_head }
end

--- Opens the log after its registry and its head: each row that was there has its leaf by then.
local function verify(given, registry)
  local heads, message, code = read_heads(given)
  if not heads then return nil, message, code end
  local tlog
  tlog, message, code = siem.tlog.open { source = given.tlog, go_on = go_on }
  if not tlog then return nil, message, code end
  local report
  report, message, code = tlog:verify {
    registry = registry, head = heads.head, since_head = heads.since_head, registry_id = given.registry_id,
    most = given.json and MOST_SHOWN_JSON or MOST_SHOWN,
  }
  tlog:close()
  if not report then return nil, message, code end
  return report, heads.head
end

local function is_key(key)
  return #key == 64 and key:find "^%x+$" ~= nil
end

--- What is wrong with the options, or nil.
local function check_options(given)
  if not given.receipt and not (given.db and given.tlog) then
    return "give --db FILE and --tlog FILE|URL, or --receipt FILE"
  end
  if given.receipt and (given.db or given.tlog) then return "give either --receipt, or --db and --tlog" end
  if not given.receipt and (given.file or given.receipt_key) then return "--file and --receipt-key need --receipt" end
  if #given > 0 and not given.file then return "files are given after --file" end
  if given.db and (#given.db > 1 or registries.is_pattern(given.db[1])) then
    return "--db names one registry: each is proved by a key of its own, so run verify for each"
  end
end

function M.run(given)
  local problem = check_options(given)
  if problem then return nil, problem, "usage" end
  if given.receipt then return receipt_report.run(given) end
  if given.registry_id and not is_key(given.registry_id) then
    return nil, "--registry-id takes the registry's public key, 64 hex digits: ed25519_pub, as the registry has it",
      "usage"
  end
  local registry, message, code = given_registry.open {
    path = given.db[1], registry_id = given.registry_id or "registry", follow = true,
  }
  if not registry then return nil, message, code end
  local report, head
  report, head, code = verify(given, registry)
  registry:close()
  if not report then return nil, head, code end
  local status = status_of(report)
  if given.json then print_json(report, head, status) else print_report(given, report, head, status) end
  if status == "failed" then return "incomplete" end
  return status
end

return M

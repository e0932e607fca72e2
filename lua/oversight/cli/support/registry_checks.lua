--- Checks of a registry for an export: rights of both users, identity, table, order of ids, clock.
local core           = require "oversight.core"
local given_format   = require "oversight.cli.support.given_format"
local given_registry = require "oversight.cli.support.given_registry"
local numbers        = require "oversight.cli.support.numbers"
local siem           = require "oversight.siem"

local M = {}

--- Seconds that clocks may differ.
local SKEW = 60

--- The columns of `events` that an Oversight registry makes.
local COLUMNS = {
  "id", "token_id", "file_id", "recipient_id", "issuer_id", "kind", "source_ip", "user_agent", "extra", "timestamp",
  "qualified_timestamp", "tlog_index",
}

local REMEDIES = {
  not_found = "give the path of the registry's database as --db",
  schema = "give the database of an Oversight registry as --db",
  locked = "find the program that keeps the registry locked, and end its transaction",
}

-- ---- rights ----

--- The registry's own program, as the owner of the database: it must be able to write all of these.
local function check_owner(findings, path)
  local owner, name = core.file_owner(path)
  local real = owner and core.absolute_path(path)
  if not real then return end
  local folder = real:match "^(.*/)"
  if not core.user_may(owner, folder, "wx") then
    return findings:fail("owner", ("user %s, who owns the registry, may not make its write-ahead log in '%s'"):format(
      name, folder), ("as root: chown %s '%s', or give that user a group that may write there"):format(name, folder),
      "held")
  end
  for _, suffix in ipairs { "", "-wal", "-shm" } do
    local file = real .. suffix
    if core.user_may(owner, file, "rw") == false then
      local _, other = core.file_owner(file)
      return findings:fail("owner", ("user %s, who owns the registry, may not write '%s', which belongs to %s"):format(
        name, file, other), ("stop the export; as root: chown %s '%s'"):format(name, file), "held")
    end
  end
  findings:ok("owner", ("user %s, who owns the registry, may write it and its log"):format(name))
end

--- This user, who exports.
local function check_reader(findings, path)
  local user = core.user()
  local _, owner = core.file_owner(path)
  if user == "root" and owner ~= "root" then
    return findings:warn("rights", "root may read all: this shows nothing of the user who exports",
      "run doctor as that user: sudo -u USER oversight-siem doctor ...")
  end
  findings:ok("rights", ("user %s may read the registry and its log"):format(user))
end

-- ---- what is in it ----

local function check_identity(findings, given)
  local id = given.registry_id
  if id then
    local possible, problem = core.registry_id_check(id)
    if possible then return findings:ok("identity", "records get the registry_id " .. id) end
    return findings:fail("identity", problem, "give another --registry-id")
  end
  local known, problem, code = core.registry_identity(given.db)
  if known then
    findings:ok("identity", ("records get the registry_id %s, from beside the database"):format(known))
  elseif code == "not_found" then
    findings:warn("identity", "there is no identity.json beside the database",
      "give the registry's public identity to export as --registry-id ID")
  else
    findings:fail("identity", problem, "correct that file, or give --registry-id ID")
  end
end

--- The names of one list that are not in another one.
local function others(names, known)
  local is_known, list = {}, {}
  for _, name in ipairs(known) do is_known[name:lower()] = true end
  for _, name in ipairs(names) do
    if not is_known[name:lower()] then list[#list + 1] = name end
  end
  return list
end

--- The columns, and those that the format reads.
local function check_table(findings, given, registry, kind)
  local columns = registry:columns()
  local missing, own = others(COLUMNS, columns), others(columns, COLUMNS)
  local what = ("%d of Oversight's %d columns"):format(#COLUMNS - #missing, #COLUMNS)
  if #own > 0 then what = ("%s, and of the site: %s"):format(what, table.concat(own, ", ")) end
  local name = given.format or kind and kind.format
  local known, message = true, nil
  if name then known, message = given_format.load({}, name) end
  if name and known then known, message = given_format.mapping(known):check(registry) end
  if not known then
    return findings:fail("table", ("%s; format %s: %s"):format(what, name, message),
      "correct the format, or give another")
  end
  if name then what = ("%s; all that format %s reads are there"):format(what, name) end
  if #missing == 0 then return findings:ok("table", what) end
  findings:warn("table", ("%s; missing: %s"):format(what, table.concat(missing, ", ")),
    "update the registry's program, unless it is of an older version: records have no such field")
end

local function check_order(findings, survey)
  if survey.count == 0 then return findings:ok("order", "there is no event yet") end
  local ids = ("%s event(s), ids %d to %d in order"):format(numbers.count(survey.count), survey.first_id,
    survey.last_id)
  findings:ok("order", survey.follows and ids .. ", and so are their times" or
    ("%s; times go back, first at id %d: an export without a checkpoint sorts them"):format(ids, survey.first_break))
end

--- How many events are of a time that has not come, and the first of them.
local function count_ahead(registry, now)
  local rows = given_registry.rows(registry, "SELECT count(*), min(id) FROM events WHERE " ..
    "typeof(timestamp) IN ('integer', 'real') AND timestamp > ?", now + SKEW)
  if rows then return rows[1][1], rows[1][2] end
  return 0
end

local function check_clock(findings, registry, survey, now)
  local ahead, first = count_ahead(registry, now)
  if ahead > 0 then
    return findings:warn("clock", ("%s event(s) are of a time that has not come, the first is event %d"):format(
      numbers.count(ahead), first), "set the clocks of this machine and of the registry's by NTP: SIEMs hide such " ..
      "events")
  end
  if survey.timeless > 0 then
    return findings:warn("clock", ("%s event(s) have no time, the first is event %d"):format(
      numbers.count(survey.timeless), survey.first_timeless), "export with --dead-letter FILE: some targets refuse " ..
      "them")
  end
  if not survey.last then return findings:ok("clock", "there is no event to compare the clock with") end
  findings:ok("clock", ("the newest event is of %s, %s ago"):format(siem.iso8601(survey.last),
    numbers.duration(math.max(now - math.floor(survey.last), 0))))
end

--- Checks a registry.
---@param findings oversight.Examination
---@param given table options of the command: db, registry_id, format
---@param kind oversight.SinkKind? of the target
function M.run(findings, given, kind)
  check_owner(findings, given.db) -- before SQLite makes the log, or removes it
  local registry, message, code = given_registry.open { path = given.db, registry_id = "registry" }
  if registry then findings:ok("registry", ("'%s' can be read"):format(given.db))
  else findings:fail("registry", message, REMEDIES[code], code) end
  if not registry then return end
  check_reader(findings, given.db)
  check_identity(findings, given)
  check_table(findings, given, registry, kind)
  local now = os.time()
  local survey
  survey, message, code = registry:survey(now)
  if survey then
    check_order(findings, survey)
    check_clock(findings, registry, survey, now)
  else
    findings:fail("order", message, code == "io" and "restore the registry from a backup" or REMEDIES[code], code)
  end
  registry:close()
end

return M

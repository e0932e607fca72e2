--- What is in a registry, as numbers: what `inspect` prints, shows as a page, and gives to programs.
local core           = require "oversight.core"
local given_registry = require "oversight.cli.support.given_registry"
local must           = require "oversight.cli.support.must"
local network_of     = require "oversight.cli.support.network_of"
local siem           = require "oversight.siem"

local rows = given_registry.rows

local M = {}

--- How many of the most frequent values are shown.
M.MOST = 10

---@class oversight.Ranking
---@field distinct integer? how many different values there are
---@field most { label: any, count: integer }[]? the most frequent first
---@field problem string? why it is unknown

--- An event has a time when its timestamp is a number, not 0, in the years 1 to 9999.
local HAS_TIME = "typeof(timestamp) IN ('integer', 'real') AND timestamp <> 0 " ..
  "AND timestamp >= -62135596800 AND timestamp < 253402300800"

-- ---- tokens ----

--- Why tokens cannot be compared with `beacons`, or nil. No export reads that table.
local function incomparable(registry)
  local columns, problem = rows(registry, "SELECT 1 FROM pragma_table_info('beacons') WHERE name = 'token_id'")
  if columns and #columns == 0 then return "the registry has no table 'beacons' to compare tokens with" end
  if columns then columns, problem = rows(registry, "SELECT token_id FROM beacons LIMIT 1") end
  return not columns and "tokens cannot be compared with 'beacons': " .. problem or nil
end

--- Tokens of events that no row of `beacons` knows: from another registry, or made up.
---@param registry oversight.Registry
---@return oversight.Ranking
function M.unknown_tokens(registry)
  local problem = incomparable(registry)
  if problem then return { problem = problem } end
  local is_unknown = ("WHERE (%s) AND token_id NOT IN " ..
    "(SELECT b.token_id FROM beacons AS b WHERE b.token_id IS NOT NULL)"):format(registry:condition())
  local total = must.have(rows(registry,
    "SELECT count(DISTINCT token_id COLLATE BINARY) FROM events " .. is_unknown))
  local most = must.have(rows(registry, "SELECT token_id AS label, count(*) AS count FROM events " .. is_unknown ..
    " GROUP BY token_id COLLATE BINARY ORDER BY count DESC, token_id COLLATE BINARY LIMIT ?", M.MOST))
  return { distinct = total[1][1], most = most }
end

-- ---- days ----

--- Events of each day by kind: { label = "2026-01-31", count =, kinds = { { label =, count = } } }.
local function read_days(registry)
  local days = {}
  local list = must.have(rows(registry, ("SELECT date(timestamp, 'unixepoch'), CAST(kind AS TEXT) AS kind, count(*) " ..
    "FROM events WHERE (%s) AND %s GROUP BY 1, CAST(kind AS TEXT) COLLATE BINARY ORDER BY 1, 3 DESC, 2"):format(
    registry:condition(), HAS_TIME)))
  for _, row in ipairs(list) do
    local day = days[#days]
    if not day or day.label ~= row[1] then
      day = { label = row[1], count = 0, kinds = {} }
      days[#days + 1] = day
    end
    day.count = day.count + row[3]
    day.kinds[#day.kinds + 1] = { label = row.kind, count = row[3] }
  end
  return days
end

-- ---- most frequent values ----

local function has_column(registry, name)
  for _, column in ipairs(registry:columns()) do
    if column:lower() == name then return true end
  end
  return false
end

--- The most frequent values of a column.
local function rank_column(registry, name)
  if not has_column(registry, name) then return { problem = ("the registry has no column '%s'"):format(name) } end
  local where = (" FROM events WHERE (%s) AND %s IS NOT NULL"):format(registry:condition(), name)
  local total = must.have(rows(registry, ("SELECT count(DISTINCT CAST(%s AS TEXT) COLLATE BINARY)%s"):format(name,
    where)))
  local most = must.have(rows(registry, ("SELECT CAST(%s AS TEXT) AS label, count(*) AS count%s " ..
    "GROUP BY CAST(%s AS TEXT) COLLATE BINARY ORDER BY count DESC, label LIMIT ?"):format(name, where, name), M.MOST))
  return { distinct = total[1][1], most = most }
end

--- The most frequent networks of addresses, of which there may be as many as events.
local function rank_networks(registry)
  if not has_column(registry, "source_ip") then return { problem = "the registry has no column 'source_ip'" } end
  local counts, most = {}, {}
  local list = must.have(registry:query(("SELECT CAST(source_ip AS TEXT), count(*) FROM events WHERE (%s) " ..
    "AND source_ip IS NOT NULL GROUP BY 1"):format(registry:condition())))
  for row in list do
    local network = network_of(row[1])
    counts[network] = (counts[network] or 0) + row[2]
  end
  for network, count in pairs(counts) do most[#most + 1] = { label = network, count = count } end
  table.sort(most, function(a, b) return a.count > b.count or a.count == b.count and a.label < b.label end)
  return { distinct = #most, most = table.move(most, 1, math.min(#most, M.MOST), 1, {}) }
end

-- ---- all of it ----

---@class oversight.Inspection
---@field path string
---@field now integer when it was read
---@field survey oversight.Survey
---@field days { label: string, count: integer, kinds: { label: string?, count: integer }[] }[]
---@field documents oversight.Ranking
---@field recipients oversight.Ranking
---@field networks oversight.Ranking
---@field unknown_tokens oversight.Ranking

--- Reads all numbers; or the command ends.
---@param registry oversight.Registry
---@param path string
---@return oversight.Inspection
function M.read(registry, path)
  local now = os.time()
  return {
    path = path, now = now, survey = must.have(registry:survey(now)), days = read_days(registry),
    documents = rank_column(registry, "file_id"), recipients = rank_column(registry, "recipient_id"),
    networks = rank_networks(registry), unknown_tokens = M.unknown_tokens(registry),
  }
end

-- ---- for programs ----

--- A list of { key = label, events = count }.
local function list_of(key, list)
  local out = siem.array {}
  for i, one in ipairs(list) do
    out[i] = siem.object({ [key] = one.label == nil and siem.null or one.label, events = one.count }, { key, "events" })
  end
  return out
end

local function ranking_of(ranking)
  if ranking.problem then return { problem = ranking.problem } end
  return siem.object({ distinct = ranking.distinct, most = list_of("value", ranking.most) }, { "distinct", "most" })
end

local function days_of(days)
  local out = siem.array {}
  for i, day in ipairs(days) do
    out[i] = siem.object({ day = day.label, events = day.count, kinds = list_of("kind", day.kinds) },
      { "day", "events", "kinds" })
  end
  return out
end

--- The numbers as JSON text.
---@param found oversight.Inspection
---@return string
function M.encode(found)
  local survey = found.survey
  return (assert(siem.json.encode(siem.object({
    registry = found.path, read = siem.iso8601(found.now), events = survey.count, first_id = survey.first_id,
    last_id = survey.last_id, first = survey.first and siem.iso8601(survey.first),
    last = survey.last and siem.iso8601(survey.last), follows = survey.follows, first_break = survey.first_break,
    timeless = survey.timeless, old = survey.old, ahead = survey.ahead, kinds = list_of("kind", survey.kinds),
    days = days_of(found.days), documents = ranking_of(found.documents), recipients = ranking_of(found.recipients),
    networks = ranking_of(found.networks), unknown_tokens = ranking_of(found.unknown_tokens),
  }, {
    "registry", "read", "events", "first_id", "last_id", "first", "last", "follows", "first_break", "timeless", "old",
    "ahead", "kinds", "days", "documents", "recipients", "networks", "unknown_tokens",
  }))))
end

-- ---- periods ----

--- Adds the counts of the kinds of one day to those of a period.
local function add_kinds(kinds, more)
  for _, kind in ipairs(more or {}) do
    local key = kind.label == nil and false or kind.label
    kinds[key] = (kinds[key] or 0) + kind.count
  end
end

--- The label that comes next.
local NEXT = {
  day = function(label) return siem.iso8601(core.time(label) + 86400):sub(1, 10) end,
  month = function(label)
    local year, month = label:match "^(%d+)-(%d+)$"
    local months = tonumber(year) * 12 + tonumber(month)
    return ("%04d-%02d"):format(months // 12, months % 12 + 1)
  end,
  year = function(label) return ("%04d"):format(tonumber(label) + 1) end,
}

--- The same periods with those between them that have no event; as they are when these are too many.
local function with_gaps(list, name, most)
  local all = {}
  for i, period in ipairs(list) do
    local label = i > 1 and NEXT[name](list[i - 1].label) or period.label
    while label < period.label and #all < most do
      all[#all + 1] = { label = label, count = 0, kinds = {} }
      label = NEXT[name](label)
    end
    all[#all + 1] = period
  end
  return all
end

local PERIODS = { { "day", 10 }, { "month", 7 }, { "year", 4 } }

--- Days, or months or years when there are many days: each with its count, and counts by kind (false: none).
---@param days { label: string, count: integer, kinds: table[]? }[]
---@param most integer
---@param has_gaps boolean? periods without an event are among them
---@return { label: string, count: integer, kinds: table }[] periods, string name "day", "month" or "year"
---@return boolean is_cut earlier years are not among them
function M.periods(days, most, has_gaps)
  local list
  for _, period in ipairs(PERIODS) do
    list = {}
    for _, day in ipairs(days) do
      local label, last = day.label:sub(1, period[2]), list[#list]
      if not last or last.label ~= label then
        last = { label = label, count = 0, kinds = {} }
        list[#list + 1] = last
      end
      last.count = last.count + day.count
      add_kinds(last.kinds, day.kinds)
    end
    if has_gaps then list = with_gaps(list, period[1], most * 2) end
    if #list <= most then return list, period[1], false end
  end
  return { table.unpack(list, #list - most + 1) }, "year", true
end

return M

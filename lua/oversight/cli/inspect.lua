--- oversight-siem inspect: what is in a registry, for someone about to export it.
local core = require "oversight.core"
local siem = require "oversight.siem"
local text = require "oversight.cli.text"

local MOST_ROWS, LABEL_WIDTH, MOST_TOKENS = 31, 24, 10

local M = {
  summary = "Shows what is in a registry: kinds, days, unknown tokens, order",
  usage   = "--db FILE",
  options = {
    { "--db", value = "FILE", required = true, help = "the registry's SQLite database" },
    { "--help", help = "show this help" },
  },
}

--- All rows of a query, or nil and the reason. Raising queries are caught: a registry can be
--- damaged in one table only.
local function rows(registry, sql, ...)
  local ok, next_row, message = pcall(registry.query, registry, sql, ...)
  if not ok then return nil, next_row end
  if not next_row then return nil, message end
  local list = {}
  local complete, problem = pcall(function()
    for row in next_row do list[#list + 1] = row end
  end)
  if not complete then return nil, problem end
  return list
end

--- Prints labels, counts and bars; the longest bar ends at the terminal's edge.
local function print_bars(list, width)
  local most, digits = 1, 1
  for _, row in ipairs(list) do
    most = math.max(most, row.count)
    digits = math.max(digits, #tostring(row.count))
  end
  local room = width - LABEL_WIDTH - digits - 5
  for _, row in ipairs(list) do
    local label = text.printable(row.label, LABEL_WIDTH)
    local padding = (" "):rep(LABEL_WIDTH - (utf8.len(label) or #label))
    local bar = ("#"):rep(math.max(1, math.floor(room * row.count / most)))
    print(("  %s%s %" .. digits .. "d  %s"):format(label, padding, row.count, bar))
  end
end

-- A timestamp that is no number, or outside the years 1 to 9999, has no day.
local IS_TIME = "typeof(timestamp) IN ('integer', 'real') AND timestamp <> 0 " ..
  "AND timestamp BETWEEN -62135596800 AND 253402300799"

--- Events by day, or by month or year when there are many days.
local function events_by_period(registry)
  local list, problem
  for _, period in ipairs { { "day", "%Y-%m-%d" }, { "month", "%Y-%m" }, { "year", "%Y" } } do
    list, problem = rows(registry, "SELECT strftime(?, timestamp, 'unixepoch') AS label, " ..
      "count(*) AS count FROM events WHERE " .. IS_TIME .. " GROUP BY label ORDER BY label", period[2])
    if not list then return nil, problem end
    if #list <= MOST_ROWS then return list, period[1] end
  end
  return { table.unpack(list, #list - MOST_ROWS + 1) }, "year, the last " .. MOST_ROWS
end

local function print_time_range(registry)
  local range, problem = rows(registry, "SELECT min(timestamp) AS first, max(timestamp) AS last, " ..
    "count(*) AS count FROM events WHERE " .. IS_TIME)
  if not range then return nil, problem end
  local all = range[1]
  if all.count > 0 then
    print(("Time range    %s to %s"):format(siem.iso8601(all.first), siem.iso8601(all.last)))
  end
  return true
end

local function print_order(ordering)
  if ordering.count == 0 then return end
  print(("Ids           %d to %d"):format(ordering.first_id, ordering.last_id))
  print("Order         " .. (ordering.follows and
    "timestamps follow ids: an export sorts nothing" or
    ("timestamps do not follow ids (first at id %d): an export sorts"):format(ordering.first_break)))
end

--- Tokens of events that no row of `beacons` knows: from another registry, or made up.
local function print_unknown_tokens(registry)
  local has_tokens, problem = rows(registry,
    "SELECT 1 FROM pragma_table_info('beacons') WHERE name = 'token_id'")
  if not has_tokens then return nil, problem end
  if #has_tokens == 0 then
    print "Unknown       the registry has no table 'beacons' to compare tokens with"
    return true
  end
  local is_unknown = "WHERE token_id NOT IN " ..
    "(SELECT b.token_id FROM beacons AS b WHERE b.token_id IS NOT NULL)"
  local total
  total, problem = rows(registry, "SELECT count(DISTINCT token_id) FROM events " .. is_unknown)
  if not total then return nil, problem end
  local count = total[1][1]
  print(("\nUnknown tokens: %d"):format(count))
  local most
  most, problem = rows(registry, "SELECT token_id AS label, count(*) AS count FROM events " .. is_unknown ..
    " GROUP BY token_id ORDER BY count DESC, token_id LIMIT ?", MOST_TOKENS)
  if not most then return nil, problem end
  for _, row in ipairs(most) do
    print(("  %s  %d event(s)"):format(text.printable(row.label, 48), row.count))
  end
  if count > #most then print(("  and %d more"):format(count - #most)) end
  return true
end

local function print_all(registry, path)
  local width = core.terminal_width(1) or 80
  local ordering, problem = registry:ordering()
  if not ordering then return nil, problem end
  print("Registry      " .. text.printable(path))
  print(("Events        %d"):format(ordering.count))
  local ok
  ok, problem = print_time_range(registry)
  if not ok then return nil, problem end
  print_order(ordering)
  local kinds, period
  kinds, problem = rows(registry,
    "SELECT kind AS label, count(*) AS count FROM events GROUP BY kind ORDER BY count DESC, kind")
  if not kinds then return nil, problem end
  print "\nBy kind:"
  print_bars(kinds, width)
  local periods
  periods, period = events_by_period(registry)
  if not periods then return nil, period end
  print(("\nBy %s:"):format(period))
  print_bars(periods, width)
  return print_unknown_tokens(registry)
end

function M.run(given)
  local registry, problem = siem.registry.open { path = given.db, registry_id = "" }
  if not registry then return nil, problem end
  local ok
  ok, problem = print_all(registry, given.db)
  registry:close()
  if not ok then return nil, problem end
  return "ok"
end

return M

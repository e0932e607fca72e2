--- What a custom log table of Microsoft Sentinel takes: "HTTP Data Collector API" (limits: 32 KB for a field),
--- "Logs Ingestion API" (limits: 64 KB), "Azure Monitor custom columns" (names).
local record = require "oversight.record"
local tables = require "oversight.tables"
local values = require "oversight.targets.values"

local M = {}

local RESERVED = tables.set("id", "BilledSize", "IsBillable", "InvalidTimeGenerated", "TenantId", "Title", "Type",
  "UniqueId", "_ItemId", "_ResourceGroup", "_ResourceId", "_SubscriptionId", "_TimeReceived")
local MOST_COLUMNS, LONGEST_NAME = 500, 45
local COLLECTOR_BYTES, INGESTION_BYTES = 32768, 65536
-- "Standard columns in Azure Monitor Logs": a TimeGenerated beyond these, in seconds before and after the arrival,
-- is replaced by the time of arrival.
local MOST_PAST, MOST_AHEAD = 2 * 86400, 86400

--- Both APIs cut a longer text, and say nothing.
local function check_length(field, complain)
  if type(field.value) ~= "string" or #field.value <= COLLECTOR_BYTES then return end
  if #field.value > INGESTION_BYTES then
    complain(field.path, "is cut at 64 KB (Logs Ingestion) or 32 KB (Data Collector)")
  else
    complain(field.path, "is cut at 32 KB by the Data Collector API, not by Logs Ingestion", "warning")
  end
end

--- True when another column has the same time.
local function is_kept(fields, time)
  for _, field in ipairs(fields) do
    if field.path ~= "TimeGenerated" and values.unix_time(field.value) == time then return true end
  end
  return false
end

--- Warns of a time that Azure replaces, unless another column keeps it.
local function check_time(fields, complain)
  local field = fields.TimeGenerated
  if not field or record.kind_of(field.value) == "null" then
    return complain("TimeGenerated", "is missing: Azure puts the time of arrival there", "warning")
  end
  local time, now = values.unix_time(field.value), os.time()
  if not time then return complain("TimeGenerated", "is not an RFC 3339 time") end
  local problem = time < now - MOST_PAST and "is older than two days" or
    time > now + MOST_AHEAD and "is more than a day ahead" or nil
  if problem and not is_kept(fields, time) then
    complain("TimeGenerated", problem .. ": Azure replaces it by the time of arrival, and no other column keeps it",
      "warning")
  end
end

---@param fields oversight.Fields
---@param complain oversight.Complain
function M.check(fields, complain)
  if #fields > MOST_COLUMNS then complain(fields[MOST_COLUMNS + 1].path, "a row has at most 500 columns") end
  for _, field in ipairs(fields) do
    local kind = record.kind_of(field.value)
    if field.path:find("[^\\]%.") or kind == "array" or kind == "object" then
      complain(field.path, "a row is flat: nested values become dynamic columns")
    elseif not field.path:find "^%a[%w_]*$" then
      complain(field.path, "a column's name has letters, digits and _, and begins with a letter")
    elseif #field.path > LONGEST_NAME then
      complain(field.path, "a column's name has at most 45 characters")
    elseif RESERVED[field.path] then
      complain(field.path, "is a reserved name")
    end
    check_length(field, complain)
  end
  check_time(fields, complain)
end

return M

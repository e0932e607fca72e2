--- What SIEMs accept: rules over the fields of a record, for `oversight-siem check`.
---
--- A target is a function of a record's fields (oversight.cli.fields) that calls complain(path, reason)
--- for each rule that is broken. Facts are from the vendors' pages that each rule names.
local core = require "oversight.core"

local M = {}

local function set(...)
  local names = {}
  for _, name in ipairs { ... } do names[name] = true end
  return names
end

--- "array", "object", or Lua's type.
local function kind_of(value)
  if value == core.null then return "null" end
  if type(value) ~= "table" then return type(value) end
  return (getmetatable(value) or {}).__jsontype or "object"
end

local function is_rfc3339(value)
  return type(value) == "string" and
    value:find "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.?%d*[Zz+-]" ~= nil
end

local function is_address(value)
  local networks = core.networks_open()
  return type(value) == "string" and not value:find("/", 1, true) and networks:add(value, 1) == true
end

-- ---- Splunk: "Format events for HTTP Event Collector", "Automate indexed field extractions" ----

local ENVELOPE = set("time", "host", "source", "sourcetype", "index", "event", "fields")

function M.splunk(fields, complain)
  local has_event = false
  for _, field in ipairs(fields) do
    local top, rest = field.path:match "^([^.]*)%.?(.*)$"
    if not ENVELOPE[top] then complain(field.path, "is no key of a HEC envelope (code 5)") end
    has_event = has_event or top == "event"
    local kind = kind_of(field.value)
    if top == "fields" and rest ~= "" then
      if rest:find("[^\\]%.") then complain(field.path, "fields must be flat (code 15)") end
      if kind ~= "string" and kind ~= "array" then
        complain(field.path, "indexed fields are strings or lists of strings, not " .. kind)
      end
    elseif top == "time" and (kind ~= "number" and kind ~= "string" or field.json:find "[eE]") then
      complain(field.path, "is seconds with fixed decimals, without an exponent")
    elseif top ~= "time" and top ~= "event" and top ~= "fields" and ENVELOPE[top] and kind ~= "string" then
      complain(field.path, "is a string, not " .. kind)
    end
  end
  if not has_event then complain("event", "is missing or empty (codes 12 and 13)") end
end

-- ---- Sentinel: "HTTP Data Collector API" (limits), "Logs Ingestion API" (limits), "Azure Monitor
-- custom columns" (names) ----

local RESERVED = set("id", "BilledSize", "IsBillable", "InvalidTimeGenerated", "TenantId", "Title", "Type",
  "UniqueId", "_ItemId", "_ResourceGroup", "_ResourceId", "_SubscriptionId", "_TimeReceived")
local MOST_COLUMNS, LONGEST_NAME, MOST_BYTES = 500, 45, 32768

function M.sentinel(fields, complain)
  if #fields > MOST_COLUMNS then complain(fields[MOST_COLUMNS + 1].path, "a row has at most 500 columns") end
  for _, field in ipairs(fields) do
    local kind = kind_of(field.value)
    if field.path:find("[^\\]%.") or kind == "array" or kind == "object" then
      complain(field.path, "a row is flat: nested values become dynamic columns")
    elseif not field.path:find "^%a[%w_]*$" then
      complain(field.path, "a column's name has letters, digits and _, and begins with a letter")
    elseif #field.path > LONGEST_NAME then
      complain(field.path, "a column's name has at most 45 characters")
    elseif RESERVED[field.path] then
      complain(field.path, "is a reserved name")
    end
    if kind == "string" and #field.value > MOST_BYTES then
      complain(field.path, "is cut at 32 KB (Data Collector; 64 KB for Logs Ingestion)")
    end
  end
  local time = fields.TimeGenerated
  if time and not is_rfc3339(time.value) then complain("TimeGenerated", "is no RFC 3339 time") end
end

-- ---- ECS: the field reference, releases 8.11 and 9 ----

local TOP_LEVEL = set("@timestamp", "message", "tags", "labels", "agent", "client", "cloud", "container",
  "data_stream", "destination", "device", "dll", "dns", "ecs", "email", "error", "event", "faas", "file", "group",
  "host", "http", "log", "network", "observer", "orchestrator", "organization", "package", "process",
  "registry", "related", "rule", "server", "service", "source", "span", "threat", "tls", "trace", "transaction",
  "url", "user", "user_agent", "volume", "vulnerability")
local ALLOWED = {
  ["event.kind"] = set("alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"),
  ["event.category"] = set("api", "authentication", "configuration", "database", "driver", "email", "file",
    "host", "iam", "intrusion_detection", "library", "malware", "network", "package", "process", "registry",
    "session", "threat", "vulnerability", "web"),
  ["event.type"] = set("access", "admin", "allowed", "change", "connection", "creation", "deletion", "denied",
    "device", "end", "error", "group", "indicator", "info", "installation", "protocol", "start", "user"),
  ["event.outcome"] = set("failure", "success", "unknown"),
}
local LISTS = set("event.category", "event.type", "tags")
local ADDRESSES = set("source.ip", "client.ip", "destination.ip", "server.ip", "source.nat.ip")
local TIMES = set("@timestamp", "event.created", "event.ingested", "event.start", "event.end")
-- The whole list of the field sets that beacon events touch; of the others only the name is known.
local FIELDS = {
  event = set("action", "agent_id_status", "category", "code", "created", "dataset", "duration", "end", "hash",
    "id", "ingested", "kind", "module", "original", "outcome", "provider", "reason", "reference", "risk_score",
    "risk_score_norm", "sequence", "severity", "start", "timezone", "type", "url"),
  ecs = set("version"),
  user_agent = set("device", "name", "original", "os", "version"),
  source = set("address", "as", "bytes", "domain", "geo", "ip", "mac", "nat", "packets", "port",
    "registered_domain", "subdomain", "top_level_domain", "user"),
  organization = set("id", "name"),
  related = set("hash", "hosts", "ip", "user"),
}

local function check_ecs_values(field, complain)
  local allowed, kind = ALLOWED[field.path], kind_of(field.value)
  if LISTS[field.path] and kind ~= "array" then complain(field.path, "is a list, not " .. kind) end
  for _, value in ipairs(allowed and (kind == "array" and field.value or { field.value }) or {}) do
    if not allowed[value] then complain(field.path, ("%q is no allowed value"):format(tostring(value))) end
  end
  if ADDRESSES[field.path] and not is_address(field.value) then
    complain(field.path, ("%s is no IP address, and costs the whole document"):format(field.json))
  end
  if TIMES[field.path] and not is_rfc3339(field.value) then complain(field.path, "is no RFC 3339 time") end
end

function M.ecs(fields, complain, custom)
  for _, field in ipairs(fields) do
    local top, rest = field.path:match "^([^.]*)%.?(.*)$"
    local second = rest:match "^[^.]*"
    if top == "labels" then
      if rest:find("[^\\]%.") or (rest ~= "" and kind_of(field.value) ~= "string") then
        complain(field.path, "labels are flat strings")
      end
    elseif not TOP_LEVEL[top] and not custom[top] then
      complain(field.path, "is no ECS field; custom fields stand under oversight or labels")
    elseif FIELDS[top] and rest ~= "" and not FIELDS[top][second] then
      complain(field.path, ("ECS has no field %s.%s"):format(top, second))
    end
    check_ecs_values(field, complain)
  end
  for _, path in ipairs { "@timestamp", "ecs.version" } do
    if not fields[path] then complain(path, "is required") end
  end
end

return M

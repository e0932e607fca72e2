--- What ECS has: the field reference, releases 8.11 and 9.
local values = require "oversight.targets.values"

local M = {}

local TOP_LEVEL = values.set("@timestamp", "message", "tags", "labels", "agent", "client", "cloud", "container",
  "data_stream", "destination", "device", "dll", "dns", "ecs", "email", "error", "event", "faas", "file", "group",
  "host", "http", "log", "network", "observer", "orchestrator", "organization", "package", "process",
  "registry", "related", "rule", "server", "service", "source", "span", "threat", "tls", "trace", "transaction",
  "url", "user", "user_agent", "volume", "vulnerability")
local ALLOWED = {
  ["event.kind"] = values.set("alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"),
  ["event.category"] = values.set("api", "authentication", "configuration", "database", "driver", "email", "file",
    "host", "iam", "intrusion_detection", "library", "malware", "network", "package", "process", "registry",
    "session", "threat", "vulnerability", "web"),
  ["event.type"] = values.set("access", "admin", "allowed", "change", "connection", "creation", "deletion", "denied",
    "device", "end", "error", "group", "indicator", "info", "installation", "protocol", "start", "user"),
  ["event.outcome"] = values.set("failure", "success", "unknown"),
}
local LISTS = values.set("event.category", "event.type", "tags")
local ADDRESSES = values.set("source.ip", "client.ip", "destination.ip", "server.ip", "source.nat.ip")
local TIMES = values.set("@timestamp", "event.created", "event.ingested", "event.start", "event.end")
-- The whole list of the field sets that beacon events touch; of the others only the name is known.
local FIELDS = {
  event = values.set("action", "agent_id_status", "category", "code", "created", "dataset", "duration", "end", "hash",
    "id", "ingested", "kind", "module", "original", "outcome", "provider", "reason", "reference", "risk_score",
    "risk_score_norm", "sequence", "severity", "start", "timezone", "type", "url"),
  ecs = values.set("version"),
  user_agent = values.set("device", "name", "original", "os", "version"),
  source = values.set("address", "as", "bytes", "domain", "geo", "ip", "mac", "nat", "packets", "port",
    "registered_domain", "subdomain", "top_level_domain", "user"),
  organization = values.set("id", "name"),
  related = values.set("hash", "hosts", "ip", "user"),
}

local function check_ecs_values(field, complain)
  local allowed, kind = ALLOWED[field.path], values.kind_of(field.value)
  if LISTS[field.path] and kind ~= "array" then complain(field.path, "is a list, not " .. kind) end
  for _, value in ipairs(allowed and (kind == "array" and field.value or { field.value }) or {}) do
    if not allowed[value] then complain(field.path, ("%q is no allowed value"):format(tostring(value))) end
  end
  if ADDRESSES[field.path] and not values.is_address(field.value) then
    complain(field.path, ("%s is no IP address, and costs the whole document"):format(field.json))
  end
  if TIMES[field.path] and not values.is_rfc3339(field.value) then complain(field.path, "is no RFC 3339 time") end
end

---@param fields oversight.Fields
---@param complain oversight.Complain
---@param custom table<string, true>
function M.check(fields, complain, custom)
  for _, field in ipairs(fields) do
    local top, rest = field.path:match "^([^.]*)%.?(.*)$"
    local second = rest:match "^[^.]*"
    if top == "labels" then
      if rest:find("[^\\]%.") or (rest ~= "" and values.kind_of(field.value) ~= "string") then
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

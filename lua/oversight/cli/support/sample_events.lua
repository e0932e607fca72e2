--- Events that are made up: to check a format where there is no registry, to find an id in its records, to see one
--- arrive at a target.
local siem   = require "oversight.siem"
local tables = require "oversight.tables"

local M = {}

--- An event with every field.
---@param id integer
---@param kind string
---@param registry_id string
---@param changes table<string, any>? columns that have another value
---@param complete boolean? names of other columns are errors
---@return oversight.Event
function M.new(id, kind, registry_id, changes, complete)
  local row = {
    id = id, kind = kind, timestamp = 1767225600 + id, token_id = ("%032x"):format(id), file_id = "sample-file",
    recipient_id = "recipient@example.com", issuer_id = "issuer",
    source_ip = id % 2 == 1 and "192.0.2.1" or "2001:db8::1", user_agent = "sample/1.0",
    extra = '{"qname": "t.example.com"}', qualified_timestamp = "2026-01-01T00:00:00Z", tlog_index = id,
  }
  return (siem.from_registry_row(tables.merge(row, changes), { registry_id = registry_id, complete = complete }))
end

--- One event of each kind.
---@param registry_id string
---@param complete boolean? names of other columns are errors
---@return oversight.Event[]
function M.of_each_kind(registry_id, complete)
  local events = {}
  for i, kind in ipairs { "dns", "http_img", "ocsp", "license" } do
    events[i] = M.new(i, kind, registry_id, nil, complete)
  end
  return events
end

--- An event whose timestamp is missing or is not a time: a registry can hold one.
---@param registry_id string
---@return oversight.Event
function M.without_time(registry_id)
  return (siem.from_registry_row({ id = 5, kind = "dns", token_id = ("%032x"):format(5) },
    { registry_id = registry_id }))
end

--- An event that is not mistaken for a callback: its ids say what it is.
---@return oversight.Event
function M.canary()
  local now = os.time()
  return (siem.from_registry_row({
    id = "canary-" .. now, kind = "dns", timestamp = now, token_id = "oversight-siem-canary",
    extra = '{"canary": true}',
  }, { registry_id = "oversight-siem-canary" }))
end

return M

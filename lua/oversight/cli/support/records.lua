--- Where the records of a format hold an event's id and the registry's, and what a line holds there.
local siem = require "oversight.siem"

---@class oversight.Places
---@field id string[] the keys that lead to the event's id
---@field registry string[][] those that lead to the registry's; none when it cannot be told
local Places = {}
Places.__index = Places

local M = {}

local PROBE, PROBE_REGISTRY = 918273645546372, "registry-918273645546372"

--- Calls `see` with the path to each value of a record.
local function walk(record, path, see)
  for key, value in pairs(record) do
    local place = { table.unpack(path) }
    place[#place + 1] = key
    if type(value) == "table" then walk(value, place, see) else see(place, value) end
  end
end

--- Where a record of the probe holds the ids, or nil.
local function find_probe(record)
  local places = { registry = {} }
  walk(record, {}, function(place, value)
    if value == PROBE or value == tostring(PROBE) then places.id = places.id or place end
    -- Elsewhere, as in Splunk's host, an option of the export can put something else.
    local is_named = table.concat(place, "."):lower():find("registry", 1, true)
    if value == PROBE_REGISTRY and is_named then table.insert(places.registry, place) end
  end)
  return places.id and places
end

--- Where the format's record of some event holds its ids, or nil. It may leave out some events: the
--- probes are of all kinds and of several times.
local function probe(format)
  for seconds = 1767225601, 1767225612 do
    for kind in pairs(siem.BEACON_KINDS) do
      local event = siem.from_registry_row({
        id = PROBE, kind = kind, timestamp = seconds, token_id = "t", file_id = "f", recipient_id = "r",
        issuer_id = "i", source_ip = "192.0.2.1", user_agent = "u", extra = '{"qname": "q.example.com"}',
        qualified_timestamp = "2026-01-01T00:00:00Z", tlog_index = 1,
      }, { registry_id = PROBE_REGISTRY })
      local json = format:render(event)
      local record = json and siem.json.decode(json)
      local places = record and find_probe(json:sub(1, 1) == "[" and record[1] or record)
      if places then return places end
    end
  end
end

--- Where records hold the ids.
---@param path string? to the event's id, as event.id
---@param format oversight.Format?
---@return oversight.Places?
---@return string? message
---@return string? code
function M.places(path, format)
  local places = format and probe(format) or { registry = {} }
  local keys = {}
  for key in (path or ""):gmatch "[^.]+" do keys[#keys + 1] = key end
  if #keys > 0 then places.id = keys end
  if places.id then return setmetatable(places, Places) end
  return nil, "it cannot be told where the records hold the event's id: say so with --id-path, as event.id", "usage"
end

--- The JSON text at the end of a path, or nil.
local function find(line, keys)
  local json = line
  for _, key in ipairs(keys) do
    json = json and siem.json.member(json, key)
  end
  return json
end

--- The event's id in a line; or nil and what is wrong with the line.
---@param line string
---@return integer?
---@return string? message
function Places:read_id(line)
  local json = find(line, self.id)
  local id = json and math.tointeger(tonumber(json:match '^"?(%-?%d+)"?$'))
  if id then return id end
  if not siem.json.decode(line) then return nil, "it is no whole record" end
  return nil, "the line holds no event id at " .. table.concat(self.id, ".")
end

--- True when the line tells that it is of another registry.
---@param line string
---@param registry_id string
---@return boolean
function Places:is_of_another(line, registry_id)
  local expected, is_told = siem.json.encode(registry_id), false
  for _, keys in ipairs(self.registry) do
    local json = find(line, keys)
    if json == expected then return false end
    is_told = is_told or json ~= nil
  end
  return is_told
end

--- Where a dead letter holds the event's id.
M.DEAD_LETTER = setmetatable({ id = { "event_id" }, registry = {} }, Places)

return M

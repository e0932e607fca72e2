--- Reads the event's id and the registry's out of the records of a format, by where it writes them.
local given_format  = require "oversight.cli.support.given_format"
local record        = require "oversight.record"
local sample_events = require "oversight.cli.support.sample_events"
local siem          = require "oversight.siem"

---@class oversight.IdReader
---@field id string[] the keys that lead to the event's id
---@field registry string[][] those that lead to the registry's; none when they are not known
---@field encoding string? of the records
local IdReader = {}
IdReader.__index = IdReader

local M = {}

local PROBE, PROBE_REGISTRY = 918273645546372, "registry-918273645546372"

--- Calls `see` with the path to each value of a record.
local function walk(object, path, see)
  for key, value in pairs(object) do
    local place = { table.unpack(path) }
    place[#place + 1] = key
    if type(value) == "table" then walk(value, place, see) else see(place, value) end
  end
end

--- Where a record of the probe holds the ids, or nil.
local function find_probe(decoded)
  local paths = { registry = {} }
  walk(decoded, {}, function(place, value)
    if value == PROBE or value == tostring(PROBE) then paths.id = paths.id or place end
    -- Elsewhere, as in Splunk's host, an option of the export can put something else.
    local is_named = table.concat(place, "."):lower():find("registry", 1, true)
    if value == PROBE_REGISTRY and is_named then table.insert(paths.registry, place) end
  end)
  return paths.id and paths
end

--- Where the format's record of some event holds its ids, or nil. It may drop some events: the probes are of all
--- kinds and of several times.
local function probe(format)
  for seconds = 1767225601, 1767225612 do
    for kind in pairs(siem.BEACON_KINDS) do
      local event = sample_events.new(PROBE, kind, PROBE_REGISTRY, { timestamp = seconds, tlog_index = 1 })
      local texts = given_format.records(format, event)
      local decoded = texts and texts[1] and record.decode(texts[1], format.encoding)
      local paths = decoded and find_probe(decoded)
      if paths then return paths end
    end
  end
end

--- A reader of a format's records.
---@param path string? to the event's id, as event.id
---@param format oversight.Format?
---@return oversight.IdReader?, string? message, string? code
function M.new(path, format)
  local self = format and probe(format) or { registry = {} }
  local keys = {}
  for key in (path or ""):gmatch "[^.]+" do keys[#keys + 1] = key end
  if #keys > 0 then self.id = keys end
  self.encoding = format and format.encoding
  if self.id then return setmetatable(self, IdReader) end
  return nil, "it cannot be found out where the records hold the event's id: give --id-path, as event.id", "usage"
end

--- The event's id in a line; or nil and what is wrong with the line.
---@param line string
---@return integer?, string? message
function IdReader:read(line)
  local text = record.find(line, self.id, self.encoding)
  local id = text and math.tointeger(tonumber(text:match '^"?(%-?%d+)"?$'))
  if id then return id end
  if not record.decode(line, self.encoding) then return nil, "it is not a whole record" end
  return nil, "the line holds no event id at " .. table.concat(self.id, ".")
end

--- True when the line names another registry.
---@param line string
---@param registry_id string
---@return boolean
function IdReader:is_of_another(line, registry_id)
  local expected, is_named = record.quote(registry_id, self.encoding), false
  for _, keys in ipairs(self.registry) do
    local text = record.find(line, keys, self.encoding)
    if text == expected then return false end
    is_named = is_named or text ~= nil
  end
  return is_named
end

--- Of the lines of a dead letter file, which are JSON whatever the records are.
M.DEAD_LETTER = setmetatable({ id = { "event_id" }, registry = { { "event", "registry_id" } } }, IdReader)

return M

--- The events that try, diff and check look at: of a registry, or of lines of JSON.
local given_format    = require "oversight.cli.support.given_format"
local given_registry  = require "oversight.cli.support.given_registry"
local given_selection = require "oversight.cli.support.given_selection"
local must            = require "oversight.cli.support.must"
local record          = require "oversight.record"
local siem            = require "oversight.siem"
local tables          = require "oversight.tables"

local M = {}

--- The options that the three commands share.
M.options = given_selection.with_options {
  { "--db", value = "FILE", help = "take events of this registry" },
  { "--registry-id", value = "ID", help = "the registry's identity in records (default: registry)" },
  { "--limit", value = "N", natural = true, help = "at most N events" },
}

-- Fields of a normalized event, as dead letters have them, and the columns they come from.
local COLUMN_OF = { event_id = "id", event_kind = "kind", occurred_unix = "timestamp" }
local NOT_COLUMNS = { occurred_at = true, registry_id = true }

--- A row of a JSON object: columns by name, or the fields of an event.
function M.to_row(object)
  local row = {}
  for key, value in pairs(object) do
    if type(value) == "table" then value = siem.json.encode(value) end
    if type(value) == "boolean" then value = value and 1 or 0 end
    if not NOT_COLUMNS[key] and value ~= siem.null then row[COLUMN_OF[key] or key] = value end
  end
  return row
end

--- The event of a line of JSON, or nil and what is wrong with it.
local function read_line(line, registry_id)
  local object, message = siem.json.decode(line, true)
  if object == nil then return nil, message end
  if record.kind_of(object) ~= "object" then return nil, "an event is a JSON object" end
  local masked
  if record.kind_of(object.event) == "object" then -- a line of a dead letter file
    masked = record.kind_of(object.masked) == "array" and object.masked or nil
    object = object.event
  end
  local ok, event = pcall(siem.from_registry_row, M.to_row(object), { registry_id = registry_id, masked = masked })
  if not ok then return nil, event end
  return event
end

--- The events of lines of JSON.
local function read_lines(file, registry_id, limit)
  local events, number = {}, 0
  while #events < limit do
    local line, problem = file:read "l"
    if problem then must.fail("cannot read standard input: " .. problem) end
    if not line then break end
    number = number + 1
    if line:find "%S" then
      local event, message = read_line(line, registry_id)
      events[#events + 1] = event or must.fail(("line %d: %s"):format(number, message))
    end
  end
  return events
end

--- Whether formats read only fields that the registry of the options has, if there is one.
---@return true?, string? message, string? code
function M.check_fields(given, ...)
  if not given.db then return true end
  local registry = must.have(given_registry.open { path = given.db, registry_id = "registry" })
  local known, message, code = true, nil, nil
  for _, format in ipairs { ... } do
    if known then known, message, code = given_format.mapping(format):check(registry) end
  end
  registry:close()
  return known, message, code
end

--- The events that the options ask for, as a list; formats read only fields that these have.
---@param purpose string of the events, for messages
function M.sample(given, default_limit, purpose, ...)
  must.have(M.check_fields(given, ...))
  local list = M.read(given, default_limit)
  if #list == 0 then must.fail("there are no events to " .. purpose) end
  return list
end

--- What selects events, for the registry; without one, that is an error.
local function selection(given)
  local selected = given_selection.of(given)
  if not given.db and next(selected) then must.fail("--since, --until and --kind need --db", "usage") end
  return selected
end

--- The events of the registry that the options name, or, without one, those that `make` gives.
---@param given table parsed options
---@param default_limit integer
---@param make fun(): oversight.Event[]
---@return oversight.Event[]
function M.of_registry(given, default_limit, make)
  selection(given)
  return given.db and M.read(given, default_limit) or make()
end

--- The events that the options ask for, as a list.
---@param given table parsed options
---@param default_limit integer
---@return oversight.Event[]
function M.read(given, default_limit)
  local registry_id, limit = given.registry_id or "registry", given.limit or default_limit
  local selected = selection(given)
  if not given.db then return read_lines(io.stdin, registry_id, limit) end
  local registry = must.have(given_registry.open(tables.merge(selected, {
    path = given.db, registry_id = registry_id, limit = limit, by_id = true,
  })))
  local events = {}
  local ok, problem = pcall(function()
    for event in registry:events() do events[#events + 1] = event end
  end)
  registry:close()
  if not ok then must.fail(problem) end
  return events
end

--- A command's own options with those for events.
function M.with_options(own)
  for _, option in ipairs(M.options) do own[#own + 1] = option end
  return own
end

return M

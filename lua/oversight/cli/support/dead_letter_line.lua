--- A line of a dead letter file: the event, the format that its record has, and which of several records it is.
---
--- A file can be damaged, by a disk or by hand. Whatever a line holds, reading it raises no error.
local events = require "oversight.cli.support.events"
local record = require "oversight.record"
local siem   = require "oversight.siem"

local M = {}

local MOST_BYTES = 64 << 20 -- of a line: a row with its record is far smaller
local MOST_PARTS = 0x7fffffff
local CHUNK_BYTES = 1 << 16

---@class oversight.DeadLetterLine
---@field text string the line, without its end; "" when it is too long
---@field size integer of the line, in bytes
---@field offset integer of its first byte in the file
---@field number integer of the line in the file, from 1
---@field damage string? why it cannot be sent; then the fields below are missing
---@field event oversight.Event?
---@field format string? of the record
---@field part integer? which of several records of the event it is, from 0; nil: all of them

--- True for text that names something: not empty, and without a NUL, at which C would cut it.
local function is_name(value)
  return type(value) == "string" and value ~= "" and not value:find("\0", 1, true)
end

local function is_id(value)
  return is_name(value) or math.type(value) == "integer"
end

local function is_missing(value)
  return value == nil or value == siem.null
end

local function is_names(value)
  if record.kind_of(value) ~= "array" then return false end
  for _, name in ipairs(value) do
    if not is_name(name) then return false end
  end
  return true
end

--- What is wrong with the members of a line, or nil.
local function find_damage(object)
  if record.kind_of(object) ~= "object" then return "it is not a JSON object" end
  if record.kind_of(object.event) ~= "object" then return 'it has no "event"' end
  if not is_id(object.event.event_id) then return '"event_id" of the event is not an id' end
  local registry_id = object.event.registry_id
  if not is_missing(registry_id) and not is_name(registry_id) then return '"registry_id" of the event is not an id' end
  if not is_missing(object.format) and not is_name(object.format) then return '"format" is not a name' end
  local masked = object.masked
  if not is_missing(masked) and not is_names(masked) then return '"masked" is not a list of names' end
  if is_missing(object.part) then return end
  local part = math.tointeger(object.part)
  if type(object.part) ~= "number" or not part or part < 0 or part > MOST_PARTS then
    return '"part" is not the number of a record'
  end
end

--- The event as its row would give it; numbers of `extra` stay as they are written: 1.10, and long ones.
local function read_event(json, event, masked)
  local row, registry_id = events.to_row(event), event.registry_id
  if type(event.extra) == "table" then row.extra = siem.json.member(siem.json.member(json, "event"), "extra") end
  return siem.from_registry_row(row, {
    registry_id = is_missing(registry_id) and "registry" or registry_id, masked = masked,
  })
end

local function read(line)
  if line.size > MOST_BYTES then return "it is longer than 64 MiB" end
  local object, message = siem.json.decode(line.text, true)
  if object == nil then return "it is not JSON: " .. message end
  local damage = find_damage(object)
  if damage then return damage end
  local masked = not is_missing(object.masked) and object.masked or nil
  local is_read, event = pcall(read_event, line.text, object.event, masked)
  if not is_read then return "its event is not a row: " .. tostring(event) end
  if not is_name(event.event_id) then return '"event_id" of the event is not an id' end
  line.event = event
  line.format = is_missing(object.format) and "unknown" or object.format
  line.part = not is_missing(object.part) and math.tointeger(object.part) or nil
end

--- Calls `see` with each line that an open file has from where it is on. A line that cannot be sent has its
--- `damage`; one that is blank is done, and omitted.
---@param file file*
---@param offset integer of the first one
---@param number integer of the line before it
---@param see fun(line: oversight.DeadLetterLine)
---@return integer offset, integer number after the last one
function M.each(file, offset, number, see)
  local pieces, size, is_blank = {}, 0, true -- of the line that is read; more is not held than a line may have
  local function add(piece)
    if size <= MOST_BYTES then pieces[#pieces + 1] = piece end
    size, is_blank = size + #piece, is_blank and not piece:find "%S"
  end
  local function finish(end_size)
    local text = size <= MOST_BYTES and table.concat(pieces) or ""
    local line, is_done = { text = text, size = size, offset = offset, number = number + 1 }, is_blank
    offset, number = offset + size + end_size, number + 1
    pieces, size, is_blank = {}, 0, true
    if is_done then return end
    line.damage = read(line)
    see(line)
  end
  for chunk in file:lines(CHUNK_BYTES) do
    local at = 1
    for stop in chunk:gmatch "()\n" do
      add(chunk:sub(at, stop - 1))
      finish(1)
      at = stop + 1
    end
    add(chunk:sub(at))
  end
  if size > 0 then finish(0) end
  return offset, number
end

return M

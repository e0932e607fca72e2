--- Log lines of a process that runs for long: one a line, key=value or JSON, the same not too often.
local core   = require "oversight.core"
local tables = require "oversight.tables"

local M = {}

--- How often the same line is written at most, in seconds.
local INTERVAL = 60
--- What systemd's journal calls the levels, in front of a line (sd-daemon(3)).
local PRIORITIES = { error = "<3>", warning = "<4>", info = "<6>" }

local format, quiet = "text", false
-- Where the journal reads standard error, it adds the time itself.
local to_journal = os.getenv "JOURNAL_STREAM" ~= nil

---@class oversight.Line
---@field since number when it was written last
---@field suppressed integer

---@type table<string, oversight.Line>
local written = {}
local remembered, MOST_REMEMBERED = 0, 200

---@param name "text"|"json"
---@param is_quiet boolean? whether lines of level info are omitted
function M.set_format(name, is_quiet)
  format, quiet = name, is_quiet or false
end

--- A value as it is written after "=": quoted when it is not one word.
local function quote(value)
  local text = core.tostring(value)
  if text:find "^[%w_.:/@+-]+$" then return text end
  return '"' .. core.printable((text:gsub('["\\]', "\\%0"))) .. '"'
end

local function as_text(level, message, fields)
  local parts = { "level=" .. level, "msg=" .. quote(message) }
  if not to_journal then table.insert(parts, 1, os.date "!time=%Y-%m-%dT%H:%M:%SZ") end
  for _, key in ipairs(tables.sorted_keys(fields)) do parts[#parts + 1] = key .. "=" .. quote(fields[key]) end
  return table.concat(parts, " ")
end

local function as_json(level, message, fields)
  return core.json_encode(tables.merge({ time = os.date "!%Y-%m-%dT%H:%M:%SZ", level = level, msg = message }, fields))
end

--- Forgets lines that would be written again in any case: texts of servers can all be different.
local function forget(now)
  for key, line in pairs(written) do
    if now - line.since >= INTERVAL then
      written[key] = nil
      remembered = remembered - 1
    end
  end
end

--- True when the line is due; numbers in it do not make it another one.
local function is_due(level, message, fields)
  local key, now = level .. message:gsub("%d+", "#") .. tostring(fields.pipeline), core.clock()
  local line = written[key]
  if line and now - line.since < INTERVAL then
    line.suppressed = line.suppressed + 1
    return false
  end
  if line and line.suppressed > 0 then fields.suppressed = line.suppressed end
  if not line then remembered = remembered + 1 end
  written[key] = { since = now, suppressed = 0 }
  if remembered > MOST_REMEMBERED then forget(now) end
  return true
end

--- How many lines are remembered, so as not to be repeated.
---@return integer
function M.remembered()
  return remembered
end

local function write(level, message, fields)
  local line = format == "json" and as_json(level, message, fields) or as_text(level, message, fields)
  -- In one piece: other threads and processes write there as well.
  io.stderr:write((to_journal and PRIORITIES[level] or "") .. line .. "\n")
end

--- Writes a line, however often.
---@param level "error"|"warning"|"info"
---@param message string
---@param fields table<string, any>?
function M.write_always(level, message, fields)
  write(level, message, tables.merge(fields))
end

--- Writes a line; the same one once a minute, with how many were omitted in between.
---@param level "error"|"warning"|"info"
---@param message string
---@param fields table<string, any>?
function M.write(level, message, fields)
  if quiet and level == "info" then return end
  local copy = tables.merge(fields)
  if is_due(level, message, copy) then write(level, message, copy) end
end

return M

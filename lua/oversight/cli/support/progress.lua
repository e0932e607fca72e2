--- A progress line on standard error: share, rate, count and what is left, in one terminal row.
local core = require "oversight.core"

local REDRAW_SECONDS = 0.1
local DEFAULT_WIDTH  = 80
local LEAST_BAR, MOST_BAR = 8, 60

local Progress = {}
Progress.__index = Progress

local M = {}

--- A line that is drawn over itself. `total` may be 0 when it is not known.
function M.start(total)
  local now = core.clock()
  return setmetatable({ total = total, started = now, drawn = now, used = 0 }, Progress)
end

local function duration(seconds)
  seconds = math.floor(seconds + 0.5)
  if seconds < 3600 then return ("%d:%02d"):format(seconds // 60, seconds % 60) end
  return ("%d:%02d:%02d"):format(seconds // 3600, seconds // 60 % 60, seconds % 60)
end

local function bar(share, width)
  local filled = math.floor(width * share)
  return ("[%s%s] "):format(("#"):rep(filled), ("."):rep(width - filled))
end

--- The text of the line in at most so many columns: less of it where there is less room.
---@param done integer
---@param now number
---@param room integer
---@return string
function Progress:line(done, now, room)
  local rate = done / math.max(now - self.started, 1e-6)
  local share = self.total > 0 and math.min(done / self.total, 1) or 0
  local left = rate > 0 and duration(math.max(self.total - done, 0) / rate) or "-:--"
  local percent = ("%3d%%"):format(math.floor(share * 100))
  local count = ("%s %d/%d"):format(percent, done, self.total)
  local speed = ("%s  %d/s"):format(count, math.floor(rate))
  for _, text in ipairs { speed .. "  ETA " .. left, speed, count, percent } do
    local width = math.min(room - #text - 3, MOST_BAR)
    if #text <= room then return (width >= LEAST_BAR and bar(share, width) or "") .. text end
  end
  return ""
end

--- Draws a text over the one before. The terminal may be another width since: where it is too narrow for what was
--- drawn, it has wrapped or cut that, and what is there stays; the text comes on a row of its own.
local function draw(self, text, room)
  local start = self.used > room and "\n" or "\r"
  local rest = start == "\r" and math.max(self.used - #text, 0) or 0
  io.stderr:write(start, text, (" "):rep(rest), text == "" and "\r" or "")
  self.used = #text
end

--- One column stays free, so that no terminal wraps the line.
local function room_of()
  return (core.terminal_width(2) or DEFAULT_WIDTH) - 1
end

function Progress:update(done)
  local now, room = core.clock(), room_of()
  if now - self.drawn < REDRAW_SECONDS then return end
  self.drawn = now
  draw(self, self:line(done, now, room), room)
end

--- Wipes the line, so that what is printed next begins on a clean row.
function Progress:finish()
  if self.used > 0 then draw(self, "", room_of()) end
end

return M

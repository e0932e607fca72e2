--- A progress line on standard error: share, rate, count and what is left, in one terminal row.
local core = require "oversight.core"

local REDRAW_SECONDS = 0.1
local DEFAULT_WIDTH  = 80

local Progress = {}
Progress.__index = Progress

local M = {}

--- A line that is drawn over itself. `total` may be 0 when it is not known.
function M.start(total)
  local now = core.clock()
  return setmetatable({
    total = total, started = now, drawn = now, shown = false,
    width = core.terminal_width(2) or DEFAULT_WIDTH,
  }, Progress)
end

local function duration(seconds)
  seconds = math.floor(seconds + 0.5)
  if seconds < 3600 then return ("%d:%02d"):format(seconds // 60, seconds % 60) end
  return ("%d:%02d:%02d"):format(seconds // 3600, seconds // 60 % 60, seconds % 60)
end

--- The text of the line, at most one less than the width, so that no terminal wraps it.
function Progress:line(done, now)
  local elapsed = math.max(now - self.started, 1e-6)
  local rate = done / elapsed
  local share = self.total > 0 and math.min(done / self.total, 1) or 0
  local left = rate > 0 and duration((self.total - done) / rate) or "-:--"
  local text = ("%3d%% %d/%d  %d/s  ETA %s"):format(
    math.floor(share * 100), done, self.total, math.floor(rate), left)
  local room = self.width - #text - 4
  if room < 8 then return text:sub(1, self.width - 1) end
  local filled = math.floor(room * share)
  return ("[%s%s] %s"):format(("#"):rep(filled), ("."):rep(room - filled), text)
end

function Progress:update(done)
  local now = core.clock()
  if now - self.drawn < REDRAW_SECONDS then return end
  self.drawn, self.shown = now, true
  io.stderr:write("\r", self:line(done, now))
end

--- Wipes the line, so that what is printed next begins on a clean row.
function Progress:finish()
  if self.shown then io.stderr:write("\r", (" "):rep(self.width - 1), "\r") end
  self.shown = false
end

return M

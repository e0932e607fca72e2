--- What an export into a file or to standard output would write: it is counted, and written nowhere.
local core    = require "oversight.core"
local numbers = require "oversight.cli.support.numbers"
local siem    = require "oversight.siem"
local text    = require "oversight.cli.support.text"

---@class oversight.Rehearsal
---@field path string "-" is standard output
---@field state string? what would be done with the file
---@field records integer since the last call of take
---@field bytes integer of these, with line ends
local Rehearsal = {}
Rehearsal.__index = Rehearsal

local M = {}

--- The folder that a file is in.
local function folder_of(path)
  return path:match "^(.*/)[^/]*$" or "."
end

--- What would be done with the file, or nil and why it cannot be written.
local function state_of(path, truncate)
  local is_file = core.is_regular_file(path)
  local allowed, reason = core.access(is_file == nil and folder_of(path) or path, is_file == nil and "wx" or "w")
  if not allowed then return nil, ("cannot write to '%s': %s"):format(path, reason) end
  if is_file == nil then return "a new file" end
  if not is_file then return "no regular file" end
  if truncate then return "emptied first" end
  local file = io.open(path, "r")
  local size = file and file:seek "end"
  if file then file:close() end
  return size and ("after the %s byte(s) that are there"):format(numbers.count(size)) or "appended"
end

--- Stands for the file of an export; one for several registries is not looked at.
---@param path string?
---@param truncate boolean?
---@return oversight.Rehearsal?, string? message, string? code
function M.new(path, truncate)
  local self = setmetatable({ path = path or "-", records = 0, bytes = 0 }, Rehearsal)
  if self.path == "-" or self.path:find("{registry_id}", 1, true) then return self end
  local problem
  self.state, problem = state_of(self.path, truncate)
  if not self.state then return nil, problem, "io" end
  return self
end

--- A sink that counts. The first record is printed.
function Rehearsal:sink()
  return siem.sink.custom {
    send = function(_, batch)
      for _, record in batch:records() do
        if not self.has_first then core.print(record .. "\n") end
        self.has_first = true
        self.records, self.bytes = self.records + 1, self.bytes + #record + 1
      end
      return true
    end,
  }
end

--- What was counted since the last call: as a sentence, and as fields for programs.
---@return { sentence: string, records: integer, bytes: integer, target: string }
function Rehearsal:take()
  local target = self.path == "-" and "standard output" or self.path
  local sentence = ("would write %s record(s), %s byte(s), to %s%s"):format(numbers.count(self.records),
    numbers.count(self.bytes), text.printable(target), self.state and (" (%s)"):format(self.state) or "")
  local taken = { sentence = sentence, records = self.records, bytes = self.bytes, target = target }
  self.records, self.bytes = 0, 0
  return taken
end

return M

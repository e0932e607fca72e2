--- The result of a reconciliation: how many events are there once, and which are not.
local siem = require "oversight.siem"
local text = require "oversight.cli.support.text"

---@class oversight.Reconciliation
---@field events integer that should be there
---@field dead integer of these, with a record in the dead letter
---@field dropped integer of these, that the format omits
---@field skipped integer[] ids of those that have no record in the format, and are in no dead letter
---@field again string[] files that were named before, which are read once
---@field absent string[] dead letters that do not exist
---@field later integer lines of events after the checkpoint
---@field foreign integer lines of another registry's events
---@field unknown integer events that are there, and not in the registry
---@field unreadable integer lines that are not records
---@field first_unreadable string? where the first of these is, and what is wrong with it
---@field missing integer[] ids
---@field twice integer[] ids
local Reconciliation = {}
Reconciliation.__index = Reconciliation
local print = require("oversight.output").print

local M = {}

---@return oversight.Reconciliation
function M.new()
  return setmetatable({
    events = 0, dead = 0, dropped = 0, later = 0, foreign = 0, unknown = 0, unreadable = 0, missing = {}, twice = {},
    skipped = {}, again = {}, absent = {},
  }, Reconciliation)
end

--- Records one event.
---@param id integer
---@param count integer how many of its records are there
---@param expected integer|false how many it has; false: the format refuses it
---@param dead integer how many of its records are in the dead letter
function Reconciliation:add(id, count, expected, dead)
  self.events = self.events + 1
  if not expected and count + dead == 0 then
    self.skipped[#self.skipped + 1] = id
    return
  end
  expected = expected or 1
  if count < expected and dead > 0 then self.dead = self.dead + 1 end
  if expected == 0 and count == 0 then
    self.dropped = self.dropped + 1
  elseif count + dead < expected then
    self.missing[#self.missing + 1] = id
  elseif count > math.max(expected, 1) then
    self.twice[#self.twice + 1] = id
  end
end

--- Records a line without the id of an event: that may be one of those that are missing.
---@param problem string where it is, and what is wrong with it
function Reconciliation:add_unreadable(problem)
  self.unreadable = self.unreadable + 1
  self.first_unreadable = self.first_unreadable or problem
end

--- "3-5, 9" of ascending ids, as a list.
local function ranges(ids)
  local list, i = {}, 1
  while i <= #ids do
    local first = i
    while ids[i + 1] == ids[i] + 1 do i = i + 1 end
    list[#list + 1] = first == i and ("%d"):format(ids[i]) or ("%d-%d"):format(ids[first], ids[i])
    i = i + 1
  end
  return list
end

--- Prints a list under a title, in lines that a terminal has room for.
local function print_list(title, list)
  if #list > 0 then text.print_wrapped(title .. ": " .. table.concat(list, ", ")) end
end

local function print_note(count, sentence)
  if count > 0 then print("     " .. sentence:format(count)) end
end

---@param last_id integer of the checkpoint
---@param registry string? its path, where there are many
function Reconciliation:print(last_id, registry)
  local complete = self:is_complete()
  local result = complete and "each is there once" or ("%d missing, %d there twice"):format(#self.missing, #self.twice)
  print(("%s[%s] %d event(s) up to id %d: %s"):format(registry and registry .. ": " or "",
    complete and "ok" or "incomplete", self.events, last_id, result))
  print_note(self.dead, "%d of them in the dead letter")
  print_note(self.dropped, "%d of them dropped by the format")
  print_note(#self.skipped, "%d of them without a record: the format refuses them, and the export skipped them")
  for _, name in ipairs(self.again) do print("     " .. text.printable(name) .. " is named twice, and read once") end
  for _, name in ipairs(self.absent) do
    print(("     %s is missing: it was replayed, or nothing was refused"):format(text.printable(name)))
  end
  print_note(self.later, "%d line(s) of events after the checkpoint")
  print_note(self.foreign, "%d line(s) of another registry: these files are not of this export alone")
  print_note(self.unknown, "%d event(s) there that the registry does not have, or has no longer")
  print_note(self.unreadable, "%d line(s) without an event's id, the first one:")
  if self.first_unreadable then print("     " .. text.printable(self.first_unreadable)) end
  print_list("skipped", ranges(self.skipped))
  print_list("missing", ranges(self.missing))
  print_list("twice", ranges(self.twice))
end

--- The same for programs, as a table.
---@return table
function Reconciliation:describe(last_id)
  return {
    complete = self:is_complete(), last_id = last_id, events = self.events, dead_letter = self.dead,
    dropped = self.dropped, behind = self.later, other_registry = self.foreign, unknown = self.unknown,
    unreadable = self.unreadable, first_unreadable = self.first_unreadable,
    missing = siem.array(self.missing), twice = siem.array(self.twice), skipped = siem.array(self.skipped),
    named_twice = siem.array(self.again), absent_dead_letters = siem.array(self.absent),
  }
end

function Reconciliation:is_complete()
  return #self.missing == 0 and #self.twice == 0 and self.unreadable == 0
end

return M

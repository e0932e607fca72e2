--- Checks of the files that an export writes: its checkpoint, its output, its dead letter, and room on their disks.
local core           = require "oversight.core"
local given_registry = require "oversight.cli.support.given_registry"
local lag            = require "oversight.cli.support.lag"
local numbers        = require "oversight.cli.support.numbers"
local position       = require "oversight.cli.support.position"
local rehearsal      = require "oversight.cli.support.rehearsal"
local siem           = require "oversight.siem"

local M = {}

--- Bytes that must be free, and a share of the disk below which there is a warning, unless there is plenty.
local LEAST, SHARE, PLENTY = 64 << 20, 0.05, 10 << 30

local function folder_of(path)
  return path:match "^(.*/)[^/]*$" or "."
end

-- ---- the checkpoint ----

--- The path of the checkpoint; nil when none is given, nor is one where many registries have theirs.
local function checkpoint_path(given)
  if given.checkpoint then return given.checkpoint end
  local beside = given.db .. ".checkpoint"
  return core.file_stamp(beside) and beside or nil
end

--- How much is left after the position, or why it is none of this registry.
local function check_position(findings, given, path, state)
  local registry, message, code = given_registry.open { path = given.db, registry_id = "registry", follow = true }
  if not registry then return findings:fail("checkpoint", message, nil, code) end
  local problem = position.problem(registry, given.db, path, state.last_id)
  local left = not problem and lag.read(registry, state.last_id)
  registry:close()
  if problem then return findings:fail("checkpoint", problem, nil, "held") end
  if state.retrying_since then
    return findings:warn("checkpoint", ("at event %d; attempts fail since %s: %s"):format(state.last_id,
      state.retrying_since, state.retrying_cause or "no cause"), "look at the target")
  end
  findings:ok("checkpoint", ("at event %d, saved %s; left: %s"):format(state.last_id, state.saved or "never",
    lag.describe(left)))
end

local function check_checkpoint(findings, given, path)
  local folder = folder_of(path)
  local allowed, reason = core.access(folder, "wx")
  if not allowed then
    return findings:fail("checkpoint", ("user %s may not write in '%s': %s"):format(core.user(), folder, reason),
      "give the user who exports a folder of its own, as /var/lib/oversight-siem", "held")
  end
  local state, message, code = siem.checkpoint.read(path)
  if code == "not_found" then
    return findings:ok("checkpoint", ("'%s' does not exist yet: the first export makes it"):format(path))
  end
  if not state then return findings:fail("checkpoint", message, nil, code) end
  local _, owner = core.file_owner(path)
  if owner ~= core.user() and core.user() ~= "root" then
    return findings:fail("checkpoint", ("'%s' belongs to user %s, and this is %s"):format(path, owner, core.user()),
      "run doctor, checkpoint and replay as the user who exports", "held")
  end
  return check_position(findings, given, path, state)
end

-- ---- other files, and disks ----

local function check_file(findings, check, path)
  local planned, message = rehearsal.new(path)
  if not planned then
    return findings:fail(check, message, ("make the folder, or give user %s the right to write"):format(core.user()),
      "held")
  end
  findings:ok(check, ("'%s' can be written: %s"):format(path, planned.state or "a file for each registry"))
end

--- Room on each disk that something is written to.
local function check_disks(findings, places)
  local seen = {}
  for _, place in ipairs(places) do
    local free, total, disk = core.disk_room(place.folder)
    if free and not seen[disk] then
      seen[disk] = true
      local what = ("%s free of %s, for the %s"):format(numbers.bytes(free), numbers.bytes(total), place.name)
      if free < LEAST then findings:fail("disk", what, "make room: no event is lost meanwhile, and none is exported")
      elseif free < PLENTY and free < total * SHARE then findings:warn("disk", what, "make room before it is full")
      else findings:ok("disk", what) end
    end
  end
end

--- Checks the files that the options name.
---@param findings oversight.Examination
---@param given table options of the command: db, checkpoint, output, dead_letter
---@param kind oversight.SinkKind? of the target; nil: `output` is a file
function M.run(findings, given, kind)
  local places = { { name = "registry", folder = folder_of(given.db) } }
  local function add(name, path) places[#places + 1] = { name = name, folder = folder_of(path) } end
  local checkpoint = checkpoint_path(given)
  if checkpoint then
    check_checkpoint(findings, given, checkpoint)
    add("checkpoint", checkpoint)
  end
  if not kind and given.output and given.output ~= "-" then
    check_file(findings, "output", given.output)
    add("output", given.output)
  end
  if given.dead_letter then
    check_file(findings, "dead letter", given.dead_letter)
    add("dead letter", given.dead_letter)
  end
  check_disks(findings, places)
end

return M

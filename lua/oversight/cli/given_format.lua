--- The format that a command was given: a name, a file, or with --restricted a file from elsewhere.
local program = require "oversight.program"
local siem    = require "oversight.siem"

local M = {}

--- The options that commands with --restricted share.
M.options = {
  { "--restricted",
    help = "the format is a file from elsewhere: run it without files, system and __gc, under tight limits" },
  { "--max-seconds", value = "N", natural = true,
    help = "how long a restricted format may take for one event (default: 10)" },
}

local INSTRUCTIONS, MIB, SECONDS = 10000000, 64, 10

--- A format that runs in a state of its own: it compiles to a mapping, and has no options.
local Restricted = {}
Restricted.__index = Restricted

function Restricted:compile()
  local given = self.given
  if not self.mapping then
    local mapping, message, code = program.restricted(self.name, given.max_instructions or INSTRUCTIONS,
      given.max_memory or MIB, given.max_seconds or SECONDS)
    if not mapping then return nil, message, code end
    self.mapping = mapping
  end
  return self.mapping
end

function Restricted:render(event)
  return self.mapping:render(event)
end

--- Loads what `name` stands for. Messages of unknown names have the code "not_found".
---@return oversight.Format|table? format
---@return string? message
---@return string? code
function M.load(given, name)
  if not given.restricted then return siem.format.load(name) end
  local format = setmetatable({ name = name, options = {}, given = given }, Restricted)
  local mapping, message, code = format:compile()
  if not mapping then return nil, message, code == "not_found" and code or "invalid" end
  return format
end

return M

--- The format that a command was given: a name, a file, or with --restricted a file from elsewhere.
local catalog     = require "oversight.catalog"
local lazy        = require "oversight.lazy"
local program     = require "oversight.program"
local siem        = require "oversight.siem"
local description = lazy "oversight.description"

local M = {}

--- The options that commands with --restricted share.
M.options = {
  { "--restricted",
    help = "the file is from elsewhere: run it without files, system and __gc, under tight limits" },
  { "--max-seconds", value = "N", natural = true,
    help = "how long a restricted file may take for one event (default: 10)" },
}

local INSTRUCTIONS, MIB, SECONDS = 10000000, 64, 10

--- A format that runs in a state of its own: it is compiled, and has no options.
local Restricted = {}
Restricted.__index = Restricted

function Restricted:compile() return self.mapping end

function Restricted:close() self.mapping:close() end

--- Runs a file in a state of its own; a script when there are arguments. Gives nil and nothing else for
--- a script that returns nothing.
---@param arguments string[]?
---@return table? format, string? message, string? code
function M.load_restricted(given, file, arguments)
  local problem = catalog.unreadable(file)
  if problem then return nil, "cannot open the format " .. problem, "io" end
  local described, mapping, code = program.restricted(file, {
    instructions = given.max_instructions or INSTRUCTIONS,
    mebibytes = given.max_memory or MIB,
    seconds = given.max_seconds or SECONDS,
  }, arguments)
  if not described then return nil, mapping, code end
  if not mapping then return end
  described = siem.json.decode(described, true)
  return setmetatable({
    name = tostring(described.name), description = described, tests = described.tests, options = {}, mapping = mapping,
  }, Restricted)
end

--- Loads what `name` means. An unknown name is wrong usage.
---@param given table options of the command: restricted
---@return oversight.Format|table? format, string? message, string? code
function M.load(given, name)
  if given.restricted then return M.load_restricted(given, name) end
  local format, message, code = siem.format.load(name)
  return format, message, code == "not_found" and "usage" or code
end

--- The mapping of a format with its default options.
---@return oversight.Mapping
function M.mapping(format)
  format.mapping = format.mapping or format:compile()
  return format.mapping
end

local function compile(format, options)
  if not options then return M.mapping(format) end
  if format.description then return nil, "a restricted format takes no options" end
  local ok, mapping = pcall(format.compile, format, setmetatable(options, nil))
  if not ok then return nil, mapping end
  return mapping
end

--- The records that a format makes of an event, each as JSON text.
---@param options table<string, string>?
---@return string[]? records, string? message, string? code
function M.records(format, event, options)
  local mapping, problem = compile(format, options)
  if not mapping then return nil, problem, "invalid" end
  local batch = siem.batch.open()
  local ok, message, code = batch:write(mapping, event)
  if not ok then return nil, message, code end
  local records = {}
  for i, record in batch:records() do records[i] = record end
  batch:close()
  return records
end

--- What a format says of itself.
---@return oversight.Description
function M.describe(format)
  return format.description or description.of(format)
end

--- Ends the use of a format: of a restricted one there is one at a time.
function M.close(format)
  if format.description then format:close() end
end

return M

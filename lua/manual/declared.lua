--- What the commands and the targets declare, as completions and manual pages need it.
local commands       = require "oversight.cli.commands"
local siem           = require "oversight.siem"
local target_options = require "oversight.cli.support.target_options"

local M = {}

---@alias manual.Completes "file"|"folder"|"format"|"target"|{ [integer]: string, files: boolean? } what a value can be

---@class manual.Option
---@field name string "--format"
---@field short string? "-f"
---@field value string? as the help names it; nil: it takes none
---@field completes manual.Completes?
---@field many boolean?
---@field help string

---@class manual.Target
---@field name string
---@field summary string
---@field format string? its default format
---@field options manual.Option[]

---@class manual.Command: manual.Target
---@field usage string
---@field examples string[]
---@field notes string?
---@field arguments manual.Completes? what comes without an option
---@field has_target boolean? it takes --to, and the options of that target

--- What the words mean that name a value in the help.
local MEANINGS = {
  FILE = "file", OUT = "file", SCRIPT = "file", CHECKPOINT = "file", FOLDER = "folder",
  FORMAT = "format", KIND = "target",
}

--- What a value can be, as the help names it: "FILE|URL", "text|json".
local function completes_of(value)
  local choices = {}
  for word in value:gmatch "[^|]+" do
    if MEANINGS[word] then return MEANINGS[word] end
    choices[#choices + 1] = word:match "^%l[%l%d-]*$" or word:match "^(%l[%l-]*:)%u+$"
  end
  return #choices > 0 and choices or nil
end

local function option_of(declared)
  return {
    name = declared[1], short = declared[2], value = declared.value, many = declared.many, help = declared.help,
    completes = declared.value and (declared.complete or completes_of(declared.value)),
  }
end

---@return manual.Option[]
local function options_of(list)
  local options = {}
  for _, declared in ipairs(list) do
    if not declared.hidden then options[#options + 1] = option_of(declared) end
  end
  return options
end

---@return manual.Command
local function command_of(name)
  local command = commands.load(name)
  local options, arguments = options_of(command.options), command.options.arguments
  local made = {
    name = name, summary = command.summary, usage = command.usage, examples = command.examples, notes = command.notes,
    options = options, arguments = arguments and (arguments.complete or completes_of(arguments[3])),
  }
  for _, option in ipairs(options) do made.has_target = made.has_target or option.name == "--to" end
  return made
end

--- All commands, in the order of the help.
---@return manual.Command[]
function M.commands()
  local list = {}
  for i, name in ipairs(commands.names) do list[i] = command_of(name) end
  return list
end

--- All targets.
---@return manual.Target[]
function M.targets()
  local list = {}
  for i, kind in ipairs(siem.sink.kinds()) do
    list[i] = {
      name = kind.name, summary = kind.summary, format = kind.format, options = options_of(target_options.of(kind)),
    }
  end
  return list
end

--- What each option of a command or a target takes, by its names; those without a value are not listed. One name
--- means one thing: completions need not know which command it is of.
---@return table<string, { completes: manual.Completes?, name: string }>
function M.values()
  local values = {}
  local function add(option)
    local known = values[option.name]
    assert(not known or option.completes == nil or known.completes == nil or type(known.completes) == "table" or
      known.completes == option.completes, option.name .. " takes different things")
    local value = { name = option.name, completes = option.completes or known and known.completes }
    values[option.name] = value
    if option.short then values[option.short] = value end
  end
  for _, list in ipairs { M.commands(), M.targets() } do
    for _, declared in ipairs(list) do
      for _, option in ipairs(declared.options) do
        if option.value then add(option) end
      end
    end
  end
  return values
end

--- "export|ping|replay": the commands that take a target.
---@param separator string
---@return string
function M.commands_with_target(separator)
  local names = {}
  for _, command in ipairs(M.commands()) do
    if command.has_target then names[#names + 1] = command.name end
  end
  return table.concat(names, separator)
end

--- All names of options, "-f" and "--format", with spaces in between.
---@param options manual.Option[]
---@return string
function M.names(options)
  local names = {}
  for _, option in ipairs(options) do
    names[#names + 1] = option.short
    names[#names + 1] = option.name
  end
  return table.concat(names, " ")
end

return M

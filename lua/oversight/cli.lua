--- The command: finds the subcommand, and turns its answer into an exit status.
local commands = require "oversight.cli.commands"
local core     = require "oversight.core"
local lazy     = require "oversight.lazy"
local messages = require "oversight.cli.support.messages"
local must     = require "oversight.cli.support.must"
local options  = require "oversight.cli.support.options"
local output   = require "oversight.output"
local program  = require "oversight.program"
local color    = lazy "oversight.cli.support.color"
local columns  = lazy "oversight.cli.support.columns"
local help     = lazy "oversight.cli.support.help"
local targets  = lazy "oversight.cli.support.target_options"
local unknown  = lazy "oversight.cli.support.unknown"

local print = output.print

local M = {}

--- The exit status of an answer, see commands.statuses.
local STATUS = { ok = 0, failed = 1, incomplete = 1, usage = 2, refused = 3, held = 4 }

--- Commands that know by their options and scripts what standard output is for. For the others it is for results.
local DECIDES = { export = true, replay = true, run = true }

--- The words that may come where a command is expected.
local FIRST_WORDS = { "help", "--version", table.unpack(commands.names) }

local function print_help()
  help.print_examples(commands.examples)
  print "Usage: oversight-siem COMMAND [OPTION]..."
  print(commands.summary .. ".\n")
  print "Commands:"
  for _, name in ipairs(commands.names) do
    print("  " .. columns.pad(name, 10) .. " " .. commands.load(name).summary)
  end
  print "\n  oversight-siem help COMMAND     options of a command; or: COMMAND --help, -h"
  print "  oversight-siem --version (-v)   the version, and the features of this build\n"
  help.print_statuses(commands.statuses)
end

--- The version; and on a line of its own, +NAME for each feature that was built, -NAME for each that was not.
local function print_version()
  local marked = {}
  for i, feature in ipairs(core.features) do marked[i] = (feature.built and "+" or "-") .. feature.name end
  print("oversight-siem " .. core.version)
  print("features: " .. table.concat(marked, " "))
end

local function usage(command, message)
  messages.usage(command, message)
  return STATUS.usage
end

--- Whether messages are to be JSON, also those about arguments that cannot be parsed.
local function wants_json(arguments)
  for i, argument in ipairs(arguments) do
    if argument == "--log-format=json" or argument == "--log-format" and arguments[i + 1] == "json" then return true end
  end
  return false
end

--- Puts folders in front of the search path, made absolute: the working directory may change.
local function set_lua_path(folders)
  for i = #folders, 1, -1 do
    local folder = core.absolute_path(folders[i])
    if not folder then must.fail(("--lua-path: there is no folder '%s'"):format(folders[i]), "usage") end
    package.path = ("%s/?.lua;%s/?/init.lua;%s"):format(folder, folder, package.path)
  end
end

--- Parses the arguments of a command, and does what they ask for. Gives its answer.
local function run_with(name, command, arguments)
  local parsed, message = options.parse(command.options, arguments, name)
  if not parsed then must.fail(message, "usage") end
  if parsed.help or parsed.version then
    if parsed.help then help.print_command(name, command, targets.kind(parsed.to)) else print_version() end
    return "ok"
  end
  set_lua_path(parsed.lua_path or {})
  if parsed.color then must.have(color.set(parsed.color)) end
  local set
  set, message = messages.set_format(parsed.log_format, parsed.quiet)
  if not set then must.fail(message, "usage") end
  core.set_budget(math.max(parsed.max_instructions or 100000000, 1), math.max(parsed.max_memory or 512, 1))
  if not DECIDES[name] then output.claim() end
  parsed.raw = { [0] = "oversight-siem", name, table.unpack(arguments) }
  return command.run(parsed)
end

--- Runs a command. `run` answers "ok", "refused", "incomplete", or nil, message and perhaps "usage" or "held";
--- false as a message when the reason is printed already. Or it fails, by must.
local function run_command(name, command, arguments)
  if wants_json(arguments) then messages.set_format "json" end
  local ok, answer, reason, kind = xpcall(run_with, function(fault)
    return must.failure(fault) or debug.traceback(fault)
  end, name, command, arguments)
  if not ok then
    local failure = must.failure(answer) or { message = answer }
    answer, reason, kind = nil, failure.message, failure.code
  end
  if answer then return STATUS[answer] end
  if kind == "usage" then return usage(name, reason) end
  if reason ~= false then messages.error(name, tostring(reason)) end
  return (kind == "held" or kind == "idle") and STATUS.held or STATUS.failed
end

--- What the first argument asks for when it is not a command; or nil.
local INSTEAD = {
  ["help"] = print_help, ["--help"] = print_help, ["-h"] = print_help,
  ["--version"] = print_version, ["-v"] = print_version,
}

---@param arguments string[] as in stock Lua's arg
---@return integer status
function M.main(arguments)
  output.claim, output.release = program.claim_output, program.release_output
  local name = arguments[1]
  if name == nil then return usage(nil, "a command is missing") end
  if name == "help" and arguments[2] then
    arguments = { arguments[2], "--help", table.unpack(arguments, 3) }
    name = arguments[1]
  elseif INSTEAD[name] then
    INSTEAD[name]()
    return STATUS.ok
  elseif name:find "%.lua$" then
    table.insert(arguments, 1, "run")
    name = "run"
  end
  local command = commands.load(name)
  if not command then return usage(nil, unknown.command(name, FIRST_WORDS)) end
  return run_command(name, command, { table.unpack(arguments, 2) })
end

return M

--- The completion for fish.
local declared = require "manual.declared"

local HEAD = [=[
# Completion of oversight-siem for fish, made of the tables of its options.

function __oversight_siem_is # COMMAND...: one of them is typed
    set -l words (commandline -opc)
    set -q words[2]; and contains -- $words[2] $argv
end

function __oversight_siem_to # TARGET: it is the one of --to
    __oversight_siem_is %s; or return 1
    set -l words (commandline -opc)
    contains -- --to=$argv $words; and return
    set -l at (contains -i -- --to $words); or return 1
    set at (math $at + 1)
    test "$words[$at]" = $argv
end

function __oversight_siem_formats
    set -l words (commandline -opc)
    $words[1] formats 2>/dev/null | string replace -r ' .*' ''
end

function __oversight_siem_is_first # nothing is typed, or help
    set -l words (commandline -opc)
    test (count $words) -eq 1; or test "$words[2..]" = help
end

complete -c oversight-siem -f
complete -c oversight-siem -n __oversight_siem_is_first -a help -d 'Shows the help of a command'
complete -c oversight-siem -n __oversight_siem_is_first -s h -l help -d 'show the help'
complete -c oversight-siem -n __oversight_siem_is_first -s v -l version -d 'show the version'
]=]

local COMPLETE = "complete -c oversight-siem -n "

local function quote(text)
  return "'" .. text:gsub("[\\']", "\\%0") .. "'"
end

--- What a value can be, as flags of complete.
local function flags_of(completes, targets)
  if completes == "file" then return " -F" end
  if completes == "folder" then return " -x -a '(__fish_complete_directories)'" end
  if completes == "format" then return " -F -a '(__oversight_siem_formats)'" end
  if completes == "target" then completes = targets end
  if not completes then return "" end
  return (completes.files and " -F" or " -x") .. " -a " .. quote(table.concat(completes, " "))
end

local function complete(condition, option, targets)
  local parts = { COMPLETE, quote(condition), " -l ", option.name:sub(3) }
  if option.short then parts[#parts + 1] = " -s " .. option.short:sub(2) end
  if option.value then
    local flags = flags_of(option.completes, targets)
    parts[#parts + 1] = flags:find("-x", 1, true) and flags or " -r" .. flags
  end
  parts[#parts + 1] = " -d " .. quote(option.help) .. "\n"
  return table.concat(parts)
end

---@return string
return function()
  local commands, targets = declared.commands(), declared.targets()
  local names, parts = {}, { HEAD:format(declared.commands_with_target " ") }
  for i, target in ipairs(targets) do names[i] = target.name end
  local function add(...) parts[#parts + 1] = table.concat { ... } end
  for _, command in ipairs(commands) do
    add(COMPLETE, "__oversight_siem_is_first -a ", command.name, " -d ", quote(command.summary), "\n")
  end
  for _, command in ipairs(commands) do
    local condition = "__oversight_siem_is " .. command.name
    for _, option in ipairs(command.options) do add(complete(condition, option, names)) end
    if command.arguments then
      add(COMPLETE, quote(condition), flags_of(command.arguments, names):gsub(" %-x", ""), "\n")
    end
  end
  for _, target in ipairs(targets) do
    for _, option in ipairs(target.options) do add(complete("__oversight_siem_to " .. target.name, option, names)) end
  end
  return table.concat(parts)
end

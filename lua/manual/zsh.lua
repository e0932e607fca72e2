--- The completion for zsh.
local declared = require "manual.declared"

local HEAD = [=[
#compdef oversight-siem
# Completion of oversight-siem for zsh, made of the tables of its options.

_oversight_siem_formats() {
    local -a names
    names=(${(f)"$(${(Q)_oversight_siem_program} formats 2>/dev/null | cut -d ' ' -f 1)"})
    _alternative "formats:format:($names)" 'files:file:_files'
}

]=]

local OPTIONS = [=[
_oversight_siem_options() {
    case $command in
%s    esac
    case $command in
    %s) ;;
    *) return ;;
    esac
    case $target in
%s    esac
}

]=]

local REST = [=[
_oversight_siem() {
    local _oversight_siem_program=$words[1] command=$words[2] target at
    local -a options before=("${(@)words[1,CURRENT-1]}")
    if [[ $CURRENT -eq 2 || ( $CURRENT -eq 3 && $command == help ) ]]; then
        _oversight_siem_commands
        return
    fi
    at=${before[(I)--to=*]}
    (( at )) && target=${before[at]#--to=}
    at=${before[(I)--to]}
    (( at )) && target=$before[at+1]
    _oversight_siem_options
    shift words
    (( CURRENT-- ))
    _arguments -s -S : $options
}

_oversight_siem "$@"
]=]

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- A text within the brackets of _arguments.
local function escape(text)
  return (text:gsub("[%[%]:\\]", "\\%0"))
end

--- What a value can be, as an action of _arguments.
local function action_of(completes, targets)
  if completes == "file" then return "_files" end
  if completes == "folder" then return "_directories" end
  if completes == "format" then return "_oversight_siem_formats" end
  if completes == "target" then completes = targets end
  local words = {}
  for i, word in ipairs(completes or {}) do words[i] = escape(word) end
  if not completes then return " " end
  local list = ("(%s)"):format(table.concat(words, " "))
  return completes.files and ('{_alternative "words:word:%s" "files:file:_files"}'):format(list) or list
end

--- An option as _arguments takes it: one line for each of its names.
local function specify(option, targets)
  local both = option.short and ("(%s %s)"):format(option.short, option.name) or ""
  local before = option.many and "*" or both
  local value = option.value and (":%s:%s"):format(escape(option.value), action_of(option.completes, targets)) or ""
  local lines = {}
  for _, name in ipairs { option.short or false, option.name } do
    if name then
      local mark = option.value and (name == option.name and "=" or "+") or ""
      local spec = ("%s%s%s[%s]%s"):format(before, name, mark, escape(option.help), value)
      lines[#lines + 1] = "            " .. quote(spec)
    end
  end
  return table.concat(lines, "\n")
end

local function cases(list, targets)
  local lines = {}
  for _, entry in ipairs(list) do
    lines[#lines + 1] = ("    %s)\n        options+=("):format(entry.name)
    for _, option in ipairs(entry.options) do lines[#lines + 1] = specify(option, targets) end
    if entry.arguments then
      lines[#lines + 1] = "            " .. quote(("*:argument:%s"):format(action_of(entry.arguments, targets)))
    end
    lines[#lines + 1] = "        ) ;;"
  end
  return table.concat(lines, "\n") .. "\n"
end

local function describe(commands)
  local lines = { "_oversight_siem_commands() {\n    local -a commands\n    commands=(" }
  for _, command in ipairs(commands) do
    lines[#lines + 1] = "        " .. quote(("%s:%s"):format(command.name, command.summary))
  end
  lines[#lines + 1] = "        'help:Shows the help of a command'\n    )\n    _describe command commands\n}\n\n"
  return table.concat(lines, "\n")
end

---@return string
return function()
  local commands, targets = declared.commands(), declared.targets()
  local names = {}
  for i, target in ipairs(targets) do names[i] = target.name end
  return HEAD .. describe(commands) .. OPTIONS:format(cases(commands, names), declared.commands_with_target "|",
    cases(targets, names)) .. REST
end

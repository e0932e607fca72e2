--- The completion for bash. It needs no other package.
local declared = require "manual.declared"

local HEAD = [=[
# Completion of oversight-siem for bash, made of the tables of its options.

]=]

local REST = [=[
# The formats that can be used, and files.
_oversight_siem_formats() { # WORD
    compgen -W "$("${COMP_WORDS[0]}" formats 2>/dev/null | cut -d ' ' -f 1)" -- "$1"
    compgen -f -- "$1"
}

_oversight_siem_complete() { # KIND WORD
    case $1 in
    file) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
    folder) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    format) mapfile -t COMPREPLY < <(_oversight_siem_formats "$2") ;;
    *FILE) mapfile -t COMPREPLY < <(compgen -W "${1% FILE}" -- "$2"; compgen -f -- "$2") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2") ;;
    esac
    case $1 in
    file | folder | format | *FILE) compopt -o filenames 2>/dev/null ;;
    esac
}

# Sets `words` to the words up to the cursor: bash makes three of "--to=splunk", with "=" in the middle.
_oversight_siem_words() {
    local i
    words=()
    for ((i = 1; i <= COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        =) ((i < COMP_CWORD)) || words+=("") ;;
        *) words+=("${COMP_WORDS[i]}") ;;
        esac
    done
}

_oversight_siem() {
    local words word before command target="" kind="" i
    COMPREPLY=()
    _oversight_siem_words
    command=${words[0]}
    word=${words[-1]}
    if ((${#words[@]} == 1)) || { [ "$command" = help ] && ((${#words[@]} == 2)); }; then
        _oversight_siem_complete "$_oversight_siem_commands" "$word"
        return
    fi
    before=${words[-2]}
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        [ "${words[i]}" = --to ] && target=${words[i + 1]}
    done
    if [[ $word == -* ]]; then
        _oversight_siem_complete "$(_oversight_siem_options "$command" "$target")" "$word"
    elif kind=$(_oversight_siem_value "$before"); then
        [ -z "$kind" ] || _oversight_siem_complete "$kind" "$word"
    else
        kind=$(_oversight_siem_argument "$command")
        [ -z "$kind" ] || _oversight_siem_complete "$kind" "$word"
    fi
}

complete -F _oversight_siem oversight-siem
]=]

--- What the functions of the script know a kind of value by.
local function kind_of(completes, targets)
  if completes == "target" then return targets end
  if type(completes) ~= "table" then return completes or "" end
  return table.concat(completes, " ") .. (completes.files and " FILE" or "")
end

--- A case of the shell for each text, with the words that share it.
local function cases(list)
  local by_text, order = {}, {}
  for _, entry in ipairs(list) do
    if not by_text[entry.text] then order[#order + 1] = entry.text end
    by_text[entry.text] = (by_text[entry.text] and by_text[entry.text] .. " | " or "") .. entry.word
  end
  local lines = {}
  for _, text in ipairs(order) do lines[#lines + 1] = ("    %s) echo %q ;;\n"):format(by_text[text], text) end
  return table.concat(lines)
end

local FUNCTIONS = [=[
_oversight_siem_options() { # COMMAND TARGET
    case $1 in
%s    esac
    case $1 in
    %s) ;;
    *) return ;;
    esac
    case $2 in
%s    esac
}

_oversight_siem_value() { # OPTION: what it takes; 1 for nothing
    case $1 in
%s    *) return 1 ;;
    esac
}

_oversight_siem_argument() { # COMMAND: what comes without an option
    case $1 in
%s    esac
}

]=]

--- The options of commands, or of targets.
local function options(list)
  local entries = {}
  for i, of in ipairs(list) do entries[i] = { word = of.name, text = declared.names(of.options) } end
  return cases(entries)
end

local function values(targets)
  local list, names, known = {}, {}, declared.values()
  for name in pairs(known) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do list[i] = { word = name, text = kind_of(known[name].completes, targets) } end
  return cases(list)
end

local function arguments(commands, targets)
  local list = {}
  for _, command in ipairs(commands) do
    if command.arguments then
      list[#list + 1] = { word = command.name, text = kind_of(command.arguments, targets) }
    end
  end
  return cases(list)
end

local function names_of(list)
  local names = {}
  for i, entry in ipairs(list) do names[i] = entry.name end
  return table.concat(names, " ")
end

---@return string
return function()
  local commands, targets = declared.commands(), declared.targets()
  local kinds = names_of(targets)
  return HEAD .. ('_oversight_siem_commands="help --help --version %s"\n\n'):format(names_of(commands)) ..
    FUNCTIONS:format(options(commands), declared.commands_with_target " | ", options(targets), values(kinds),
      arguments(commands, kinds)) .. REST
end

--- Options of a command: declared as data, parsed, and described.
---
--- An option is { "--name", value = "FILE", help = "...", required, many, whole, natural, hidden }.
--- Without `value` it is a flag. `whole` and `natural` make it an integer. A `hidden` one is in no help.
---
--- An empty text is refused, as it comes from a variable that is not set, unless `value` shows '' as a choice.
---
--- `arguments` = { least, most, "NAME" } of the list allows arguments that are not options; they are
--- parsed[1], parsed[2] and so on. With `rest`, all that follows the first one belongs to it. What follows
--- "--" is not an option.
local nearest = require "oversight.nearest"
local print = require("oversight.output").print

local M = {}

--- "--registry-id" as the key registry_id.
local function key_of(name)
  return (name:gsub("^%-+", ""):gsub("-", "_"))
end

local function find(declared, name)
  for _, option in ipairs(declared) do
    if option[1] == name then return option end
  end
end

local function convert(option, text)
  if text == "" and not option.value:find("''", 1, true) then
    return nil, option[1] .. " is empty: is the variable that it comes from set?"
  end
  if not option.whole and not option.natural then return text end
  local number = text:match "^[+-]?%d+$" and math.tointeger(tonumber(text))
  if not number then return nil, ("%s takes a whole number, not '%s'"):format(option[1], text) end
  if option.natural and number < 0 then return nil, option[1] .. " cannot be negative" end
  return number
end

local function store(parsed, option, value)
  local key = key_of(option[1])
  if option.many then
    parsed[key] = parsed[key] or {}
    table.insert(parsed[key], value)
  else
    parsed[key] = value
  end
end

local function check_required(declared, parsed)
  for _, option in ipairs(declared) do
    if option.required and parsed[key_of(option[1])] == nil then
      return nil, ("%s %s is missing"):format(option[1], option.value)
    end
  end
  local arguments = declared.arguments
  if arguments and #parsed < arguments[1] then return nil, arguments[3] .. " is missing" end
  if arguments and #parsed > arguments[2] then return nil, "there is one argument too many" end
  return parsed
end

--- What is said of an unknown argument. It is not repeated: it may hold a secret.
local function describe_unknown(declared, name, place)
  if name:sub(1, 1) ~= "-" then return ("argument %d is where an option is expected"):format(place) end
  local names = {}
  for i, option in ipairs(declared) do names[i] = option[1] end
  local near = nearest(name, names)
  local hint = near and ("; did you mean %s?"):format(near) or ""
  return ("argument %d is not an option of this command%s"):format(place, hint)
end

--- Parses arguments. Gives a table by key, or nil and a message.
---@return table<string, any>? parsed
---@return string? message
function M.parse(declared, arguments)
  local parsed, i = {}, 1
  while i <= #arguments do
    local argument = arguments[i]
    if argument == "--" and declared.arguments then
      table.move(arguments, i + 1, #arguments, #parsed + 1, parsed)
      break
    end
    local name, text = argument:match "^(%-%-[^=]+)=(.*)$"
    name = name or argument
    if name == "--help" or name == "-h" then return { help = true } end
    local option = find(declared, name)
    if not option and declared.arguments and (name:sub(1, 1) ~= "-" or name == "-") then
      local last = declared.arguments.rest and #arguments or i
      table.move(arguments, i, last, #parsed + 1, parsed)
      i = last
      goto next
    end
    if not option then return nil, describe_unknown(declared, name, i) end
    if not option.value then
      if text then return nil, name .. " takes no value" end
      store(parsed, option, true)
    else
      if not text then
        i = i + 1
        text = arguments[i]
        if not text then return nil, ("%s needs a value: %s"):format(name, option.value) end
      end
      local value, message = convert(option, text)
      if value == nil then return nil, message end
      store(parsed, option, value)
    end
    ::next::
    i = i + 1
  end
  return check_required(declared, parsed)
end

--- Breaks text into lines of at most `width` characters.
---@return string[]
function M.wrap(text, width)
  local lines, line = {}, ""
  for word in text:gmatch "%S+" do
    if #line + 1 + #word > width and line ~= "" then
      lines[#lines + 1] = line
      line = word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = line
  return lines
end

local HELP_COLUMN, LINE_WIDTH = 28, 80

--- Prints a name and what it is, which begins in that column and goes on there.
function M.print_columns(left, column, words)
  local lines = M.wrap(words, LINE_WIDTH - column)
  if #left >= column then
    print(left)
    left = ""
  end
  for _, line in ipairs(lines) do
    print(("%-" .. column .. "s%s"):format(left, line))
    left = ""
  end
end

--- Prints options in two columns.
function M.print_options(declared)
  for _, option in ipairs(declared) do
    if not option.hidden then
      M.print_columns("  " .. option[1] .. (option.value and " " .. option.value or ""), HELP_COLUMN, option.help)
    end
  end
end

function M.print_help(name, command)
  local usage = M.wrap(("Usage: oversight-siem %s %s"):format(name, command.usage), LINE_WIDTH - 4)
  print(table.concat(usage, "\n    "))
  print(command.summary .. ".\n")
  M.print_options(command.options)
  if not command.notes then return end
  print()
  for line in (command.notes .. "\n"):gmatch "(.-)\n" do
    print(#line > LINE_WIDTH and table.concat(M.wrap(line, LINE_WIDTH), "\n") or line)
  end
end

return M

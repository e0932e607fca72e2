--- Options of a command: declared as data, and parsed.
---
--- An option is { "--name", "-n", value = "FILE", help = "...", required, many, whole, natural, time, hidden,
--- instead }. "-n" is a shorter name, which few have. Without `value` it is a flag. `whole` and `natural` make it an
--- integer, `time` one of seconds. A `hidden` one is in no help. `complete` is what completions offer where `value`
--- does not say it: "format", or a list of words, and files when it has `files`. What a command was to do is not done
--- when one with `instead` is there.
---
--- An empty text is refused, as it comes from a variable that is not set, unless `value` shows '' as a choice.
---
--- `arguments` = { least, most, "NAME" } of the list allows arguments that are not options; they are
--- parsed[1], parsed[2] and so on. With `rest`, all that follows the first one belongs to it. What follows
--- "--" is not an option.
---
--- No message repeats a value: it may hold a secret.
local core    = require "oversight.core"
local lazy    = require "oversight.lazy"
local unknown = lazy "oversight.cli.support.unknown"

local M = {}

--- "--registry-id" as the key registry_id.
local function key_of(name)
  return (name:gsub("^%-+", ""):gsub("-", "_"))
end

local function find(declared, name)
  for _, option in ipairs(declared) do
    if option[1] == name or option[2] == name then return option end
  end
end

-- ---- values ----

--- A number that is wrong may be repeated: what begins with a digit and is short is a size or a time.
local function describe_number(text)
  return text:find "^[+-]?%d[%w.,]*$" and #text <= 12 and (", not '%s'"):format(text) or ""
end

local function convert(option, text)
  if text == "" and not option.value:find("''", 1, true) then
    return nil, option[1] .. " is empty: is the variable that it comes from set?"
  end
  if option.time then
    local seconds, message = core.time(text)
    return seconds, message and ("%s: %s%s"):format(option[1], message, describe_number(text))
  end
  if not option.whole and not option.natural then return text end
  local number = text:match "^[+-]?%d+$" and math.tointeger(tonumber(text))
  if not number then return nil, ("%s takes a whole number%s"):format(option[1], describe_number(text)) end
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

-- ---- arguments ----

---@class oversight.Parser
---@field declared table options of the command
---@field command string its name, for messages
---@field given string[] all arguments
---@field at integer the one that is read
---@field parsed table<string, any>
---@field last table? the option whose value was read last
---@field surplus integer? the first argument that is not an option and beyond what the command takes
---@field instead true? after an option that is `instead` of what the command does
local Parser = {}
Parser.__index = Parser

--- What is wrong with an option for which there is no next argument, or the next one is an option.
local function missing_value(option, following)
  local after = following and (", and %s is next"):format(following[1]) or ""
  return ("%s needs a value: %s%s"):format(option[1], option.value, after)
end

--- Reads the value of an option: the rest of its own argument, or the next one.
---@param text string? that rest
function Parser:read_value(option, text)
  if not text then
    self.at = self.at + 1
    text = self.given[self.at]
    local following = text and text:find "^%-%-" and find(self.declared, text:match "^[^=]*")
    if not text or following then return nil, missing_value(option, following) end
  end
  local value, message = convert(option, text)
  if value == nil then return nil, message end
  store(self.parsed, option, value)
  self.last = option
  return true
end

--- Reads "--name" or "--name=value".
function Parser:read_long(argument)
  local name, text = argument:match "^(%-%-[^=]+)=(.*)$"
  local option = find(self.declared, name or argument)
  if not option then return nil, unknown.option(self, argument) end
  if option.value then return self:read_value(option, text) end
  if text then return nil, option[1] .. " takes no value" end
  if option.instead then self.instead = true end
  store(self.parsed, option, true)
  return true
end

--- Reads "-n", "-n value", "-nvalue", "-n=value", and several flags in one: "-qn value".
function Parser:read_short(argument)
  if find(self.declared, "-" .. argument) then return nil, unknown.option(self, argument) end -- "-token"
  for at = 2, #argument do
    local option, rest = find(self.declared, "-" .. argument:sub(at, at)), argument:sub(at + 1)
    if not option then return nil, unknown.option(self, at == 2 and argument or "-" .. argument:sub(at)) end
    if option.value then return self:read_value(option, rest ~= "" and rest:gsub("^=", "") or nil) end
    if option.instead then self.instead = true end
    store(self.parsed, option, true)
  end
  return true
end

--- Adds what is not an option: the arguments from here to `last`.
function Parser:take(last)
  local allowed = self.declared.arguments
  if not self.surplus and #self.parsed + last - self.at + 1 > allowed[2] then
    self.surplus = self.at + allowed[2] - #self.parsed
  end
  table.move(self.given, self.at, last, #self.parsed + 1, self.parsed)
  self.at = last
  return true
end

function Parser:read_argument()
  local argument, allowed = self.given[self.at], self.declared.arguments
  if argument == "--" and allowed then
    self.at = self.at + 1
    return self:take(#self.given)
  end
  if argument:find "^%-%-" then return self:read_long(argument) end
  if argument:find "^%-." then return self:read_short(argument) end
  if not allowed then return nil, unknown.value(self, argument) end
  return self:take(allowed.rest and #self.given or self.at)
end

--- What is missing, or too much; or nil.
function Parser:problem()
  local declared, parsed = self.declared, self.parsed
  for _, option in ipairs(declared) do
    if option.required and parsed[key_of(option[1])] == nil then
      return ("%s %s is missing"):format(option[1], option.value)
    end
  end
  local arguments = declared.arguments
  if arguments and #parsed < arguments[1] then return arguments[3] .. " is missing" end
  if self.surplus then return ("there is one argument too many: argument %d"):format(self.surplus) end
end

--- Parses arguments. Gives a table by key, or nil and a message. After an option with `instead`, what else is
--- wrong does not matter.
---@param declared table
---@param given string[]
---@param command string its name, for messages
---@return table<string, any>? parsed
---@return string? message
function M.parse(declared, given, command)
  local parser = setmetatable({ declared = declared, command = command, given = given, at = 1, parsed = {} }, Parser)
  while parser.at <= #given do
    local read, message = parser:read_argument()
    if not read and not parser.instead then return nil, message end
    parser.at = parser.at + 1
  end
  local problem = not parser.instead and parser:problem() or nil
  if problem then return nil, problem end
  return parser.parsed
end

return M

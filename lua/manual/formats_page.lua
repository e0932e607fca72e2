--- oversight-siem-formats(5): what a format is made of, from the definitions that editors read and from the engine.
local core     = require "oversight.core"
local embedded = require "oversight.embedded"
local roff     = require "manual.roff"
local siem     = require "oversight.siem"

local EXAMPLE = [[
-- /etc/oversight/lua/oversight/formats/acme.lua
return require "oversight.formats.ecs":extend "acme" {
  { "labels.site", value = "hamburg" },
  { "user.id",     from = "recipient_id", as = "lower" },
  { "user_agent",  remove = true },
}]]

local FOLDERS = {
  { "--lua-path FOLDER", "of the command, several times" },
  { "OVERSIGHT_LUA_PATH", "of the environment, folders with colons in between" },
  { "/etc/oversight/lua", "the folder of the site" },
  { "share/lua/5.4", "of the installation" },
}

local COMMANDS = {
  { "oversight-siem formats", "lists the formats that can be used, and `where` prints the file of one" },
  { "oversight-siem try", "shows the records that a format makes, and with `--explain` where each field comes from" },
  { "oversight-siem diff", "shows what it changes against the format that it extends" },
  { "oversight-siem check", "runs its tests, and holds its records to what the target accepts" },
}

--- What comes after a type as LuaCATS writes it: a space ends it that is within no bracket, and after no colon.
local function after_type(text)
  local depth = 0
  for at = 1, #text do
    local letter = text:sub(at, at)
    if letter:find "[(<{]" then depth = depth + 1 end
    if letter:find "[)>}]" then depth = depth - 1 end
    if letter == " " and depth == 0 and text:sub(at - 1, at - 1) ~= ":" then return text:sub(at + 1) end
  end
  return ""
end

--- Adds the fields of a class of the definitions, each with what is said of it.
local function add_class(page, path, class)
  local count, inside = 0, false
  for line in io.lines(path) do
    local name, rest = line:match "^%-%-%-@field (%S+) (.*)$"
    if inside and not name then break end
    if inside and not line:find("@field [string]", 1, true) then
      page:item(name == "[1]" and "destination" or name, nil, after_type(rest))
      count = count + 1
    end
    inside = inside or line == "---@class " .. class
  end
  assert(count > 5, ("%s: there is no class %s"):format(path, class))
end

local function add_list(page, list)
  for _, entry in ipairs(list) do page:item(entry[1], nil, entry[2]) end
end

--- The names of the formats in the program itself: the machine that builds it may have others.
local function built_in()
  local names = {}
  for _, module in ipairs(embedded) do names[#names + 1] = module.name:match "^oversight%.formats%.([%w_]+)$" end
  table.sort(names)
  return names
end

local function add_formats(page)
  page:section "Built-in formats"
  for _, name in ipairs(built_in()) do
    local format = assert(siem.format.load(name))
    local options = {}
    for option, default in pairs(format.options) do options[#options + 1] = ('%s ("%s")'):format(option, default) end
    table.sort(options)
    local with = #options > 0 and (" Its options, with their defaults: %s."):format(table.concat(options, ", ")) or ""
    page:item(name, nil, format.summary .. "." .. with)
  end
end

---@param date string
---@param definitions string the folder of the definitions
---@return string
return function(date, definitions)
  local page = roff.page("oversight-siem-formats", 5, core.version, date)
  page:section "Name"
  page:text "oversight-siem-formats - what a record of oversight-siem looks like, as a Lua file"
  page:section "Synopsis"
  page:block(EXAMPLE)
  page:section "Description"
  page:text("A format is a list of rows. Each row has a destination in the record, and where its value comes from. " ..
    "The order of the rows is the order in the record. A format that extends another one names the rows that differ.")
  page:paragraph "Null and empty texts are omitted, unless a row has `keep`. What a row can have:"
  add_class(page, definitions .. "/format.d.lua", "oversight.Row")
  page:section "Fields of an event"
  add_class(page, definitions .. "/siem.d.lua", "oversight.Event")
  page:paragraph "A row can also name a column that the site added to the table `events`."
  page:section "Converters"
  for _, converter in ipairs(siem.converters()) do page:item(converter.name, nil, converter.summary) end
  add_formats(page)
  page:section "Files"
  page:text "The format NAME is `oversight/formats/NAME.lua` in the first of these folders that has it, or built in:"
  add_list(page, FOLDERS)
  page:section "Commands for formats"
  add_list(page, COMMANDS)
  page:section "See also"
  page:text "`oversight-siem`(1)"
  return page:finish()
end

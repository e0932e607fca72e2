--- oversight-siem(1): all commands and targets with their options, from the tables that the help is made of.
local commands = require "oversight.cli.commands"
local core     = require "oversight.core"
local declared = require "manual.declared"
local roff     = require "manual.roff"

local ENVIRONMENT = {
  { "OVERSIGHT_LUA_PATH", "Folders, with colons in between, where formats and other Lua files are looked for." },
  { "NO_COLOR", "When it is not empty, there are no colours." },
  { "TERM", "When it is `dumb` or empty, there are no colours either." },
  { "http_proxy, https_proxy, no_proxy", "The proxy of a target, when `--proxy` does not name one." },
  { "NOTIFY_SOCKET, WATCHDOG_USEC", "Set by systemd for a service of type notify: an export that follows reports." },
  { "JOURNAL_STREAM", "Set by systemd: log lines have a priority for the journal, and no time." },
}

local FILES = {
  { "/etc/oversight/lua", "Lua files of the site: a format `NAME` is oversight/formats/NAME.lua there." },
  { "FILE.checkpoint", "The position of an export that follows the registry FILE, without `--checkpoint`." },
  { "identity.json", "Beside the database: where the registry's public identity is read from." },
}

--- Paragraphs of notes: lines of the help that are not set in belong together.
local function add_notes(page, notes)
  for part in (notes .. "\n\n"):gmatch "(.-)\n\n" do
    local words = {}
    for line in (part .. "\n"):gmatch "(.-)\n" do
      if line:find "^%s" then
        if #words > 0 then page:paragraph(table.concat(words, "\n")) end
        words = {}
        page:block(line:match "^%s*(.*)")
      else
        words[#words + 1] = line
      end
    end
    if #words > 0 then page:paragraph(table.concat(words, "\n")) end
  end
end

local function add_options(page, options)
  for _, option in ipairs(options) do
    page:item((option.short and option.short .. ", " or "") .. option.name, option.value, option.help)
  end
end

local function add_command(page, command, common)
  page:subsection("oversight-siem " .. command.name)
  page:text(command.summary .. ".")
  page:block(("oversight-siem %s %s"):format(command.name, command.usage))
  local own = {}
  for _, option in ipairs(command.options) do
    if not common[option.name] then own[#own + 1] = option end
  end
  add_options(page, own)
  if command.notes then add_notes(page, command.notes) end
  page:paragraph "Examples:"
  page:block(table.concat(command.examples, "\n"))
end

local function add_target(page, target)
  page:subsection("--to " .. target.name)
  page:text(target.summary .. ".")
  if target.format then page:paragraph(("The default format is `%s`."):format(target.format)) end
  add_options(page, target.options)
end

local function add_commands(page)
  local common, shared = {}, {}
  for _, option in ipairs(commands.options) do common[option[1]] = true end
  page:section "Commands"
  for _, command in ipairs(declared.commands()) do add_command(page, command, common) end
  for _, option in ipairs(declared.commands()[1].options) do
    if common[option.name] then shared[#shared + 1] = option end
  end
  page:section "Options of all commands"
  add_options(page, shared)
end

---@param date string
---@return string
return function(date)
  local page = roff.page("oversight-siem", 1, core.version, date)
  page:section "Name"
  page:text("oversight-siem - " .. commands.summary:gsub("^%u", string.lower))
  page:section "Synopsis"
  page:text "`oversight-siem` COMMAND [OPTION]...\n"
  page:section "Description"
  page:text(commands.summary .. ".\nRecords and results go to standard output, everything else to standard error.")
  page:paragraph "`oversight-siem help` COMMAND prints the options of a command."
  add_commands(page)
  page:section "Targets"
  page:text(("The commands %s take `--to` KIND, and the options of that kind:"):format(
    declared.commands_with_target ", "))
  for _, target in ipairs(declared.targets()) do add_target(page, target) end
  page:section "Exit status"
  for _, status in ipairs(commands.statuses) do page:item(tostring(status[1]), nil, status[2]) end
  page:section "Environment"
  for _, variable in ipairs(ENVIRONMENT) do page:item(variable[1], nil, variable[2]) end
  page:section "Files"
  for _, file in ipairs(FILES) do page:item(file[1], nil, file[2]) end
  page:section "Examples"
  page:block(table.concat(commands.examples, "\n"))
  page:section "See also"
  page:text "`oversight-siem-formats`(5)"
  return page:finish()
end

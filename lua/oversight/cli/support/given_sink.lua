--- The sink that a command was given: a file, standard output, a URL, or a kind of SIEM by --to.
local core      = require "oversight.core"
local files     = require "oversight.files"
local lazy      = require "oversight.lazy"
local messages  = require "oversight.cli.support.messages"
local must      = require "oversight.cli.support.must"
local output    = require "oversight.output"
local program   = require "oversight.program"
local siem      = require "oversight.siem"
local record    = lazy "oversight.record"
local rehearsal = lazy "oversight.cli.support.rehearsal"

local M = {}

--- "--batch-bytes" of batch_bytes.
local function flag_of(name)
  return "--" .. name:gsub("_", "-")
end

local KINDS, OPTIONS, URL_KIND = {}, {}, nil
for _, kind in ipairs(siem.sink.kinds()) do
  KINDS[#KINDS + 1], KINDS[kind.name] = kind.name, kind
  if kind.takes_urls then URL_KIND = kind end
  kind.takes = {}
  for _, option in ipairs(kind.options) do
    kind.takes[option.name] = option
    if not OPTIONS[option.name] then
      OPTIONS[#OPTIONS + 1], OPTIONS[option.name] = option.name, {
        flag_of(option.name), value = option.value, help = option.help, many = option.kind == "texts", hidden = true,
      }
    end
  end
end

local TO = { "--to", value = "KIND",
  help = table.concat(KINDS, ", ") .. "; their options: oversight-siem sinks KIND" }

local OUTPUT = {
  { "--output", "-o", value = "-|FILE|URL",
    help = "instead: standard output (-, the default), a file, or a collector that takes JSON by POST" },
  { "--append", help = "add to the file (the default)" },
  { "--truncate", help = "empty the file first" },
  { "--pretty", help = "indent the records on standard output, for reading" },
}

--- A command's own options with those of targets.
function M.with_targets(own)
  own[#own + 1] = TO
  for _, name in ipairs(OPTIONS) do own[#own + 1] = OPTIONS[name] end
  return own
end

--- The same with those of files: for commands that deliver.
function M.with_options(own)
  M.with_targets(own)
  for _, option in ipairs(OUTPUT) do own[#own + 1] = option end
  return own
end

-- ---- which one ----

--- The kind of sink, and the options for it; nil for a file or standard output.
local function chosen_kind(given)
  local is_url = (given.output or ""):find "^%a[%w+.-]*://" ~= nil
  if is_url and given.to then return nil, "give either --to or a URL as --output" end
  if given.to and given.output then return nil, "give either --to or --output" end
  if is_url and given.url then return nil, "the URL is given twice: as --output and --url" end
  if is_url then return URL_KIND end
  if given.to and not KINDS[given.to] then return nil, ("--to takes %s"):format(table.concat(KINDS, ", ")) end
  return KINDS[given.to]
end

local function check_file_options(given, kind)
  local is_file = not kind and given.output ~= nil and given.output ~= "-"
  if given.append and given.truncate then return "give either --append or --truncate" end
  if (given.append or given.truncate) and not is_file then return "--append and --truncate need --output FILE" end
  if given.pretty and (is_file or kind) then return "--pretty is for standard output only" end
end

--- What is wrong with how a sink is given, or nil.
local function check(given, kind)
  for _, name in ipairs(OPTIONS) do
    if given[name] ~= nil and not (kind and kind.takes[name]) then
      if not kind then return ("%s needs --to, or a URL as --output"):format(flag_of(name)) end
      return ("%s is not an option of %s: see 'oversight-siem sinks %s'"):format(flag_of(name), kind.name, kind.name)
    end
  end
  return check_file_options(given, kind)
end

--- The kind of sink that the options ask for, or nil for a file or standard output. They are checked first.
---@return oversight.SinkKind?
function M.kind_of(given)
  local kind, problem = chosen_kind(given)
  problem = problem or check(given, kind)
  if problem then must.fail(problem, "usage") end
  if given.dry_run or (not kind and output.is_at(given.output or "-")) then output.claim() end
  return kind
end

-- ---- opening ----

--- Where a secret is, as the engine takes it: "@FILE" is "file:FILE", as it is for a header.
function M.secret_source(text)
  return text and (text:gsub("^@", "file:"))
end

--- Headers, with those of a file for each "@FILE": so that they need not be in an argument.
local function read_headers(headers)
  local all = {}
  for _, header in ipairs(headers) do
    local path = header:match "^@(.+)$"
    if not path then
      all[#all + 1] = header
    else
      local text, message = core.read_file(path)
      if not text then return nil, "--header: " .. message end
      if core.is_exposed(path) then
        messages.warning(("--header: other users can read or change '%s': chmod o= it"):format(path))
      end
      for line in text:gsub("^\xef\xbb\xbf", ""):gmatch "[^\n]+" do
        if line:find "%S" then all[#all + 1] = (line:gsub("\r$", "")) end
      end
    end
  end
  return all
end

--- Whether a header's name is that of a credential.
local function names_credential(header)
  local name = header:match("^[^:]*"):lower()
  for _, word in ipairs { "auth", "key", "token", "secret", "cookie", "password" } do
    if name:find(word, 1, true) then return true end
  end
end

--- Whether a text says where a credential is.
local function names_source(text)
  return type(text) == "string" and text:find "^%a+:" and
    (text:find "^file:" or text:find "^env:" or text:find "^cmd:")
end

--- The credentials among the properties of librdkafka.
local function is_secret_property(name)
  return name and (name:find "password$" or name:find "secret$" or name:find "ssl%.key%.pem$")
end

--- Properties of librdkafka as the engine takes them: the credential of "NAME=@FILE" is in that file. One that is
--- given as it is gets a warning.
---@param properties string[]?
---@return string[]?
function M.read_properties(properties)
  local list = {}
  for i, property in ipairs(properties or {}) do
    local name, value = property:match "^([^=]*)=(.*)$"
    local is_secret = is_secret_property(name)
    list[i] = is_secret and ("%s=%s"):format(name, M.secret_source(value)) or property
    if is_secret and not names_source(M.secret_source(value)) then
      messages.warning(("%s in --kafka is given as it is, where a list of processes may show it: give file:PATH, " ..
        "env:NAME or cmd:COMMAND"):format(name))
    end
  end
  return properties and list
end

--- What of the options without a source of their own holds a credential.
local function warn_of_embedded(given)
  for _, header in ipairs(given.header or {}) do
    if not header:find "^@" and names_credential(header) then
      messages.warning("a credential in --header is given as it is, where a list of processes may show it: " ..
        "give --header @FILE")
      break
    end
  end
  if given.proxy and given.proxy:find "[^/]@" then
    messages.warning("--proxy holds a password, where a list of processes may show it: " ..
      "give it by https_proxy of the environment")
  end
end

--- A credential in an argument could be read by others until it was taken out.
local function warn_of_literals(given, kind)
  warn_of_embedded(given)
  for _, option in ipairs(kind.options) do
    local value = given[option.name]
    if option.kind == "secret" and value and not names_source(M.secret_source(value)) then
      messages.warning(("%s is given as it is, where a list of processes may show it: give file:PATH, env:NAME or " ..
        "cmd:COMMAND"):format(flag_of(option.name)))
    end
  end
end

--- A message of the engine, with the options at fault as they are named on the command line.
---@param message string
---@param fault oversight.Fault?
---@param flags table<string, string>? of options whose argument has another name
function M.in_terms_of_arguments(message, fault, flags)
  for i = fault and #fault.options or 0, 1, -1 do
    local name, at = fault.options[i], fault.option_at[i]
    local flag = flags and flags[name] or flag_of(name)
    if at > 0 then message = message:sub(1, at - 1) .. flag .. message:sub(at + #name) end
  end
  return message
end

local function open_kind(given, kind, format, chosen)
  local own = {}
  for name, option in pairs(kind.takes) do
    own[name] = option.kind == "secret" and M.secret_source(given[name]) or given[name]
  end
  local shared = kind.from_format
  if shared and format and not own[shared] then own[shared] = chosen and chosen[shared] or format.options[shared] end
  if not given.to then own.url = given.output end
  if own.header then
    local message
    own.header, message = read_headers(own.header)
    if not own.header then return nil, message, "usage" end
  end
  own.kafka = M.read_properties(own.kafka)
  warn_of_literals(given, kind)
  if kind.retired then messages.warning(kind.retired) end
  local sink, message, code, fault = siem.sink.open(kind.name, own)
  if sink then return sink end
  if code == "invalid" or code == "not_found" then code = "usage" end
  return nil, M.in_terms_of_arguments(message, fault, given.sink_flags), code
end

--- A sink that prints records on standard output, indented.
local function open_pretty(encoding)
  return siem.sink.custom {
    send = function(_, batch)
      for _, text in batch:records() do
        local ok, message, code = core.print(record.indent(text, encoding) .. "\n")
        if not ok then return nil, message, code end
      end
      return true
    end,
  }
end

--- Makes a sink print its requests instead of sending them. That a pipe is closed is its reader's choice.
local function print_requests(sink)
  return sink:preview(function(request)
    local printed, message, code = core.print(request .. "\n")
    if not printed and code ~= "pipe_closed" then error(message, 0) end
  end)
end

--- Stands for a file or standard output. What it counts is in given.rehearsal.
local function rehearse(given)
  local message, code
  given.rehearsal, message, code = rehearsal.new(given.output, given.truncate)
  if not given.rehearsal then return nil, message, code end
  return given.rehearsal:sink()
end

local function open(given, kind, format, chosen)
  if kind then return open_kind(given, kind, format, chosen) end
  if given.dry_run then return rehearse(given) end
  if given.output and given.output ~= "-" then
    return siem.sink.file(given.output, { truncate = given.truncate })
  end
  if given.pretty then return open_pretty(format and format.encoding) end
  return siem.sink.stdout()
end

--- Opens the sink. With --dry-run it prints requests, or counts what it would write, and delivers nothing.
---@param given table parsed options, checked
---@param kind oversight.SinkKind?
---@param format oversight.Format|table|nil whose records it is for
---@param chosen table<string, string>? options of the format
---@return oversight.Sink?, string? message, string? code
function M.open(given, kind, format, chosen)
  local sink, message, code = open(given, kind, format, chosen)
  if sink and given.dry_run and kind then print_requests(sink) end
  return sink, message, code
end

--- Makes a sink hear a request to stop, and print its notices.
function M.attend(sink)
  sink:set_go_on(function() return not program.stop_requested() end)
  sink:set_notice(messages.warning)
end

--- Refuses files that are one another, or the registry.
function M.check_files(given, kind, dead_letter)
  return files.check({ {
    db = given.db, dead_letter = dead_letter, output = not kind and given.output or nil, checkpoint = given.checkpoint,
    receipt = given.receipt,
  } }, given.metrics)
end

return M

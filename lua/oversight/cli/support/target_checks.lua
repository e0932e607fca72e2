--- Checks of a target: whether it is there, takes the credentials, and is set up.
local core       = require "oversight.core"
local given_sink = require "oversight.cli.support.given_sink"

local M = {}

--- Where a credential comes from, without the credential.
local function describe_source(text)
  local scheme, rest = text:match "^(%a+):(.*)$"
  if scheme == "file" then return "the file " .. rest end
  if scheme == "env" then return "the variable " .. rest end
  if scheme == "cmd" then return "a command" end
  return "an argument"
end

--- The options that hold credentials, as they were given: name and text.
local function secrets_of(given, kind)
  local list = {}
  for _, option in ipairs(kind.options) do
    local text = given[option.name]
    if option.kind == "secret" and text then
      list[#list + 1] = { name = "--" .. option.name:gsub("_", "-"), text = given_sink.secret_source(text) }
    end
  end
  return list
end

--- Credentials whose place is known, before anything is asked. Returns whether all are kept safely.
local function check_sources(findings, secrets)
  local names = {}
  for i, secret in ipairs(secrets) do
    names[i] = ("%s from %s"):format(secret.name, describe_source(secret.text))
    local path = secret.text:match "^file:(.*)$"
    if path and core.is_exposed(path) then
      return findings:warn("credentials", ("other users can read or change '%s'"):format(path), "chmod o= it")
    end
  end
  findings:ok("credentials", #names > 0 and table.concat(names, ", ") or "none are given, as by --token or --api-key")
end

--- What the target answers: the first answer is about the server, the others about the set-up.
local function check_answer(findings, kind, answer)
  local server, rest = answer:match "^(.-); (.*)$"
  findings:ok("target", ("%s: %s"):format(kind.name, server or answer))
  findings:ok("set-up", rest and rest:gsub("^%l", string.upper) or "the target has answered, and refuses nothing")
end

--- Checks the target of --to, or of a URL.
---@param findings oversight.Examination
---@param given table options of the command
---@param kind oversight.SinkKind
function M.run(findings, given, kind)
  local secrets = secrets_of(given, kind)
  local sink, message, code = given_sink.open(given, kind)
  if not sink then
    return findings:fail("credentials", message, "correct the options: see 'oversight-siem sinks " .. kind.name .. "'",
      code == "usage" and "usage" or code)
  end
  check_sources(findings, secrets)
  given_sink.attend(sink)
  local answer
  answer, message, code = sink:ping()
  sink:close()
  if answer then return check_answer(findings, kind, answer) end
  if code == "held" then
    findings:ok("target", kind.name .. ": it answers")
    return findings:fail("set-up", message, "correct what it names, the credentials or the set-up of the target", code)
  end
  findings:fail("target", message, "look at the address, the name's resolution, the firewall, the proxy and TLS", code)
end

return M

--- oversight-siem sign: the Authorization header of the Sentinel Data Collector API.
local core = require "oversight.core"
local must = require "oversight.cli.support.must"
local siem = require "oversight.siem"
local print = require("oversight.output").print

local M = {
  summary = "Prints the Authorization header for the Sentinel Data Collector API",
  usage   = "--workspace-id ID --key SECRET --length N [...]",
  examples = {
    "oversight-siem sign --workspace-id ID --key @shared.key --length 1024",
    "oversight-siem sign --workspace-id ID --key env:SHARED_KEY --length 1024 --resource /api/logs",
  },
  options = {
    { "--workspace-id", value = "ID", required = true, help = "the Log Analytics workspace" },
    { "--key", value = "SECRET", required = true,
      help = "where the shared key is: @FILE, file:FILE or env:NAME, never the key itself" },
    { "--length", value = "N", required = true, natural = true,
      help = "the size of the body that will be posted, in bytes" },
    { "--date", value = "DATE", help = "RFC 1123 date of the request (default: the present time)" },
    { "--method", value = "NAME", help = "HTTP method (default: POST)" },
    { "--content-type", value = "TYPE", help = "default: application/json" },
    { "--resource", value = "PATH", help = "default: /api/logs" },
  },
}

--- Reads the key. Nothing that it says repeats the argument: that may be a key after all.
local function read_key(source)
  local kind, place = source:gsub("^@", "file:"):match "^(%a+):(.+)$"
  if kind == "env" then
    return must.have(os.getenv(place), "--key: the environment variable is not set")
  elseif kind == "file" then
    local text, message = core.read_file(place)
    if not text then must.fail("--key: " .. message) end
    local key = text:match "^[^\n]*"
    if key:find("\0", 1, true) then must.fail "--key: the file is not text" end
    return key
  end
  must.fail("--key takes file:PATH or env:NAME: a key on the command line shows in ps", "usage")
end

function M.run(given)
  local key = read_key(given.key)
  local date = given.date or os.date "!%a, %d %b %Y %H:%M:%S GMT"
  local header = must.have(siem.sentinel_authorization {
    workspace_id = given.workspace_id, shared_key = (key:gsub("%s+$", "")), content_length = given.length,
    date = date, method = given.method, content_type = given.content_type, resource = given.resource,
  })
  print("x-ms-date: " .. date)
  print("Authorization: " .. header)
  return "ok"
end

return M

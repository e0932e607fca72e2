--- Delivers to Datadog Logs, a collector that the engine does not know by itself.
--- oversight-siem examples/http/datadog.lua REGISTRY [URL]      The key is in $DD_API_KEY.
---
--- "Send logs", HTTP API v2: an array of at most 1000 logs and 5 MB, answered 202 when it is taken; 400
--- and 413 name no log; 401 and 403 say that the key is wrong.
local siem = require "oversight.siem"

local path, url = arg[1], arg[2] or "https://http-intake.logs.datadoghq.com/api/v2/logs"
if not path then
  io.stderr:write "usage: datadog.lua REGISTRY [URL]\n"
  os.exit(2)
end

--- A log is our flat record with the names that Datadog gives a meaning.
local format = require("oversight.formats.sentinel"):extend "datadog" {
  { "ddsource", value = "oversight",  before = "TimeGenerated" },
  { "service",  value = "oversight-registry", after = "ddsource" },
  { "ddtags",   with = function(_, event) return "beacon:" .. event.event_kind end, after = "service" },
  { "message",  with = function(_, event) return ("beacon of %s"):format(event.file_id or "an unknown file") end },
}

return siem.pipeline {
  name = "datadog",
  source = { path = path, registry_id = "sample-registry" },
  format = format,
  dead_letter = "datadog-refused.jsonl",
  sink = {
    url = url,
    compress = "gzip",
    batch_events = 1000,
    batch_bytes = 5000000,
    headers = function()
      return { ["Content-Type"] = "application/json", ["DD-API-KEY"] = assert(os.getenv "DD_API_KEY", "DD_API_KEY is not set") }
    end,
    outcome = function(_, response)
      if response.status == 202 then return "delivered" end
      if response.status == 400 then return "split", response.body end
    end,
  },
}

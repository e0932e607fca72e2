-- Follows a registry into two targets that do not wait for each other: a file of all events, and the
-- DNS events for the SIEM. Run by:
--   oversight-siem run --metrics-listen 127.0.0.1:9469 examples/follow/follow.lua REGISTRY FOLDER [URL]
local siem = require "oversight.siem"

local registry, folder, url = arg[1], arg[2], arg[3]
local source = { path = registry, registry_id = "acme" }

local pipelines = {
  siem.pipeline {
    name = "archive", source = source, format = "ecs", sink = folder .. "/events.jsonl",
    follow = true, wait = true, checkpoint = folder .. "/archive.checkpoint",
    dead_letter = folder .. "/archive.refused.jsonl",
  },
}
if url then
  pipelines[2] = siem.pipeline {
    name = "dns", source = source, format = "splunk",
    sink = assert(siem.sink.splunk { url = url, token = "env:HEC_TOKEN" }),
    filter = function(event) return event.event_kind == "dns" end,
    follow = true, wait = true, checkpoint = folder .. "/dns.checkpoint",
    dead_letter = folder .. "/dns.refused.jsonl",
  }
end
return pipelines

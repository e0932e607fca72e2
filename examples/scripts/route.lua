--- Sends DNS callbacks to one file and all others to a second one.
--- oversight-siem examples/scripts/route.lua REGISTRY FOLDER
local siem = require "oversight.siem"

local registry, folder = arg[1], arg[2]
if not folder then
  io.stderr:write "usage: oversight-siem route.lua REGISTRY FOLDER\n"
  os.exit(2)
end
local source = { path = registry, registry_id = "sample-registry" }

local function is_dns(event) return event.event_kind == "dns" end

return {
  siem.pipeline { name = "dns", source = source, format = "ecs", sink = folder .. "/dns.jsonl", filter = is_dns },
  siem.pipeline { name = "the rest", source = source, format = "ecs", sink = folder .. "/rest.jsonl",
    filter = function(event) return not is_dns(event) end },
}

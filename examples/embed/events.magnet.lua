--- A lighttpd page (mod_magnet) that answers with the registry's events as ECS lines.
--- The registry is the one that $OVERSIGHT_REGISTRY names; lighttpd's LUA_PATH and LUA_CPATH must reach
--- the module oversight.siem, as they do after `cmake --install`.
local siem = require "oversight.siem"

local registry, message = siem.registry.open {
  path = os.getenv "OVERSIGHT_REGISTRY", registry_id = "r", limit = 1000,
}
if not registry then
  lighty.r.resp_body:set { message, "\n" }
  return 503
end

local lines = {}
local format = assert(siem.format.load "ecs")
for event in registry:events() do lines[#lines + 1] = assert(format:render(event)) .. "\n" end
registry:close()

lighty.r.resp_header["Content-Type"] = "application/x-ndjson"
lighty.r.resp_body:set(lines)
return 200

--- oversight-siem ping: whether a target is there, is set up and takes the credentials, before anything is exported.
local given_format  = require "oversight.cli.support.given_format"
local given_sink    = require "oversight.cli.support.given_sink"
local must          = require "oversight.cli.support.must"
local sample_events = require "oversight.cli.support.sample_events"
local siem          = require "oversight.siem"
local print = require("oversight.output").print

local M = {
  summary = "Checks that a target is reachable, set up and takes credentials",
  usage   = "--to KIND ... [--canary]",
  examples = {
    "oversight-siem ping --to splunk --url https://splunk:8088 --token @hec.token",
    "oversight-siem ping --to elastic --url https://elastic:9200 --api-key env:ELASTIC_KEY " ..
      "--canary",
  },
  options = given_sink.with_options {
    { "--canary", help = "send one event as well, marked as such, to see it arrive" },
    { "--format", "-f", value = "NAME", complete = "format",
      help = "of the canary (default: what suits --to)" },
  },
  notes = "Exit status: 0 it does, 1 it cannot be reached, 2 wrong usage,\n" ..
    "3 the canary was refused, 4 the set-up or the credentials are wrong.",
}

local function send_canary(given, kind, sink)
  local format = must.have(given_format.load(given, given.format or kind.format or "ecs"))
  local batch, event = siem.batch.open(), sample_events.canary()
  must.have(batch:write(format:compile(), event))
  local delivered, outcomes = must.have(sink:send(batch))
  if delivered == 0 then
    io.stderr:write(("the canary is refused: %s\n"):format(outcomes[1].reason))
    return "refused"
  end
  print(("canary sent: event_id %s, registry_id oversight-siem-canary"):format(event.event_id))
  return "ok"
end

function M.run(given)
  local kind = given_sink.kind_of(given)
  if not kind then must.fail("there is nothing to ask: give --to KIND, or a URL as --output", "usage") end
  local sink = must.have(given_sink.open(given, kind))
  given_sink.attend(sink)
  print(("%s: %s"):format(kind.name, (must.have(sink:ping()))))
  if given.canary then return send_canary(given, kind, sink) end
  return "ok"
end

return M

--- oversight-siem ping: whether a target is there, is set up and takes the credentials, before anything is exported.
local given_format  = require "oversight.cli.support.given_format"
local given_sink    = require "oversight.cli.support.given_sink"
local messages      = require "oversight.cli.support.messages"
local program       = require "oversight.program"
local sample_events = require "oversight.cli.support.sample_events"
local siem          = require "oversight.siem"

local print = require("oversight.output").print

local M = {
  summary = "Asks a target whether it is there, set up and takes the credentials",
  usage   = "--to KIND ... [--canary]",
  options = given_sink.with_options {
    { "--canary", help = "send one event as well, marked as such, to see it arrive" },
    { "--format", value = "NAME", help = "of the canary (default: what suits --to)" },
    { "--help", help = "show this help" },
  },
  notes = "Exit status: 0 it does, 1 it cannot be reached, 2 wrong usage,\n" ..
    "3 the canary was refused, 4 the set-up or the credentials are wrong.",
}

local function send_canary(given, kind, sink)
  local format, message, code = given_format.load(given, given.format or kind.format or "ecs")
  if not format then return nil, message, code == "not_found" and "usage" or nil end
  local batch, event = siem.batch.open(), sample_events.canary()
  local written
  written, message = batch:write(format:compile(), event)
  if not written then return nil, message end
  local delivered, outcomes
  delivered, outcomes, code = sink:send(batch)
  if not delivered then return nil, outcomes, code end
  if delivered == 0 then
    io.stderr:write(("the canary is refused: %s\n"):format(outcomes[1].reason))
    return "refused"
  end
  print(("canary sent: event_id %s, registry_id oversight-siem-canary"):format(event.event_id))
  return "ok"
end

function M.run(given)
  local usable, kind = given_sink.check(given)
  if not usable then return nil, kind, "usage" end
  if not kind then return nil, "there is nothing to ask: give --to KIND, or a URL as --output", "usage" end
  local sink, message, code = given_sink.open(given, kind)
  if not sink then return nil, message, code end
  sink:set_go_on(function() return not program.stop_requested() end)
  sink:set_notice(messages.notice)
  local answer
  answer, message, code = sink:ping()
  if not answer then return nil, message, code end
  print(("%s: %s"):format(kind.name, answer))
  if given.canary then return send_canary(given, kind, sink) end
  return "ok"
end

return M

--- Formats for the bench: the built-in one as it is, with three rows of a site, and as one function.
local format   = require "oversight.format"
local sentinel = require "oversight.formats.sentinel"

local FORMATS = {
  overrides = function()
    return sentinel:extend "overrides" {
      { "IssuerId",    from = "issuer_id", lookup = { ["issuer-a"] = "A", ["issuer-b"] = "B" }, default = "other" },
      { "RecipientId", from = "recipient_id", with = string.upper },
      { "ExtraJson",   remove = true },
    }
  end,
  whole = function()
    return format.from_function("whole", function(event)
      return {
        TimeGenerated = event.occurred_at, Schema = "oversight-siem-1", RegistryId = event.registry_id,
        EventId = event.event_id, BeaconKind = event.event_kind, TokenId = event.token_id,
        FileId = event.file_id, RecipientId = event.recipient_id, IssuerId = event.issuer_id,
        SourceIp = event.source_ip, UserAgent = event.user_agent, TlogIndex = event.tlog_index,
        QualifiedTimestamp = event.qualified_timestamp,
      }
    end)
  end,
}

return FORMATS[os.getenv "BENCH_FORMAT"]()

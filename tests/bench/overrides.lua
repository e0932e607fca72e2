--- Formats for the bench: the built-in one with three rows of a site, and as one function.
local actions  = require "oversight.actions"
local format   = require "oversight.format"
local sentinel = require "oversight.formats.sentinel"

local by_kind, unknown = actions.by_kind, actions.for_unknown.prefix

local FORMATS = {
  overrides = function()
    return sentinel:extend "overrides" {
      { "IssuerId",    from = "issuer_id", lookup = { ["issuer-a"] = "A", ["issuer-b"] = "B" }, default = "other" },
      { "RecipientId", from = "recipient_id", with = string.upper },
      { "TlogIndex",   remove = true },
    }
  end,
  -- The same bytes as the built-in one, but for the order of keys.
  whole = function()
    return format.from_function("whole", function(event)
      local kind = event.event_kind
      return {
        TimeGenerated = event.occurred_at, Schema = "oversight-siem-1", RegistryId = event.registry_id,
        EventId = event.event_id, BeaconKind = kind, Action = by_kind[kind] or unknown .. kind,
        TokenId = event.token_id, FileId = event.file_id, RecipientId = event.recipient_id,
        IssuerId = event.issuer_id, SourceIp = event.source_ip, UserAgent = event.user_agent,
        QualifiedTimestamp = event.qualified_timestamp, TlogIndex = event.tlog_index,
        ExtraJson = event:json "extra",
      }
    end)
  end,
}

return FORMATS[os.getenv "BENCH_FORMAT"]()

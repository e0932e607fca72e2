--- Microsoft Sentinel custom log: one flat row per event.
local format  = require "oversight.format"
local actions = require "oversight.actions"

return format "sentinel" {
  summary = "Sentinel custom log",
  tests = {
    { says = "a row is flat, and extra a text",
      row = { id = 7, kind = "ocsp", timestamp = 1735000001, extra = { serial = 1.10 } },
      expect = {
        TimeGenerated = "2024-12-24T00:26:41Z", EventId = "7", Action = "beacon-ocsp-callback",
        ExtraJson = '{"serial":1.1}',
      } },
  },

  { "TimeGenerated",      from = "occurred_at" },
  { "Schema",             value = "oversight-siem-1" },
  { "RegistryId",         from = "registry_id" },
  { "EventId",            from = "event_id" },
  { "BeaconKind",         from = "event_kind" },
  { "Action",             from = "event_kind", lookup = actions.by_kind, default = actions.for_unknown },
  { "TokenId",            from = "token_id" },
  { "FileId",             from = "file_id" },
  { "RecipientId",        from = "recipient_id" },
  { "IssuerId",           from = "issuer_id" },
  { "SourceIp",           from = "source_ip" },
  { "UserAgent",          from = "user_agent" },
  { "QualifiedTimestamp", from = "qualified_timestamp" },
  { "TlogIndex",          from = "tlog_index" },
  { "ExtraJson",          from = "extra", as = "json_text" },
}

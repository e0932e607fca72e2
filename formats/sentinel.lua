--- Microsoft Sentinel custom log: one flat row per event.
local format  = require "oversight.format"
local actions = require "oversight.actions"

return format "sentinel" {
  summary = "Sentinel custom log",

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

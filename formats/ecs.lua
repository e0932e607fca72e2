--- Elastic Common Schema 8.11: what ECS has a field for is there, the rest is under oversight.
local format  = require "oversight.format"
local actions = require "oversight.actions"

return format "ecs" {
  summary = "Elastic Common Schema 8.11",
  tests = {
    { says = "what ECS has a field for is there, the rest is under oversight",
      row = { id = 7, kind = "dns", timestamp = 1735000001, source_ip = "192.0.2.1", tlog_index = 4 },
      expect = {
        ["@timestamp"] = "2024-12-24T00:26:41Z", ["event.action"] = "beacon-dns-callback",
        ["event.type"] = { "access", "info" }, source = { ip = "192.0.2.1" }, ["oversight.tlog_index"] = 4,
      } },
    { says = "an empty field is omitted, except labels",
      row = { id = 7, user_agent = "" }, expect = { ["event.id"] = "7", labels = {} } },
  },

  { "@timestamp",                    from = "occurred_at" },
  { "ecs.version",                   value = "8.11.0" },
  { "event.kind",                    value = "event" },
  { "event.category",                value = { "network" } },
  { "event.type",                    value = { "access", "info" } },
  { "event.dataset",                 value = "oversight.beacon" },
  { "event.module",                  value = "oversight" },
  { "event.provider",                value = "oversight-registry" },
  { "event.action",                  from = "event_kind", lookup = actions.by_kind, default = actions.for_unknown },
  { "event.id",                      from = "event_id" },
  { "event.outcome",                 value = "success" },
  { "source.ip",                     from = "source_ip" },
  { "user_agent.original",           from = "user_agent" },
  { "labels",                        keep = true },
  { "labels.oversight_token_id",     from = "token_id" },
  { "labels.oversight_file_id",      from = "file_id" },
  { "labels.oversight_recipient_id", from = "recipient_id" },
  { "labels.oversight_issuer_id",    from = "issuer_id" },
  { "labels.oversight_beacon_kind",  from = "event_kind" },
  { "oversight.schema",              value = "oversight-siem-1" },
  { "oversight.registry_id",         from = "registry_id" },
  { "oversight.token_id",            from = "token_id" },
  { "oversight.file_id",             from = "file_id" },
  { "oversight.recipient_id",        from = "recipient_id" },
  { "oversight.issuer_id",           from = "issuer_id" },
  { "oversight.beacon_kind",         from = "event_kind" },
  { "oversight.tlog_index",          from = "tlog_index" },
  { "oversight.qualified_timestamp", from = "qualified_timestamp" },
  { "oversight.extra",               from = "extra" },
}

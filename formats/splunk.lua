--- Splunk HTTP Event Collector: an envelope around the event, with indexed fields.
local format  = require "oversight.format"
local actions = require "oversight.actions"

return format "splunk" {
  summary = "Splunk HEC envelope",
  options = {
    source     = "oversight:registry",
    sourcetype = "oversight:beacon",
    host       = "",
    index      = "",
  },
  tests = {
    { says = "the time is a number, and indexed fields are texts",
      row = { id = 7, kind = "dns", timestamp = 1735000001, file_id = "doc", extra = { qname = "a.example" } },
      expect = {
        time = 1735000001.0, source = "oversight:registry", ["event.event_id"] = "7",
        ["event.action"] = "beacon-dns-callback", ["event.extra.qname"] = "a.example", ["fields.file_id"] = "doc",
      } },
    { says = "the envelope is what the options say",
      row = { id = 7 }, options = { host = "siem-1", index = "beacons" },
      expect = { host = "siem-1", index = "beacons" } },
  },

  { "time",                      from = "occurred_unix", as = "float" },
  { "host",                      from = { "option.host", "registry_id" }, keep = true },
  { "source",                    from = "option.source", keep = true },
  { "sourcetype",                from = "option.sourcetype", keep = true },
  { "event.schema",              value = "oversight-siem-1" },
  { "event.kind",                from = "event_kind" },
  { "event.action",              from = "event_kind", lookup = actions.by_kind, default = actions.for_unknown },
  { "event.event_id",            from = "event_id" },
  { "event.occurred_at",         from = "occurred_at" },
  { "event.token_id",            from = "token_id" },
  { "event.file_id",             from = "file_id" },
  { "event.recipient_id",        from = "recipient_id" },
  { "event.issuer_id",           from = "issuer_id" },
  { "event.source_ip",           from = "source_ip" },
  { "event.user_agent",          from = "user_agent" },
  { "event.qualified_timestamp", from = "qualified_timestamp" },
  { "event.tlog_index",          from = "tlog_index" },
  { "event.registry_id",         from = "registry_id" },
  { "event.extra",               from = "extra" },
  { "fields",                    keep = true },
  { "fields.file_id",            from = "file_id" },
  { "fields.recipient_id",       from = "recipient_id" },
  { "fields.issuer_id",          from = "issuer_id" },
  { "fields.beacon_kind",        from = "event_kind" },
  { "index",                     from = "option.index" },
}

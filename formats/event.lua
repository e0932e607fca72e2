--- The event itself, lossless: for topics and archives that other formats are made of later.
local format = require "oversight.format"

return format "event" {
  summary = "the event, lossless",
  tests = {
    { says = "every field is there, and what the site added beside them",
      row = { id = 7, kind = "dns", timestamp = 1735000001, user_agent = "a\xff", asn = 64500, extra = { n = 1 } },
      expect = {
        event_id = "7", event_kind = "dns", occurred_unix = 1735000001, occurred_at = "2024-12-24T00:26:41Z",
        user_agent = "a\u{fffd}", ["extra.n"] = 1, ["columns.asn"] = 64500, ["bytes.user_agent"] = "Yf8=",
      } },
  },

  { "event_id",            from = "event_id",            keep = true },
  { "event_kind",          from = "event_kind",          keep = true },
  { "occurred_unix",       from = "occurred_unix",       keep = true },
  { "occurred_at",         from = "occurred_at",         keep = true },
  { "registry_id",         from = "registry_id",         keep = true },
  { "token_id",            from = "token_id",            keep = true },
  { "file_id",             from = "file_id",             keep = true },
  { "recipient_id",        from = "recipient_id",        keep = true },
  { "issuer_id",           from = "issuer_id",           keep = true },
  { "source_ip",           from = "source_ip",           keep = true },
  { "user_agent",          from = "user_agent",          keep = true },
  { "qualified_timestamp", from = "qualified_timestamp", keep = true },
  { "tlog_index",          from = "tlog_index",          keep = true },
  { "extra",               from = "extra",               keep = true },
  { "columns",             from = "*" },
  { "bytes",               from = "*bytes" },
}

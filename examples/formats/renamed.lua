--- A site's own names: Sentinel rows with renamed fields, a department by issuer, and no extra.
local sentinel = require "oversight.formats.sentinel"

return sentinel:extend "renamed" {
  summary = "Sentinel rows with this site's field names",
  tests = {
    {
      row    = { id = 1, kind = "dns", timestamp = 1735000001, recipient_id = "Mei.Tanaka@Example.com", issuer_id = "legal" },
      expect = {
        OccurredAt = "2024-12-24T00:26:41Z", Recipient = "mei.tanaka@example.com", Department = "Legal affairs",
        Callback = "DNS",
      },
    },
    { row = { id = 2, kind = "smtp", issuer_id = "unheard of" }, expect = { Department = "other", Callback = "smtp" } },
  },

  { "OccurredAt",  from = "occurred_at", after = "TimeGenerated" }, -- Azure replaces a TimeGenerated of more than two days ago
  { "RecipientId", remove = true },
  { "Recipient",   from = "recipient_id", as = "lower", after = "FileId" },
  { "IssuerId",    remove = true },
  { "Department",  from = "issuer_id", lookup = { legal = "Legal affairs", sales = "Sales" }, default = "other" },
  { "BeaconKind",  remove = true },
  { "Callback",    from = "event_kind", lookup = { dns = "DNS", http_img = "pixel" }, default = { prefix = "" } },
  { "ExtraJson",   remove = true },
}

--- Sentinel rows with what the transparency log says of each event: for an export with --tlog.
local sentinel = require "oversight.formats.sentinel"

return sentinel:extend "proved_sentinel" {
  summary = "Sentinel with the hash of each event's leaf in the transparency log",

  { "TlogLeafHash", from = "tlog.leaf_hash" },
  { "TlogVerified", from = "tlog.verified" },
  { "TlogRoot",     from = "tlog.root" },
  { "TlogSize",     from = "tlog.size" },
}

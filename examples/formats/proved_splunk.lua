--- Splunk events with what the transparency log says of each event: for an export with --tlog.
local splunk = require "oversight.formats.splunk"

return splunk:extend "proved_splunk" {
  summary = "Splunk with the hash of each event's leaf in the transparency log",

  { "event.tlog_leaf_hash", from = "tlog.leaf_hash" },
  { "event.tlog_verified",  from = "tlog.verified" },
  { "event.tlog_root",      from = "tlog.root" },
  { "event.tlog_size",      from = "tlog.size" },
}

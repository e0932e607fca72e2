--- ECS documents with what the transparency log says of each event: for an export with --tlog.
local ecs = require "oversight.formats.ecs"

return ecs:extend "proved_ecs" {
  summary = "ECS with the hash of each event's leaf in the transparency log",

  { "event.hash",              from = "tlog.leaf_hash" },
  { "oversight.tlog_verified", from = "tlog.verified" },
  { "oversight.tlog_root",     from = "tlog.root" },
  { "oversight.tlog_size",     from = "tlog.size" },
}

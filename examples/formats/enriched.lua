--- ECS documents with what this site knows: the network of the caller, and the title of the document.
local siem = require "oversight.siem"
local ecs  = require "oversight.formats.ecs"

-- The tables are in this file's own folder.
local networks = siem.lookup.cidr "networks.csv"
local titles   = siem.lookup.csv("titles.csv", "file_id")

return ecs:extend "enriched" {
  summary = "ECS with networks and titles of this site",

  { "source.ip",       from = "source_ip", as = "ip" },
  { "source.address",  from = "source_ip", before = "source.ip" },
  { "labels.network",  from = "source_ip", lookup = networks },
  { "oversight.title", from = "file_id",   lookup = titles },
}

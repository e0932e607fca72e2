--- ECS documents with what this site knows: the network of the caller, and the title of the document.
local siem = require "oversight.siem"
local ecs  = require "oversight.formats.ecs"

-- This file's own folder, with its tables.
local here = (...):match "^(.*/)" or "./"

local networks = siem.lookup.cidr(here .. "networks.csv")
local titles   = siem.lookup.csv(here .. "titles.csv", "file_id")

return ecs:extend "enriched" {
  summary = "ECS with networks and titles of this site",

  { "source.ip",       from = "source_ip", as = "ip" },
  { "source.address",  from = "source_ip", before = "source.ip" },
  { "labels.network",  from = "source_ip", with = networks:column "network_name" },
  { "oversight.title", from = "file_id",   with = titles:column "title" },
}

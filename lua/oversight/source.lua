--- Sources of raw events, besides registries (parameters: lua/meta/source.d.lua).
local core         = require "oversight.core"
local misuse       = require "oversight.misuse"
local option_table = require "oversight.option_table"

local M = {}

local KAFKA = {
  { name = "brokers" }, { name = "topic" }, { name = "group" }, { name = "kafka" }, { name = "handover" },
}

--- The events of a topic, as a member of a group of consumers. Nothing is connected before an export reads it.
function M.kafka(options)
  if type(options) ~= "table" then misuse.raise "source.kafka: a source takes a table of options" end
  return core.source_open("kafka", option_table.to_list("source.kafka", options, KAFKA))
end

return M

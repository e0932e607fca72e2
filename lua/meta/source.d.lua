---@meta
-- Sources besides registries.

--- A source of raw events, as the format `event` writes them, from any number of registries: of a pipeline that
--- follows, or of export:consume. It keeps the position by itself.
---@class oversight.Source
local Source = {}

--- The events of a topic of Kafka, as a member of a group of consumers: brokers, topic, group, kafka (a list of
--- "NAME=VALUE", properties of librdkafka), handover (seconds to deliver what was read of a partition that the group
--- gives to another member; 10).
---@param options table<string, any>
---@return oversight.Source? source, string? message, oversight.Code? code, oversight.Fault? fault
function siem.source.kafka(options) end

--- Closes it. An export that reads it must have ended.
function Source:close() end

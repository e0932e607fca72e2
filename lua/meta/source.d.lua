---@meta
--- LuaCATS definitions of sources besides registries (see siem.d.lua).

---@class oversight.siem
local siem = {}

-- ---- Sources ----

siem.source = {}

--- Opens a topic of Kafka as a source, as a member of a group of consumers. It is for a pipeline, or for
--- `export:consume` and `export:drain`.
---@param options oversight.KafkaSourceOptions
---@return oversight.Source? source, string? message, oversight.Code? code, oversight.Fault? fault
function siem.source.kafka(options) end

--- The argument of `siem.source.kafka`.
---@class oversight.KafkaSourceOptions
---@field brokers string `HOST:PORT,...`
---@field topic string the topic
---@field group string the group of consumers
---@field kafka string[]? properties of librdkafka, each `"NAME=VALUE"`
---@field handover number? seconds to deliver what was read of a partition that the group gives to another member; 10 by default

--- A source of raw events, as the format `event` writes them, from any number of registries. It keeps the position
--- by itself.
---@class oversight.Source
local Source = {}

--- How far the group is in a partition of the topic.
---@class oversight.Partition
---@field partition integer its number, from 0
---@field offset integer? of the first message that is not done; nil for a group that has not begun
---@field end_offset integer? that the next message of the topic will have; nil while it is unknown
---@field lag integer? messages that are not done; nil while that is unknown

--- Asks the brokers how far the group is, with or without members, so that `source:partitions` returns it. No export
--- may read the source meanwhile.
---@return true?, string? message, oversight.Code? code `"unavailable"` while no broker answers
function Source:ask() end

--- Lists partitions: while an export reads the source, as in its progress function, those of this member; after
--- `source:ask`, all.
---@return oversight.Partition[]
function Source:partitions() end

--- Closes the source. The export that reads it must have ended.
function Source:close() end

---@meta
--- LuaCATS definitions of sources besides registries (see siem.d.lua).

---@class oversight.siem
local siem = {}

-- ---- Sources ----

siem.source = {}

--- Opens a topic of Kafka as a source, as a member of a group of consumers. It is for a pipeline that follows, or for
--- `export:consume`.
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

--- Closes the source. The export that reads it must have ended.
function Source:close() end

-- eventhubs.lua: new events of a registry to a hub of Azure Event Hubs. Run: oversight-siem run eventhubs.lua
local siem = require "oversight.siem"

return siem.pipeline {
  source = { path = "/var/lib/oversight/registry.sqlite", registry_id = "4d1a7c0e9b8f2a66" },
  format = "event",
  sink = siem.sink.kafka {
    brokers = "mynamespace.servicebus.windows.net:9093",
    topic = "oversight",
    compress = "gzip",
    kafka = {
      "security.protocol=SASL_SSL",
      "sasl.mechanisms=PLAIN",
      "sasl.username=$ConnectionString",
      "sasl.password=file:/etc/oversight/eventhubs.connection",
      "message.max.bytes=1000000",
    },
  },
  follow = true,
  checkpoint = "/var/lib/oversight/eventhubs.cp",
  dead_letter = "/var/lib/oversight/eventhubs-refused.jsonl",
}

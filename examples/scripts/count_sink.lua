--- A sink of one's own: counts the bytes of each record and prints a line at the end.
--- oversight-siem examples/scripts/count_sink.lua REGISTRY
local siem = require "oversight.siem"

local counter = { records = 0, bytes = 0 }

--- Takes all records of the batch, or gives nil and the reason.
function counter:send(batch)
  for _, record in batch:records() do
    self.records, self.bytes = self.records + 1, self.bytes + #record
  end
  return true
end

function counter:close()
  print(("%d records, %d bytes"):format(self.records, self.bytes))
end

return siem.pipeline {
  source = { path = arg[1], registry_id = "sample-registry" }, format = "splunk", sink = counter,
}

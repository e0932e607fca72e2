-- fault_spec.lua: what a failure has beside its message: event, row, and place of a function.
local siem = require "oversight.siem"

describe("a failure has what is at fault", function()
  local event = siem.event.from_row({ id = 7, kind = "dns", timestamp = 1 }, { registry_id = "r" })

  local function mapping_of(rows)
    return siem.format.define "f" (rows):compile()
  end

  it("the row that is required", function()
    local mapping = mapping_of { { "url.full", from = "event.extra.x", required = true } }
    local record, _, code, fault = mapping:render(event)
    assert.is_nil(record)
    assert.equal("refused", code)
    assert.equal("url.full", fault.row)
    assert.is_nil(fault.file)
    assert.same({}, fault.options)
  end)

  it("the file and line of a function that fails", function()
    local line
    local mapping = mapping_of { { "a", from = "event_id", with = function()
      line = debug.getinfo(1, "l").currentline; error "no such thing"
    end } }
    local record, message, _, fault = mapping:render(event)
    assert.is_nil(record)
    assert.equal("a", fault.row)
    assert.is_truthy(fault.file:find("fault_spec.lua", 1, true))
    assert.equal(line, fault.line)
    assert.is_truthy(message:find("no such thing", 1, true))
  end)

  it("the event, for an export that ends with it", function()
    local pipeline = siem.pipeline {
      format = siem.format.define "f" { { "a", from = "event.extra.x", required = true } },
      sink = siem.sink.custom { send = function() return true end }, source = { event },
    }
    local counts, message, code, at_failure, fault = pipeline:run()
    assert.is_nil(counts)
    assert.equal("refused", code)
    assert.equal(1, at_failure.events)
    assert.equal("7", fault.event_id)
    assert.equal("a", fault.row)
    assert.is_truthy(message:find("event 7", 1, true))
  end)

  it("nothing, where nothing is known to be", function()
    assert.equal(3, select("#", siem.checkpoint.read "/none/checkpoint"))
  end)
end)

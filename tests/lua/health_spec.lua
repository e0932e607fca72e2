-- health_spec.lua: when a service of several pipelines is ready, and for how long it is alive.
local health = require "oversight.cli.support.health"

describe("several pipelines", function()
  it("are ready when each has begun or could not", function()
    assert.is_true(health.is_ready { { state = "running", age = 0 }, { state = "waiting", age = 0 }, { ended = true } })
    assert.is_true(health.is_ready { { state = "held", age = 90, ended = true } })
    assert.is_false(health.is_ready { { state = "running", age = 0 }, {} })
    assert.is_false(health.is_ready { { state = "failed", age = 0 } }) -- the only one: the process ends with it
  end)

  it("are alive while each that is at work reports", function()
    local healthy = { state = "running", age = 1 }
    for _, other in ipairs {
      { state = "held", age = 1000 }, { state = "failed", age = 1000 }, { state = "stopped", age = 1000 },
      { ended = true }, { age = 1000, ended = true }, {}, { state = "waiting", age = 59 },
    } do
      assert.is_true(health.is_alive({ healthy, other }, 60))
    end
    assert.is_false(health.is_alive({ healthy, { state = "running", age = 60 } }, 60))
    -- It was started again, and is silent in its second run.
    assert.is_false(health.is_alive({ healthy, { state = "running", age = 60, ended = true } }, 60))
    assert.is_false(health.is_alive({ { state = "waiting", age = 61 } }, 60))
  end)
end)

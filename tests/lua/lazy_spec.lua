-- lazy_spec.lua: a module that is loaded when it is first used.
local lazy = require "oversight.lazy"

describe("a lazy module", function()
  local loads
  before_each(function()
    loads = 0
    package.loaded["lazy.sample"] = nil
    package.preload["lazy.sample"] = function()
      loads = loads + 1
      return { one = function(x) return x + 1 end }
    end
  end)
  after_each(function() package.preload["lazy.sample"] = nil end)

  it("is loaded by its first use, once", function()
    local sample = lazy "lazy.sample"
    assert.are.equal(0, loads)
    assert.are.equal(3, sample.one(2))
    assert.are.equal(4, sample.one(3))
    assert.is_nil(sample.two)
    assert.are.equal(1, loads)
    assert.are.equal(require("lazy.sample").one, sample.one)
  end)

  it("is loaded again by the next use when loading fails", function()
    local sample = lazy "lazy.sample"
    local good = package.preload["lazy.sample"]
    package.preload["lazy.sample"] = function() error("not yet", 0) end
    assert.has_error(function() return sample.one end, "not yet")
    package.preload["lazy.sample"] = good
    assert.are.equal(2, sample.one(1))
  end)
end)


-- catalog_spec.lua: formats by name and by path inside a host, whose own require is left alone.
local siem = require "oversight.siem"

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

describe("a format of a site", function()
  local folder, path, searchers
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir -p " .. folder .. "/oversight/formats"))
    path, searchers = package.path, #package.searchers
    package.path = folder .. "/?.lua;" .. path
  end)
  after_each(function()
    package.path = path
    assert.equal(searchers, #package.searchers)
    for name in pairs(package.loaded) do
      if name:find "^oversight%.formats%." then package.loaded[name] = nil end
    end
    os.execute("rm -r " .. folder)
  end)

  local function write_format(name, text) write(("%s/oversight/formats/%s.lua"):format(folder, name), text) end

  it("extends the shipped one of its name", function()
    package.loaded["oversight.formats.sentinel"] = nil
    write_format("sentinel", [[return require "oversight.formats.sentinel":extend "mine" { { "Site", value = "HQ" } }]])
    local format = assert(siem.format.load "sentinel")
    assert.equal("mine", format.name)
    assert.equal("sentinel", format.base.name)
    assert.equal(format, assert(siem.format.load "sentinel"))
  end)

  it("is text, by name and by path", function()
    write_format("binary", string.dump(load "return require 'oversight.formats.ecs'"))
    for _, name in ipairs { "binary", folder .. "/oversight/formats/binary.lua" } do
      local format, message, code = siem.format.load(name)
      assert.is_nil(format)
      assert.matches("cannot load '" .. folder .. "/oversight/formats/binary.lua': attempt to load a binary chunk", message)
      assert.equal("invalid", code)
    end
  end)

  it("is told with its own error, each time", function()
    write_format("broken", "error 'not today'")
    for _ = 1, 2 do
      local format, message = siem.format.load "broken"
      assert.is_nil(format)
      assert.matches("broken%.lua:1: not today", message)
    end
  end)

  it("is no folder", function()
    local format, message, code = siem.format.load(folder .. "/oversight")
    assert.is_nil(format)
    assert.matches("Is a directory", message)
    assert.equal("not_found", code)
  end)
end)

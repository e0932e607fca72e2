-- luacheck: ignore 122 (the clock, the stream and the environment are stood in for)
-- Log lines: their form, and that the same one does not fill the log.
describe("log lines", function()
  local core = require "oversight.core"
  local log, now, lines
  local real_clock, real_stderr, real_stream = core.clock, io.stderr, os.getenv

  before_each(function()
    now, lines = 1000, {}
    core.clock = function() return now end
    io.stderr = { write = function(_, ...) lines[#lines + 1] = table.concat { ... } end }
    os.getenv = function(name) return name ~= "JOURNAL_STREAM" and real_stream(name) or nil end
    package.loaded["oversight.log"] = nil
    log = require "oversight.log"
  end)

  after_each(function()
    core.clock, io.stderr, os.getenv = real_clock, real_stderr, real_stream
    package.loaded["oversight.log"] = nil
  end)

  it("are key=value, quoted where needed", function()
    log.write("warning", 'a "quoted" text\nof two lines', { pipeline = "one two", last_id = 7 })
    local time, rest = lines[1]:match "^time=(%S+) (.*)\n$"
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", time)
    assert.equal([[level=warning msg="a \"quoted\" text\x0aof two lines" last_id=7 pipeline="one two"]], rest)
    log.write("warning", "\27[2J\u{9b}2J\u{202e}\u{feff}\u{e0041}\xff")
    assert.matches([[msg="\x1b%[2J\u{9b}2J\u{202e}\u{feff}\u{e0041}\xff"]], lines[2])
  end)

  it("are JSON when that is asked for", function()
    log.set_format("json", false)
    log.write("error", "a\27[2J", { pipeline = "p" })
    local record = core.json_decode(lines[1])
    assert.same({ "error", "a\27[2J", "p" }, { record.level, record.msg, record.pipeline })
    assert.is_nil(lines[1]:find "\27")
  end)

  it("come once a minute, with how many were left out", function()
    for i = 1, 5 do log.write("warning", ("trying again in %d s"):format(i), { pipeline = "p" }) end
    log.write("warning", "something else", { pipeline = "p" })
    log.write("warning", "trying again in 1 s", { pipeline = "q" })
    assert.equal(3, #lines)
    now = now + 60
    log.write("warning", "trying again in 9 s", { pipeline = "p" })
    assert.equal(4, #lines)
    assert.truthy(lines[4]:find("suppressed=4", 1, true))
    now = now + 60
    log.write("warning", "trying again in 9 s", { pipeline = "p" })
    assert.is_nil(lines[5]:find("suppressed", 1, true))
  end)

  it("are remembered for as long as they are held back, no longer", function()
    for i = 1, 5000 do
      now = now + 1
      log.write("warning", "a text of its own: " .. ("x"):rep(i % 997), { pipeline = "p" })
    end
    assert.is_true(log.remembered() < 1000)
  end)

  it("of level info are left out when it is to be quiet", function()
    log.set_format("text", true)
    log.write("info", "going on")
    log.write("warning", "not so")
    assert.equal(1, #lines)
  end)
end)

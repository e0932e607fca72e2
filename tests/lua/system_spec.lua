-- system_spec.lua: what the program asks the system: files by place and by identity, a terminal's width.
local core = require "oversight.core"

describe("a file", function()
  local folder
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
  end)
  after_each(function() os.execute("rm -r " .. folder) end)

  local function shell(commands) assert(os.execute("cd " .. folder .. " && " .. commands)) end

  it("is one with what a link names, whether it is there or would be made", function()
    shell "mkdir sub && ln -s sub/file to && ln -s ../made sub/up && ln -s $PWD/sub/none absolute && touch sub/file"
    assert.equal(core.file_identity(folder .. "/sub/file"), core.file_identity(folder .. "/to"))
    assert.equal(core.file_identity(folder .. "/made"), core.file_identity(folder .. "/sub/up"))
    assert.equal(core.file_identity(folder .. "/sub/none"), core.file_identity(folder .. "/absolute"))
    assert.equal(core.file_place(folder .. "/sub/file"), core.file_place(folder .. "/to"))
    assert.not_equal(core.file_identity(folder .. "/made"), core.file_identity(folder .. "/sub/made"))
    assert.not_equal(core.file_place(folder .. "/sub/file"), core.file_identity(folder .. "/sub/file"))
  end)

  it("is found from the working folder as by its whole path", function()
    local here = assert(io.popen("pwd")):read "l"
    assert.equal(core.file_place(here .. "/not-here"), core.file_place "not-here")
    assert.equal(core.file_place(here .. "/not-here"), core.file_place "./not-here")
  end)

  it("has no identity where its folder is missing, its name too long, or its links turn in a circle", function()
    shell "ln -s circle circle && ln -s b a && ln -s a b"
    assert.is_nil(core.file_identity(folder .. "/none/file"))
    assert.is_nil(core.file_place(folder .. "/none/file"))
    assert.is_nil(core.file_place(("d/"):rep(2048) .. "file"))
    assert.is_nil(core.file_identity(("d/"):rep(2048) .. "file"))
    assert.is_string(core.file_identity(folder .. "/circle"))
    assert.equal(core.file_place(folder .. "/circle"), core.file_place(folder .. "/circle"))
    assert.not_equal(core.file_place(folder .. "/circle"), core.file_place(folder .. "/a"))
  end)

  it("is not one with a link that leads beyond what a path can hold", function()
    local deep = "d"
    shell "mkdir d"
    for _ = 1, 15 do
      local more = deep .. "/" .. ("x"):rep(240)
      shell("mkdir " .. more)
      deep = more
    end
    local target = ("y/"):rep(250) .. "z"
    shell(("cd %s && ln -s %s link"):format(deep, target))
    local path = folder .. "/" .. deep .. "/link"
    assert.is_true(#path < 4096 and #path + #target > 4096)
    local place = core.file_place(path)
    assert.matches("/link$", place)
  end)

  it("is compared at this moment: by hard links, not when one is missing", function()
    shell "touch one two && ln one hard"
    assert.is_true(core.same_file(folder .. "/one", folder .. "/hard"))
    assert.is_false(core.same_file(folder .. "/one", folder .. "/two"))
    assert.is_false(core.same_file(folder .. "/one", folder .. "/none"))
    assert.is_false(core.same_file(folder .. "/none", folder .. "/one"))
    assert.is_false(core.same_file(folder .. "/none", folder .. "/none"))
    assert.is_false(core.same_file(folder .. "/one", "/proc/self/stat"))
  end)

  it("has a stamp that its content changes, and a kind", function()
    shell "printf a >one && mkfifo pipe"
    local stamp = core.file_stamp(folder .. "/one")
    assert.equal(stamp, core.file_stamp(folder .. "/one"))
    shell "printf b >>one"
    assert.not_equal(stamp, core.file_stamp(folder .. "/one"))
    assert.is_nil(core.file_stamp(folder .. "/none"))
    assert.is_true(core.is_regular_file(folder .. "/one"))
    assert.is_false(core.is_regular_file(folder .. "/pipe"))
    local kind, message = core.is_regular_file(folder .. "/none")
    assert.is_nil(kind)
    assert.equal("No such file or directory", message)
    assert.has_error(function() core.file_stamp "a\0b" end)
  end)

  it("is resolved through the links at its end, and not through those of others' folders", function()
    shell "ln -s made to"
    assert.equal(folder .. "/made", core.resolve(folder .. "/to"))
    assert.equal(folder .. "/plain", core.resolve(folder .. "/plain"))
    shell "ln -s circle circle"
    local path, message, code = core.resolve(folder .. "/circle")
    assert.is_nil(path)
    assert.matches("circle", message)
    assert.is_string(code)
  end)

  it("is replaced as a whole, for all to read", function()
    assert.is_true(core.replace_file(folder .. "/metrics", "a\0b"))
    assert.equal("a\0b", assert(io.open(folder .. "/metrics")):read "a")
    local done, message = core.replace_file(folder .. "/none/metrics", "x")
    assert.is_nil(done)
    assert.matches("/none/metrics", message)
    assert.same({}, core.list_folder(folder .. "/none"))
  end)
end)

describe("a terminal", function()
  it("is as wide as it says, 80 when it does not say, and nothing else has a width", function()
    local script = [[local core = require "oversight.core" print(core.terminal_width(0), (core.terminal_width(9)))]]
    local function run(columns)
      local pipe = assert(io.popen(([=[python3 - %d '%s' <<'END'
import fcntl, os, pty, struct, subprocess, sys, termios
main, side = pty.openpty()
fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
print(subprocess.run(["lua5.4", "-e", sys.argv[2]], stdin=side, capture_output=True, text=True).stdout, end="")
END]=]):format(columns, script)))
      local line = pipe:read "l"
      pipe:close()
      return line
    end
    assert.equal("132\tnil", run(132))
    assert.equal("80\tnil", run(0))
  end)
end)

describe("a budget", function()
  it("has bounds, and a host's state has none", function()
    core.set_budget(1, 1)
    core.set_budget(math.maxinteger, 1 << 20)
    for _, wrong in ipairs { { 0, 1 }, { -1, 1 }, { 1, 0 }, { 1, -1 }, { 1, (1 << 20) + 1 }, { 1, math.maxinteger } } do
      assert.has_error(function() core.set_budget(table.unpack(wrong)) end)
    end
  end)

  it("is left by a call apart, which gives what it returns or its error", function()
    assert.same({ true, 3, 4 }, { core.call_apart(function(a, b) return a + b, 4 end, 1, 2) })
    assert.same({ false, "no" }, { core.call_apart(error, "no", 0) })
    assert.same({ false, "mine" }, { core.call_apart(error, setmetatable({}, { __tostring = function() return "mine" end })) })
    assert.has_error(function() core.call_apart "x" end)
  end)
end)

describe("the pause before another attempt", function()
  it("doubles with each failure in a row, up to the longest one", function()
    assert.equal(1, core.retry_pause(0))
    assert.equal(4, core.retry_pause(2))
    assert.equal(30, core.retry_pause(60))
    assert.equal(30, core.retry_pause())
    assert.has_error(function() core.retry_pause(-1) end)
  end)
end)

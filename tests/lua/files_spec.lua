-- luacheck: ignore 122 (what the system says of files is stood in for)
-- Files that pipelines write: which ones are one another, and which ones are not.
describe("the files of pipelines", function()
  local core  = require "oversight.core"
  local files = require "oversight.files"
  local folder
  local real = {}

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    for name, value in pairs(core) do real[name] = value end
  end)

  after_each(function()
    for name, value in pairs(real) do core[name] = value end
    os.execute("rm -r " .. folder)
  end)

  local function make(name)
    local file = assert(io.open(folder .. "/" .. name, "w"))
    file:close()
    return folder .. "/" .. name
  end

  it("are compared by place, by link and by hard link", function()
    local one = make "one"
    os.execute(("ln %s %s/hard; ln -s one %s/soft; ln -s none %s/dangling"):format(one, folder, folder, folder))
    for _, other in ipairs { "one", "hard", "soft", "../" .. folder:match "[^/]+$" .. "/one" } do
      local apart, message, code = files.check { { output = one }, { output = folder .. "/" .. other } }
      assert.is_nil(apart)
      assert.matches("it is another output", message)
      assert.equal("invalid", code)
    end
    assert.is_nil(files.check { { output = folder .. "/dangling" }, { output = folder .. "/none" } })
    assert.is_nil(files.check { { checkpoint = folder .. "/k" }, { output = folder .. "/k.new" } })
    assert.is_true(files.check { { output = folder .. "/none" }, { output = one } })
  end)

  -- Exports at work replace their checkpoints: between two looks, an inode goes from one file to another.
  it("are not one another for having had the same inode", function()
    local one, two = make "one", make "two"
    local identity = core.file_identity(one)
    core.file_identity = function() return identity end
    assert.is_true(files.check { { output = one, checkpoint = folder .. "/cp1" }, { output = two, dead_letter = make "dead" } })
    assert.is_nil(files.check { { output = one }, { output = one } })
  end)

  it("may be pipes and devices, which all may write to", function()
    os.execute("mkfifo " .. folder .. "/pipe")
    for _, path in ipairs { "-", "/dev/null", "/dev/stdout", "/dev/fd/1", folder .. "/pipe" } do
      assert.is_true(files.check { { output = path }, { output = path, dead_letter = path } })
    end
  end)
end)

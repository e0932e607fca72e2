-- lookup_spec.lua: enrichment tables, their errors, and their reloading.
local siem = require "oversight.siem"

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

--- The message of the error of a call.
local function problem(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return message
end

describe("a CSV table", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  it("reads what RFC 4180 allows", function()
    write(path, '\xef\xbb\xbfip,owner,"no\nte"\r\n1.2.3.4,ops,"a ""q"", b"\r\n\r\n5.6.7.8,,x\r\n9,"",')
    local t = siem.lookup.csv(path, "ip")
    assert.same({ ip = "1.2.3.4", owner = "ops", ["no\nte"] = 'a "q", b' }, t "1.2.3.4")
    assert.equal("", t "5.6.7.8".owner)
    assert.equal("9", t(9).ip)
    assert.equal("", t(9)["no\nte"])
    assert.is_nil(t "none")
    assert.is_nil(t(nil))
    assert.equal("ops", t:column "owner" "1.2.3.4")
    assert.matches('has no column "ownr"', problem(t.column, t, "ownr"))
  end)

  it("says what is wrong, and where", function()
    assert.matches("No such file", problem(siem.lookup.csv, path .. ".none", "ip"))
    assert.matches("is empty", problem(siem.lookup.csv, write(path, ""), "ip"))
    assert.matches('has no column "ip"', problem(siem.lookup.csv, write(path, "a,b\n"), "ip"))
    assert.matches(":3: 1 fields instead of 2", problem(siem.lookup.csv, write(path, "ip,b\n1,2\n3\n"), "ip"))
    assert.matches(':3: ip "1" comes twice', problem(siem.lookup.csv, write(path, "ip,b\n1,2\n1,3\n"), "ip"))
    assert.matches("line 2: a quote is not closed", problem(siem.lookup.csv, write(path, 'ip\n"1\n'), "ip"))
    assert.matches("line 2: text behind", problem(siem.lookup.csv, write(path, 'ip\n"1"x\n'), "ip"))
  end)

  it("is read anew when it changes, and kept when the new one is wrong", function()
    local core = require "oversight.core"
    local now, clock = 0, core.clock
    core.clock = function() return now end
    local t = siem.lookup.csv(write(path, "k,v\n1,old\n"), "k")
    assert.equal("old", t "1".v)
    write(path, "k,v\n1,newer\n")
    assert.equal("old", t "1".v) -- not looked at yet
    now = 2
    assert.equal("newer", t "1".v)
    local written, stderr = {}, io.stderr
    io.stderr = { write = function(_, text) written[#written + 1] = text end }
    write(path, "nonsense\n")
    now = 4
    assert.equal("newer", t "1".v)
    now = 6
    assert.equal("newer", t "1".v)
    io.stderr, core.clock = stderr, clock
    assert.equal(1, #written)
    assert.matches("keeping what was read before", written[1])
  end)
end)

describe("a table of networks", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  it("finds the longest network", function()
    write(path, "network,site\n10.0.0.0/8,ten\n10.1.0.0/16,ten-one\n10.1.2.3,host\n2001:db8::/32,doc\n" ..
      "::ffff:192.0.2.0/120,mapped\n0.0.0.0/0,any\n")
    local site = siem.lookup.cidr(path):column "site"
    assert.equal("host", site "10.1.2.3")
    assert.equal("ten-one", site "10.1.2.4")
    assert.equal("ten", site "10.2.0.0")
    assert.equal("any", site "8.8.8.8")
    assert.equal("doc", site "2001:db8:ffff::1")
    assert.equal("mapped", site "192.0.2.255")
    assert.equal("ten", site "::ffff:10.9.9.9")
    assert.is_nil(site "2001:db9::")
    for _, text in ipairs { "junk", "", "10.0.0", "10.0.0.0/8", "1.2.3.4\0", ("1"):rep(300) } do
      assert.is_nil(site(text))
    end
    assert.is_nil(site(5))
  end)

  it("says what is no network", function()
    local function load(network)
      return problem(siem.lookup.cidr, write(path, "network\n10.0.0.0/8\n" .. network .. "\n"))
    end
    assert.matches(":3: '10.0.0.1/8' has bits set behind its prefix", load "10.0.0.1/8")
    assert.matches("'10.0.0.0/33' is no network", load "10.0.0.0/33")
    assert.matches("'ten/8' is no network", load "ten/8")
    assert.matches("'10.0.0.0/' is no network", load "10.0.0.0/")
    assert.matches("'10.0.0.0/8' comes twice", load "10.0.0.0/8")
    assert.matches('has no column "network"', problem(siem.lookup.cidr, write(path, "net\n1.2.3.4\n")))
  end)
end)

describe("a SQL table", function()
  it("asks once for each value and holds nothing open", function()
    local path = os.tmpname()
    local pipe = assert(io.popen("sqlite3 " .. path, "w"))
    pipe:write "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp);"
    pipe:write "CREATE TABLE manifests (file_id TEXT PRIMARY KEY, title TEXT);"
    pipe:write "INSERT INTO manifests VALUES ('f', 'Plan');"
    assert(pipe:close())
    local title = siem.lookup.sql(path, "SELECT title FROM manifests WHERE file_id = ?"):column "title"
    assert.equal("Plan", title "f")
    assert.is_nil(title "none")
    os.execute(("sqlite3 %s \"UPDATE manifests SET title = 'New'\""):format(path))
    assert.equal("Plan", title "f") -- kept at hand
    for i = 1, 12000 do assert.is_nil(title(i)) end
    assert.equal("New", title "f") -- the bound has let it go
    assert.matches("SELECT", problem(siem.lookup.sql, path, "DELETE FROM manifests"))
    assert.matches("no such table", problem(siem.lookup.sql, path, "SELECT * FROM none WHERE x = ?"))
    assert.matches("cannot open", problem(siem.lookup.sql, path .. ".none", "SELECT 1"))
    os.remove(path)
  end)
end)

describe("a MaxMind table", function()
  it("gives what the database holds", function()
    local path = os.tmpname()
    local script = (debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "make_mmdb.py"
    assert(os.execute(("python3 %s %s"):format(script, path)))
    local place = siem.lookup.geoip(path)
    assert.equal("NL", place "192.0.2.1".country.iso_code)
    assert.same({ "one", "two" }, setmetatable(place "192.0.2.200".list, nil))
    assert.equal(52.5, place "192.0.2.1".location.latitude)
    assert.equal(4294967295, place "192.0.2.1".number)
    assert.is_true(place "192.0.2.1".flag)
    assert.is_nil(place "198.51.100.1")
    assert.is_nil(place "junk")
    assert.equal("NL", place:column "country" "192.0.2.1".iso_code)
    os.remove(path)
    assert.matches("No such file", problem(siem.lookup.geoip, path))
  end)
end)

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

--- Calls f(set_clock, warnings) with a clock that stands still and what standard error is told in a list.
local function with_clock(f)
  local core = require "oversight.core"
  local now, clock, stderr, warnings = 0, core.clock, io.stderr, {}
  core.clock = function() return now end
  io.stderr = { write = function(_, text) warnings[#warnings + 1] = text end }
  local ok, message = pcall(f, function(time) now = time end, warnings)
  io.stderr, core.clock = stderr, clock
  assert(ok, message)
end

describe("a row", function()
  local path, folder
  before_each(function()
    path = os.tmpname()
    folder = path .. ".d/"
    assert(os.execute("mkdir -p " .. folder))
    write(folder .. "people.csv", "mail,team,site\na@b,red,HQ\nc@d,,lab\n")
    write(folder .. "teams.csv", "mail,team\na@b,red\n")
    write(folder .. "nets.csv", "network,site\n192.0.2.0/24,lab\n")
  end)
  after_each(function() os.execute(("rm -r %s %s"):format(path, folder)) end)

  --- The format of a file in the folder, which begins with the tables.
  local function load(rows, name)
    return siem.format.load(write(folder .. (name or "f") .. ".lua", ([[
      local siem = require "oversight.siem"
      local people, teams = siem.lookup.csv("people.csv", "mail"), siem.lookup.csv("teams.csv", "mail")
      local nets, folder = siem.lookup.cidr "nets.csv", siem.format.folder()
      return require "oversight.format" "f" { %s }
    ]]):format(rows)))
  end

  local function render(rows, row)
    return assert(load(rows)):render(siem.from_registry_row(row, { registry_id = "reg" }))
  end

  it("looks up in a table that is given as lookup or with", function()
    local rows = [[
      { "team", from = "recipient_id", lookup = people, column = "team" },
      { "with", from = "recipient_id", with = people, column = "site" },
      { "one",  from = "recipient_id", as = "lower", lookup = teams },
      { "net",  from = "source_ip", lookup = nets, default = "away", with = string.upper },
      { "pre",  from = "recipient_id", lookup = teams, default = { prefix = "no " } },
      { "fun",  from = "recipient_id", lookup = teams, default = function(text) return #text end },
      { "null", from = "recipient_id", lookup = teams, with = tostring, with_null = true },
    ]]
    assert.equal('{"team":"red","with":"HQ","one":"red","net":"LAB","pre":"red","fun":"red","null":"red"}',
      render(rows, { id = 1, recipient_id = "a@b", source_ip = "192.0.2.7" }))
    assert.equal('{"with":"lab","net":"AWAY","pre":"no c@d","fun":3,"null":"nil"}',
      render(rows, { id = 1, recipient_id = "c@d", source_ip = "198.51.100.1" }))
    -- null is the empty text, as in a table of Lua.
    assert.equal('{"net":"AWAY","pre":"no ","fun":0,"null":"nil"}', render(rows, { id = 1 }))
  end)

  it("takes the first column of a query, and members of a MaxMind record", function()
    local registry = os.tmpname()
    assert(os.execute(("sqlite3 %s 'CREATE TABLE events (id INTEGER PRIMARY KEY, token_id, kind, timestamp);" ..
      "CREATE TABLE f (id, title, who); INSERT INTO f VALUES (1, 7, 8);'"):format(registry)))
    local f = siem.format.define "f"
    local files = siem.lookup.sql(registry, "SELECT title, who FROM f WHERE id = ?")
    local made = f {
      { "a", from = "extra.id", lookup = files }, { "b", from = "extra.id", with = files, column = "who" },
    }
    local event = siem.from_registry_row({ id = 1, extra = '{"id": 1}' }, { registry_id = "r" })
    assert.equal('{"a":7,"b":8}', made:render(event))
    os.remove(registry)
  end)

  it("says what is wrong with it", function()
    for rows, message in pairs {
      ['{ "x", from = "recipient_id", lookup = people, column = "taem" }'] =
        'row 1 %(x%): %S*people.csv has no column "taem"; did you mean "team"%?',
      ['{ "x", from = "recipient_id", with = people }'] = "people.csv has several columns: name one with column %(site, team%)",
      ['{ "x", from = "recipient_id", with = people, column = 1 }'] = "a column's name is a string",
      ['{ "x", from = "recipient_id", with = tostring, column = "a" }'] = "column is that of a table of siem.lookup",
      ['{ "x", from = "recipient_id", lookup = people, with = teams }'] = "lookup and with are both tables",
      ['{ "x", value = 1, lookup = teams }'] = "lookup needs from",
      ['{ "x", from = "recipient_id", with = {} }'] = "with must be a function",
    } do
      local made, problem_of_row = load(rows)
      assert.is_nil(made)
      assert.matches(message, problem_of_row)
    end
  end)

  it("finds files beside the format's own, which knows its folder", function()
    local made = load '{ "folder", value = folder }, { "t", from = "recipient_id", with = teams }'
    assert.equal(folder, made.folder)
    assert.is_nil(siem.format.folder())
    assert.matches("cannot open the table '" .. folder .. "none.csv'", select(2, siem.format.load(write(folder .. "g.lua",
      'return require "oversight.siem".lookup.csv("none.csv", "x")'))))
    assert.is_nil(siem.format.folder())
  end)

  it("with a table keeps no state, so all cores render", function()
    local core = require "oversight.core"
    local made = load '{ "t", from = "recipient_id", with = teams }'
    local twin = assert(core.mapping_twin(made:compile()))
    local event = siem.from_registry_row({ id = 1, recipient_id = "a@b" }, { registry_id = "reg" })
    assert.equal('{"t":"red"}', twin:render(event))
    twin:close()
  end)
end)

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
    assert.matches('the column "b" comes twice', problem(siem.lookup.csv, write(path, "ip,b,b\n1,2,3\n"), "ip"))
    assert.matches("Is a directory", problem(siem.lookup.csv, "/tmp", "ip"))
    assert(os.execute("rm " .. path .. "; mkfifo " .. path))
    assert.matches("is not a regular file", problem(siem.lookup.csv, path, "ip"))
    assert.matches("is not a regular file", problem(siem.lookup.cidr, "/dev/zero"))
    os.remove(path)
    assert.matches("lookup_spec.*lookup.csv takes the path", problem(function() siem.lookup.csv() end))
    assert.matches("lookup_spec.*lookup.csv takes the path", problem(function() siem.lookup.csv(path) end))
    assert.matches('has no column "ip"', problem(siem.lookup.csv, write(path, "a,b\n"), "ip"))
    assert.matches(":3: 1 fields instead of 2", problem(siem.lookup.csv, write(path, "ip,b\n1,2\n3\n"), "ip"))
    assert.matches(':3: ip "1" comes twice', problem(siem.lookup.csv, write(path, "ip,b\n1,2\n1,3\n"), "ip"))
    assert.matches("line 2: a quote is not closed", problem(siem.lookup.csv, write(path, 'ip\n"1\n'), "ip"))
    assert.matches("line 2: text after", problem(siem.lookup.csv, write(path, 'ip\n"1"x\n'), "ip"))
  end)

  it("is read anew when it changes, and kept when the new one is wrong", function()
    with_clock(function(set_clock, warnings)
      local t = siem.lookup.csv(write(path, "k,v\n1,old\n"), "k")
      assert.equal("old", t "1".v)
      write(path, "k,v\n1,newer\n")
      assert.equal("old", t "1".v) -- not looked at yet
      set_clock(2)
      assert.equal("newer", t "1".v)
      write(path, "nonsense\n")
      for time = 4, 6, 2 do
        set_clock(time)
        assert.equal("newer", t "1".v)
      end
      assert.equal(1, #warnings)
      assert.matches("keeping what was read before", warnings[1])
    end)
  end)

  it("is kept when the new one lacks a column in use", function()
    with_clock(function(set_clock, warnings)
      local t = siem.lookup.csv(write(path, "k,v,w\n1,old,x\n"), "k")
      local column = t:column "v"
      write(path, "k,value,w\n1,newer,x\n")
      set_clock(2)
      assert.equal("old", column "1")
      assert.equal(1, #warnings)
      assert.matches('has no column "v"', warnings[1])
      write(path, "k,v\n1,newest\n") -- w is not in use
      set_clock(4)
      assert.equal("newest", column "1")
      assert.matches('has no column "w"', problem(t.column, t, "w"))
      assert.equal(1, #warnings)
    end)
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

  it("is read anew when it changes, and kept when the new one is wrong", function()
    with_clock(function(set_clock, warnings)
      local site = siem.lookup.cidr(write(path, "network,site\n10.0.0.0/8,ten\n")):column "site"
      assert.equal("ten", site "10.1.2.3")
      write(path, "network,site\n10.0.0.0/8,ten\n10.1.0.0/16,ten-one\n")
      assert.equal("ten", site "10.1.2.3")
      set_clock(2)
      assert.equal("ten-one", site "10.1.2.3")
      for i, wrong in ipairs { "network,site\n10.0.0.1/8,x\n", "network\n10.0.0.0/8\n", "" } do
        write(path, wrong)
        set_clock(2 + 2 * i)
        assert.equal("ten-one", site "10.1.2.3")
        assert.equal(i, #warnings)
      end
      assert.matches("after its prefix", warnings[1])
      assert.matches('has no column "site"', warnings[2])
    end)
  end)

  it("says what is not a network", function()
    assert.matches("lookup_spec.*lookup.cidr takes the path", problem(function() siem.lookup.cidr() end))
    local function load(network)
      return problem(siem.lookup.cidr, write(path, "network\n10.0.0.0/8\n" .. network .. "\n"))
    end
    assert.matches(":3: '10.0.0.1/8' has bits set after its prefix", load "10.0.0.1/8")
    assert.matches("'10.0.0.0/33' is not a network", load "10.0.0.0/33")
    assert.matches("'ten/8' is not a network", load "ten/8")
    assert.matches("'10.0.0.0/' is not a network", load "10.0.0.0/")
    assert.matches("'10.0.0.0/8' comes twice", load "10.0.0.0/8")
    assert.matches('has no column "network"', problem(siem.lookup.cidr, write(path, "net\n1.2.3.4\n")))
  end)
end)

describe("a SQL table", function()
  local path
  local QUERY = "SELECT title FROM manifests WHERE file_id = ?"
  local function change(sql) assert(os.execute(('sqlite3 %s "%s"'):format(path, sql))) end

  before_each(function()
    path = os.tmpname()
    change("CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp);" ..
      "CREATE TABLE manifests (file_id TEXT PRIMARY KEY, title TEXT); INSERT INTO manifests VALUES ('f', 'Plan');")
  end)
  after_each(function() os.remove(path) end)

  it("asks once for each value and holds nothing open", function()
    with_clock(function()
      local title = siem.lookup.sql(path, QUERY):column "title"
      assert.equal("Plan", title "f")
      assert.is_nil(title "none")
      change "UPDATE manifests SET title = 'New'"
      assert.equal("Plan", title "f") -- kept at hand
      for i = 1, 12000 do assert.is_nil(title(i)) end
      assert.equal("New", title "f") -- the bound has let it go
    end)
  end)

  it("asks anew when the database has changed, also for what was not there", function()
    with_clock(function(set_clock)
      local registry = assert(siem.registry.open { path = path, registry_id = "r" })
      local titles = { siem.lookup.sql(path, QUERY):column "title", siem.lookup.sql(registry, QUERY):column "title" }
      for _, title in ipairs(titles) do
        assert.equal("Plan", title "f")
        assert.is_nil(title "later")
      end
      change "UPDATE manifests SET title = 'New'; INSERT INTO manifests VALUES ('later', 'Late')"
      set_clock(0.5)
      for _, title in ipairs(titles) do assert.equal("Plan", title "f") end -- not looked at yet
      set_clock(1)
      for _, title in ipairs(titles) do
        assert.equal("New", title "f")
        assert.equal("Late", title "later")
      end
      registry:close()
    end)
  end)

  it("gives what is at hand while the database is locked", function()
    local registry = assert(siem.registry.open { path = path, registry_id = "r", busy_timeout_ms = 1 })
    with_clock(function(set_clock)
      local title = siem.lookup.sql(registry, QUERY):column "title"
      assert.equal("Plan", title "f")
      local writer = assert(io.popen("sqlite3 " .. path, "w"))
      writer:write ".timeout 5000\nBEGIN EXCLUSIVE;\n"
      writer:flush()
      local probes, give_up = 0, os.time() + 10
      repeat probes = probes + 1 until not pcall(title, "probe " .. probes) or os.time() > give_up
      assert.is_false((pcall(title, "another")))
      set_clock(2)
      assert.equal("Plan", title "f")
      writer:write "UPDATE manifests SET title = 'New'; COMMIT;\n"
      writer:close()
      set_clock(4)
      assert.equal("New", title "f")
    end)
    registry:close()
  end)

  it("keeps what it gave when the changed database cannot be asked, and says so once", function()
    with_clock(function(set_clock, warnings)
      local title = siem.lookup.sql(path, QUERY):column "title"
      assert.equal("Plan", title "f")
      assert.is_nil(title "none")
      change "ALTER TABLE manifests RENAME TO archive"
      set_clock(2)
      for _ = 1, 2 do
        assert.equal("Plan", title "f")
        assert.is_nil(title "none")
      end
      assert.is_false((pcall(title, "another")))
      assert.equal(1, #warnings)
      assert.matches("keeping what was read before: the query: .*no such table", warnings[1])
      change "ALTER TABLE archive RENAME TO manifests; UPDATE manifests SET title = 'New'"
      set_clock(4)
      assert.equal("New", title "f")
      assert.equal(1, #warnings)
    end)
  end)

  it("says what is wrong with its query", function()
    assert.matches("SELECT", problem(siem.lookup.sql, path, "DELETE FROM manifests"))
    assert.matches("no such table", problem(siem.lookup.sql, path, "SELECT * FROM none WHERE x = ?"))
    assert.matches("cannot open", problem(siem.lookup.sql, path .. ".none", "SELECT 1"))
    assert.matches("has 0 parameters instead of 1", problem(siem.lookup.sql, path, "SELECT 1"))
    assert.matches("has 2 parameters instead of 1", problem(siem.lookup.sql, path, "SELECT ?, ?"))
    assert.matches("lookup_spec.*lookup.sql takes a registry", problem(function() siem.lookup.sql(nil) end))
    assert.matches("lookup_spec.*lookup.sql takes a registry", problem(function() siem.lookup.sql(path) end))
    local registry = assert(siem.registry.open { path = path, registry_id = "r" })
    assert.equal(2, assert(registry:prepare "SELECT ?, ?"):parameters())
    registry:close()
  end)
end)

if not siem.FEATURES.geoip then
  describe("a MaxMind table", function()
    it("is refused by a build without libmaxminddb", function()
      assert.matches("cannot open 'places%.mmdb': this build omits the feature geoip: install libmaxminddb%-dev",
        problem(siem.lookup.geoip, "places.mmdb"))
    end)
  end)
  return
end

describe("a MaxMind table", function()
  local path
  local script = (debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "make_mmdb.py"
  local function make(country) assert(os.execute(("python3 %s %s %s"):format(script, path, country or ""))) end

  before_each(function()
    path = os.tmpname()
    make()
  end)
  after_each(function() os.remove(path) end)

  it("gives what the database holds", function()
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
    assert.matches("Is a directory", problem(siem.lookup.geoip, "/tmp"))
    assert(os.execute("mkfifo " .. path))
    assert.matches("is not a regular file", problem(siem.lookup.geoip, path))
    assert.matches("lookup_spec.*lookup.geoip takes the path", problem(function() siem.lookup.geoip() end))
  end)

  it("is read anew when it changes, and outlives a file that is cut short in place", function()
    with_clock(function(set_clock, warnings)
      local place = siem.lookup.geoip(path)
      assert.equal("NL", place "192.0.2.1".country.iso_code)
      make "AT"
      set_clock(2)
      assert.equal("AT", place "192.0.2.1".country.iso_code)
      write(path, "") -- the same file, now empty
      assert.equal("AT", place "192.0.2.1".country.iso_code)
      set_clock(4)
      assert.equal("AT", place "192.0.2.1".country.iso_code)
      assert.equal(1, #warnings)
      assert.matches("cannot open '" .. path, warnings[1])
    end)
  end)

  local function make_hostile(kind)
    assert(os.execute(("python3 %s %s %s"):format(script:gsub("make_mmdb", "hostile_mmdb"), path, kind)))
  end

  it("keeps every digit of a number, and bytes as hexadecimal text", function()
    make_hostile "large"
    assert.same({
      u64 = "18446744073709551615", half = "9223372036854775808", u128 = "340282366920938463463374607431768211455",
      zero = 0, negative = -2147483648, bytes = "00ff", float = 2.5, text = '\0é"\\',
    }, siem.lookup.geoip(path) "192.0.2.1")
  end)

  it("refuses a record that is damaged or out of bounds, and what it would cost is not spent", function()
    local before = collectgarbage "count"
    for kind, message in pairs {
      ["number-key"] = "a key of a map is not text", ["inner-number-key"] = "a key of a map is not text",
      ["map-key"] = "a key of a map is not text", ["inner-map-key"] = "a key of a map is not text",
      ["array-key"] = "a key of a map is not text",
      ["long-number"] = "a number has a wrong size", ["short-double"] = "a number has a wrong size",
      ["deep"] = "more than 32 levels", ["loop"] = "more than 32 levels", ["bomb"] = "more than 10000 values",
      ["many"] = "more than 10000 values", ["text-bomb"] = "longer than 1 MiB",
      ["pointer-pointer"] = "a pointer leads to a pointer", ["pointer-outside"] = "a pointer leads out of the data",
      ["cut-text"] = "a value ends after the data", ["cut-short"] = "the address database is damaged",
      ["unknown-type"] = "a value has an unknown type",
    } do
      make_hostile(kind)
      assert.matches(message, problem(siem.lookup.geoip(path), "192.0.2.1"))
    end
    make_hostile "metadata-bomb"
    assert.matches("cannot open '.*more than 10000 values", problem(siem.lookup.geoip, path))
    local status = assert(io.open "/proc/self/status"):read "a"
    assert.is_true(tonumber(status:match "VmHWM:%s*(%d+)") < 500000, "peak memory: " .. status:match "VmHWM:%s*(%d+)")
    assert.is_true(collectgarbage "count" < before + 20000)
  end)
end)

-- random_api.lua: calls the whole API in any order: closed and foreign objects, wrong types, coroutines, callbacks that
-- call in turn. Errors and failures are what a misuse gives; a crash, a hang or a descriptor that stays open is not.
--
-- Usage: random_api.lua [SEED]    For RANDOM_SECONDS (3; 60 where CI is set), in episodes, each with a seed that is
-- printed before it: given one, that episode alone is run.
local siem = require "oversight.siem"
local core = require "oversight.core"

local given = tonumber(arg and arg[1] or nil)
local seconds = tonumber(os.getenv "RANDOM_SECONDS" or "") or os.getenv "CI" and 60 or 3
local CALLS, MOST_DEPTH, POOL = 400, 3, 60

-- ---- chance ----

local state
local function random(most)
  state = (state * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff
  return (state >> 24) % most + 1
end
local function one_of(list) return list[random(#list)] end
local function chance(percent) return random(100) <= percent end

-- ---- values ----

local folder, pool, depth, calls

local function path(name) return folder .. "/" .. name end
local FILES = { "r.db", "out.jsonl", "dead.jsonl", "cp.json", "table.csv", "nets.csv", "none", "." }
local TEXTS = {
  "", "x", "r", "ecs", "splunk", "sentinel", "\0", "\xff\xfe", "é", "192.0.2.1", "::1", "10.0.0.0/8",
  "event_id", "extra",
  "word", "kind", "lower", "skip", "stop", "dead-letter", "SELECT * FROM events WHERE id = ?", "SELECT 1",
  "DROP TABLE events",
  "{\"a\":[1,2.50,{\"b\":null}]}", "[", "2026-01-02T00:00:00Z", "idle", "http", "file",
}
local NUMBERS = { 0, 1, 2, -1, 3, 1.5, 0 / 0, 1 / 0, math.maxinteger, math.mininteger, 1 << 31, 1e300, 20 }

local act -- what callbacks do

--- A function that calls in turn, and gives, raises or yields something.
local function callback()
  local results = { random(1 << 30), random(1 << 30) }
  return function(...)
    if select("#", ...) > 0 and chance(30) then pool[random(POOL)] = (select(random(select("#", ...)), ...)) end
    if depth < MOST_DEPTH and chance(60) then act() end
    local kind = results[1] % 12
    if kind == 0 then error(one_of { "on purpose", setmetatable({}, { __tostring = error }), false }, 0) end
    if kind == 1 then return siem.drop end
    if kind == 2 and coroutine.isyieldable() then coroutine.yield(1) end
    if kind == 3 then return siem.array { { a = 1 }, { b = 2 } } end
    if kind == 4 then return one_of(pool) end
    if kind <= 6 then return { a = results[2], b = { "x" } } end
    if kind <= 8 then return true end
    return results[2]
  end
end

local value
local function table_value()
  local t = {}
  for _ = 1, random(4) - 1 do t[chance(50) and random(4) or one_of(TEXTS)] = value() end
  return chance(20) and siem.array(t) or t
end

function value()
  local kind = random(12)
  if kind <= 4 then return pool[random(POOL)] end
  if kind == 5 then return one_of(NUMBERS) end
  if kind == 6 then return one_of(TEXTS) end
  if kind == 7 then return path(one_of(FILES)) end
  if kind == 8 then return callback() end
  if kind == 9 and depth < MOST_DEPTH then return table_value() end
  if kind == 10 then return one_of { true, false, siem.null, siem.drop } end
  if kind == 11 then return coroutine.create(callback()) end
  return nil
end

--- What opens an object of each class as it is meant.
local openers = {
  registry = function()
    return (siem.registry.open { path = path "r.db", registry_id = "r", follow = chance(40), busy_timeout_ms = 1 })
  end,
  event = function()
    local row = { id = random(9), kind = "dns", timestamp = 5, extra = '{"a":1.50}' }
    return siem.event.from_row(row, { registry_id = "r" })
  end,
  mapping = function() return siem.format.load(one_of { "ecs", "splunk", "sentinel" }):compile() end,
  batch = siem.batch.open,
  sink = function() return (siem.sink.file(path("out" .. random(3)))) end,
  deadletter = function() return (siem.deadletter.open(path("dead" .. random(2)))) end,
}

--- Something that is probably of the class: of the pool, opened for this, else anything.
local function object(class)
  for _ = 1, 30 do
    local found = pool[random(POOL)]
    if type(found) == "userdata" and getmetatable(found) == "oversight." .. class then return found end
  end
  if not openers[class] or chance(10) then return value() end
  local ok, made = pcall(openers[class])
  if ok then pool[random(POOL)] = made end
  return ok and made or nil
end

--- What ends what would go on: false after a few calls, and other calls meanwhile.
local function stopper()
  local left = random(4)
  local inner = callback()
  return function(...)
    left = left - 1
    if left <= 0 then return false end
    pcall(inner, ...)
    return true
  end
end

local function sink_table()
  local sink = { send = callback(), close = chance(50) and callback() or nil }
  if chance(20) then sink.send = function(_, batch) return chance(50) or table.pack(batch:at(1)) end end
  return sink
end

--- A target that nobody listens at; one attempt and no pause.
local function target()
  local kind = one_of { "http", "splunk", "elastic", "sentinel", "azure" }
  local options = { url = "http://127.0.0.1:1", retries = "1", timeout = "2" }
  if kind == "splunk" then options.token = "t" end
  if chance(20) then options[one_of(TEXTS)] = value() end
  return kind, options
end

local function rows()
  local list = {}
  for i = 1, random(5) do
    local looks_up = chance(10)
    list[i] = {
      "k" .. (chance(95) and i or random(9)), from = one_of { "event_id", "extra.a", "user_agent", "event_kind" },
      with = chance(40) and callback() or nil, when = chance(20) and callback() or nil,
      as = chance(20) and "lower" or nil, value = chance(3) and value() or nil,
      lookup = looks_up and { dns = "x", b = chance(20) and value() or 1 } or nil,
      default = looks_up and chance(50) and callback() or nil,
    }
  end
  return list
end

-- ---- what is called with arguments that make sense, mostly ----

--- Paths of functions and what makes their arguments; all others are called with anything.
local arguments = {
  ["registry.open"] = function()
    return { path = path(chance(90) and "r.db" or one_of(FILES)), registry_id = "r", follow = chance(40),
      busy_timeout_ms = 1, limit = chance(30) and random(3) or nil }
  end,
  ["registry.await"] = function() return path(one_of(FILES)), random(3) - 1 end,
  ["event.from_row"] = function()
    return
      { id = random(9), kind = "dns", timestamp = one_of(NUMBERS), extra = one_of(TEXTS), user_agent = one_of(TEXTS) },
      { registry_id = "r" }
  end,
  ["format.define"] = function() return "f" .. random(9) end,
  ["format.from_function"] = function() return "w" .. random(9), callback() end,
  ["format.load"] = function() return one_of { "ecs", "splunk", "sentinel", value() } end,
  ["batch.open"] = function() end,
  ["lookup.csv"] = function()
    return path(chance(80) and "table.csv" or one_of { "fifo", "nets.csv", "." }), chance(80) and "kind" or value()
  end,
  ["lookup.cidr"] = function() return path(chance(80) and "nets.csv" or one_of { "fifo", "table.csv", "." }) end,
  ["lookup.sql"] = function()
    return chance(70) and object "registry" or path "r.db", "SELECT user_agent FROM events WHERE id = ?"
  end,
  ["pipeline"] = function()
    return { source = chance(60) and object "registry" or { path = path "r.db", registry_id = "r" },
      format = chance(50) and one_of { "ecs", "splunk" } or value(), filter = chance(30) and callback() or nil,
      sink = chance(40) and path "out.jsonl" or chance(50) and sink_table() or object "sink",
      progress = stopper(), notice = chance(30) and callback() or nil, on_error = chance(70) and "skip" or nil,
      follow = chance(20) or nil, checkpoint = chance(20) and path "cp.json" or nil,
      dead_letter = chance(20) and path "dead.jsonl" or nil }
  end,
  ["export_events"] = function()
    return { registry = object "registry", format = one_of { "ecs", "sentinel" },
      sink = chance(50) and sink_table() or object "sink", progress = stopper(), on_error = "skip" }
  end,
  ["sink.file"] = function() return path(chance(80) and "out.jsonl" or one_of { "r.db", "none/x", "." }) end,
  ["sink.custom"] = function()
    return chance(80) and sink_table() or { url = "http://127.0.0.1:1", retries = "1", body = callback() }
  end,
  ["sink.open"] = target,
  ["sink.http"] = function() return (select(2, target())) end,
  ["deadletter.open"] = function() return path(chance(80) and "dead.jsonl" or one_of { ".", "none/x" }) end,
  ["checkpoint.open"] = function()
    return { path = path "cp.json", registry = object "registry", mapping = object "mapping", sink = object "sink" }
  end,
  ["checkpoint.read"] = function() return path(one_of { "cp.json", "none", "." }) end,
  ["checkpoint.set"] = function() return path "cp.json", one_of(NUMBERS) end,
  ["checkpoint.reset"] = function() return path "cp.json" end,
  ["deadletter.blank"] = function()
    return path "dead.jsonl", { value(), { start = random(9), size = one_of(NUMBERS) } }
  end,
  ["export.open"] = function()
    return { mapping = object "mapping", sink = object "sink", progress = stopper(),
      on_error = one_of { "skip", "stop", "dead-letter" },
      deadletter = chance(40) and object "deadletter" or nil, checkpoint = chance(30) and object "checkpoint" or nil,
      notice = chance(30) and callback() or nil, batch_bytes = chance(30) and random(1000) or nil }
  end,
}
local LEFT_OUT = { -- standard output is the test's own
  ["sink.stdout"] = true,
}

--- Every function of the API, as { name, function }, sorted: the order of pairs is no seed's.
local function functions_of(t, prefix, list)
  for name, member in pairs(t) do
    local full = prefix .. name
    if type(member) == "function" and not LEFT_OUT[full] then list[#list + 1] = { full, member } end
    local is_module = type(member) == "table" and #prefix < 20 and getmetatable(member) == nil
    if is_module then functions_of(member, full .. ".", list) end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end
local functions = functions_of(siem, "", {})
local OPENERS = {}
for _, entry in ipairs(functions) do
  if arguments[entry[1]] then OPENERS[#OPENERS + 1] = entry end
end
for name in pairs(arguments) do
  local known = name == "format.define" or name == "pipeline"
  for _, entry in ipairs(functions) do known = known or entry[1] == name end
  assert(known, name .. " is not in the API")
end

--- The methods of every class, by what siem.h's nouns are called, and what makes their arguments.
local methods = {
  registry = { events = 0, ordering = 0, columns = 0, query = function() return one_of(TEXTS), value() end,
    prepare = function() return one_of(TEXTS) end, seek = function() return one_of(NUMBERS) end,
    wait = function() return random(3) - 1 end, lag = function() return one_of(NUMBERS) end, release = 0,
    set_go_on = stopper, close = 0 },
  query = { rows = value, first = value, parameters = 0, close = 0 },
  event = { copy = 0, to_table = 0, names = 0, raw = value, json = value, close = 0 },
  mapping = { render = function() return object "event" end, check = function() return object "registry" end,
    name = 0, close = 0 },
  batch = { write = function() return object "mapping", object "event" end,
    add = function() return one_of(TEXTS), "1", "r", one_of(NUMBERS) end, bytes = 0,
    at = function() return one_of(NUMBERS) end, records = 0, size = 0, clear = 0, close = 0 },
  sink = { send = function() return object "batch" end, ping = 0, count = function() return "r", { "1", value() } end,
    preview = callback,
    set_go_on = stopper, set_notice = callback, target = 0, close = 0 },
  deadletter = { write = function() return object "event", "ecs", "why", table_value() end,
    append = function() return one_of(TEXTS) end, sync = 0, close = 0 },
  checkpoint = { last_id = 0, close = 0 },
  export = { run = function() return object "registry" end, follow = function() return object "registry" end,
    send = function() return object "event" end, finish = 0, counts = 0, reasons = 0, close = 0 },
}
local method_names = {}
for class, members in pairs(methods) do
  method_names[class] = {}
  for name in pairs(members) do table.insert(method_names[class], name) end
  table.sort(method_names[class])
end

-- ---- calling ----

local function keep(ok, ...)
  if ok then
    for i = 1, math.min(select("#", ...), 3) do pool[random(POOL)] = (select(i, ...)) end
  end
end

--- Calls protected, in this thread or in another one; what yields is resumed once, or left.
local function call(f, ...)
  if chance(75) then return keep(pcall(f, ...)) end
  local thread = coroutine.create(f)
  keep(coroutine.resume(thread, ...))
  if coroutine.status(thread) == "suspended" then
    if chance(50) then keep(coroutine.resume(thread, value())) else pool[random(POOL)] = thread end
  end
end

local function call_method(target_object)
  local class = getmetatable(target_object):match "^oversight%.(.+)$"
  local names = method_names[class]
  if not names then return end
  local name = one_of(names)
  local found, method = pcall(function() return target_object[name] end)
  if not found or type(method) ~= "function" then return end
  local make = methods[class][name]
  local receiver = chance(95) and target_object or value()
  -- Of an unknown sink or registry, a call with anything could be one that waits: they are called as is meant.
  if make == 0 then call(method, receiver) else call(method, receiver, make()) end
end

local function call_function()
  local entry = chance(70) and one_of(OPENERS) or one_of(functions)
  local name, f = entry[1], entry[2]
  local make = arguments[name]
  if make then
    call(f, make())
  elseif name ~= "registry.await" then
    call(f, value(), value(), value())
  end
end

local function call_table(t)
  if type(rawget(t, "rows")) == "table" or rawget(t, "whole") then
    local name = one_of { "extend", "compile", "render" }
    if name == "extend" then call(function() return t:extend("e" .. random(9))(rows()) end) end
    if name == "compile" then
      call(t.compile, t, chance(20) and table_value() or nil, chance(20) and callback() or nil)
    end
    if name == "render" then call(t.render, t, object "event") end
  elseif rawget(t, "progress") or type(rawget(t, "sink")) ~= "nil" then
    call(function() return t:run() end)
  else
    local function look_up(x) return x(value()) end
    local function column(x) return x:column "word" end
    call(one_of { siem.json.encode, siem.array, siem.object, look_up, column }, t)
  end
end

--- One random act.
function act()
  calls = calls + 1
  depth = depth + 1
  local found = pool[random(POOL)]
  if chance(10) then
    call(function() return siem.format.define("r" .. random(9))(rows()) end)
  elseif type(found) == "userdata" and chance(70) then
    call_method(found)
  elseif type(found) == "table" and chance(40) then
    call_table(found)
  elseif type(found) == "thread" and coroutine.status(found) == "suspended" and chance(40) then
    keep(coroutine.resume(found, value()))
  elseif type(found) == "function" and chance(30) then
    call(found, value())
  elseif chance(5) then
    collectgarbage(one_of { "collect", "step" })
  else
    call_function()
  end
  depth = depth - 1
end

-- ---- episodes ----

local function shell(command) assert(os.execute(command), command) end

local function write(name, text)
  local file = assert(io.open(path(name), "w"))
  file:write(text)
  file:close()
end

local function new_folder()
  shell(("rm -rf '%s' && mkdir '%s' && mkfifo '%s'"):format(folder, folder, path "fifo"))
  shell(("sqlite3 '%s' \"PRAGMA journal_mode = WAL; CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, " ..
    "token_id, kind, user_agent, extra, timestamp, site); " ..
    "INSERT INTO events VALUES (1, 't', 'dns', 'a', '{\\\"a\\\":[1.50]}', 1000, 's'), " ..
    "(2, x'ff', NULL, 7, '[', 1e300, NULL), (3, 't', 'ocsp', x'00', '', -1, 5)\" >/dev/null"):format(path "r.db"))
  write("table.csv", "kind,word\ndns,one\nocsp,two\n")
  write("nets.csv", "network,word\n192.0.2.0/24,one\n")
end

local function descriptors()
  collectgarbage()
  collectgarbage()
  return #core.list_folder "/proc/self/fd"
end

local function episode(seed)
  state, pool, depth, calls = seed, {}, 0, 0
  new_folder()
  for _ = 1, CALLS do act() end
  pool = {}
end

folder = os.tmpname()
os.remove(folder)
io.stdout:setvbuf "line"
rawset(io, "stderr", io.open("/dev/null", "w")) -- what tables say of their files
local first = given or (os.time() * 1000003 + math.floor(os.clock() * 1e6)) % (1 << 40)
print("seed " .. first)
episode(first)
local before, made, stop = descriptors(), calls, core.clock() + seconds
local number = 0
while not given and core.clock() < stop do
  number = number + 1
  print("seed " .. first + number)
  episode(first + number)
  made = made + calls
  local open = descriptors()
  if open > before + 3 then error(("%d descriptors are open, and %d were before"):format(open, before), 0) end
end
os.execute(("rm -rf '%s'"):format(folder))
print(("%d episodes, %d calls"):format(number + 1, made))

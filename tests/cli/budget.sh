#!/usr/bin/env bash
# What a format's function may cost: each runaway is refused for its event, and the others come out.
. "$(dirname "$0")/check.sh"
make_registry r.db "$(many 3)"
cat >runaway.lua <<'L'
local how = os.getenv "HOW"
local made = coroutine.wrap(function() while true do for _ = 1, 1000 do end coroutine.yield() end end)
return require "oversight.format" "runaway" {
  { "id", from = "event_id" },
  { "x", with = function(_, event)
      if event.event_id ~= "2" then return 1 end
      if how == "loop" then while true do end end
      if how == "pcall" then while true do pcall(function() while true do end end) end end
      if how == "coroutine" then coroutine.wrap(function() while true do end end)() end
      if how == "handler" then xpcall(function() while true do end end, function() while true do end end) end
      if how == "nested" then
        local function f(n)
          while true do
            coroutine.resume(coroutine.create(function() if n > 0 then f(n - 1) else while true do end end end))
          end
        end
        f(3)
      end
      if how == "yield" then -- what is made while the file is loaded counts as well
        for i = 1, 1e9 do made() end
      end
      if how == "string" then return #("x"):rep(1 << 30) end
      if how == "table" then
        local t = {}
        for i = 1, 1 << 40 do t[i] = { i } end
      end
    end },
}
L
refused() { # how message
    HOW=$1 run 3 export --db r.db --registry-id r --format ./runaway.lua --on-error dead-letter:dead.jsonl \
        --max-instructions 3000000 --max-memory 32
    lines out 2
    lines dead.jsonl 1
    has dead.jsonl "$2"
    rm dead.jsonl
}
refused loop "the function ran more than 3000000 instructions"
refused pcall "the function ran more than 3000000 instructions"
refused coroutine "the function ran more than 3000000 instructions"
refused handler "the function ran more than 3000000 instructions"
refused nested "the function ran more than 3000000 instructions"
refused yield "the function ran more than 3000000 instructions"
refused string "the function needs more memory than the 32 MiB allowed"
HOW=table run 3 export --db r.db --registry-id r --format ./runaway.lua --on-error skip --max-memory 32
lines out 2
HOW=none run 0 export --db r.db --registry-id r --format ./runaway.lua --max-instructions 1000
lines out 3

# pcall, xpcall and coroutines are otherwise those of Lua.
cat >same.lua <<'L'
assert(select("#", pcall(function(...) return ... end, 1, nil, nil)) == 4)
local ok, message = pcall(error, { code = 7 })
assert(not ok and message.code == 7)
assert(select(2, xpcall(error, function(m) return m .. "!" end, "a")) == "a!")
assert(select("#", xpcall(function() end, print)) == 1)
assert(not pcall(xpcall, 1) and not pcall(pcall))
local c = coroutine.create(function(a)
  local ok, b = pcall(function() return coroutine.yield(a + 1) end) -- a yield across pcall
  local _, d = xpcall(function() error(coroutine.yield(b * 2)) end, function(m) return "handled " .. m end)
  return d
end)
assert(select(2, coroutine.resume(c, 1)) == 2)
assert(select(2, coroutine.resume(c, 5)) == 10)
assert(select(2, coroutine.resume(c, "x")):find "handled")
assert(coroutine.status(c) == "dead" and select(2, coroutine.resume(c)):find "dead")
local w = coroutine.wrap(function(...) local n = ... while true do n = n + coroutine.yield(n) end end)
assert(w(1) == 1 and w(2) == 3 and w(4) == 7)
local e = coroutine.wrap(function() error "inside" end)
assert(select(2, pcall(e)):find "inside")
local closed = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() error "late" end }) coroutine.yield() end)
coroutine.resume(closed)
assert(select(2, coroutine.close(closed)):find "late")
assert(coroutine.isyieldable() == false and coroutine.running())
assert(load "return 1 + 1"() == 2 and load("return x", "n", "bt", { x = 3 })() == 3 and load("(")  == nil)
local code = string.dump(function() return 1 end)
assert(select(2, load(code, "=mine", "b")):find "^cannot load 'mine': attempt to load a binary chunk")
local file = assert(io.open("compiled.lua", "wb"))
file:write(code)
file:close()
assert(select(2, loadfile "compiled.lua"):find "^cannot load 'compiled.lua': attempt to load a binary chunk")
assert(select(2, pcall(dofile, "compiled.lua")):find "^cannot load 'compiled.lua': attempt")
assert(select(2, pcall(require, "compiled")):find "compiled")
print "as in Lua"
L
run 0 run same.lua
has out "as in Lua"
run 1 export --db r.db --registry-id r --format ./compiled.lua
has err "compiled.lua': attempt to load a binary chunk"
finish

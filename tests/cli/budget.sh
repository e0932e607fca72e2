#!/usr/bin/env bash
# What a format's function may cost: each runaway is refused for its event, and the others come out.
. "$(dirname "$0")/check.sh"
make_registry r.db "$(many 3)"
cat >runaway.lua <<'L'
local how = os.getenv "HOW"
return require "oversight.format" "runaway" {
  { "id", from = "event_id" },
  { "x", with = function(_, event)
      if event.event_id ~= "2" then return 1 end
      if how == "loop" then while true do end end
      if how == "pcall" then while true do pcall(function() while true do end end) end end
      if how == "coroutine" then coroutine.wrap(function() while true do end end)() end
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
refused string "the function needs more memory than the 32 MiB allowed"
HOW=table run 3 export --db r.db --registry-id r --format ./runaway.lua --on-error skip --max-memory 32
lines out 2
HOW=none run 0 export --db r.db --registry-id r --format ./runaway.lua --max-instructions 1000
lines out 3
finish

#!/usr/bin/env bash
# A wall clock that is set back while the program runs stretches no time that it measures.
# clock.sh PROGRAM CLOCK_BACK, the library that sets it back.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
clock_back=$(realpath "$2")
make_registry one.db "$(many 1)"
cat >hangs.lua <<'L'
return require("oversight.formats.ecs"):extend "hangs" {
  { "labels.x", with = function() return (("a"):rep(60000):find(".-.-.-.-b")) end } }
L
LD_PRELOAD=$clock_back timeout 40 "$program" export --db one.db --registry-id reg --restricted --format ./hangs.lua \
    --max-seconds 1 >out 2>err && fail "a format that hangs ended well"
has err "the restricted format did not come back in time and was stopped"
finish

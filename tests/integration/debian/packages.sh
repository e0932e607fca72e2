#!/usr/bin/env bash
# The packages: lintian finds no error; in a fresh root they are installed, used and purged.
# Usage: packages.sh BUILD
set -euo pipefail
build=$1
top=$(cd "$(dirname "$0")/../../.." && pwd)
source "$top/tests/root.sh"
"$top/tests/packages.sh" debian || cannot_run "the tools cannot be installed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*" >&2; exit 1; }

(cd "$build" && cpack -B "$work/made") >"$work/log" 2>&1 || fail "cpack: $(cat "$work/log")"
debs=("$work"/made/*.deb)
[ ${#debs[@]} -eq 4 ] || fail "not four packages: ${debs[*]}"
lintian --allow-root --fail-on error "${debs[@]}" >"$work/log" 2>&1 || fail "lintian: $(cat "$work/log")"
echo "lintian: no errors, $(grep -c ^W: "$work/log") warning(s)"

make_root "$build/root.tar" "$(dpkg --print-architecture)" minbase
root=$work/root
mkdir "$root"
tar -C "$root" -xf "$build/root.tar"
mkdir "$root/packages"
cp "${debs[@]}" "$root/packages"
cp "$top/examples/embed/embed.c" "$root/packages"
sqlite3 "$root/packages/sample.db" <"$top/examples/registry.sql" >/dev/null
inside() { in_root "$root" "$@"; }
package() { (cd "$root/packages" && printf '/packages/%s\n' "$1"_*.deb); }
install() { inside apt-get install -y -qq "$@" >"$work/log" 2>&1 || fail "apt-get install $*: $(tail -n 30 "$work/log")"; }
inside apt-get update -qq >"$work/log" 2>&1 || cannot_run "apt-get update in a root fails: $(tail -n 1 "$work/log")"
list_files() { (cd "$root" && find etc usr var -path var/lib/apt -prune -o -path var/cache -prune -o -path var/log -prune -o -print | sort); }
list_files >"$work/before"

# ---- the program, as the user of the units ----
install "$(package oversight-siem)"
as_user() { inside setpriv --reuid oversight-siem --regid oversight-siem --clear-groups "$@"; }
inside chown -R oversight-siem: /packages
as_user oversight-siem --version
as_user oversight-siem export --db /packages/sample.db --registry-id r --format ecs --quiet >"$work/program.jsonl"
[ "$(wc -l <"$work/program.jsonl")" -eq 12 ] || fail "not 12 records"
[[ $(inside oversight-siem where ecs) == *"built in"* ]] || fail "ecs comes from $(inside oversight-siem where ecs)"
# What is loaded by name is there as well: the refusals are those of a port that nobody listens at.
ping() { inside oversight-siem ping "$@" >"$work/log" 2>&1 || true; }
ping --to splunk --url http://127.0.0.1:1 --token t
grep -q "127.0.0.1" "$work/log" && ! grep -q "libcurl4" "$work/log" || fail "splunk: $(cat "$work/log")"
ping --to kafka --brokers 127.0.0.1:1 --topic t --timeout 1
grep -q "Connect to" "$work/log" || fail "kafka: $(cat "$work/log")"
for file in /usr/lib/systemd/system/oversight-siem{,@}.service /etc/logrotate.d/oversight-siem \
    /usr/share/doc/oversight-siem/{copyright,changelog.gz,examples/elastic/index-template.json} \
    /usr/share/man/man{1/oversight-siem.1,5/oversight-siem-formats.5}.gz \
    /usr/share/{bash-completion/completions/oversight-siem,zsh/vendor-completions/_oversight-siem} \
    /usr/share/fish/vendor_completions.d/oversight-siem.fish; do
    [ -s "$root$file" ] || fail "the package has no $file"
done
grep -q "^ExecStart=/usr/bin/oversight-siem " "$root"/usr/lib/systemd/system/oversight-siem{,@}.service || fail "the units name another program"

# ---- the Lua module, and the program with its files ----
install --no-install-recommends "$(package lua-oversight-siem)" lua5.4
inside lua5.4 -e '
    local siem = require "oversight.siem"
    local registry = assert(siem.registry.open { path = "/packages/sample.db", registry_id = "r" })
    local sink = assert(siem.sink.file("/packages/module.jsonl"))
    assert(siem.export_events { registry = registry, format = "ecs", sink = sink } == 12)
    assert(sink:close())'
cmp "$work/program.jsonl" "$root/packages/module.jsonl"
[[ $(inside oversight-siem where ecs) == */usr/share/lua/5.4/oversight/formats/ecs.lua* ]] || fail "the program does not read the module's files"

# ---- the library, by its headers and pkg-config ----
install --no-install-recommends "$(package liboversight-siem1)" "$(package liboversight-siem-dev)" pkg-config tcc
# shellcheck disable=SC2016 # the inner shell's
inside sh -c 'tcc /packages/embed.c $(pkg-config --cflags --libs oversight-siem) -o /packages/host &&
    /packages/host /packages/sample.db ecs' >"$work/host.jsonl"
[ "$(wc -l <"$work/host.jsonl")" -eq 12 ] || fail "a program of the library exports $(wc -l <"$work/host.jsonl") record(s)"

# ---- purged: what a site exported stays, the rest is gone ----
mkdir -p "$root"/var/{lib,log}/oversight-siem
echo kept >"$root/var/log/oversight-siem/events.jsonl"
inside apt-get purge -y -qq --autoremove oversight-siem lua-oversight-siem liboversight-siem1 lua5.4 pkg-config tcc >"$work/log" 2>&1 || fail "apt-get purge: $(tail -n 30 "$work/log")"
[ -s "$root/var/log/oversight-siem/events.jsonl" ] || fail "purging removed exported records"
rm -r "$root/var/log/oversight-siem"
list_files | comm -13 "$work/before" - >"$work/left"
! grep oversight "$work/left" || fail "purging leaves these"
echo "packages are installed, used and purged in a fresh root"

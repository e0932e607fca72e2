#!/usr/bin/env bash
# Masking: which outputs still have what is masked, dead letters that have it masked, and what a replay makes of them.
# shellcheck source=tests/cli/check.sh
. "$(dirname "$0")/check.sh"
printf 'k3y' >mask.key
chmod 600 mask.key
make_registry r.db "$(many 4) UPDATE events SET recipient_id = 'mei@example.com', source_ip = '192.0.2.53',
    extra = '{\"who\": \"kai@example.com\", \"n\": 1.50, \"in\": {\"ip\": \"2001:db8:1:2::3\"}}';
    UPDATE events SET source_ip = 'bad' WHERE id = 3;"
cat >masked.lua <<L
return require "oversight.format" "private" {
  mask_dead_letter = true, tests = { { row = { id = 1 }, expect = { id = "1" } } },
  { "id",   from = "event_id" },
  { "who",  from = "recipient_id", as = "sha256", key = "file:$PWD/mask.key" },
  { "mail", from = "extra.who",    as = "mask_email" },
  { "ip",   from = "source_ip",    as = "truncate_ip", required = true },
  { "net",  from = "extra.in.ip",  as = "truncate_ip" },
  { "mine", from = "event_id", with = function(id) if id == "2" then error("no", 0) end end },
}
L

# ---- check: what is masked in one row, and is in another one ----

cat >leaky.lua <<'L'
return require "oversight.formats.splunk":extend "leaky" {
  { "event.recipient_id", as = "sha256" },
  { "event.source_ip",    as = "truncate_ip" },
  { "event.qname",        from = "extra.qname", as = "sha256" },
  { "event.shout",        from = "recipient_id", with = string.upper },
  { "event.team",         from = "recipient_id", lookup = { a = "red" }, default = "none" },
}
L
run 0 check ./leaky.lua
has out "leaky: warning: fields.recipient_id: has recipient_id as it is, which"
has out "event.recipient_id masks"
has out "leaky: warning: event.shout: "
has out "leaky: warning: event.extra: "
has out "leaky: warning: dead letter: "
lacks out "event.team"
lacks out "source_ip as it is"
sed -i 's/return require "oversight.formats.splunk":extend "leaky" {/&  mask_dead_letter = true,/' leaky.lua
run 0 check ./leaky.lua
lacks out "dead letter"

# ---- a dead letter, masked ----
export_masked() { run "$1" export --db r.db --registry-id r --format ./masked.lua --output "$2" --dead-letter "$3"; }
export_masked 3 out.jsonl refused.jsonl
lines out.jsonl 2
lines refused.jsonl 2
lacks refused.jsonl "mei@"
lacks refused.jsonl "kai@"
lacks refused.jsonl "192.0.2.53"
lacks refused.jsonl "1:2::3"
digest=$(printf 'mei@example.com' | openssl dgst -sha256 -hmac k3y | sed 's/.*= //')
has out.jsonl "\"who\":\"$digest\",\"mail\":\"k***@example.com\",\"ip\":\"192.0.2.0\",\"net\":\"2001:db8:1::\""
has refused.jsonl "\"recipient_id\":\"$digest\""
has refused.jsonl '"extra":{"who":"k***@example.com","n":1.50,"in":{"ip":"2001:db8:1::"}}'
has refused.jsonl '"masked":["recipient_id","extra.who","source_ip","extra.in.ip"]'

# ---- it is sent again as it is masked: nothing is masked twice ----
sed -i '/mine/d; s/, required = true//' masked.lua
cp refused.jsonl again.jsonl
"$program" try ./masked.lua --json <refused.jsonl >tried
has tried "{\"id\":\"2\",\"who\":\"$digest\",\"mail\":\"k***@example.com\",\"ip\":\"192.0.2.0\",\"net\":\"2001:db8:1::\"}"
has tried "{\"id\":\"3\",\"who\":\"$digest\",\"mail\":\"k***@example.com\",\"net\":\"2001:db8:1::\"}"
sed -i 's/"masked":\[/"masked":[1,/' again.jsonl
run 3 replay again.jsonl --to http --url http://127.0.0.1:9/ --format ./masked.lua --dry-run
has err '"masked" is not a list of names'

# ---- an export keeps its own road without the option, and a restricted format has no key ----
sed -i 's/mask_dead_letter = true, //; s/"id",   from = "event_id" }/"id", from = "event_id", with = function() error("no", 0) end }/' masked.lua
export_masked 3 none.jsonl plain.jsonl
has plain.jsonl '"recipient_id":"mei@example.com"'
lacks plain.jsonl '"masked"'
run 1 try --restricted ./masked.lua --db r.db
has err "key is not open to a restricted format"
echo 'return require "oversight.format".from_function("f", function() return {} end, { mask_dead_letter = true })' >f.lua
run 1 try ./f.lua --db r.db
has err "mask_dead_letter is about what rows mask"
finish

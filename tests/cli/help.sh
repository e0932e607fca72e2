#!/usr/bin/env bash
# What the commands say of themselves, in lines that a terminal of 80 columns has room for.
. "$(dirname "$0")/check.sh"
narrow() { # ARGUMENT...
    run 0 "$@"
    awk -v c="$*" 'length > 80 { print c ": " $0 }' out >wide
    [ ! -s wide ] || fail "a line is wider than 80 characters: $(cat wide)"
}
narrow --help
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' out)
[ "$(wc -w <<<"$commands")" -ge 16 ] || fail "the help names $(wc -w <<<"$commands") commands"
for command in $commands; do narrow "$command" --help; done
narrow sinks
cut -d ' ' -f 1 out >kinds
while read -r kind; do narrow sinks "$kind"; done <kinds
narrow formats
narrow converters
run 2 nope
has err "there is no command 'nope'"
finish

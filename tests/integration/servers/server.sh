# shellcheck shell=bash
# server.sh: what all real servers share; sourced after tests/cli/check.sh.

# cannot REASON: the server is not to be had.
cannot() { echo "$*"; exit 77; }

# get_packages: Debian's, which servers need.
get_packages() {
    "$root/tests/packages.sh" real >packages.log 2>&1 || cannot "Debian's packages are out of reach: $(tail -n 1 packages.log)"
}

# free_port: a port of 127.0.0.1 that nobody uses.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# until_within SECONDS COMMAND...: waits for it; false after that time.
until_within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

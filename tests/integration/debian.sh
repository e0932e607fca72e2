#!/usr/bin/env bash
# Tests of what is installed on Debian, each by a file of debian/, in fresh roots.
# Usage: debian.sh BUILD [NAME...]     (default: all). The build is one for the prefix /usr.
here=$(dirname "$0")
exec "$here/parts.sh" "on Debian" "$here/debian" 600 "$@"

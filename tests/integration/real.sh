#!/usr/bin/env bash
# Tests against real servers, each by a file of real/, which installs, starts and ends its server.
# Usage: real.sh PROGRAM [SERVER...]     (default: all)
here=$(dirname "$0")
exec "$here/parts.sh" "with real servers" "$here/real" 360 "$@"

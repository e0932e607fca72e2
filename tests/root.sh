# shellcheck shell=bash
# root.sh: fresh roots of this machine's Debian, which tests install into; sourced by them. Status 77 when there are none.

cannot_run() { echo "$*"; exit 77; }

# make_root ARCHIVE ARCHITECTURE [PACKAGE...]: a root in a tar archive, which is kept for a day.
make_root() {
    local archive=$1 architecture=$2
    shift 2
    [ "$(id -u)" -eq 0 ] || cannot_run "a root takes root to be made"
    [ -z "$(find "$archive" -mtime -1 2>/dev/null)" ] || return 0
    command -v mmdebstrap >/dev/null || cannot_run "mmdebstrap is missing"
    local codename included=apt
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    [ $# -eq 0 ] || included=$(IFS=, && echo "$*")
    timeout 500 mmdebstrap --variant=minbase --architectures="$architecture" --include="$included" \
        "$codename" "$archive.part" --format=tar >"$archive.log" 2>&1 ||
        cannot_run "no root could be made: $(tail -n 1 "$archive.log")"
    mv "$archive.part" "$archive"
}

# in_root FOLDER COMMAND...: runs it there, with /proc and processes of its own, which end with it.
in_root() {
    local folder=$1
    shift
    cp /etc/resolv.conf "$folder/etc/resolv.conf"
    # shellcheck disable=SC2016 # the inner shell's
    unshare --mount --pid --fork --kill-child sh -c 'mount -t proc proc "$1/proc" && exec chroot "$@"' sh "$folder" \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

# shellcheck shell=bash
# root.sh: fresh roots of this machine's Debian, which tests install into; sourced by them. Status 77 when there are none.

cannot_run() { echo "$*"; exit 77; }

# make_root ARCHIVE ARCHITECTURE VARIANT [PACKAGE...]: a root in a tar archive, which is kept for a day. VARIANT is one of
# mmdebstrap: minbase, or extract, which is not set up, and so takes no processor that runs it.
make_root() {
    local archive=$1 architecture=$2 variant=$3
    shift 3
    [ "$(id -u)" -eq 0 ] || cannot_run "a root takes root to be made"
    [ -z "$(find "$archive" -mtime -1 2>/dev/null)" ] || return 0
    command -v mmdebstrap >/dev/null || cannot_run "mmdebstrap is missing"
    local codename included=apt
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    [ $# -eq 0 ] || included=$(IFS=, && echo "$*")
    # Without security updates where the mirror has only a part of them.
    for mirrors in "" "$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Release: $codename" | sort -u)"; do
        # shellcheck disable=SC2086 # none, or some
        timeout 500 mmdebstrap --variant="$variant" --architectures="$architecture" --include="$included" --format=tar \
            "$codename" "$archive.part" $mirrors >"$archive.log" 2>&1 && break
    done
    [ -s "$archive.part" ] || cannot_run "no root could be made: $(grep ^E: "$archive.log" | tail -n 1)"
    mv "$archive.part" "$archive"
}

# in_root FOLDER COMMAND...: runs it there, with the devices of this machine, and with processes of its own, which end with it.
in_root() {
    local folder=$1
    shift
    cp /etc/resolv.conf "$folder/etc/resolv.conf"
    # shellcheck disable=SC2016 # the inner shell's
    unshare --mount --pid --fork --kill-child sh -c 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$@"' sh "$folder" \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

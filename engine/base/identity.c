/* identity.c: statx, which has the time when a file was made: inodes are reused. */
#include "base/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool read_identity(siem_identity *identity, int folder, const char *path, int flags) {
    struct statx status;
    *identity = (siem_identity){0};
    if (statx(folder, path, flags, STATX_INO | STATX_BTIME, &status) != 0) return false;
    identity->device = makedev(status.stx_dev_major, status.stx_dev_minor);
    identity->inode = status.stx_ino;
    if (status.stx_mask & STATX_BTIME) {
        identity->born = status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
    }
    return true;
}

bool siem_identity_read(siem_identity *identity, int folder, const char *path, bool no_link) {
    return read_identity(identity, folder, path, no_link ? AT_SYMLINK_NOFOLLOW : 0);
}

bool siem_identity_of(siem_identity *identity, int fd) {
    return read_identity(identity, fd, "", AT_EMPTY_PATH);
}

bool siem_identity_equals(const siem_identity *a, const siem_identity *b) {
    return a->device == b->device && a->inode == b->inode &&
           (a->born == b->born || a->born == 0 || b->born == 0);
}

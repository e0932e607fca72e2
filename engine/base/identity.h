/* identity.h: what distinguishes a file from all others, also from one that got its inode later. */
#ifndef SIEM_IDENTITY_H
#define SIEM_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct siem_identity {
    uint64_t device, inode; /* both 0: none */
    int64_t born;           /* nanoseconds since 1970; 0: the file system does not know */
} siem_identity;

/* The identity of a path below an open folder (AT_FDCWD: any path), without following a link at its
 * end when `no_link`. False, with errno, when it cannot be read. */
bool siem_identity_read(siem_identity *identity, int folder, const char *path, bool no_link);

/* That of an open file. */
bool siem_identity_of(siem_identity *identity, int fd);

/* True for the same file. A birth that one of the two lacks is not compared. */
bool siem_identity_equals(const siem_identity *a, const siem_identity *b);

#endif

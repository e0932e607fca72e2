/* identity_file.h: the public identity that is kept in a file beside a registry's database.
 *
 * "NAME.identity.json" for NAME.sqlite, else "identity.json" of the folder, which the registry's
 * program writes: a JSON object whose `ed25519_pub` is the identity. The program's own holds the
 * private key as well: what is read of it is wiped. */
#ifndef SIEM_IDENTITY_FILE_H
#define SIEM_IDENTITY_FILE_H

#include <oversight/siem.h>

#define SIEM_IDENTITY_SIZE 257

/* The identity of the registry at that path, as siem_registry_open takes it. Errors: SIEM_NOT_FOUND
 * when there is no such file, SIEM_INVALID for one without an identity, SIEM_HELD for one that is
 * another user's in a folder to which all may write, SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_identity_file_read(char identity[SIEM_IDENTITY_SIZE], const char *database,
                                  siem_error *err);

#endif

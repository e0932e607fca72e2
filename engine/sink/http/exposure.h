/* exposure.h: whether a file that holds a secret is open to others. */
#ifndef SIEM_EXPOSURE_H
#define SIEM_EXPOSURE_H

#include <stdbool.h>

/* True for a regular file that users beside its owner and its group may read or write, in folders
 * that they may search. False for a file in a mount of secrets: mode 0444 is usual there, and the
 * mount keeps others away. Such are $CREDENTIALS_DIRECTORY and /run/credentials (systemd),
 * /run/secrets (Docker, Podman), and a folder with "..data" (Kubernetes). */
bool siem_exposure_of(const char *path);

#endif

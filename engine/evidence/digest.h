/* digest.h: what an export adds to a digest. */
#ifndef SIEM_DIGEST_H
#define SIEM_DIGEST_H

#include <oversight/siem.h>

/* Adds a record that was delivered, with its line end. A lack of memory shows when it is taken. */
void siem_digest_add_record(siem_digest *digest, const char *event_id, const char *record,
                            size_t size);

#endif

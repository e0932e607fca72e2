/* geoip.h: what a MaxMind database (.mmdb) has about an address. */
#ifndef SIEM_GEOIP_H
#define SIEM_GEOIP_H

#include "base/buffer.h"

#include <oversight/siem.h>

typedef struct siem_geoip siem_geoip;

/* Errors: SIEM_NOT_FOUND, SIEM_INVALID for what is not a regular file, SIEM_IO for a file that is
 * not such a database, SIEM_NO_MEMORY. */
siem_code siem_geoip_open(siem_geoip **out, const char *path, siem_error *err);

/* Writes what the database has about the address into `json`, which is emptied first, as JSON text.
 * `json` stays empty when the text is not an address or the database lacks it. Errors: SIEM_IO for
 * a record that is damaged or out of bounds (mmdb_value.h), SIEM_NO_MEMORY. */
siem_code siem_geoip_find(siem_geoip *geoip, const char *address, siem_buffer *json,
                          siem_error *err);

void siem_geoip_close(siem_geoip *geoip);

#endif

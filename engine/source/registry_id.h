/* registry_id.h: the public identity of a registry, which records and document ids are made of. */
#ifndef SIEM_REGISTRY_ID_H
#define SIEM_REGISTRY_ID_H

#include <oversight/siem.h>

/* Two registries with one identity overwrite each other where documents are stored by id, and an
 * identity with a stray blank or line end is another one. Errors: SIEM_INVALID. */
siem_code siem_registry_id_check(const char *registry_id, siem_error *err);

#endif

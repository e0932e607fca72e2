/* registry_id.c: what cannot be meant as an identity. */
#include "registry_id.h"

#include "error.h"

#include <string.h>

static bool is_control(char c) {
    return (unsigned char)c < ' ' || c == 0x7f;
}

siem_code siem_registry_id_check(const char *registry_id, siem_error *err) {
    if (registry_id == NULL) return siem_error_set(err, SIEM_INVALID, "registry_id is missing");
    size_t size = strlen(registry_id);
    if (strspn(registry_id, " \t\r\n") == size) return siem_error_empty(err, "registry_id");
    for (const char *at = registry_id; *at != '\0'; at++) {
        if (!is_control(*at)) continue;
        return siem_error_set(err, SIEM_INVALID,
                              "registry_id holds a control character: was it read from a file with "
                              "line ends?");
    }
    if (registry_id[0] != ' ' && registry_id[size - 1] != ' ') return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID, "registry_id begins or ends with a space");
}

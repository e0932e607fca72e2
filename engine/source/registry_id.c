/* registry_id.c: what cannot be meant as an identity. */
#include "source/registry_id.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

static bool holds_unsafe(const char *text, size_t size) {
    uint32_t c;
    for (const char *at = text; at < text + size;) {
        at += siem_utf8_decode(at, (size_t)(text + size - at), &c);
        if (siem_utf8_is_unsafe(c)) return true;
    }
    return false;
}

siem_code siem_registry_id_check(const char *registry_id, siem_error *err) {
    if (registry_id == NULL)
        return siem_error_of_option(err, SIEM_INVALID, "registry_id", "registry_id is missing");
    size_t size = strlen(registry_id);
    if (strspn(registry_id, " \t\r\n") == size) {
        return siem_error_empty(err, "registry_id", "registry_id");
    }
    if (holds_unsafe(registry_id, size)) {
        return siem_error_of_option(
            err, SIEM_INVALID, "registry_id",
            "registry_id holds a control character: was it read from a file with "
            "line ends or a byte order mark?");
    }
    if (registry_id[0] != ' ' && registry_id[size - 1] != ' ') return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, "registry_id",
                                "registry_id begins or ends with a space");
}

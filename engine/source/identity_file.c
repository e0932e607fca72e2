/* identity_file.c: one member of a small JSON file, of which nothing else stays in memory. */
#include "source/identity_file.h"

#include "base/checked_file.h"
#include "base/error.h"
#include "base/json_reader.h"
#include "source/registry_id.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST_BYTES ((size_t)16384)
#define ROOM       (MOST_BYTES * 6) /* for what JSON text can grow to */

/* A path beside the database, for free(): in place of its suffix, or of its name. */
static char *path_beside(const char *database, bool is_own) {
    char *path;
    const char *slash = strrchr(database, '/'), *name = slash != NULL ? slash + 1 : database;
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - database) : strlen(database);
    int size = is_own ? (int)stem : (int)(name - database);
    const char *suffix = is_own ? ".identity.json" : "identity.json";
    return asprintf(&path, "%.*s%s", size, database, suffix) >= 0 ? path : NULL;
}

/* The decoded text of the member; false when there is none that can be one. */
static bool find_identity(char identity[SIEM_IDENTITY_SIZE], const siem_buffer *json) {
    static const char key[] = "ed25519_pub";
    const char *value;
    size_t size;
    siem_buffer text = {0};
    if (!siem_json_find(json->bytes, json->size, key, sizeof key - 1, &value, &size)) return false;
    if (value[0] != '"') return false;
    siem_json_decode_text(value, size, &text);
    bool fits = !text.failed && text.size > 0 && text.size < SIEM_IDENTITY_SIZE &&
                memchr(text.bytes, '\0', text.size) == NULL;
    if (fits) (void)snprintf(identity, SIEM_IDENTITY_SIZE, "%.*s", (int)text.size, text.bytes);
    siem_buffer_free(&text);
    return fits && siem_registry_id_check(identity, NULL) == SIEM_OK;
}

/* All memory is allocated before reading, so that growing leaves no copies. */
static siem_code read_file(char identity[SIEM_IDENTITY_SIZE], const char *path, siem_error *err) {
    siem_buffer content = {0}, json = {0};
    siem_json_reader reader = {0};
    bool has_room = siem_buffer_reserve_secret(&content, ROOM) &&
                    siem_buffer_reserve_secret(&json, ROOM) &&
                    siem_buffer_reserve_secret(&reader.scratch, ROOM);
    siem_code rc = has_room ? siem_checked_file_read(&content, path, SIEM_FILE_INPUT, err)
                            : siem_error_no_memory(err);
    bool is_known = rc == SIEM_OK && content.size <= MOST_BYTES &&
                    siem_json_read(&reader, content.bytes, content.size, &json) == SIEM_JSON_READ &&
                    find_identity(identity, &json);
    if (rc == SIEM_OK && !is_known) {
        rc =
            siem_error_set(err, SIEM_INVALID,
                           "'%s' has no identity: it must be a JSON object with ed25519_pub", path);
    }
    siem_buffer_free_secret(&content);
    siem_buffer_free_secret(&json);
    siem_buffer_free_secret(&reader.scratch);
    siem_json_reader_free(&reader);
    return rc;
}

siem_code siem_identity_file_read(char identity[SIEM_IDENTITY_SIZE], const char *database,
                                  siem_error *err) {
    siem_code rc = SIEM_NOT_FOUND;
    for (int is_own = 1; is_own >= 0 && rc == SIEM_NOT_FOUND; is_own--) {
        char *path = path_beside(database, is_own);
        rc = path != NULL ? read_file(identity, path, err) : siem_error_no_memory(err);
        free(path);
    }
    if (rc != SIEM_NOT_FOUND) return rc;
    return siem_error_set(err, SIEM_NOT_FOUND,
                          "the identity of '%s' is not known: give its registry_id, or put it "
                          "beside the database, as ed25519_pub of identity.json",
                          database);
}

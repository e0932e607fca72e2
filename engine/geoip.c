/* geoip.c: libmaxminddb's list of data, written as JSON.
 *
 * libmaxminddb maps the file it opens, and a mapped file that somebody truncates ends the process
 * with SIGBUS. So it is given a copy in memory that nobody else can reach. */
#include "geoip.h"

#include "error.h"
#include "json_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_LEVELS 32

struct siem_geoip {
    MMDB_s database;
};

static bool write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Copies all that is left to read. False, with errno, when that fails. */
static bool copy_all(int to, int from) {
    char bytes[65536];
    ssize_t size;
    while ((size = read(from, bytes, sizeof bytes)) != 0) {
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 || !write_all(to, bytes, (size_t)size)) return false;
    }
    return true;
}

/* A copy of the file in memory, or -1 and errno. */
static int open_copy(const char *path) {
    int copy = -1, file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    copy = memfd_create("oversight-geoip", MFD_CLOEXEC);
    if (copy >= 0 && !copy_all(copy, file)) {
        int reason = errno;
        (void)close(copy);
        copy = -1;
        errno = reason;
    }
    int reason = errno;
    (void)close(file);
    errno = reason;
    return copy;
}

siem_code siem_geoip_open(siem_geoip **out, const char *path, siem_error *err) {
    char name[64];
    *out = NULL;
    int copy = open_copy(path);
    if (copy < 0) {
        return siem_error_set(err, errno == ENOENT ? SIEM_NOT_FOUND : SIEM_IO,
                              "cannot open '%s': %s", path, strerror(errno));
    }
    siem_geoip *geoip = calloc(1, sizeof *geoip);
    int status = MMDB_OUT_OF_MEMORY_ERROR;
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", copy);
    if (geoip != NULL) status = MMDB_open(name, MMDB_MODE_MMAP, &geoip->database);
    (void)close(copy); /* what is mapped stays */
    if (status == MMDB_SUCCESS) {
        *out = geoip;
        return SIEM_OK;
    }
    free(geoip);
    if (status == MMDB_FILE_OPEN_ERROR) {
        return siem_error_set(err, SIEM_IO, "cannot open a copy of '%s': is /proc there?", path);
    }
    return siem_error_set(err, SIEM_IO, "cannot open '%s': %s", path, MMDB_strerror(status));
}

void siem_geoip_close(siem_geoip *geoip) {
    if (geoip == NULL) return;
    MMDB_close(&geoip->database);
    free(geoip);
}

static void write_scalar(siem_buffer *json, const MMDB_entry_data_s *data) {
    switch (data->type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
        (void)siem_json_write_text(json, data->utf8_string, data->data_size);
        break;
    case MMDB_DATA_TYPE_DOUBLE: (void)siem_json_write_real(json, data->double_value); break;
    case MMDB_DATA_TYPE_FLOAT: (void)siem_json_write_real(json, (double)data->float_value); break;
    case MMDB_DATA_TYPE_UINT16: siem_json_write_integer(json, data->uint16); break;
    case MMDB_DATA_TYPE_UINT32: siem_json_write_integer(json, data->uint32); break;
    case MMDB_DATA_TYPE_INT32: siem_json_write_integer(json, data->int32); break;
    case MMDB_DATA_TYPE_UINT64: siem_json_write_integer(json, (int64_t)data->uint64); break;
    case MMDB_DATA_TYPE_BOOLEAN:
        siem_buffer_add(json, data->boolean ? "true" : "false", data->boolean ? 4 : 5);
        break;
    default: siem_buffer_add(json, "null", 4); break; /* bytes and 128-bit numbers */
    }
}

/* Writes the value at `entry` and returns the entry behind it, NULL at the end or too deep. */
static const MMDB_entry_data_list_s *write_value(siem_buffer *json,
                                                 const MMDB_entry_data_list_s *entry, int level) {
    const MMDB_entry_data_s *data = &entry->entry_data;
    bool map = data->type == MMDB_DATA_TYPE_MAP;
    if (!map && data->type != MMDB_DATA_TYPE_ARRAY) {
        write_scalar(json, data);
        return entry->next;
    }
    uint32_t count = data->data_size;
    entry = level < MOST_LEVELS ? entry->next : NULL;
    siem_buffer_add_char(json, map ? '{' : '[');
    for (uint32_t i = 0; i < count && entry != NULL; i++) {
        if (i > 0) siem_buffer_add_char(json, ',');
        if (map) {
            write_scalar(json, &entry->entry_data);
            siem_buffer_add_char(json, ':');
            entry = entry->next;
            if (entry == NULL) break;
        }
        entry = write_value(json, entry, level + 1);
    }
    siem_buffer_add_char(json, map ? '}' : ']');
    return entry;
}

siem_code siem_geoip_find(siem_geoip *geoip, const char *address, siem_buffer *json,
                          siem_error *err) {
    int no_address, status;
    MMDB_entry_data_list_s *list = NULL;
    json->size = 0;
    MMDB_lookup_result_s result =
        MMDB_lookup_string(&geoip->database, address, &no_address, &status);
    if (no_address != 0) return SIEM_OK;
    if (status == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) return SIEM_OK;
    if (status == MMDB_SUCCESS && !result.found_entry) return SIEM_OK;
    if (status == MMDB_SUCCESS) status = MMDB_get_entry_data_list(&result.entry, &list);
    if (status == MMDB_SUCCESS) (void)write_value(json, list, 0);
    MMDB_free_entry_data_list(list);
    if (status != MMDB_SUCCESS) {
        return siem_error_set(err, SIEM_IO, "the address database: %s", MMDB_strerror(status));
    }
    return json->failed ? siem_error_no_memory(err) : SIEM_OK;
}

/* geoip.c: a database of addresses, searched by libmaxminddb.
 *
 * libmaxminddb maps the file it opens, and a mapped file that somebody truncates ends the process
 * with SIGBUS. So it gets a copy in memory that nobody else can reach. */
#include "enrich/geoip.h"

#include "base/checked_file.h"
#include "base/error.h"
#include "enrich/mmdb_value.h"

#include <errno.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_METADATA (128L * 1024) /* where libmaxminddb looks for them */

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

/* A copy of the file in memory. */
static siem_code open_copy(int *copy, const char *path, siem_error *err) {
    int file;
    *copy = -1;
    siem_code rc = siem_checked_file_open(&file, path, SIEM_FILE_TABLE, 0, err);
    if (rc != SIEM_OK) return rc;
    *copy = memfd_create("oversight-geoip", MFD_CLOEXEC);
    if (*copy < 0 || !copy_all(*copy, file)) {
        rc =
            siem_error_set(err, SIEM_IO, "cannot copy '%s' into memory: %s", path, strerror(errno));
        if (*copy >= 0) (void)close(*copy);
    }
    (void)close(file);
    return rc;
}

/* libmaxminddb decodes the metadata without bounds when it opens a file, so they are checked here
 * before. It refuses a file without metadata itself. */
static siem_code check_metadata(int copy, siem_error *err) {
    static const char marker[] = "\xab\xcd\xefMaxMind.com";
    const size_t marker_size = sizeof marker - 1;
    siem_buffer tail = {0}, json = {0};
    siem_code rc = SIEM_OK;
    off_t end = lseek(copy, 0, SEEK_END), start = end > MOST_METADATA ? end - MOST_METADATA : 0;
    if (end <= 0) return SIEM_OK;
    if (!siem_buffer_reserve(&tail, MOST_METADATA)) return siem_error_no_memory(err);
    (void)lseek(copy, start, SEEK_SET);
    ssize_t size = siem_checked_file_fill(copy, tail.bytes, (size_t)(end - start));
    if (size < 0) {
        siem_buffer_free(&tail);
        return siem_error_set(err, SIEM_IO, "cannot read its copy: %s", strerror(errno));
    }
    const char *at = tail.bytes, *last = NULL, *stop = tail.bytes + size;
    while ((at = memmem(at, (size_t)(stop - at), marker, marker_size)) != NULL) {
        last = at += marker_size;
    }
    if (last != NULL) {
        rc = siem_mmdb_write_value(&json, (const uint8_t *)last, (size_t)(stop - last), 0, err);
    }
    siem_buffer_free(&json);
    siem_buffer_free(&tail);
    return rc;
}

static siem_code open_database(siem_geoip *geoip, int copy, const char *path, siem_error *err) {
    char name[64];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", copy);
    int status = MMDB_open(name, MMDB_MODE_MMAP, &geoip->database);
    if (status == MMDB_SUCCESS) return SIEM_OK;
    if (status == MMDB_FILE_OPEN_ERROR) {
        return siem_error_set(err, SIEM_IO, "cannot open a copy of '%s': is /proc there?", path);
    }
    return siem_error_set(err, SIEM_IO, "cannot open '%s': %s", path, MMDB_strerror(status));
}

siem_code siem_geoip_open(siem_geoip **out, const char *path, siem_error *err) {
    int copy;
    *out = NULL;
    siem_code rc = open_copy(&copy, path, err);
    if (rc != SIEM_OK) return rc;
    siem_geoip *geoip = calloc(1, sizeof *geoip);
    if (geoip == NULL) rc = siem_error_no_memory(err);
    if (rc == SIEM_OK && (rc = check_metadata(copy, err)) != SIEM_OK) {
        siem_error_prefix(err, "cannot open '%s'", path);
    }
    if (rc == SIEM_OK) rc = open_database(geoip, copy, path, err);
    (void)close(copy); /* what is mapped stays */
    if (rc == SIEM_OK) *out = geoip;
    else free(geoip);
    return rc;
}

void siem_geoip_close(siem_geoip *geoip) {
    if (geoip == NULL) return;
    MMDB_close(&geoip->database);
    free(geoip);
}

siem_code siem_geoip_find(siem_geoip *geoip, const char *address, siem_buffer *json,
                          siem_error *err) {
    int no_address, status;
    json->size = 0;
    MMDB_lookup_result_s result =
        MMDB_lookup_string(&geoip->database, address, &no_address, &status);
    if (no_address != 0) return SIEM_OK;
    if (status == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) return SIEM_OK;
    if (status == MMDB_SUCCESS && !result.found_entry) return SIEM_OK;
    if (status != MMDB_SUCCESS) {
        return siem_error_set(err, SIEM_IO, "the address database: %s", MMDB_strerror(status));
    }
    const MMDB_s *database = &geoip->database;
    return siem_mmdb_write_value(json, database->data_section, database->data_section_size,
                                 result.entry.offset, err);
}

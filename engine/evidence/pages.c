/* pages.c: a page has at most 1,000 leaves, and is asked for by the number of its first line. */
#include "evidence/pages.h"

#include "base/error.h"
#include "base/json_reader.h"
#include "evidence/web.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 1000

struct siem_pages {
    siem_web web;
    char *base;    /* the URL before /tlog */
    int64_t start; /* the first line of the page that is asked for next, */
    size_t had;    /* and how many of its leaves are written already */
    siem_json_reader reader;
    siem_buffer answer, canonical, lines;
};

/* The URL of the registry, without what its pages have after it. */
static char *base_of(const char *url) {
    static const char *const ends[] = {"/", "/head", "/range", "/tlog", "/"};
    char *base = strdup(url);
    size_t size = base != NULL ? strlen(base) : 0;
    for (size_t i = 0; base != NULL && i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (size < end || strcmp(base + size - end, ends[i]) != 0) continue;
        base[size -= end] = '\0';
    }
    return base;
}

/* A file that nobody else can open. */
static siem_code open_file(int *fd, siem_error *err) {
    const char *folder = getenv("TMPDIR");
    char path[4096];
    if (folder == NULL || folder[0] != '/') folder = "/tmp";
    *fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (*fd < 0 && snprintf(path, sizeof path, "%s/oversight-tlog-XXXXXX", folder) <
                       (int)sizeof path) { /* not each file system has such files */
        *fd = mkostemp(path, O_CLOEXEC);
        if (*fd >= 0) (void)unlink(path);
    }
    if (*fd >= 0) return SIEM_OK;
    return siem_error_set(err, SIEM_IO, "cannot make a temporary file in '%s': %s", folder,
                          strerror(errno));
}

siem_code siem_pages_open(siem_pages **out, int *fd, const siem_tlog_options *options,
                          siem_error *err) {
    siem_pages *pages = calloc(1, sizeof *pages);
    *out = NULL;
    if (pages == NULL) return siem_error_no_memory(err);
    pages->base = base_of(options->source);
    siem_code rc = pages->base != NULL ? SIEM_OK : siem_error_no_memory(err);
    if (rc == SIEM_OK) rc = siem_web_open(&pages->web, options->go_on, options->go_on_context, err);
    if (rc == SIEM_OK && fd != NULL) rc = open_file(fd, err);
    if (rc == SIEM_OK) *out = pages;
    else siem_pages_close(pages);
    return rc;
}

void siem_pages_close(siem_pages *pages) {
    if (pages == NULL) return;
    siem_web_close(&pages->web);
    free(pages->base);
    siem_json_reader_free(&pages->reader);
    siem_buffer_free(&pages->answer);
    siem_buffer_free(&pages->canonical);
    siem_buffer_free(&pages->lines);
    free(pages);
}

static siem_code get(siem_pages *pages, siem_buffer *out, const char *path, siem_error *err) {
    char url[2048];
    if (snprintf(url, sizeof url, "%s%s", pages->base, path) >= (int)sizeof url) {
        return siem_error_set(err, SIEM_INVALID, "the URL is too long");
    }
    return siem_web_get(&pages->web, out, url, err);
}

siem_code siem_pages_read_head(siem_pages *pages, siem_buffer *out, siem_error *err) {
    return get(pages, out, "/tlog/head", err);
}

/* ---- pages ---- */

static siem_code not_a_page(siem_error *err) {
    return siem_error_set(err, SIEM_INVALID,
                          "the answer of /tlog/range has no list 'entries': is this the URL of a "
                          "registry?");
}

/* Adds an entry as a line: an object, or the text of one. */
static void add_line(siem_buffer *lines, const char *entry, size_t size) {
    if (*entry == '"') siem_json_decode_text(entry, size, lines);
    else siem_buffer_add(lines, entry, size);
    siem_buffer_add_char(lines, '\n');
}

/* Makes lines of the entries of a page after the first `had`, and counts all of them. */
static siem_code take_entries(siem_pages *pages, size_t had, size_t *count, siem_error *err) {
    const char *at;
    size_t size;
    siem_buffer *canonical = &pages->canonical;
    canonical->size = pages->lines.size = *count = 0;
    bool is_json = siem_json_read(&pages->reader, pages->answer.bytes, pages->answer.size,
                                  canonical) == SIEM_JSON_READ;
    if (canonical->failed) return siem_error_no_memory(err);
    if (!is_json || !siem_json_find(canonical->bytes, canonical->size, "entries", 7, &at, &size) ||
        *at != '[') {
        return not_a_page(err);
    }
    const char *end = at + size;
    while (*at != ']' && at[1] != ']') {
        const char *entry = at + 1; /* past [ or , */
        at = siem_json_skip(entry, end);
        if (++*count > had) add_line(&pages->lines, entry, (size_t)(at - entry));
    }
    return pages->lines.failed ? siem_error_no_memory(err) : SIEM_OK;
}

static siem_code append(const siem_pages *pages, int fd, siem_error *err) {
    const siem_buffer *lines = &pages->lines;
    for (size_t at = 0; at < lines->size;) {
        ssize_t size = write(fd, lines->bytes + at, lines->size - at);
        if (size < 0 && errno != EINTR) {
            return siem_error_set(err, SIEM_IO, "cannot write the temporary file of the log: %s",
                                  strerror(errno));
        }
        if (size > 0) at += (size_t)size;
    }
    return SIEM_OK;
}

/* Writes what a page has after the first `had` leaves, and counts all of them. */
static siem_code write_page(siem_pages *pages, int64_t start, size_t had, int fd, size_t *count,
                            siem_error *err) {
    char path[96];
    (void)snprintf(path, sizeof path, "/tlog/range?start=%" PRId64 "&limit=%d", start, PAGE);
    siem_code rc = get(pages, &pages->answer, path, err);
    if (rc == SIEM_OK) rc = take_entries(pages, had, count, err);
    return rc == SIEM_OK ? append(pages, fd, err) : rc;
}

siem_code siem_pages_write(siem_pages *pages, int fd, siem_error *err) {
    for (;;) {
        size_t next = 0;
        siem_code rc = write_page(pages, pages->start, pages->had, fd, &pages->had, err);
        if (rc != SIEM_OK) return rc;
        if (pages->had < PAGE) {
            /* It is the last one, or the registry skipped lines of it that are malformed. */
            rc = write_page(pages, pages->start + PAGE, 0, fd, &next, err);
            if (rc == SIEM_NOT_FOUND || (rc == SIEM_OK && next == 0)) return SIEM_OK;
            if (rc != SIEM_OK) return rc;
        }
        pages->start += PAGE;
        pages->had = next;
    }
}

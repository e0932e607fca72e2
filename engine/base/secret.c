/* secret.c: credentials in pages that no core dump holds. */
#include "base/secret.h"

#include "base/checked_file.h"
#include "base/command_output.h"
#include "base/error.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES ((size_t)16384) /* the longest credential, a token or a key file's text */

struct siem_secret {
    const char *name; /* NULL, as the form and the source are: a literal credential */
    const siem_secret_form *form;
    char *source;
    char *text; /* of PAGES bytes, NUL-terminated */
    unsigned generation;
};

static siem_code held(const siem_secret *secret, siem_error *err, const char *place,
                      const char *reason) {
    return siem_error_of_option(err, SIEM_HELD, secret->name, "%s: cannot read %s: %s",
                                secret->name, place, reason);
}

/* Reads all of a file into `text`. Nothing is buffered elsewhere. */
static siem_code read_all(const siem_secret *secret, int fd, const char *place, char *text,
                          siem_error *err) {
    ssize_t filled = siem_checked_file_fill(fd, text, PAGES - 1);
    if (filled < 0) return held(secret, err, place, strerror(errno));
    size_t size = (size_t)filled;
    if (size == PAGES - 1) return held(secret, err, place, "it is longer than 16 KiB");
    if (siem_secret_is_utf16(text, size)) {
        return held(secret, err, place, "it is UTF-16: save it as UTF-8 or ASCII");
    }
    if (memchr(text, '\0', size) != NULL) return held(secret, err, place, "it holds a NUL byte");
    text[size] = '\0';
    return SIEM_OK;
}

static siem_code read_file(const siem_secret *secret, const char *path, char *text,
                           siem_error *err) {
    siem_error failure;
    int fd;
    if (siem_checked_file_open(&fd, path, SIEM_FILE_INPUT, 0, &failure) != SIEM_OK) {
        return siem_error_of_option(err, SIEM_HELD, secret->name, "%s: %s", secret->name,
                                    failure.message);
    }
    siem_code rc = read_all(secret, fd, path, text, err);
    (void)close(fd);
    return rc;
}

static siem_code read_command(const siem_secret *secret, const char *command, char *text,
                              siem_error *err) {
    siem_error failure;
    siem_code rc = siem_command_read(command, text, PAGES, &failure);
    return rc == SIEM_OK ? rc : held(secret, err, "the command's output", failure.message);
}

static siem_code read_variable(const siem_secret *secret, const char *variable, char *text,
                               siem_error *err) {
    const char *value = getenv(variable);
    if (value == NULL) return held(secret, err, variable, "there is no such environment variable");
    if (strlen(value) >= PAGES) return held(secret, err, variable, "it is longer than 16 KiB");
    (void)stpcpy(text, value);
    return SIEM_OK;
}

const char *siem_secret_file(const char *source) {
    return strncmp(source, "file:", 5) == 0 ? source + 5 : NULL;
}

static siem_code read_source(const siem_secret *secret, char *text, siem_error *err) {
    const char *source = secret->source;
    const char *file = siem_secret_file(source);
    if (file != NULL) return read_file(secret, file, text, err);
    if (strncmp(source, "env:", 4) == 0) return read_variable(secret, source + 4, text, err);
    if (strncmp(source, "cmd:", 4) == 0) return read_command(secret, source + 4, text, err);
    if (strlen(source) >= PAGES) return held(secret, err, "it", "it is longer than 16 KiB");
    (void)stpcpy(text, source);
    return SIEM_OK;
}

static char *new_pages(void) {
    char *pages = mmap(NULL, PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    (void)madvise(pages, PAGES, MADV_DONTDUMP);
    (void)mlock(pages, PAGES); /* not swapped out, where the limits allow it */
    return pages;
}

static void free_pages(char *pages) {
    if (pages == NULL) return;
    OPENSSL_cleanse(pages, PAGES);
    (void)munmap(pages, PAGES);
}

siem_code siem_secret_reload(siem_secret *secret, bool *changed, siem_error *err) {
    char *text = new_pages();
    if (text == NULL) return siem_error_no_memory(err);
    siem_code rc = read_source(secret, text, err);
    if (rc == SIEM_OK) {
        rc = siem_secret_form_apply(secret->form, secret->name, text, PAGES, err);
    }
    if (rc == SIEM_OK) {
        bool differs = secret->text == NULL || strcmp(secret->text, text) != 0;
        if (differs) secret->generation++;
        if (changed != NULL) *changed = differs;
        free_pages(secret->text);
        secret->text = text;
    } else {
        free_pages(text);
    }
    return rc;
}

siem_code siem_secret_open(siem_secret **out, const char *name, const siem_secret_form *form,
                           const char *source, siem_error *err) {
    *out = NULL;
    siem_secret *secret = calloc(1, sizeof *secret);
    if (secret == NULL) return siem_error_no_memory(err);
    secret->name = name;
    secret->form = form;
    secret->source = strdup(source);
    siem_code rc =
        secret->source != NULL ? siem_secret_reload(secret, NULL, err) : siem_error_no_memory(err);
    if (rc == SIEM_OK) *out = secret;
    else siem_secret_close(secret);
    return rc;
}

siem_code siem_secret_keep(siem_secret **out, const char *name, const char *text, siem_error *err) {
    *out = NULL;
    if (strlen(text) >= PAGES) {
        return siem_error_set(err, SIEM_HELD, "%s: it is longer than 16 KiB", name);
    }
    siem_secret *secret = calloc(1, sizeof *secret);
    if (secret == NULL) return siem_error_no_memory(err);
    secret->text = new_pages();
    if (secret->text == NULL) {
        siem_secret_close(secret);
        return siem_error_no_memory(err);
    }
    (void)stpcpy(secret->text, text);
    *out = secret;
    return SIEM_OK;
}

const char *siem_secret_text(const siem_secret *secret) {
    return secret->text;
}

unsigned siem_secret_generation(const siem_secret *secret) {
    return secret->generation;
}

void siem_secret_close(siem_secret *secret) {
    if (secret == NULL) return;
    if (secret->source != NULL) OPENSSL_cleanse(secret->source, strlen(secret->source));
    free(secret->source);
    free_pages(secret->text);
    free(secret);
}

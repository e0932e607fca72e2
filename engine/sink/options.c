/* options.c: tables of options, read in one loop, with errors that name the option. */
#include "sink/options.h"

#include "base/error.h"
#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was given ---- */

static const char *text_at(const siem_options *options, const char *name, size_t index) {
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->list[i].name, name) == 0 && index-- == 0) {
            return options->list[i].value;
        }
    }
    return NULL;
}

const char *siem_options_text(const siem_options *options, const char *name) {
    const char *text = NULL;
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->list[i].name, name) == 0) text = options->list[i].value;
    }
    return text;
}

static const siem_option_spec *find(const siem_option_spec *table, const char *name) {
    for (; table != NULL && table->name != NULL; table++) {
        if (strcmp(table->name, name) == 0) return table;
    }
    return NULL;
}

/* An empty text comes from a variable that is not set, unless the option shows '' as a choice. */
static bool may_be_empty(const siem_option_spec *spec) {
    return spec->value != NULL && strstr(spec->value, "''") != NULL;
}

static siem_code check_given(const siem_option_spec *own, const siem_option_spec *shared,
                             const siem_options *options, siem_error *err) {
    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->list[i].name;
        const siem_option_spec *spec = find(own, name);
        if (spec == NULL) spec = find(shared, name);
        if (spec == NULL) {
            return siem_error_of_option(err, SIEM_INVALID, name,
                                        "there is no option '%s' for this sink", name);
        }
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): siem_misuse_options wants a value */
        if (*options->list[i].value == '\0' && !may_be_empty(spec)) {
            return siem_error_empty(err, name, name);
        }
        if (spec->kind != SIEM_OPTION_TEXTS && text_at(options, name, 1) != NULL) {
            return siem_error_of_option(err, SIEM_INVALID, name,
                                        "the option '%s' comes twice: give it once", name);
        }
    }
    return SIEM_OK;
}

/* ---- one option ---- */

static siem_code copy_text(char **member, const char *text, siem_error *err) {
    *member = text != NULL ? strdup(text) : NULL;
    return text == NULL || *member != NULL ? SIEM_OK : siem_error_no_memory(err);
}

static siem_code copy_texts(siem_texts *texts, const char *name, const siem_options *options,
                            siem_error *err) {
    const char *text;
    texts->list = calloc(options->count + 1, sizeof *texts->list);
    if (texts->list == NULL) return siem_error_no_memory(err);
    while ((text = text_at(options, name, texts->count)) != NULL) {
        siem_code rc = copy_text(&texts->list[texts->count], text, err);
        if (rc != SIEM_OK) return rc;
        texts->count++;
    }
    return SIEM_OK;
}

static siem_code read_flag(bool *member, const char *name, const char *text, siem_error *err) {
    *member = text != NULL && strcmp(text, "true") == 0;
    if (text == NULL || *member || strcmp(text, "false") == 0) return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, name, "%s is true or false", name);
}

/* Whether a text is one of "gzip|zstd|none". */
static bool is_choice(const char *choices, const char *text) {
    size_t size = strlen(text), length;
    for (const char *at = choices;; at += length + 1) {
        length = strcspn(at, "|");
        if (length == size && strncmp(at, text, size) == 0) return true;
        if (at[length] == '\0') return false;
    }
}

/* "gzip, zstd or none" of "gzip|zstd|none". */
static void list_choices(const char *choices, char out[64]) {
    size_t size = 0;
    for (const char *at = choices; *at != '\0' && size < 60; at++) {
        const char *joint = strchr(at + 1, '|') != NULL ? ", " : " or ";
        if (*at != '|') out[size++] = *at;
        else size += (size_t)(stpcpy(out + size, joint) - (out + size));
    }
    out[size] = '\0';
}

static siem_code read_choice(char **member, const siem_option_spec *spec, const char *text,
                             siem_error *err) {
    char choices[64];
    if (text == NULL || is_choice(spec->value, text)) return copy_text(member, text, err);
    list_choices(spec->value, choices);
    return siem_error_of_option(err, SIEM_INVALID, spec->name, "%s is %s", spec->name, choices);
}

static siem_code read_integer(int64_t *out, const siem_option_spec *spec, const char *text,
                              siem_error *err) {
    char *end;
    *out = (int64_t)spec->fallback;
    if (text == NULL) return SIEM_OK;
    int64_t least = (int64_t)spec->least, most = (int64_t)spec->most;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0 && *out >= least && *out <= most) return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, spec->name,
                                "%s is a whole number from %" PRId64 " to %" PRId64, spec->name,
                                least, most);
}

static siem_code read_bytes(size_t *member, const siem_option_spec *spec, const char *text,
                            siem_error *err) {
    int64_t bytes;
    siem_code rc = read_integer(&bytes, spec, text, err);
    *member = (size_t)bytes;
    return rc;
}

static siem_code read_seconds(double *member, const siem_option_spec *spec, const char *text,
                              siem_error *err) {
    char *end;
    *member = spec->fallback;
    if (text == NULL) return SIEM_OK;
    double seconds = *member = siem_number_read(text, &end);
    bool is_number = end != text && *end == '\0' && isfinite(seconds);
    if (is_number && seconds >= spec->least && seconds <= spec->most) return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, spec->name,
                                "%s is a number of seconds from %g to %g", spec->name, spec->least,
                                spec->most);
}

static siem_code read_one(void *member, const siem_option_spec *spec, const siem_options *options,
                          siem_error *err) {
    const char *text = siem_options_text(options, spec->name);
    switch (spec->kind) {
    case SIEM_OPTION_TEXT: return copy_text(member, text != NULL ? text : spec->text, err);
    case SIEM_OPTION_TEXTS: return copy_texts(member, spec->name, options, err);
    case SIEM_OPTION_SECRET: return SIEM_OK;
    case SIEM_OPTION_FLAG: return read_flag(member, spec->name, text, err);
    case SIEM_OPTION_CHOICE:
        return read_choice(member, spec, text != NULL ? text : spec->text, err);
    case SIEM_OPTION_INTEGER: return read_integer(member, spec, text, err);
    case SIEM_OPTION_BYTES: return read_bytes(member, spec, text, err);
    case SIEM_OPTION_SECONDS: return read_seconds(member, spec, text, err);
    }
    return SIEM_OK;
}

/* ---- tables ---- */

static siem_code read_table(void *into, const siem_option_spec *table, const siem_options *options,
                            siem_error *err) {
    siem_code rc = SIEM_OK;
    for (; rc == SIEM_OK && table != NULL && table->name != NULL; table++) {
        if (table->required && siem_options_text(options, table->name) == NULL) {
            return siem_error_of_option(err, SIEM_INVALID, table->name, "%s is missing",
                                        table->name);
        }
        rc = read_one((char *)into + table->at, table, options, err);
    }
    return rc;
}

siem_code siem_options_read(void *into, const siem_option_spec *own, const siem_option_spec *shared,
                            const siem_options *options, siem_error *err) {
    siem_code rc = check_given(own, shared, options, err);
    if (rc == SIEM_OK) rc = read_table(into, own, options, err);
    return rc == SIEM_OK ? read_table(into, shared, options, err) : rc;
}

static void free_text(char *text, bool secret) {
    if (text != NULL && secret) OPENSSL_cleanse(text, strlen(text));
    free(text);
}

static void free_one(void *member, const siem_option_spec *spec) {
    bool is_text = spec->kind == SIEM_OPTION_TEXT || spec->kind == SIEM_OPTION_CHOICE;
    if (is_text) free_text(*(char **)member, spec->secret);
    if (spec->kind != SIEM_OPTION_TEXTS) return;
    siem_texts *texts = member;
    for (size_t i = 0; i < texts->count; i++) free_text(texts->list[i], spec->secret);
    free(texts->list);
}

void siem_options_free(void *of, const siem_option_spec *table) {
    for (; table->name != NULL; table++) free_one((char *)of + table->at, table);
}

void siem_option_show(const siem_option_spec *spec, siem_sink_option *out) {
    bool is_secret = spec->secret || spec->kind == SIEM_OPTION_SECRET;
    *out = (siem_sink_option){.name = spec->name,
                              .kind = spec->kind,
                              .value = spec->value,
                              .help = spec->help,
                              .least = spec->least,
                              .most = spec->most,
                              .required = spec->required,
                              .secret = is_secret};
    if (spec->text != NULL) {
        (void)snprintf(out->fallback, sizeof out->fallback, "%s", spec->text);
    } else if (spec->fallback != 0) {
        (void)siem_number_print(out->fallback, sizeof out->fallback, "%.15g", spec->fallback);
    }
}

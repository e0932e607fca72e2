/* survey.c: counts by kind and day beside the order; grouping in SQL would sort all events. */
#include "source/survey.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DAY_SECONDS INT64_C(86400)
#define FIRST_TIME  INT64_C(-62135596800) /* the year 1, */
#define LAST_TIME   INT64_C(253402300799) /* and the end of 9999 */

typedef struct counting {
    siem_scan scan;
    siem_survey *survey;
    int64_t now;
    double first, last; /* the survey's */
    size_t *places;     /* of kinds by hash, plus 1; 0: free */
    size_t room;        /* a power of two, at least twice the kinds */
} counting;

/* ---- times ---- */

int64_t siem_survey_day(size_t index) {
    return FIRST_TIME + (int64_t)index * DAY_SECONDS;
}

/* As SQLite's date functions round: to a millisecond. */
static size_t day_of(double seconds) {
    double milliseconds = (seconds - (double)FIRST_TIME) * 1e3 + 0.5;
    return (size_t)(milliseconds / (1e3 * (double)DAY_SECONDS));
}

static bool is_number(int type) {
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

static void count_time(counting *c, int64_t id, sqlite3_value *timestamp) {
    siem_survey *survey = c->survey;
    int type = sqlite3_value_type(timestamp);
    double seconds = is_number(type) ? sqlite3_value_double(timestamp) : 0;
    bool is_zero = seconds > -1 && seconds < 1;
    if (is_zero || seconds < (double)FIRST_TIME || seconds > (double)LAST_TIME) {
        if (survey->timeless++ == 0) survey->first_timeless = id;
        return;
    }
    siem_value value = {.type = SIEM_REAL, .real = seconds};
    if (type == SQLITE_INTEGER) {
        value = (siem_value){.type = SIEM_INTEGER, .integer = sqlite3_value_int64(timestamp)};
    }
    if (survey->first.type == SIEM_NULL || seconds < c->first) {
        survey->first = value;
        c->first = seconds;
    }
    if (survey->last.type == SIEM_NULL || seconds > c->last) {
        survey->last = value;
        c->last = seconds;
    }
    survey->old += seconds < (double)(c->now - 2 * DAY_SECONDS);
    survey->ahead += seconds > (double)(c->now + DAY_SECONDS);
    survey->days[day_of(seconds)]++;
}

/* ---- kinds ---- */

/* Whole numbers are equal whatever they are stored as, as in SQL. */
static siem_kind_count kind_of(sqlite3_value *stored) {
    siem_kind_count kind = {.kind = {.type = SIEM_NULL}};
    double real;
    switch (sqlite3_value_type(stored)) {
    case SQLITE_INTEGER:
        kind.kind = (siem_value){.type = SIEM_INTEGER, .integer = sqlite3_value_int64(stored)};
        break;
    case SQLITE_FLOAT:
        real = sqlite3_value_double(stored);
        kind.kind = (siem_value){.type = SIEM_REAL, .real = real};
        if (real > -9e15 && real < 9e15 && real == (double)(int64_t)real) {
            kind.kind = (siem_value){.type = SIEM_INTEGER, .integer = (int64_t)real};
        }
        break;
    case SQLITE_BLOB:
        kind.is_blob = true;
        kind.kind = (siem_value){.type = SIEM_TEXT, .bytes = sqlite3_value_blob(stored)};
        break;
    case SQLITE_TEXT:
        kind.kind = (siem_value){.type = SIEM_TEXT};
        kind.kind.bytes = (const char *)sqlite3_value_text(stored);
        break;
    default: break;
    }
    if (kind.kind.type != SIEM_TEXT) return kind;
    kind.kind.size = (size_t)sqlite3_value_bytes(stored);
    return kind;
}

static bool is_text(const siem_kind_count *kind) {
    return kind->kind.type == SIEM_TEXT;
}

static bool is_same(const siem_kind_count *a, const siem_kind_count *b) {
    if (a->kind.type != b->kind.type || a->is_blob != b->is_blob) return false;
    if (!is_text(a)) return a->kind.type == SIEM_NULL || a->kind.integer == b->kind.integer;
    return a->kind.size == b->kind.size &&
           (a->kind.size == 0 || memcmp(a->kind.bytes, b->kind.bytes, a->kind.size) == 0);
}

/* FNV-1a: kinds are short. */
static size_t hash(const siem_kind_count *kind) {
    const void *bytes = is_text(kind) ? (const void *)kind->kind.bytes : &kind->kind.integer;
    size_t size = is_text(kind) ? kind->kind.size : sizeof kind->kind.integer;
    uint64_t h = UINT64_C(14695981039346656037);
    if (kind->kind.type == SIEM_NULL) size = 0;
    for (size_t i = 0; i < size; i++) {
        h = (h ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    }
    return (size_t)(h ^ h >> 32);
}

/* The place of a kind, or the free one where it belongs. */
static size_t *place_of(const counting *c, const siem_kind_count *kind) {
    size_t at = hash(kind) & (c->room - 1);
    while (c->places[at] != 0 && !is_same(&c->survey->kinds[c->places[at] - 1], kind)) {
        at = (at + 1) & (c->room - 1);
    }
    return &c->places[at];
}

static bool grow(counting *c) {
    siem_survey *survey = c->survey;
    size_t room = c->room != 0 ? 2 * c->room : 64;
    size_t *places = calloc(room, sizeof *places);
    siem_kind_count *kinds = realloc(survey->kinds, room / 2 * sizeof *kinds);
    if (kinds != NULL) survey->kinds = kinds;
    if (kinds == NULL || places == NULL) {
        free(places);
        return false;
    }
    free(c->places);
    c->places = places;
    c->room = room;
    for (size_t i = 0; i < survey->kind_count; i++) *place_of(c, &kinds[i]) = i + 1;
    return true;
}

static bool count_kind(counting *c, sqlite3_value *stored) {
    siem_survey *survey = c->survey;
    siem_kind_count kind = kind_of(stored);
    /* An empty blob has no bytes; any other text without them could not be converted. */
    bool is_empty = kind.is_blob && kind.kind.size == 0;
    if (is_text(&kind) && kind.kind.bytes == NULL && !is_empty) return false;
    if (survey->kind_count == c->room / 2 && !grow(c)) return false;
    size_t *place = place_of(c, &kind);
    if (*place == 0) {
        if (is_text(&kind)) {
            char *copy = malloc(kind.kind.size + 1);
            if (copy == NULL) return false;
            if (kind.kind.size != 0) memcpy(copy, kind.kind.bytes, kind.kind.size);
            kind.kind.bytes = copy;
        }
        survey->kinds[survey->kind_count++] = kind;
        *place = survey->kind_count;
    }
    survey->kinds[*place - 1].count++;
    return true;
}

/* As SQL sorts values: null, numbers, texts, blobs. */
static int rank(const siem_kind_count *kind) {
    if (kind->kind.type == SIEM_NULL) return 0;
    if (!is_text(kind)) return 1;
    return kind->is_blob ? 3 : 2;
}

static double number(const siem_kind_count *kind) {
    return kind->kind.type == SIEM_REAL ? kind->kind.real : (double)kind->kind.integer;
}

static int compare_kinds(const void *left, const void *right) {
    const siem_kind_count *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    if (rank(a) != rank(b)) return rank(a) - rank(b);
    if (rank(a) < 2) return (number(a) > number(b)) - (number(a) < number(b));
    size_t size = a->kind.size < b->kind.size ? a->kind.size : b->kind.size;
    int order = memcmp(a->kind.bytes, b->kind.bytes, size);
    return order != 0 ? order : (a->kind.size > b->kind.size) - (a->kind.size < b->kind.size);
}

/* ---- the scan ---- */

static void see_row(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count;
    counting *c = sqlite3_user_data(context);
    if (!siem_scan_see(&c->scan, context, values[0], values[1])) return;
    count_time(c, sqlite3_value_int64(values[0]), values[1]);
    if (!count_kind(c, values[2])) sqlite3_result_error_nomem(context);
}

static bool has_kinds(const char *const *columns) {
    for (; *columns != NULL; columns++) {
        if (strcasecmp(*columns, "kind") == 0) return true;
    }
    return false;
}

siem_code siem_survey_read(siem_survey *survey, const siem_database *database,
                           const siem_range *range, const char *const *columns, int64_t now,
                           siem_error *err) {
    counting c = {.survey = survey, .now = now};
    *survey = (siem_survey){.days = calloc(SIEM_DAYS, sizeof *survey->days)};
    c.scan = siem_scan_begin(&survey->ordering, NULL);
    if (survey->days == NULL) return siem_error_no_memory(err);
    const char *values = has_kinds(columns) ? "id, timestamp, kind" : "id, timestamp, NULL";
    siem_code rc = siem_scan_run(database, range, values, 3, see_row, &c, err);
    free(c.places);
    if (rc == SIEM_OK && survey->kind_count > 0) {
        qsort(survey->kinds, survey->kind_count, sizeof *survey->kinds, compare_kinds);
    }
    return rc;
}

void siem_survey_free(siem_survey *survey) {
    for (size_t i = 0; i < survey->kind_count; i++) {
        if (is_text(&survey->kinds[i])) free((char *)survey->kinds[i].kind.bytes);
    }
    free(survey->kinds);
    free(survey->days);
    *survey = (siem_survey){.days = NULL};
}

/* row.c: source, converter, lookup, function: the stations of a value. */
#include "record/row.h"

#include "base/error.h"
#include "base/json_writer.h"
#include "base/misuse.h"
#include "base/path.h"
#include "record/converter.h"
#include "record/value_table.h"

#include <errno.h>
#include <stdlib.h>

/* Where a value comes from: a field, a column of the site, or a path into extra. */
typedef struct source {
    int field;      /* a siem_field, or -1 for a column of the site */
    char *name;     /* as the row has it */
    siem_path path; /* into extra: keys after "extra"; else empty */
    size_t place;   /* where the column was last found among the site's */
} source;

struct siem_compiled_row {
    char *destination;
    char *label; /* NULL: the row has none */
    source *sources;
    size_t source_count;
    bool has_constant;
    siem_value constant;
    siem_buffer constant_text, fallback_text;
    siem_conversion as;
    siem_value_table *lookup;
    siem_value fallback;
    char *fallback_prefix;
    siem_function fallback_with, with, when;
    void *fallback_with_context, *with_context, *when_context;
    bool keep, required;
};

void siem_scratch_use(siem_scratch *scratch, siem_allocator *allocator) {
    scratch->decoded.allocator = allocator;
    scratch->converted.allocator = allocator;
    scratch->joined.allocator = allocator;
    scratch->json.allocator = allocator;
    scratch->reader.scratch.allocator = allocator;
}

bool siem_scratch_failed(const siem_scratch *scratch) {
    return scratch->decoded.failed || scratch->converted.failed || scratch->joined.failed ||
           scratch->json.failed;
}

void siem_scratch_free(siem_scratch *scratch) {
    siem_buffer_free(&scratch->decoded);
    siem_buffer_free(&scratch->converted);
    siem_buffer_free(&scratch->joined);
    siem_buffer_free(&scratch->json);
    siem_json_reader_free(&scratch->reader);
}

/* ---- opening ---- */

static siem_code open_source(source *s, const char *name, siem_error *err) {
    static const char inside[] = "extra.";
    siem_code rc = SIEM_OK;
    s->name = strdup(name);
    if (s->name == NULL) return siem_error_no_memory(err);
    s->field = siem_field_of(name, strlen(name));
    if (name[0] == '\0') return siem_error_set(err, SIEM_INVALID, "from: a field has no name");
    if (strncmp(name, inside, sizeof inside - 1) == 0) {
        s->field = SIEM_EXTRA;
        rc = siem_path_open(&s->path, name + sizeof inside - 1, err);
    }
    return rc;
}

static siem_code open_sources(siem_compiled_row *rule, const char *const *from, siem_error *err) {
    size_t count = 0;
    siem_code rc = SIEM_OK;
    if (from == NULL) return SIEM_OK;
    while (from[count] != NULL) count++;
    if (count == 0) return siem_error_set(err, SIEM_INVALID, "from: the list is empty");
    rule->sources = calloc(count, sizeof *rule->sources);
    if (rule->sources == NULL) return siem_error_no_memory(err);
    rule->source_count = count;
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        rc = open_source(&rule->sources[i], from[i], err);
    }
    return rc;
}

/* Reads constant JSON text into a buffer of its own. */
static siem_code open_json(siem_buffer *text, siem_value *value, const char *json, const char *key,
                           siem_scratch *scratch, siem_error *err) {
    siem_json_reader *reader = &scratch->reader;
    text->allocator = reader->scratch.allocator;
    siem_json_result result = siem_json_read(reader, json, strlen(json), text);
    if (text->failed) return siem_error_no_memory(err);
    if (result != SIEM_JSON_READ) {
        return siem_error_set(err, SIEM_INVALID, "%s: the value is not JSON", key);
    }
    *value = (siem_value){.type = SIEM_JSON, .bytes = text->bytes, .size = text->size};
    return SIEM_OK;
}

static siem_code open_constants(siem_compiled_row *rule, const siem_row *row, siem_scratch *scratch,
                                siem_error *err) {
    siem_code rc = SIEM_OK;
    rule->has_constant = row->value != NULL;
    if (row->value != NULL) {
        rc = open_json(&rule->constant_text, &rule->constant, row->value, "value", scratch, err);
    }
    if (rc == SIEM_OK && row->fallback != NULL) {
        rc = open_json(&rule->fallback_text, &rule->fallback, row->fallback, "default", scratch,
                       err);
    }
    return rc;
}

static siem_code open_stations(siem_compiled_row *rule, const siem_row *row, siem_scratch *scratch,
                               siem_error *err) {
    siem_code rc = row->as != NULL ? siem_conversion_open(&rule->as, row->as, err) : SIEM_OK;
    if (rc != SIEM_OK) return rc;
    if (row->fallback_prefix != NULL &&
        (rule->fallback_prefix = strdup(row->fallback_prefix)) == NULL) {
        return siem_error_no_memory(err);
    }
    rule->fallback_with = row->fallback_with;
    rule->fallback_with_context = row->fallback_with_context;
    rule->with = row->with;
    rule->with_context = row->with_context;
    rule->when = row->when;
    rule->when_context = row->when_context;
    rule->keep = row->keep;
    rule->required = row->required;
    if (row->lookup == NULL) return SIEM_OK;
    return siem_value_table_open(&rule->lookup, row->lookup, row->lookup_size, &scratch->reader,
                                 err);
}

static siem_code check_row(const siem_row *row, siem_error *err) {
    bool has_fallback =
        row->fallback != NULL || row->fallback_prefix != NULL || row->fallback_with != NULL;
    if (row->destination == NULL) {
        return siem_error_set(err, SIEM_INVALID, "a row has no destination: give its dotted path");
    }
    bool has_source = row->from != NULL || row->value != NULL || row->with != NULL;
    if (row->from != NULL && row->value != NULL) {
        return siem_error_set(err, SIEM_INVALID, "give either from or value, not both");
    }
    if (has_fallback && row->lookup == NULL) {
        return siem_error_set(err, SIEM_INVALID, "default stands beside lookup only");
    }
    if (row->lookup_size != 0 && row->lookup == NULL) {
        return siem_error_set(err, SIEM_INVALID, "lookup is NULL, and lookup_size is not 0");
    }
    if (row->lookup != NULL && row->from == NULL) {
        return siem_error_set(err, SIEM_INVALID, "lookup needs from");
    }
    if (!has_source && !row->keep) {
        return siem_error_set(err, SIEM_INVALID, "the row has no source: give from, value or with");
    }
    if (!has_source && (row->as != NULL || row->when != NULL || row->required)) {
        return siem_error_set(err, SIEM_INVALID, "an object that is kept takes no other key");
    }
    return SIEM_OK;
}

siem_code siem_row_open(siem_compiled_row **out, const siem_row *row, siem_scratch *scratch,
                        siem_error *err) {
    siem_code rc = check_row(row, err);
    siem_compiled_row *rule = rc == SIEM_OK ? calloc(1, sizeof *rule) : NULL;
    *out = NULL;
    if (rc == SIEM_OK && rule == NULL) return siem_error_no_memory(err);
    if (rc == SIEM_OK && (rule->destination = strdup(row->destination)) == NULL) {
        rc = siem_error_no_memory(err);
    }
    if (rc == SIEM_OK && row->label != NULL && (rule->label = strdup(row->label)) == NULL) {
        rc = siem_error_no_memory(err);
    }
    if (rc == SIEM_OK) rc = open_sources(rule, row->from, err);
    if (rc == SIEM_OK) rc = open_constants(rule, row, scratch, err);
    if (rc == SIEM_OK) rc = open_stations(rule, row, scratch, err);
    if (rc == SIEM_OK) {
        *out = rule;
        return SIEM_OK;
    }
    if (row->destination != NULL) siem_error_prefix(err, "%s", row->destination);
    siem_row_close(rule);
    return rc;
}

void siem_row_close(siem_compiled_row *rule) {
    if (rule == NULL) return;
    for (size_t i = 0; i < rule->source_count; i++) {
        free(rule->sources[i].name);
        siem_path_close(&rule->sources[i].path);
    }
    free(rule->sources);
    free(rule->destination);
    free(rule->label);
    free(rule->fallback_prefix);
    siem_value_table_close(rule->lookup);
    siem_buffer_free(&rule->constant_text);
    siem_buffer_free(&rule->fallback_text);
    free(rule);
}

/* ---- asking ---- */

const char *siem_row_destination(const siem_compiled_row *rule) {
    return rule->destination;
}

const char *siem_row_label(const siem_compiled_row *rule) {
    return rule->label;
}

bool siem_row_keeps(const siem_compiled_row *rule) {
    return rule->keep;
}

bool siem_row_is_object(const siem_compiled_row *rule) {
    return rule->source_count == 0 && !rule->has_constant && rule->with == NULL;
}

static bool has_stations(const siem_compiled_row *rule) {
    return rule->as.converter != NULL || rule->lookup != NULL || rule->with != NULL ||
           rule->when != NULL || rule->required;
}

const siem_value *siem_row_constant(const siem_compiled_row *rule) {
    return rule->has_constant && !has_stations(rule) ? &rule->constant : NULL;
}

int siem_row_field(const siem_compiled_row *rule) {
    if (rule->source_count != 1 || has_stations(rule)) return -1;
    return rule->sources[0].path.count == 0 ? rule->sources[0].field : -1;
}

const char *siem_row_unknown_field(const siem_compiled_row *rule, const char *const *columns) {
    for (size_t i = 0; i < rule->source_count; i++) {
        const source *s = &rule->sources[i];
        bool known = s->field >= 0;
        for (size_t j = 0; !known && columns[j] != NULL; j++) {
            known = strcmp(columns[j], s->name) == 0;
        }
        if (!known) return s->name;
    }
    return NULL;
}

/* ---- the way of a value ---- */

/* JSON text that is a null, a string or a whole number, as the value it stands for. */
static siem_value decode_json(siem_value json, siem_buffer *decoded) {
    siem_value value = json;
    if (json.bytes[0] == '"') {
        decoded->size = 0;
        siem_json_decode_text(json.bytes, json.size, decoded);
        value = (siem_value){.type = SIEM_TEXT, .bytes = decoded->bytes, .size = decoded->size};
    } else if (json.bytes[0] == 'n') {
        value = (siem_value){0};
    } else if (json.bytes[0] == '-' || (json.bytes[0] >= '0' && json.bytes[0] <= '9')) {
        char digits[24];
        char *end;
        bool negative_zero = json.size == 2 && json.bytes[0] == '-' && json.bytes[1] == '0';
        if (json.size >= sizeof digits || negative_zero) return value;
        memcpy(digits, json.bytes, json.size);
        digits[json.size] = '\0';
        errno = 0;
        int64_t integer = strtoll(digits, &end, 10);
        if (errno == 0 && *end == '\0') {
            value = (siem_value){.type = SIEM_INTEGER, .integer = integer};
        }
    }
    return value;
}

static siem_value from_extra(const siem_path *path, siem_event *event) {
    siem_value value = *siem_event_extra(event);
    for (size_t i = 0; i < path->count; i++) {
        const char *key = path->keys[i];
        if (value.type != SIEM_JSON ||
            !siem_json_find(value.bytes, value.size, key, strlen(key), &value.bytes, &value.size)) {
            return (siem_value){0};
        }
    }
    return value;
}

static siem_value from_site(source *s, const siem_event *event) {
    if (s->place >= event->site_count || strcmp(event->site_names[s->place], s->name) != 0) {
        for (s->place = 0; s->place < event->site_count; s->place++) {
            if (strcmp(event->site_names[s->place], s->name) == 0) break;
        }
    }
    return s->place < event->site_count ? event->site[s->place] : (siem_value){0};
}

static siem_value read_source(source *s, siem_event *event) {
    if (s->path.count != 0) return from_extra(&s->path, event);
    if (s->field >= 0) return *siem_event_field(event, (size_t)s->field);
    return from_site(s, event);
}

static siem_value first_source(siem_compiled_row *rule, siem_event *event) {
    siem_value value = rule->constant;
    for (size_t i = 0; i < rule->source_count; i++) {
        value = read_source(&rule->sources[i], event);
        if (!siem_value_is_empty(&value)) break;
    }
    return value;
}

siem_code siem_function_call(siem_function function, void *context, const char *name,
                             siem_event *event, siem_value value, siem_scratch *scratch,
                             siem_value *result, siem_error *err) {
    *result = (siem_value){0};
    siem_code rc = function(context, event, &value, result, &scratch->left);
    rc = siem_misuse_function(rc, name, &scratch->left, err);
    if (rc == SIEM_OK && (rc = siem_misuse_value(result, err)) != SIEM_OK) {
        siem_error_prefix(err, "the function '%s'", name);
    }
    if (rc != SIEM_OK || result->type != SIEM_JSON || scratch->is_canonical) return rc;
    scratch->json.size = 0;
    if (siem_json_read(&scratch->reader, result->bytes, result->size, &scratch->json) !=
        SIEM_JSON_READ) {
        return siem_error_set(err, SIEM_REFUSED, "a function gave a value that is not JSON");
    }
    if (scratch->reader.replaced != 0) scratch->repairs |= SIEM_REPAIRED_UTF8;
    if (scratch->json.failed) return siem_error_no_memory(err);
    result->bytes = scratch->json.bytes;
    result->size = scratch->json.size;
    return SIEM_OK;
}

/* What a lookup gives for a text that it does not hold. */
static siem_code fall_back(siem_compiled_row *rule, siem_event *event, siem_scratch *scratch,
                           siem_value text, siem_value *value, siem_error *err) {
    siem_buffer *joined = &scratch->joined;
    if (rule->fallback_with != NULL) {
        return siem_function_call(rule->fallback_with, rule->fallback_with_context, "default",
                                  event, text, scratch, value, err);
    }
    *value = rule->fallback;
    if (rule->fallback_prefix == NULL) return SIEM_OK;
    joined->size = 0;
    siem_buffer_add(joined, rule->fallback_prefix, strlen(rule->fallback_prefix));
    siem_buffer_add(joined, text.bytes, text.size);
    if (joined->failed) return siem_error_no_memory(err);
    *value = (siem_value){.type = SIEM_TEXT, .bytes = joined->bytes, .size = joined->size};
    return SIEM_OK;
}

/* Looks the text of a value up; a number is written out for it, null is the empty text. */
static siem_code look_up(siem_compiled_row *rule, siem_event *event, siem_scratch *scratch,
                         siem_value *value, siem_error *err) {
    siem_value text = *value;
    if (text.type == SIEM_NULL) {
        text = (siem_value){.type = SIEM_TEXT, .bytes = "", .size = 0};
    } else if (text.type == SIEM_INTEGER || text.type == SIEM_REAL) {
        scratch->decoded.size = 0; /* what was decoded is this number */
        siem_json_write_value(&scratch->decoded, value, &scratch->repairs);
        if (scratch->decoded.failed) return siem_error_no_memory(err);
        text = (siem_value){
            .type = SIEM_TEXT, .bytes = scratch->decoded.bytes, .size = scratch->decoded.size};
    }
    if (siem_value_table_get(rule->lookup, text.bytes, text.size, value)) return SIEM_OK;
    return fall_back(rule, event, scratch, text, value, err);
}

siem_code siem_function_ask(siem_function function, void *context, const char *name,
                            siem_event *event, siem_scratch *scratch, bool *yes, siem_error *err) {
    siem_value answer;
    siem_code rc =
        siem_function_call(function, context, name, event, (siem_value){0}, scratch, &answer, err);
    *yes = answer.type != SIEM_NULL &&
           !(answer.type == SIEM_JSON && answer.size == 5 && answer.bytes[0] == 'f');
    return rc;
}

static siem_code is_wanted(siem_compiled_row *rule, siem_event *event, siem_scratch *scratch,
                           siem_error *err) {
    bool yes = true;
    siem_code rc = SIEM_OK;
    if (rule->when != NULL) {
        rc = siem_function_ask(rule->when, rule->when_context, "when", event, scratch, &yes, err);
    }
    return rc == SIEM_OK && !yes ? SIEM_END : rc;
}

static siem_code walk_stations(siem_compiled_row *rule, siem_event *event, siem_scratch *scratch,
                               siem_value *value, siem_error *err) {
    siem_code rc = is_wanted(rule, event, scratch, err);
    if (rc != SIEM_OK) return rc;
    *value = first_source(rule, event);
    bool examined = rule->lookup != NULL || rule->with != NULL || rule->as.converter != NULL;
    if (examined && value->type == SIEM_JSON) *value = decode_json(*value, &scratch->decoded);
    if (rule->as.converter != NULL && value->type != SIEM_NULL) {
        scratch->converted.size = 0;
        *value = siem_conversion_apply(&rule->as, *value, &scratch->converted);
    }
    if (rule->lookup != NULL) rc = look_up(rule, event, scratch, value, err);
    if (rc == SIEM_OK && rule->with != NULL) {
        rc = siem_function_call(rule->with, rule->with_context, "with", event, *value, scratch,
                                value, err);
    }
    if (rc == SIEM_OK && rule->required && siem_value_is_empty(value)) {
        rc = siem_error_set(err, SIEM_REFUSED, "the value is required, and empty");
    }
    return rc;
}

siem_code siem_row_get(siem_compiled_row *rule, siem_event *event, siem_scratch *scratch,
                       siem_value *value, siem_error *err) {
    siem_code rc = walk_stations(rule, event, scratch, value, err);
    if (rc != SIEM_OK && rc != SIEM_END) siem_error_prefix(err, "%s", rule->destination);
    return siem_scratch_failed(scratch) ? siem_error_no_memory(err) : rc;
}

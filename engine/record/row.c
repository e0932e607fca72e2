/* row.c: a value from its source through converter, lookup and function. */
#include "record/row.h"

#include "base/error.h"
#include "base/json_writer.h"
#include "base/misuse.h"
#include "record/value_table.h"
#include "source/raw_event.h"

#include <stdlib.h>

/* An object that is made of an event; nothing when it would have no members. */
typedef void (*object_function)(siem_event *event, siem_buffer *out, unsigned *repairs);

static const struct {
    const char *name; /* in `from` */
    object_function write;
} objects[] = {{"*", siem_raw_event_write_columns}, {"*bytes", siem_raw_event_write_bytes}};

/* Where a value comes from: a field, a column of the site, a path into extra, or an object. */
typedef struct source {
    int field;              /* a siem_field, or -1 for a column of the site */
    int tlog;               /* a siem_tlog_field, or -1 */
    object_function object; /* or NULL */
    char *name;             /* as the row has it */
    siem_path path;         /* into extra: keys after "extra"; else empty */
    size_t place;           /* where the column was last found among the site's */
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
    bool with_null; /* `with` is called for a null as well */
};

void siem_scratch_use(siem_scratch *scratch, siem_allocator *allocator) {
    scratch->object.allocator = allocator;
    scratch->decoded.allocator = allocator;
    scratch->converted.allocator = allocator;
    scratch->joined.allocator = allocator;
    scratch->json.allocator = allocator;
    scratch->reader.scratch.allocator = allocator;
}

bool siem_scratch_failed(const siem_scratch *scratch) {
    return scratch->object.failed || scratch->decoded.failed || scratch->converted.failed ||
           scratch->joined.failed || scratch->json.failed;
}

void siem_scratch_free(siem_scratch *scratch) {
    siem_buffer_free(&scratch->object);
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
    s->tlog = siem_tlog_field_of(name);
    if (name[0] == '\0') return siem_error_set(err, SIEM_INVALID, "from: a field has no name");
    if (strncmp(name, inside, sizeof inside - 1) == 0) {
        s->field = SIEM_EXTRA;
        rc = siem_path_open(&s->path, name + sizeof inside - 1, err);
    }
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        if (strcmp(objects[i].name, name) == 0) s->object = objects[i].write;
    }
    return rc;
}

static siem_code open_sources(siem_compiled_row *row, const char *const *from, siem_error *err) {
    size_t count = 0;
    siem_code rc = SIEM_OK;
    if (from == NULL) return SIEM_OK;
    while (from[count] != NULL) count++;
    if (count == 0) return siem_error_set(err, SIEM_INVALID, "from: the list is empty");
    row->sources = calloc(count, sizeof *row->sources);
    if (row->sources == NULL) return siem_error_no_memory(err);
    row->source_count = count;
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        rc = open_source(&row->sources[i], from[i], err);
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

static siem_code open_constants(siem_compiled_row *row, const siem_row *given,
                                siem_scratch *scratch, siem_error *err) {
    siem_code rc = SIEM_OK;
    row->has_constant = given->value != NULL;
    if (given->value != NULL) {
        rc = open_json(&row->constant_text, &row->constant, given->value, "value", scratch, err);
    }
    if (rc == SIEM_OK && given->fallback != NULL) {
        rc = open_json(&row->fallback_text, &row->fallback, given->fallback, "default", scratch,
                       err);
    }
    return rc;
}

static siem_code open_steps(siem_compiled_row *row, const siem_row *given, siem_scratch *scratch,
                            siem_error *err) {
    siem_code rc = SIEM_OK;
    if (given->as != NULL) rc = siem_conversion_open(&row->as, given->as, given->key, err);
    if (rc != SIEM_OK) return rc;
    if (given->fallback_prefix != NULL &&
        (row->fallback_prefix = strdup(given->fallback_prefix)) == NULL) {
        return siem_error_no_memory(err);
    }
    row->fallback_with = given->fallback_with;
    row->fallback_with_context = given->fallback_with_context;
    row->with = given->with;
    row->with_context = given->with_context;
    row->when = given->when;
    row->when_context = given->when_context;
    row->keep = given->keep;
    row->required = given->required;
    row->with_null = given->with_null;
    if (given->lookup == NULL) return SIEM_OK;
    return siem_value_table_open(&row->lookup, given->lookup, given->lookup_size, &scratch->reader,
                                 err);
}

static siem_code check_row(const siem_row *given, siem_error *err) {
    bool has_fallback =
        given->fallback != NULL || given->fallback_prefix != NULL || given->fallback_with != NULL;
    if (given->destination == NULL) {
        return siem_error_set(err, SIEM_INVALID, "a row has no destination: give its dotted path");
    }
    bool has_source = given->from != NULL || given->value != NULL;
    if (given->from != NULL && given->value != NULL) {
        return siem_error_set(err, SIEM_INVALID, "give either from or value, not both");
    }
    if (given->key != NULL && given->as == NULL) {
        return siem_error_set(err, SIEM_INVALID, "key needs as");
    }
    if (has_fallback && given->lookup == NULL) {
        return siem_error_set(err, SIEM_INVALID, "default needs lookup");
    }
    if (given->lookup_size != 0 && given->lookup == NULL) {
        return siem_error_set(err, SIEM_INVALID, "lookup is NULL, and lookup_size is not 0");
    }
    if (given->lookup != NULL && given->from == NULL) {
        return siem_error_set(err, SIEM_INVALID, "lookup needs from");
    }
    if (given->with_null && (given->with == NULL || !has_source)) {
        return siem_error_set(err, SIEM_INVALID, "with_null needs %s",
                              given->with == NULL ? "with" : "from or value");
    }
    if (!has_source && given->with == NULL && !given->keep) {
        return siem_error_set(err, SIEM_INVALID, "the row has no source: give from, value or with");
    }
    if (!has_source && given->with == NULL &&
        (given->as != NULL || given->when != NULL || given->required)) {
        return siem_error_set(err, SIEM_INVALID, "an object that is kept takes no other key");
    }
    return SIEM_OK;
}

siem_code siem_row_open(siem_compiled_row **out, const siem_row *given, siem_scratch *scratch,
                        siem_error *err) {
    siem_code rc = check_row(given, err);
    siem_compiled_row *row = rc == SIEM_OK ? calloc(1, sizeof *row) : NULL;
    *out = NULL;
    if (rc == SIEM_OK && row == NULL) return siem_error_no_memory(err);
    if (rc == SIEM_OK && (row->destination = strdup(given->destination)) == NULL) {
        rc = siem_error_no_memory(err);
    }
    if (rc == SIEM_OK && given->label != NULL && (row->label = strdup(given->label)) == NULL) {
        rc = siem_error_no_memory(err);
    }
    if (rc == SIEM_OK) rc = open_sources(row, given->from, err);
    if (rc == SIEM_OK) rc = open_constants(row, given, scratch, err);
    if (rc == SIEM_OK) rc = open_steps(row, given, scratch, err);
    if (rc == SIEM_OK) {
        *out = row;
        return SIEM_OK;
    }
    siem_row_close(row);
    return rc;
}

void siem_row_close(siem_compiled_row *row) {
    if (row == NULL) return;
    for (size_t i = 0; i < row->source_count; i++) {
        free(row->sources[i].name);
        siem_path_close(&row->sources[i].path);
    }
    free(row->sources);
    free(row->destination);
    free(row->label);
    free(row->fallback_prefix);
    siem_conversion_close(&row->as);
    siem_value_table_close(row->lookup);
    siem_buffer_free(&row->constant_text);
    siem_buffer_free(&row->fallback_text);
    free(row);
}

/* ---- what a row is ---- */

const char *siem_row_destination(const siem_compiled_row *row) {
    return row->destination;
}

const char *siem_row_label(const siem_compiled_row *row) {
    return row->label;
}

bool siem_row_keeps(const siem_compiled_row *row) {
    return row->keep;
}

bool siem_row_is_object(const siem_compiled_row *row) {
    return row->source_count == 0 && !row->has_constant && row->with == NULL;
}

static bool has_steps(const siem_compiled_row *row) {
    return row->as.converter != NULL || row->lookup != NULL || row->with != NULL ||
           row->when != NULL || row->required;
}

const siem_value *siem_row_constant(const siem_compiled_row *row) {
    return row->has_constant && !has_steps(row) ? &row->constant : NULL;
}

int siem_row_field(const siem_compiled_row *row) {
    if (row->source_count != 1 || has_steps(row)) return -1;
    return row->sources[0].path.count == 0 ? row->sources[0].field : -1;
}

const char *siem_row_unknown_field(const siem_compiled_row *row, const char *const *columns) {
    for (size_t i = 0; i < row->source_count; i++) {
        const source *s = &row->sources[i];
        bool known = s->field >= 0 || s->tlog >= 0 || s->object != NULL;
        for (size_t j = 0; !known && columns[j] != NULL; j++) {
            known = strcmp(columns[j], s->name) == 0 && siem_layout_is_of_site(columns[j]);
        }
        if (!known) return s->name;
    }
    return NULL;
}

siem_code siem_row_add_masks(const siem_compiled_row *row, siem_masks *masks, siem_error *err) {
    siem_code rc = SIEM_OK;
    if (!siem_conversion_masks(&row->as)) return SIEM_OK;
    for (size_t i = 0; rc == SIEM_OK && i < row->source_count; i++) {
        const source *s = &row->sources[i];
        rc = siem_masks_add(masks, (siem_masked_source){s->name, &s->path, &row->as}, err);
    }
    return rc;
}

/* ---- a value ---- */

static siem_value from_site(source *s, const siem_event *event) {
    if (s->place >= event->site_count || strcmp(event->site_names[s->place], s->name) != 0) {
        for (s->place = 0; s->place < event->site_count; s->place++) {
            if (strcmp(event->site_names[s->place], s->name) == 0) break;
        }
    }
    return s->place < event->site_count ? event->site[s->place] : (siem_value){0};
}

static siem_value make_object(const source *s, siem_event *event, siem_scratch *scratch) {
    siem_buffer *object = &scratch->object;
    object->size = 0;
    s->object(event, object, &scratch->repairs);
    if (object->size == 0) return (siem_value){0};
    return (siem_value){.type = SIEM_JSON, .bytes = object->bytes, .size = object->size};
}

static siem_value read_source(source *s, siem_event *event, siem_scratch *scratch) {
    if (s->object != NULL) return make_object(s, event, scratch);
    if (s->path.count != 0) return siem_event_in_extra(event, &s->path);
    if (s->field >= 0) return *siem_event_field(event, (size_t)s->field);
    if (s->tlog >= 0) return event->tlog[s->tlog];
    return from_site(s, event);
}

/* `from` is the source that the value is of, or NULL for a constant. */
static siem_value first_source(siem_compiled_row *row, siem_event *event, siem_scratch *scratch,
                               const source **from) {
    siem_value value = row->constant;
    for (size_t i = 0; i < row->source_count; i++) {
        *from = &row->sources[i];
        value = read_source(&row->sources[i], event, scratch);
        if (!siem_value_is_empty(&value)) break;
    }
    return value;
}

/* A dead letter may hold what a row has made: a second time, that gives something else. */
static bool is_masked(const siem_compiled_row *row, const siem_event *event, const source *from) {
    if (event->masked == NULL || from == NULL || !siem_conversion_masks(&row->as)) return false;
    for (const char *const *masked = event->masked; *masked != NULL; masked++) {
        if (strcmp(*masked, from->name) == 0) return true;
    }
    return false;
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

/* The value for a text that the lookup lacks. */
static siem_code fall_back(siem_compiled_row *row, siem_event *event, siem_scratch *scratch,
                           siem_value text, siem_value *value, siem_error *err) {
    siem_buffer *joined = &scratch->joined;
    if (row->fallback_with != NULL) {
        return siem_function_call(row->fallback_with, row->fallback_with_context, "default", event,
                                  text, scratch, value, err);
    }
    *value = row->fallback;
    if (row->fallback_prefix == NULL) return SIEM_OK;
    joined->size = 0;
    siem_buffer_add(joined, row->fallback_prefix, strlen(row->fallback_prefix));
    siem_buffer_add(joined, text.bytes, text.size);
    if (joined->failed) return siem_error_no_memory(err);
    *value = (siem_value){.type = SIEM_TEXT, .bytes = joined->bytes, .size = joined->size};
    return SIEM_OK;
}

/* Looks up the text of a value; a number becomes text, null is the empty text. */
static siem_code look_up(siem_compiled_row *row, siem_event *event, siem_scratch *scratch,
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
    if (siem_value_table_get(row->lookup, text.bytes, text.size, value)) return SIEM_OK;
    return fall_back(row, event, scratch, text, value, err);
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

static siem_code is_wanted(siem_compiled_row *row, siem_event *event, siem_scratch *scratch,
                           siem_error *err) {
    bool yes = true;
    siem_code rc = SIEM_OK;
    if (row->when != NULL) {
        rc = siem_function_ask(row->when, row->when_context, "when", event, scratch, &yes, err);
    }
    return rc == SIEM_OK && !yes ? SIEM_END : rc;
}

static bool is_null(const siem_value *value) {
    return value->type == SIEM_NULL || (value->type == SIEM_JSON && value->bytes[0] == 'n');
}

/* In a row with a source, the function is called for values alone, unless the row asks for nulls.
 */
static bool calls_with(const siem_compiled_row *row, const siem_value *value) {
    if (row->with == NULL) return false;
    bool has_source = row->source_count != 0 || row->has_constant;
    return !has_source || row->with_null || !is_null(value);
}

static siem_code run_steps(siem_compiled_row *row, siem_event *event, siem_scratch *scratch,
                           siem_value *value, siem_error *err) {
    siem_code rc = is_wanted(row, event, scratch, err);
    if (rc != SIEM_OK) return rc;
    const source *from = NULL;
    *value = first_source(row, event, scratch, &from);
    bool examined = row->lookup != NULL || row->with != NULL || row->as.converter != NULL;
    if (examined && value->type == SIEM_JSON) *value = siem_value_decode(*value, &scratch->decoded);
    if (row->as.converter != NULL && value->type != SIEM_NULL && !is_masked(row, event, from)) {
        scratch->converted.size = 0;
        *value = siem_conversion_apply(&row->as, *value, &scratch->converted);
    }
    if (row->lookup != NULL) rc = look_up(row, event, scratch, value, err);
    if (rc == SIEM_OK && calls_with(row, value)) {
        rc = siem_function_call(row->with, row->with_context, "with", event, *value, scratch, value,
                                err);
    }
    if (rc == SIEM_OK && row->required && siem_value_is_empty(value)) {
        rc = siem_error_set(err, SIEM_REFUSED, "the value is required, and empty");
    }
    return rc;
}

siem_code siem_row_get(siem_compiled_row *row, siem_event *event, siem_scratch *scratch,
                       siem_value *value, siem_error *err) {
    siem_code rc = run_steps(row, event, scratch, value, err);
    if (rc != SIEM_OK && rc != SIEM_END) {
        siem_error_prefix(err, "%s", row->destination);
        siem_error_name_row(err, row->destination);
    }
    return siem_scratch_failed(scratch) ? siem_error_no_memory(err) : rc;
}

/* mapping.c: a format as a list of operations, and the loop that runs them.
 *
 * Bytes that are the same in every record are one operation, commas included. After a member that
 * may be omitted, a comma may be needed or not: such bytes begin with one, which is skipped right
 * after an opening brace. */
#include "record/mapping.h"

#include "base/error.h"
#include "base/json_writer.h"
#include "base/misuse.h"
#include "record/tree.h"
#include "source/registry.h"

#include <stdlib.h>

/* A record without functions may be longer than SIEM_MOST_MADE when its event is long as well: up
 * to so many times as long, as a text within a text is escaped twice. */
#define MOST_TIMES 16

typedef enum operation_kind {
    WRITE_BYTES, /* the bytes */
    COPY_FIELD,  /* the bytes and a field of the event, unless that is empty */
    RUN_ROW,     /* the bytes and what a row gives, unless that is empty */
    OPEN_OBJECT, /* the bytes, remembering where they began */
    CLOSE_OBJECT /* a closing brace, or back to where the object began when it is empty */
} operation_kind;

typedef struct operation {
    operation_kind kind;
    bool keep; /* write null and "" too */
    int field;
    siem_compiled_row *row;
    size_t start, size; /* of the bytes, in the mapping's text */
} operation;

struct siem_mapping {
    char *name;
    const siem_encoding *encoding;
    siem_tree root;
    siem_function whole;
    void *whole_context;
    siem_function filter;
    void *filter_context;
    bool compiled;
    operation *operations;
    size_t count, capacity;
    siem_buffer text;
    size_t ready;       /* where in `text` the bytes begin that no operation has yet */
    bool has_functions; /* of rows, */
    bool makes_values;  /* some of which give values */
    bool masks_dead_letter;
    siem_masks masks;      /* of all rows, when it does */
    siem_render_state own; /* of siem_batch_write */
};

siem_code siem_mapping_open(siem_mapping **out, const char *name, siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (name == NULL) return siem_misuse_null(__func__, "name", err);
    siem_mapping *mapping = calloc(1, sizeof *mapping);
    if (mapping != NULL) mapping->encoding = &siem_encoding_json;
    if (mapping == NULL || (mapping->name = strdup(name)) == NULL) {
        free(mapping);
        return siem_error_no_memory(err);
    }
    *out = mapping;
    return SIEM_OK;
}

void siem_mapping_set_canonical(siem_mapping *mapping) {
    mapping->own.scratch.is_canonical = true;
}

void siem_mapping_set_allocator(siem_mapping *mapping, siem_allocator *allocator) {
    mapping->text.allocator = allocator;
    siem_scratch_use(&mapping->own.scratch, allocator);
}

void siem_mapping_trim(siem_mapping *mapping) {
    siem_scratch_free(&mapping->own.scratch);
}

/* Prefixes a message with the row at fault: its label, or the mapping and the destination. */
static void name_row(const siem_mapping *mapping, const char *label, const char *destination,
                     siem_error *err) {
    if (label != NULL) siem_error_prefix(err, "%s", label);
    else if (destination != NULL) siem_error_prefix(err, "%s: %s", mapping->name, destination);
    else siem_error_prefix(err, "%s", mapping->name);
    if (destination != NULL) siem_error_name_row(err, destination);
}

siem_code siem_mapping_add(siem_mapping *mapping, const siem_row *row, siem_error *err) {
    siem_compiled_row *compiled = NULL;
    siem_code rc;
    if (mapping == NULL) return siem_misuse_null(__func__, "mapping", err);
    if (row == NULL) return siem_misuse_null(__func__, "row", err);
    bool makes_values = row->with != NULL || row->fallback_with != NULL;
    mapping->makes_values = mapping->makes_values || makes_values;
    mapping->has_functions = mapping->has_functions || makes_values || row->when != NULL;
    if (mapping->compiled || mapping->whole != NULL) {
        return siem_error_set(err, SIEM_INVALID, "%s: no further row can be added", mapping->name);
    }
    rc = siem_row_open(&compiled, row, &mapping->own.scratch, err);
    if (rc == SIEM_OK) rc = siem_tree_add(&mapping->root, compiled, err);
    if (rc == SIEM_OK) return SIEM_OK;
    siem_row_close(compiled);
    name_row(mapping, row->label, row->destination, err);
    return rc;
}

siem_code siem_mapping_set_function(siem_mapping *mapping, siem_function whole, void *context,
                                    siem_error *err) {
    if (mapping == NULL) return siem_misuse_null(__func__, "mapping", err);
    if (whole == NULL) return siem_misuse_null(__func__, "whole", err);
    if (mapping->compiled || mapping->root.first != NULL) {
        return siem_error_set(err, SIEM_INVALID, "%s: a format has rows or a function, not both",
                              mapping->name);
    }
    mapping->whole = whole;
    mapping->whole_context = context;
    return SIEM_OK;
}

siem_code siem_mapping_set_filter(siem_mapping *mapping, siem_function filter, void *context,
                                  siem_error *err) {
    if (mapping == NULL) return siem_misuse_null(__func__, "mapping", err);
    if (filter == NULL) return siem_misuse_null(__func__, "filter", err);
    if (mapping->compiled) {
        return siem_error_set(err, SIEM_INVALID, "%s: a filter is set before compiling",
                              mapping->name);
    }
    mapping->filter = filter;
    mapping->filter_context = context;
    return SIEM_OK;
}

siem_code siem_mapping_mask_dead_letter(siem_mapping *mapping, siem_error *err) {
    if (mapping == NULL) return siem_misuse_null(__func__, "mapping", err);
    if (mapping->compiled || mapping->whole != NULL) {
        return siem_error_set(err, SIEM_INVALID,
                              "%s: what rows mask is masked in a dead letter: ask for that before "
                              "compiling, of a mapping with rows",
                              mapping->name);
    }
    mapping->masks_dead_letter = true;
    return SIEM_OK;
}

const siem_masks *siem_mapping_masks(const siem_mapping *mapping) {
    return mapping->masks_dead_letter ? &mapping->masks : NULL;
}

bool siem_mapping_is_shareable(const siem_mapping *mapping) {
    return !mapping->has_functions && mapping->whole == NULL && mapping->filter == NULL;
}

const siem_encoding *siem_mapping_encoding(const siem_mapping *mapping) {
    return mapping->encoding;
}

const char *siem_mapping_name(const siem_mapping *mapping) {
    return mapping != NULL ? mapping->name : NULL;
}

void siem_mapping_close(siem_mapping *mapping) {
    if (mapping == NULL) return;
    siem_tree_free(&mapping->root);
    (void)siem_resize(mapping->text.allocator, mapping->operations,
                      mapping->capacity * sizeof *mapping->operations, 0);
    siem_buffer_free(&mapping->text);
    siem_masks_free(&mapping->masks);
    siem_scratch_free(&mapping->own.scratch);
    free(mapping->name);
    free(mapping);
}

/* ---- compiling ---- */

static void add_operation(siem_mapping *mapping, operation op) {
    if (mapping->count == mapping->capacity) {
        size_t capacity = mapping->capacity == 0 ? 32 : mapping->capacity * 2;
        operation *operations =
            siem_resize(mapping->text.allocator, mapping->operations,
                        mapping->capacity * sizeof *operations, capacity * sizeof *operations);
        if (operations == NULL) {
            mapping->text.failed = true;
            return;
        }
        mapping->operations = operations;
        mapping->capacity = capacity;
    }
    mapping->operations[mapping->count++] = op;
}

/* Makes an operation of the constant bytes so far. */
static void flush_bytes(siem_mapping *mapping) {
    size_t size = mapping->text.size - mapping->ready;
    if (size == 0) return;
    add_operation(mapping, (operation){.kind = WRITE_BYTES, .start = mapping->ready, .size = size});
    mapping->ready = mapping->text.size;
}

/* Adds an operation whose bytes are those ready since the last flush. */
static void flush_into(siem_mapping *mapping, operation op) {
    op.start = mapping->ready;
    op.size = mapping->text.size - mapping->ready;
    mapping->ready = mapping->text.size;
    add_operation(mapping, op);
}

static void put_key(siem_mapping *mapping, const char *key) {
    siem_buffer *text = &mapping->text;
    bool first = text->size > mapping->ready && text->bytes[text->size - 1] == '{';
    if (!first) siem_buffer_add_char(text, ',');
    siem_json_write_text(text, key, strlen(key));
    siem_buffer_add_char(text, ':');
}

static void compile_member(siem_mapping *mapping, const siem_tree *member) {
    const siem_value *constant = siem_row_constant(member->row);
    operation op = {.row = member->row, .keep = siem_row_keeps(member->row)};
    if (constant != NULL) {
        if (!siem_tree_is_certain(member)) return;
        put_key(mapping, member->key);
        siem_buffer_add(&mapping->text, constant->bytes, constant->size);
        return;
    }
    flush_bytes(mapping);
    put_key(mapping, member->key);
    op.field = siem_row_field(member->row);
    op.kind = op.field >= 0 ? COPY_FIELD : RUN_ROW;
    flush_into(mapping, op);
}

static void compile_object(siem_mapping *mapping, const siem_tree *object) {
    bool certain = object->key == NULL || siem_tree_is_certain(object);
    if (!certain) flush_bytes(mapping);
    if (object->key != NULL) put_key(mapping, object->key);
    siem_buffer_add_char(&mapping->text, '{');
    if (!certain) flush_into(mapping, (operation){.kind = OPEN_OBJECT});
    for (const siem_tree *member = object->first; member != NULL; member = member->next) {
        if (member->row != NULL) compile_member(mapping, member);
        else compile_object(mapping, member); /* as deep as SIEM_DESTINATION_DEPTH */
    }
    if (certain) {
        siem_buffer_add_char(&mapping->text, '}');
    } else {
        flush_bytes(mapping);
        add_operation(mapping, (operation){.kind = CLOSE_OBJECT});
    }
}

static siem_code collect_masks(siem_mapping *mapping, const siem_tree *object, siem_error *err) {
    siem_code rc = SIEM_OK;
    for (const siem_tree *m = object->first; rc == SIEM_OK && m != NULL; m = m->next) {
        if (m->row == NULL) rc = collect_masks(mapping, m, err);
        else rc = siem_row_add_masks(m->row, &mapping->masks, err);
    }
    return rc;
}

siem_code siem_mapping_compile(siem_mapping *mapping, siem_error *err) {
    if (mapping == NULL) return siem_misuse_null(__func__, "mapping", err);
    if (mapping->compiled) return SIEM_OK;
    if (mapping->whole == NULL && mapping->root.first == NULL) {
        return siem_error_set(err, SIEM_INVALID, "%s: the format has no rows", mapping->name);
    }
    if (mapping->whole == NULL) {
        compile_object(mapping, &mapping->root);
        flush_bytes(mapping);
        (void)siem_buffer_reserve(&mapping->text, SIEM_PADDING);
        if (mapping->text.failed) return siem_error_no_memory(err);
    }
    siem_code rc = SIEM_OK;
    if (mapping->masks_dead_letter) rc = collect_masks(mapping, &mapping->root, err);
    mapping->compiled = rc == SIEM_OK;
    return rc;
}

static siem_code is_unknown(const char *const *columns, const siem_unreadable *unreadable,
                            const char *field, siem_error *err) {
    const char *reason = siem_unreadable_reason(unreadable, field);
    if (reason == NULL) return siem_field_unknown(field, columns, err);
    return siem_error_set(
        err, SIEM_NOT_FOUND,
        "column \"%s\" of this registry cannot be read: %s. Remove it from "
        "the format, or let the registry store it (GENERATED ALWAYS AS ... STORED)",
        field, reason);
}

static siem_code check_object(const siem_mapping *mapping, const siem_tree *object,
                              const char *const *columns, const siem_unreadable *unreadable,
                              siem_error *err) {
    siem_code rc = SIEM_OK;
    for (const siem_tree *m = object->first; rc == SIEM_OK && m != NULL; m = m->next) {
        const char *unknown = m->row != NULL ? siem_row_unknown_field(m->row, columns) : NULL;
        if (m->row == NULL) rc = check_object(mapping, m, columns, unreadable, err);
        if (unknown == NULL) continue;
        rc = is_unknown(columns, unreadable, unknown, err);
        name_row(mapping, siem_row_label(m->row), siem_row_destination(m->row), err);
    }
    return rc;
}

siem_code siem_mapping_check(const siem_mapping *mapping, const siem_registry *registry,
                             siem_error *err) {
    if (mapping == NULL) return siem_misuse_null(__func__, "mapping", err);
    if (registry == NULL) return siem_misuse_null(__func__, "registry", err);
    return siem_mapping_check_columns(mapping, siem_registry_columns(registry),
                                      siem_registry_unreadable(registry), err);
}

siem_code siem_mapping_check_columns(const siem_mapping *mapping, const char *const *columns,
                                     const siem_unreadable *unreadable, siem_error *err) {
    return check_object(mapping, &mapping->root, columns, unreadable, err);
}

/* ---- rendering ---- */

static inline void write_bytes(const siem_mapping *mapping, const operation *op, siem_buffer *out) {
    const char *bytes = mapping->text.bytes + op->start;
    size_t size = op->size;
    if (bytes[0] == ',' && out->size != 0 && out->bytes[out->size - 1] == '{') {
        bytes++;
        size--;
    }
    siem_buffer_add_padded(out, bytes, size);
}

/* Rows that repeat one long text could make a record that exceeds all memory. */
static siem_code check_size(const siem_mapping *mapping, const operation *op, siem_event *event,
                            size_t size, siem_error *err) {
    if (size <= SIEM_MOST_MADE) return SIEM_OK;
    if (!mapping->makes_values && size / MOST_TIMES <= siem_event_weight(event)) return SIEM_OK;
    return siem_error_set(err, SIEM_REFUSED, "%s: the record is longer than %zu MiB here",
                          siem_row_destination(op->row), SIEM_MOST_MADE >> 20);
}

/* Writes a value unless it is empty. A long one is measured first, so that it uses no memory beyond
 * a record's limit. `start`: where in `out` the record begins. */
static inline siem_code write_member(const siem_mapping *mapping, const operation *op,
                                     siem_event *event, const siem_value *value, size_t start,
                                     siem_buffer *out, unsigned *repairs, siem_error *err) {
    if (siem_value_is_empty(value) && !op->keep) return SIEM_OK;
    if (value->size > SIEM_MOST_MADE / 8 || out->size - start > SIEM_MOST_MADE / 8) {
        size_t size = out->size - start + siem_json_value_size(value);
        siem_code rc = check_size(mapping, op, event, size, err);
        if (rc != SIEM_OK) return rc;
    }
    write_bytes(mapping, op, out);
    siem_json_write_value(out, value, repairs);
    return SIEM_OK;
}

static siem_code run_row(const siem_mapping *mapping, siem_render_state *state, const operation *op,
                         siem_event *event, size_t start, siem_buffer *out, unsigned *repairs,
                         siem_error *err) {
    siem_value value;
    siem_code rc = siem_row_get(op->row, event, &state->scratch, &value, err);
    if (rc == SIEM_OK) rc = write_member(mapping, op, event, &value, start, out, repairs, err);
    return rc == SIEM_END ? SIEM_OK : rc;
}

static siem_code run_operations(const siem_mapping *mapping, siem_render_state *state,
                                siem_event *event, siem_buffer *out, unsigned *repairs,
                                siem_error *err) {
    size_t opened[SIEM_DESTINATION_DEPTH]; /* where the open objects begin */
    size_t depth = 0, start = out->size;
    const operation *end = mapping->operations + mapping->count;
    for (const operation *op = mapping->operations; op < end; op++) {
        siem_code rc = SIEM_OK;
        switch (op->kind) {
        case WRITE_BYTES: write_bytes(mapping, op, out); break;
        case COPY_FIELD:
            rc = write_member(mapping, op, event, siem_event_field(event, (size_t)op->field), start,
                              out, repairs, err);
            break;
        case RUN_ROW: rc = run_row(mapping, state, op, event, start, out, repairs, err); break;
        case OPEN_OBJECT:
            opened[depth++] = out->size;
            write_bytes(mapping, op, out);
            break;
        case CLOSE_OBJECT:
            depth--;
            if (out->failed) break;
            /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): what closes was opened */
            if (out->bytes[out->size - 1] == '{') out->size = opened[depth];
            else siem_buffer_add_char(out, '}');
            break;
        }
        if (rc != SIEM_OK) return rc;
    }
    return SIEM_OK;
}

static siem_code run_whole(const siem_mapping *mapping, siem_render_state *state, siem_event *event,
                           siem_buffer *out, siem_error *err) {
    siem_value record;
    siem_code rc = siem_function_call(mapping->whole, mapping->whole_context, "function", event,
                                      (siem_value){0}, &state->scratch, &record, err);
    if (rc != SIEM_OK) return rc;
    if (record.type != SIEM_JSON || (record.bytes[0] != '{' && record.bytes[0] != '[')) {
        return siem_error_set(err, SIEM_REFUSED, "the function gave no table of named values");
    }
    if (record.size == 2 && record.bytes[0] == '[') {
        return siem_error_set(err, SIEM_DROPPED, "the function gave a list without records");
    }
    siem_buffer_add(out, record.bytes, record.size);
    return SIEM_OK;
}

static siem_code run_filter(const siem_mapping *mapping, siem_render_state *state,
                            siem_event *event, siem_error *err) {
    bool wanted;
    if (mapping->filter == NULL) return SIEM_OK;
    siem_code rc = siem_function_ask(mapping->filter, mapping->filter_context, "filter", event,
                                     &state->scratch, &wanted, err);
    if (rc != SIEM_OK) return rc;
    return wanted ? SIEM_OK : siem_error_set(err, SIEM_DROPPED, "dropped by the filter");
}

siem_code siem_mapping_check_compiled(const siem_mapping *mapping, siem_error *err) {
    if (mapping->compiled) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID,
                          "%s: the mapping is not compiled: call siem_mapping_compile first",
                          mapping->name);
}

/* Its scratch memory is for one event at a time. */
static siem_code check_idle(const siem_mapping *mapping, const siem_render_state *state,
                            siem_error *err) {
    if (!state->is_rendering) return siem_mapping_check_compiled(mapping, err);
    return siem_error_set(err, SIEM_INVALID, "%s: a function of this mapping renders through it",
                          mapping->name);
}

static siem_code run(const siem_mapping *mapping, siem_render_state *state, siem_event *event,
                     siem_buffer *out, unsigned *repairs, siem_error *err) {
    siem_code rc = run_filter(mapping, state, event, err);
    if (rc != SIEM_OK) {
        siem_error_prefix(err, "filter");
        return rc;
    }
    if (mapping->whole != NULL) return run_whole(mapping, state, event, out, err);
    return run_operations(mapping, state, event, out, repairs, err);
}

/* An event that needs more memory than the limit leaves it to the next one. */
static siem_code discard_scratch(siem_render_state *state, siem_error *err) {
    bool limited = state->scratch.decoded.allocator != NULL;
    siem_scratch_free(&state->scratch);
    if (!limited) return siem_error_no_memory(err);
    return siem_error_set(err, SIEM_REFUSED, "a value needs more memory than the format may use");
}

siem_render_state *siem_mapping_own_state(siem_mapping *mapping) {
    return &mapping->own;
}

siem_code siem_mapping_render(const siem_mapping *mapping, siem_render_state *state,
                              siem_event *event, siem_buffer *out, unsigned *repairs,
                              siem_error *err) {
    siem_code rc = check_idle(mapping, state, err);
    if (rc != SIEM_OK) return rc;
    state->is_rendering = true;
    state->scratch.repairs = 0;
    rc = run(mapping, state, event, out, repairs, err);
    state->is_rendering = false;
    *repairs |= state->scratch.repairs | event->repairs;
    if (siem_scratch_failed(&state->scratch)) rc = discard_scratch(state, err);
    if (rc != SIEM_OK) siem_error_prefix(err, "%s", mapping->name);
    else if (out->failed || event->extra.failed || event->text.failed)
        rc = siem_error_no_memory(err);
    return rc;
}

/* masking.c: values of an event, replaced by what a row makes of them. */
#include "record/masking.h"

#include "base/error.h"
#include "base/json_writer.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is masked ---- */

static const siem_masked_source *find(const siem_masks *masks, const char *source) {
    for (size_t i = 0; i < masks->count; i++) {
        if (strcmp(masks->list[i].source, source) == 0) return &masks->list[i];
    }
    return NULL;
}

/* Writes the list of names again, with a NUL that is not counted. */
static void write_names(siem_masks *masks) {
    siem_buffer *names = &masks->names;
    names->size = 0;
    for (size_t i = 0; i < masks->count; i++) {
        const char *source = masks->list[i].source;
        siem_buffer_add_char(names, i == 0 ? '[' : ',');
        (void)siem_json_write_text(names, source, strlen(source));
    }
    siem_buffer_add(names, "]", sizeof "]");
}

siem_code siem_masks_add(siem_masks *masks, siem_masked_source mask, siem_error *err) {
    if (find(masks, mask.source) != NULL) return SIEM_OK;
    siem_masked_source *list = realloc(masks->list, (masks->count + 1) * sizeof *list);
    if (list == NULL) return siem_error_no_memory(err);
    masks->list = list;
    list[masks->count++] = mask;
    write_names(masks);
    return masks->names.failed ? siem_error_no_memory(err) : SIEM_OK;
}

const char *siem_masks_names(const siem_masks *masks) {
    return masks != NULL && masks->count != 0 ? masks->names.bytes : NULL;
}

void siem_masks_free(siem_masks *masks) {
    free(masks->list);
    siem_buffer_free(&masks->names);
}

/* ---- an event ---- */

/* Memory for one value on its way. */
typedef struct workbench {
    siem_buffer decoded, converted, extra, before;
} workbench;

static siem_value mask_value(const siem_masked_source *mask, siem_value value, workbench *bench) {
    if (value.type == SIEM_JSON) value = siem_value_decode(value, &bench->decoded);
    if (value.type == SIEM_NULL) return value;
    bench->converted.size = 0;
    return siem_conversion_apply(mask->as, value, &bench->converted);
}

/* Replaces what is at the path of a mask in extra, which is text of its own. */
static void mask_member(const siem_masked_source *mask, siem_value *extra, workbench *bench) {
    unsigned ignored = 0;
    siem_value member = siem_value_at_path(*extra, mask->path);
    if (member.type == SIEM_NULL) return;
    siem_value masked = mask_value(mask, member, bench);
    bench->before.size = 0;
    siem_buffer_add(&bench->before, extra->bytes, (size_t)(member.bytes - extra->bytes));
    siem_json_write_value(&bench->before, &masked, &ignored);
    const char *rest = member.bytes + member.size;
    siem_buffer_add(&bench->before, rest, (size_t)(extra->bytes + extra->size - rest));
    siem_buffer other = bench->extra;
    bench->extra = bench->before;
    bench->before = other;
    extra->bytes = bench->extra.bytes;
    extra->size = bench->extra.size;
}

/* A field or a column; extra with all that is masked in it. */
static siem_value masked_at(const siem_masks *masks, siem_event *event, size_t index,
                            workbench *bench) {
    siem_value value = siem_event_at(event, index);
    const siem_masked_source *mask = find(masks, siem_event_name(event, index));
    if (mask != NULL) return mask_value(mask, value, bench);
    if (index != SIEM_EXTRA || value.type != SIEM_JSON) return value;
    for (size_t i = 0; i < masks->count; i++) {
        if (masks->list[i].path->count != 0) mask_member(&masks->list[i], &value, bench);
    }
    return value;
}

void siem_masks_write_event(const siem_masks *masks, siem_event *event, siem_buffer *out) {
    workbench bench = {.decoded = {0}};
    size_t start = out->size;
    if (siem_masks_names(masks) == NULL) {
        siem_event_write_json(event, out);
        return;
    }
    for (size_t i = 0; i < siem_event_size(event); i++) {
        siem_value value = masked_at(masks, event, i, &bench);
        siem_event_write_member(out, start, siem_event_name(event, i), value);
    }
    siem_buffer_add_char(out, '}'); /* an event has an id */
    if (bench.decoded.failed || bench.converted.failed || bench.extra.failed ||
        bench.before.failed) {
        out->failed = true;
    }
    siem_buffer_free(&bench.decoded);
    siem_buffer_free(&bench.converted);
    siem_buffer_free(&bench.extra);
    siem_buffer_free(&bench.before);
}

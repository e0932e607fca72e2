/* value_table.c: a hash table that is filled once and only read afterwards. */
#include "record/value_table.h"

#include "base/error.h"
#include "base/json_reader.h"
#include "base/misuse.h"

#include <stdlib.h>

/* A pair: where its key and its value are in the text, which moves while it grows. */
typedef struct entry {
    size_t key, key_size;
    size_t value, value_size; /* the size 0: free */
} entry;

struct siem_value_table {
    entry *entries;
    size_t mask; /* their number less one; a power of two, at most half of it used */
    siem_buffer text;
};

/* FNV-1a: short keys, known when the format is loaded. */
static size_t hash(const char *text, size_t size) {
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++) h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return (size_t)(h ^ h >> 32);
}

static entry *place_of(const siem_value_table *table, const char *text, size_t size) {
    size_t at = hash(text, size) & table->mask;
    for (;; at = (at + 1) & table->mask) {
        entry *e = &table->entries[at];
        if (e->value_size == 0) return e;
        if (e->key_size == size && memcmp(table->text.bytes + e->key, text, size) == 0) return e;
    }
}

static siem_code add_pair(siem_value_table *table, siem_json_reader *reader, const siem_pair *pair,
                          siem_error *err) {
    siem_buffer *text = &table->text;
    size_t key_size = strlen(pair->key), key_start = text->size;
    siem_buffer_add(text, pair->key, key_size);
    size_t value_start = text->size;
    siem_json_result result = siem_json_read(reader, pair->json, strlen(pair->json), text);
    if (text->failed) return siem_error_no_memory(err);
    if (result != SIEM_JSON_READ) {
        return siem_error_set(err, SIEM_INVALID, "lookup: the value of \"%s\" is not JSON",
                              pair->key);
    }
    entry *e = place_of(table, pair->key, key_size);
    if (e->value_size != 0) {
        return siem_error_set(err, SIEM_INVALID, "lookup: the key \"%s\" comes twice", pair->key);
    }
    *e = (entry){key_start, key_size, value_start, text->size - value_start};
    return SIEM_OK;
}

static siem_code check_pairs(const siem_pair *pairs, size_t count, siem_error *err) {
    siem_code rc = siem_misuse_list("lookup", "the table", pairs, count, err);
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        if (pairs[i].key != NULL && pairs[i].json != NULL) continue;
        rc = siem_error_set(err, SIEM_INVALID, "lookup: entry %zu has no %s", i + 1,
                            pairs[i].key == NULL ? "key" : "json");
    }
    return rc;
}

siem_code siem_value_table_open(siem_value_table **out, const siem_pair *pairs, size_t count,
                                siem_json_reader *reader, siem_error *err) {
    size_t places = 8;
    *out = NULL;
    siem_code rc = check_pairs(pairs, count, err);
    if (rc != SIEM_OK) return rc;
    while (places < count * 2) places *= 2;
    siem_value_table *table = calloc(1, sizeof *table);
    if (table == NULL) return siem_error_no_memory(err);
    table->text.allocator = reader->scratch.allocator;
    table->mask = places - 1;
    table->entries = siem_resize(table->text.allocator, NULL, 0, places * sizeof *table->entries);
    if (table->entries == NULL) rc = siem_error_no_memory(err);
    else memset(table->entries, 0, places * sizeof *table->entries);
    for (size_t i = 0; rc == SIEM_OK && i < count; i++) {
        rc = add_pair(table, reader, &pairs[i], err);
    }
    if (rc == SIEM_OK) *out = table;
    else siem_value_table_close(table);
    return rc;
}

bool siem_value_table_get(const siem_value_table *table, const char *text, size_t size,
                          siem_value *value) {
    const entry *e = place_of(table, text, size);
    if (e->value_size == 0) return false;
    *value = (siem_value){
        .type = SIEM_JSON, .bytes = table->text.bytes + e->value, .size = e->value_size};
    return true;
}

void siem_value_table_close(siem_value_table *table) {
    if (table == NULL) return;
    size_t places = table->mask + 1;
    (void)siem_resize(table->text.allocator, table->entries, places * sizeof *table->entries, 0);
    siem_buffer_free(&table->text);
    free(table);
}

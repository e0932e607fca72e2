/* mmdb_value.c: the data section of the MaxMind DB File Format Specification 2.0. */
#include "enrich/mmdb_value.h"

#include "base/error.h"
#include "base/json_writer.h"

#include <stdio.h>
#include <string.h>

#define MOST_LEVELS 32
#define MOST_VALUES 10000
#define MOST_JSON   ((size_t)1 << 20)

typedef enum mmdb_type {
    EXTENDED,
    POINTER,
    TEXT,
    DOUBLE,
    BYTES,
    UINT16,
    UINT32,
    MAP,
    INT32,
    UINT64,
    UINT128,
    ARRAY,
    BOOLEAN = 14,
    FLOAT
} mmdb_type;

typedef struct reader {
    const uint8_t *section;
    size_t size, at;
    siem_buffer *json;
    size_t start; /* where its text begins in `json` */
    size_t values;
    const char *problem; /* NULL: none so far */
} reader;

/* What a control byte and those after it mean. */
typedef struct control {
    mmdb_type type;
    size_t size; /* of the content; of a map or an array, how many; of a pointer, where to */
} control;

static void write_value(reader *r, int level);

static bool refuse(reader *r, const char *problem) {
    if (r->problem == NULL) r->problem = problem;
    return false;
}

/* The next bytes as an unsigned number, at most eight of them. */
static bool read_number(reader *r, size_t bytes, uint64_t *number) {
    *number = 0;
    if (r->size - r->at < bytes) return refuse(r, "a value ends after the data");
    while (bytes-- > 0) *number = *number << 8 | r->section[r->at++];
    return true;
}

static bool read_pointer(reader *r, unsigned bits, control *c) {
    static const uint64_t bases[] = {0, 2048, 526336, 0};
    unsigned bytes = (bits >> 3 & 3U) + 1;
    uint64_t low, high = bytes < 4 ? bits & 7U : 0;
    if (!read_number(r, bytes, &low)) return false;
    c->size = (size_t)((high << 8 * bytes) + low + bases[bytes - 1]);
    return c->size < r->size || refuse(r, "a pointer leads out of the data");
}

static bool read_control(reader *r, control *c) {
    static const size_t bases[] = {29, 285, 65821};
    uint64_t first, extended, more;
    if (!read_number(r, 1, &first)) return false;
    unsigned bits = (unsigned)first & 31U;
    c->type = (mmdb_type)(first >> 5);
    c->size = bits;
    if (c->type == POINTER) return read_pointer(r, bits, c);
    if (c->type == EXTENDED) {
        if (!read_number(r, 1, &extended)) return false;
        c->type = (mmdb_type)(extended + 7);
        if (extended == 0 || c->type > FLOAT) return refuse(r, "a value has an unknown type");
    }
    if (bits < 29) return true;
    if (!read_number(r, bits - 28, &more)) return false;
    c->size = bases[bits - 29] + (size_t)more;
    return true;
}

/* Follows the control if it is a pointer; *back is where reading continues. */
static bool follow(reader *r, control *c, size_t *back) {
    bool is_pointer = c->type == POINTER;
    *back = 0;
    if (!is_pointer) return true;
    *back = r->at;
    r->at = c->size;
    if (!read_control(r, c)) return false;
    return c->type != POINTER || refuse(r, "a pointer leads to a pointer");
}

/* True when so much more text has room, which is asked before memory is used. */
static bool has_room(reader *r, size_t more) {
    if (r->json->size - r->start + more <= MOST_JSON) return true;
    return refuse(r, "a value is longer than 1 MiB of JSON");
}

/* A big-endian unsigned number of at most 16 bytes, in decimal. */
static void write_unsigned(siem_buffer *json, const uint8_t *bytes, size_t size) {
    uint8_t rest[16];
    char digits[40];
    size_t n = sizeof digits;
    memcpy(rest, bytes, size);
    bool more;
    do {
        unsigned remainder = 0;
        more = false;
        for (size_t i = 0; i < size; i++) {
            unsigned part = remainder << 8 | rest[i];
            rest[i] = (uint8_t)(part / 10);
            remainder = part % 10;
            more = more || rest[i] != 0;
        }
        digits[--n] = (char)('0' + remainder);
    } while (more);
    siem_buffer_add(json, digits + n, sizeof digits - n);
}

static void write_bytes(siem_buffer *json, const uint8_t *bytes, size_t size) {
    static const char hex[] = "0123456789abcdef";
    siem_buffer_add_char(json, '"');
    for (size_t i = 0; i < size; i++) {
        siem_buffer_add_char(json, hex[bytes[i] >> 4]);
        siem_buffer_add_char(json, hex[bytes[i] & 15]);
    }
    siem_buffer_add_char(json, '"');
}

/* A floating point number of 8 or 4 bytes; read_number has put them into the machine's order. */
static void write_real(siem_buffer *json, uint64_t bits, size_t size) {
    double real;
    float single;
    uint32_t low = (uint32_t)bits;
    memcpy(&real, &bits, sizeof real);
    memcpy(&single, &low, sizeof single);
    (void)siem_json_write_real(json, size == sizeof real ? real : (double)single);
}

/* How many bytes a value of that type may have. */
static size_t most_bytes(mmdb_type type) {
    switch (type) {
    case UINT16: return 2;
    case UINT32:
    case INT32:
    case FLOAT: return 4;
    case UINT64:
    case DOUBLE: return 8;
    case UINT128: return 16;
    default: return SIZE_MAX;
    }
}

static bool check_scalar(reader *r, control c) {
    bool exact = c.type == DOUBLE || c.type == FLOAT;
    if (c.size > most_bytes(c.type) || (exact && c.size != most_bytes(c.type))) {
        return refuse(r, "a number has a wrong size");
    }
    if (r->size - r->at < c.size) return refuse(r, "a value ends after the data");
    return has_room(r, c.type == TEXT ? 6 * c.size : 2 * c.size + 40);
}

static void write_scalar(reader *r, control c) {
    uint64_t number;
    if (c.type == BOOLEAN) {
        siem_buffer_add(r->json, c.size != 0 ? "true" : "false", c.size != 0 ? 4 : 5);
        return;
    }
    if (!check_scalar(r, c)) return;
    const uint8_t *bytes = r->section + r->at;
    switch (c.type) {
    case TEXT: (void)siem_json_write_text(r->json, (const char *)bytes, c.size); break;
    case BYTES: write_bytes(r->json, bytes, c.size); break;
    case UINT16:
    case UINT32:
    case UINT64:
    case UINT128: write_unsigned(r->json, bytes, c.size); break;
    case INT32:
        if (read_number(r, c.size, &number)) siem_json_write_integer(r->json, (int32_t)number);
        return;
    case DOUBLE:
    case FLOAT:
        if (read_number(r, c.size, &number)) write_real(r->json, number, c.size);
        return;
    default: (void)refuse(r, "a value has an unknown type"); return;
    }
    r->at += c.size;
}

/* Writes the key of a map, which may be given by a pointer. */
static void write_key(reader *r) {
    control c;
    size_t back;
    if (!read_control(r, &c) || !follow(r, &c, &back)) return;
    if (c.type != TEXT) {
        (void)refuse(r, "a key of a map is not text");
        return;
    }
    write_scalar(r, c);
    if (back != 0) r->at = back;
}

static void write_members(reader *r, control c, int level) {
    bool map = c.type == MAP;
    if (level == MOST_LEVELS) {
        (void)refuse(r, "a value has more than 32 levels");
        return;
    }
    siem_buffer_add_char(r->json, map ? '{' : '[');
    for (size_t i = 0; i < c.size && r->problem == NULL; i++) {
        if (i > 0) siem_buffer_add_char(r->json, ',');
        if (map) {
            write_key(r);
            siem_buffer_add_char(r->json, ':');
        }
        if (r->problem == NULL) write_value(r, level + 1);
    }
    siem_buffer_add_char(r->json, map ? '}' : ']');
}

static void write_value(reader *r, int level) {
    control c;
    size_t back;
    if (++r->values > MOST_VALUES) {
        (void)refuse(r, "it has more than 10000 values");
        return;
    }
    if (!read_control(r, &c) || !follow(r, &c, &back)) return;
    if (c.type == MAP || c.type == ARRAY) write_members(r, c, level);
    else write_scalar(r, c);
    if (back != 0) r->at = back;
}

siem_code siem_mmdb_write_value(siem_buffer *json, const uint8_t *section, size_t size, size_t at,
                                siem_error *err) {
    reader r = {.section = section, .size = size, .at = at, .json = json, .start = json->size};
    if (at > size) r.at = size;
    write_value(&r, 0);
    if (r.problem != NULL) {
        json->size = r.start;
        return siem_error_set(err, SIEM_IO, "the address database is damaged: %s", r.problem);
    }
    return json->failed ? siem_error_no_memory(err) : SIEM_OK;
}

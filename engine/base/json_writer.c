/* json_writer.c: escaping, a block of bytes at a time, and numbers. */
#include "base/json_writer.h"

#include "base/number.h"
#include "base/utf8.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Sixteen bytes at once, in whatever the machine has for that (a GCC and Clang extension). */
#define BLOCK 16
typedef unsigned char block __attribute__((vector_size(BLOCK)));
typedef signed char block_mask __attribute__((vector_size(BLOCK)));

/* True when one of the bytes at `bytes` needs an escape in a JSON string. */
static inline bool has_special(const char *bytes) {
    block b;
    uint64_t halves[2];
    memcpy(&b, bytes, BLOCK);
    /* Out of range are 0x7f and above and, wrapping around, what is below a space. */
    block_mask special = ((b - 0x20) > 0x5e) | (b == '"') | (b == '\\');
    memcpy(halves, &special, BLOCK);
    return (halves[0] | halves[1]) != 0;
}

static inline bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Copies eight to fifteen plain bytes as two halves that overlap; false when one is special. */
static inline bool copy_halves(char *to, const char *bytes, size_t size) {
    char halves[BLOCK];
    memcpy(halves, bytes, BLOCK / 2);
    memcpy(halves + BLOCK / 2, bytes + size - BLOCK / 2, BLOCK / 2);
    if (has_special(halves)) return false;
    memcpy(to, halves, BLOCK / 2);
    memcpy(to + size - BLOCK / 2, halves + BLOCK / 2, BLOCK / 2);
    return true;
}

/* Copies the plain bytes before the first special one, to where `*to` points, where a block more
 * may be written. Returns the special byte, or `end`. */
static inline const char *copy_plain(char **to, const char *bytes, const char *end) {
    char *out = *to;
    const char *start = bytes;
    for (; end - bytes >= BLOCK && !has_special(bytes); bytes += BLOCK, out += BLOCK) {
        memcpy(out, bytes, BLOCK);
    }
    ptrdiff_t rest = end - bytes;
    if (rest < BLOCK && end - start >= BLOCK && !has_special(end - BLOCK)) {
        /* The rest at once, together with bytes before it that are copied already. */
        memcpy(out + rest - BLOCK, end - BLOCK, BLOCK);
        bytes = end;
        out += rest;
    } else if (rest < BLOCK && rest >= BLOCK / 2 && copy_halves(out, bytes, (size_t)rest)) {
        bytes = end;
        out += rest;
    }
    while (bytes < end && is_plain((unsigned char)*bytes)) *out++ = *bytes++;
    *to = out;
    return bytes;
}

const char *siem_json_write_plain(siem_buffer *out, const char *bytes, const char *end) {
    if (!siem_buffer_reserve(out, (size_t)(end - bytes) + BLOCK)) return end;
    char *to = out->bytes + out->size;
    bytes = copy_plain(&to, bytes, end);
    out->size = (size_t)(to - out->bytes);
    return bytes;
}

void siem_json_write_unit(siem_buffer *out, unsigned unit) {
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u'};
    switch (unit) {
    case '"': siem_buffer_add(out, "\\\"", 2); return;
    case '\\': siem_buffer_add(out, "\\\\", 2); return;
    case '\b': siem_buffer_add(out, "\\b", 2); return;
    case '\f': siem_buffer_add(out, "\\f", 2); return;
    case '\n': siem_buffer_add(out, "\\n", 2); return;
    case '\r': siem_buffer_add(out, "\\r", 2); return;
    case '\t': siem_buffer_add(out, "\\t", 2); return;
    default: break;
    }
    if (unit >= 0x20 && unit < 0x7f) {
        siem_buffer_add_char(out, (char)unit);
        return;
    }
    for (unsigned i = 0; i < 4; i++) escape[5 - i] = hex[(unit >> (4 * i)) & 15];
    siem_buffer_add(out, escape, sizeof escape);
}

const char *siem_json_write_sequence(siem_buffer *out, const char *bytes, const char *end,
                                     size_t *replaced) {
    uint32_t c;
    size_t length = siem_utf8_decode(bytes, (size_t)(end - bytes), &c);
    if (siem_utf8_is_ill_formed(bytes, length, c)) ++*replaced;
    if (c > 0xffff) {
        siem_json_write_unit(out, 0xd800 + ((c - 0x10000) >> 10));
        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    siem_json_write_unit(out, c);
    return bytes + length;
}

size_t siem_json_write_text(siem_buffer *out, const char *bytes, size_t size) {
    const char *end = bytes + size;
    size_t replaced = 0;
    if (!siem_buffer_reserve(out, size + BLOCK + 2)) return 0;
    char *to = out->bytes + out->size;
    *to++ = '"';
    if (size != 0) bytes = copy_plain(&to, bytes, end);
    out->size = (size_t)(to - out->bytes);
    while (bytes < end) {
        bytes = siem_json_write_sequence(out, bytes, end, &replaced);
        bytes = siem_json_write_plain(out, bytes, end);
    }
    siem_buffer_add_char(out, '"');
    return replaced;
}

void siem_json_write_integer(siem_buffer *out, int64_t integer) {
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    char digits[20];
    size_t n = sizeof digits;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    for (; rest >= 100; rest /= 100) memcpy(digits + (n -= 2), pairs + 2 * (rest % 100), 2);
    if (rest >= 10) memcpy(digits + (n -= 2), pairs + 2 * rest, 2);
    else digits[--n] = (char)('0' + rest);
    if (integer < 0) siem_buffer_add_char(out, '-');
    siem_buffer_add(out, digits + n, sizeof digits - n);
}

/* The fewest significant digits that read back to `real`, without trailing zeros, and
 * the decimal exponent of the first. */
static int shortest_digits(double real, char digits[18], int *exponent) {
    char text[40];
    /* A subnormal number has fewer digits than the 15 that all others keep. */
    for (int precision = real < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
        (void)siem_number_print(text, sizeof text, "%.*e", precision, real);
        if (precision == 16 || siem_number_read(text, NULL) == real) break;
    }
    int n = 0;
    const char *c = text;
    for (; *c != '\0' && *c != 'e'; c++) {
        if (*c >= '0' && *c <= '9' && n < 17) digits[n++] = *c;
    }
    *exponent = *c == 'e' ? (int)strtol(c + 1, NULL, 10) : 0;
    while (n > 1 && digits[n - 1] == '0') n--;
    return n;
}

static void write_fixed(siem_buffer *out, const char *digits, int n, int exponent) {
    int before = exponent + 1; /* digits before the point */
    if (before <= 0) {
        siem_buffer_add(out, "0.", 2);
        for (int i = before; i < 0; i++) siem_buffer_add_char(out, '0');
        siem_buffer_add(out, digits, (size_t)n);
        return;
    }
    for (int i = 0; i < before; i++) siem_buffer_add_char(out, (char)(i < n ? digits[i] : '0'));
    siem_buffer_add_char(out, '.');
    if (n > before) siem_buffer_add(out, digits + before, (size_t)(n - before));
    else siem_buffer_add_char(out, '0');
}

/* Whole numbers from 0 on, times above all, need no search for the shortest form. */
static bool write_whole(siem_buffer *out, double real) {
    if (real >= 1e15 || real != floor(real)) return false;
    siem_json_write_integer(out, (int64_t)real);
    siem_buffer_add(out, ".0", 2);
    return true;
}

bool siem_json_write_real(siem_buffer *out, double real) {
    char digits[18];
    char tail[8];
    int exponent;
    if (!isfinite(real)) {
        const char *name = isnan(real) ? "\"NaN\"" : real < 0 ? "\"-Infinity\"" : "\"Infinity\"";
        siem_buffer_add(out, name, strlen(name));
        return false;
    }
    if (signbit(real)) siem_buffer_add_char(out, '-');
    if (write_whole(out, fabs(real))) return true;
    int n = shortest_digits(fabs(real), digits, &exponent);
    if (exponent >= -4 && exponent < 16) {
        write_fixed(out, digits, n, exponent);
        return true;
    }
    siem_buffer_add(out, digits, 1);
    if (n > 1) siem_buffer_add_char(out, '.');
    siem_buffer_add(out, digits + 1, (size_t)(n - 1));
    int size = snprintf(tail, sizeof tail, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    siem_buffer_add(out, tail, (size_t)size);
    return true;
}

static size_t text_size(const char *bytes, size_t size) {
    const char *end = bytes + size;
    size_t written = 2;
    while (bytes < end) {
        uint32_t c = (unsigned char)*bytes;
        size_t length = c < 0x80 ? 1 : siem_utf8_decode(bytes, (size_t)(end - bytes), &c);
        written += is_plain((unsigned char)*bytes) ? 1 : c > 0xffff ? 12 : 6;
        bytes += length;
    }
    return written;
}

size_t siem_json_value_size(const siem_value *value) {
    switch (value->type) {
    case SIEM_TEXT: return text_size(value->bytes, value->size);
    case SIEM_JSON: return value->size;
    default: return 32;
    }
}

void siem_json_write_value(siem_buffer *out, const siem_value *value, unsigned *repairs) {
    switch (value->type) {
    case SIEM_NULL: siem_buffer_add(out, "null", 4); break;
    case SIEM_INTEGER: siem_json_write_integer(out, value->integer); break;
    case SIEM_REAL:
        if (!siem_json_write_real(out, value->real)) *repairs |= SIEM_REPAIRED_NUMBER;
        break;
    case SIEM_TEXT:
        if (siem_json_write_text(out, value->bytes, value->size) != 0) {
            *repairs |= SIEM_REPAIRED_UTF8;
        }
        break;
    case SIEM_JSON: siem_buffer_add(out, value->bytes, value->size); break;
    }
}

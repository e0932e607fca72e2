/* converter.c: the table of conversions. A new one is a function and a line. */
#include "record/converter.h"

#include "base/error.h"
#include "base/json_writer.h"
#include "base/number.h"
#include "base/timestamp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct siem_converter {
    const char *name;
    const char *summary;
    siem_value (*convert)(siem_value value, size_t parameter, siem_buffer *scratch);
    bool takes_parameter;
};

static siem_value text_from(const siem_buffer *scratch, size_t start) {
    if (scratch->failed) return (siem_value){0};
    return (siem_value){
        .type = SIEM_TEXT, .bytes = scratch->bytes + start, .size = scratch->size - start};
}

/* The text of any value; JSON keeps its form. */
static siem_value to_text(siem_value value, size_t parameter, siem_buffer *scratch) {
    (void)parameter;
    unsigned ignored = 0;
    size_t start = scratch->size;
    if (value.type == SIEM_JSON) value.type = SIEM_TEXT;
    if (value.type == SIEM_TEXT) return value;
    siem_json_write_value(scratch, &value, &ignored);
    return text_from(scratch, start);
}

/* A whole text as a double. The copy ends with a NUL; no number needs more characters. */
static bool parse_real(siem_value text, double *real) {
    char copy[64];
    char *end;
    if (text.size == 0 || text.size >= sizeof copy) return false;
    memcpy(copy, text.bytes, text.size);
    copy[text.size] = '\0';
    *real = siem_number_read(copy, &end);
    return end == copy + text.size && isfinite(*real);
}

static siem_value to_float(siem_value value, size_t parameter, siem_buffer *scratch) {
    (void)parameter;
    siem_value result = {.type = SIEM_REAL};
    (void)scratch;
    if (value.type == SIEM_INTEGER) result.real = (double)value.integer;
    else if (value.type == SIEM_REAL) result.real = value.real;
    else if (!parse_real(value, &result.real)) result.type = SIEM_NULL;
    return result;
}

static bool parse_whole(siem_value text, int64_t *integer) {
    char copy[32];
    char *end;
    if (text.size == 0 || text.size >= sizeof copy) return false;
    memcpy(copy, text.bytes, text.size);
    copy[text.size] = '\0';
    errno = 0;
    *integer = strtoll(copy, &end, 10);
    return errno == 0 && end == copy + text.size;
}

static siem_value to_integer(siem_value value, size_t parameter, siem_buffer *scratch) {
    (void)parameter;
    siem_value result = {.type = SIEM_INTEGER};
    if (value.type == SIEM_INTEGER) return value;
    if (value.type != SIEM_REAL && parse_whole(value, &result.integer)) return result;
    siem_value real = to_float(value, 0, scratch);
    bool fits = real.type == SIEM_REAL && real.real >= -9223372036854775808.0 &&
                real.real < 9223372036854775808.0;
    if (!fits) return (siem_value){0};
    result.integer = (int64_t)real.real;
    return result;
}

static siem_value change_case(siem_value value, siem_buffer *scratch, char first, char last) {
    size_t start = scratch->size;
    unsigned ignored = 0;
    if (value.type == SIEM_TEXT || value.type == SIEM_JSON) {
        siem_buffer_add(scratch, value.bytes, value.size);
    } else {
        siem_json_write_value(scratch, &value, &ignored);
    }
    for (size_t i = start; i < scratch->size; i++) {
        char c = scratch->bytes[i];
        if (c >= first && c <= last) scratch->bytes[i] = (char)(c ^ 0x20);
    }
    return text_from(scratch, start);
}

static siem_value to_lower(siem_value value, size_t parameter, siem_buffer *scratch) {
    (void)parameter;
    return change_case(value, scratch, 'A', 'Z');
}

static siem_value to_upper(siem_value value, size_t parameter, siem_buffer *scratch) {
    (void)parameter;
    return change_case(value, scratch, 'a', 'z');
}

static siem_value to_json_text(siem_value value, size_t parameter, siem_buffer *scratch) {
    (void)parameter;
    unsigned ignored = 0;
    size_t start = scratch->size;
    if (value.type == SIEM_JSON) {
        value.type = SIEM_TEXT;
        return value;
    }
    siem_json_write_value(scratch, &value, &ignored);
    return text_from(scratch, start);
}

/* ---- times ---- */

/* A time in seconds, of a number or of RFC 3339 text. */
static bool read_time(siem_value value, double *seconds) {
    int64_t whole;
    double fraction;
    if (value.type == SIEM_INTEGER || value.type == SIEM_REAL) {
        *seconds = value.type == SIEM_REAL ? value.real : (double)value.integer;
        return isfinite(*seconds);
    }
    if (siem_timestamp_read(value.bytes, value.size, &whole, &fraction)) {
        *seconds = (double)whole + fraction;
        return true;
    }
    return parse_real(value, seconds);
}

static siem_value to_rfc3339(siem_value value, size_t parameter, siem_buffer *scratch) {
    char text[24];
    double seconds;
    size_t start = scratch->size;
    (void)parameter;
    if (!read_time(value, &seconds) || siem_iso8601(text, seconds, NULL) != SIEM_OK) {
        return (siem_value){0};
    }
    siem_buffer_add(scratch, text, SIEM_TIMESTAMP_SIZE);
    return text_from(scratch, start);
}

static siem_value to_epoch_in(siem_value value, double units) {
    double seconds;
    if (!read_time(value, &seconds) || fabs(seconds) > 1e12) return (siem_value){0};
    return (siem_value){.type = SIEM_INTEGER, .integer = (int64_t)floor(seconds * units + 1e-6)};
}

static siem_value to_epoch(siem_value value, size_t parameter, siem_buffer *scratch) {
    (void)parameter, (void)scratch;
    return to_epoch_in(value, 1);
}

static siem_value to_epoch_ms(siem_value value, size_t parameter, siem_buffer *scratch) {
    (void)parameter, (void)scratch;
    return to_epoch_in(value, 1000);
}

/* ---- text ---- */

static siem_value to_ip(siem_value value, size_t parameter, siem_buffer *scratch) {
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];
    (void)parameter, (void)scratch;
    if (value.type != SIEM_TEXT || value.size >= sizeof text) return (siem_value){0};
    memcpy(text, value.bytes, value.size);
    text[value.size] = '\0';
    bool valid = strlen(text) == value.size && (inet_pton(AF_INET, text, address) == 1 ||
                                                inet_pton(AF_INET6, text, address) == 1);
    return valid ? value : (siem_value){0};
}

static siem_value to_sha256(siem_value value, size_t parameter, siem_buffer *scratch) {
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[32];
    unsigned size = sizeof digest;
    siem_value text = to_text(value, parameter, scratch);
    if (text.type == SIEM_NULL) return text;
    if (EVP_Digest(text.bytes, text.size, digest, &size, EVP_sha256(), NULL) != 1) {
        return (siem_value){0};
    }
    size_t start = scratch->size;
    for (unsigned i = 0; i < size; i++) {
        siem_buffer_add_char(scratch, hex[digest[i] >> 4]);
        siem_buffer_add_char(scratch, hex[digest[i] & 15]);
    }
    return text_from(scratch, start);
}

/* Cuts between two characters. */
static siem_value truncate_text(siem_value value, size_t parameter, siem_buffer *scratch) {
    siem_value text = to_text(value, parameter, scratch);
    if (text.type == SIEM_NULL || text.size <= parameter) return text;
    size_t size = parameter;
    while (size > 0 && parameter - size < 4 && ((unsigned char)text.bytes[size] & 0xc0) == 0x80) {
        size--;
    }
    text.size = size;
    return text;
}

static const siem_converter converters[] = {
    {"epoch", "whole seconds since 1970, of RFC 3339 text or a number", to_epoch, false},
    {"epoch_ms", "milliseconds since 1970, of RFC 3339 text or a number of seconds", to_epoch_ms,
     false},
    {"float", "a number with a fraction: 1735000001 becomes 1735000001.0", to_float, false},
    {"integer", "a whole number, cut towards zero: 3.9 and \"3.9\" become 3", to_integer, false},
    {"ip", "an IPv4 or IPv6 address; anything else is omitted", to_ip, false},
    {"json_text", "the JSON form of the value, as text", to_json_text, false},
    {"lower", "text with the letters A to Z in lower case", to_lower, false},
    {"rfc3339", "a time in UTC, \"2026-01-02T03:04:05Z\", of seconds or RFC 3339 text", to_rfc3339,
     false},
    {"sha256", "the SHA-256 digest of the text, in hex", to_sha256, false},
    {"text", "text: 7 becomes \"7\"", to_text, false},
    {"truncate:N", "text, cut to at most N bytes at a character's border", truncate_text, true},
    {"upper", "text with the letters a to z in upper case", to_upper, false},
};

const siem_converter *siem_converter_at(size_t index) {
    return index < sizeof converters / sizeof *converters ? &converters[index] : NULL;
}

const char *siem_converter_name(const siem_converter *converter) {
    return converter != NULL ? converter->name : NULL;
}

const char *siem_converter_summary(const siem_converter *converter) {
    return converter != NULL ? converter->summary : NULL;
}

/* The digits after the colon; false for anything else. */
static bool parse_parameter(const char *text, size_t *parameter) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *parameter = (size_t)strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

siem_code siem_conversion_open(siem_conversion *conversion, const char *name, siem_error *err) {
    size_t size = strcspn(name, ":");
    *conversion = (siem_conversion){0};
    for (size_t i = 0; i < sizeof converters / sizeof *converters; i++) {
        const siem_converter *c = &converters[i];
        if (strcspn(c->name, ":") != size || memcmp(c->name, name, size) != 0) continue;
        bool has_parameter = name[size] == ':';
        if (has_parameter != c->takes_parameter ||
            (has_parameter && !parse_parameter(name + size + 1, &conversion->parameter))) {
            return siem_error_set(err, SIEM_INVALID, "as: \"%s\" is written as \"%s\"", name,
                                  c->name);
        }
        conversion->converter = c;
        return SIEM_OK;
    }
    return siem_error_set(err, SIEM_INVALID,
                          "as: there is no converter \"%s\" ('oversight-siem converters' has all)",
                          name);
}

siem_value siem_conversion_apply(const siem_conversion *conversion, siem_value value,
                                 siem_buffer *scratch) {
    return conversion->converter->convert(value, conversion->parameter, scratch);
}

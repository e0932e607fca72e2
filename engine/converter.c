/* converter.c: the table of conversions. A new one is a function and a line. */
#include "converter.h"

#include "json_writer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct siem_converter {
    const char *name;
    const char *summary;
    siem_value (*convert)(siem_value value, siem_buffer *scratch);
};

static siem_value text_from(const siem_buffer *scratch, size_t start) {
    if (scratch->failed) return (siem_value){0};
    return (siem_value){
        .type = SIEM_TEXT, .bytes = scratch->bytes + start, .size = scratch->size - start};
}

/* The text of any value; JSON keeps its form. */
static siem_value to_text(siem_value value, siem_buffer *scratch) {
    unsigned ignored = 0;
    size_t start = scratch->size;
    if (value.type == SIEM_JSON) value.type = SIEM_TEXT;
    if (value.type == SIEM_TEXT) return value;
    siem_json_write_value(scratch, &value, &ignored);
    return text_from(scratch, start);
}

/* A whole text as a double. The copy gives strtod its NUL; no number needs more characters. */
static bool parse_real(siem_value text, double *real) {
    char copy[64];
    char *end;
    if (text.size == 0 || text.size >= sizeof copy) return false;
    memcpy(copy, text.bytes, text.size);
    copy[text.size] = '\0';
    *real = strtod(copy, &end);
    return end == copy + text.size && isfinite(*real);
}

static siem_value to_float(siem_value value, siem_buffer *scratch) {
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

static siem_value to_integer(siem_value value, siem_buffer *scratch) {
    siem_value result = {.type = SIEM_INTEGER};
    if (value.type == SIEM_INTEGER) return value;
    if (value.type != SIEM_REAL && parse_whole(value, &result.integer)) return result;
    siem_value real = to_float(value, scratch);
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

static siem_value to_lower(siem_value value, siem_buffer *scratch) {
    return change_case(value, scratch, 'A', 'Z');
}

static siem_value to_upper(siem_value value, siem_buffer *scratch) {
    return change_case(value, scratch, 'a', 'z');
}

static siem_value to_json_text(siem_value value, siem_buffer *scratch) {
    unsigned ignored = 0;
    size_t start = scratch->size;
    if (value.type == SIEM_JSON) {
        value.type = SIEM_TEXT;
        return value;
    }
    siem_json_write_value(scratch, &value, &ignored);
    return text_from(scratch, start);
}

static const siem_converter converters[] = {
    {"float", "a number with a fraction: 1735000001 becomes 1735000001.0", to_float},
    {"integer", "a whole number, cut towards zero: 3.9 and \"3.9\" become 3", to_integer},
    {"json_text", "the JSON form of the value, as text", to_json_text},
    {"lower", "text with the letters A to Z in lower case", to_lower},
    {"text", "text: 7 becomes \"7\"", to_text},
    {"upper", "text with the letters a to z in upper case", to_upper},
};

const siem_converter *siem_converter_at(size_t index) {
    return index < sizeof converters / sizeof *converters ? &converters[index] : NULL;
}

const char *siem_converter_name(const siem_converter *converter) {
    return converter->name;
}

const char *siem_converter_summary(const siem_converter *converter) {
    return converter->summary;
}

const siem_converter *siem_converter_find(const char *name) {
    for (size_t i = 0; i < sizeof converters / sizeof *converters; i++) {
        if (strcmp(converters[i].name, name) == 0) return &converters[i];
    }
    return NULL;
}

siem_value siem_converter_apply(const siem_converter *converter, siem_value value,
                                siem_buffer *scratch) {
    return converter->convert(value, scratch);
}

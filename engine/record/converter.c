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
#include <openssl/hmac.h>
#include <stdlib.h>

struct siem_converter {
    const char *name;
    const char *summary;
    siem_value (*convert)(siem_value value, const siem_conversion *how, siem_buffer *scratch);
    unsigned flags; /* TAKES_PARAMETER and so on */
};

enum {
    TAKES_PARAMETER = 1,
    TAKES_KEY = 2,
    MASKS = 4 /* it hides who or what the value is */
};

static siem_value text_from(const siem_buffer *scratch, size_t start) {
    if (scratch->failed) return (siem_value){0};
    return (siem_value){
        .type = SIEM_TEXT, .bytes = scratch->bytes + start, .size = scratch->size - start};
}

/* The text of any value; JSON keeps its form. */
static siem_value to_text(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    (void)how;
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

static siem_value to_float(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    (void)how;
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

static siem_value to_integer(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    (void)how;
    siem_value result = {.type = SIEM_INTEGER};
    if (value.type == SIEM_INTEGER) return value;
    if (value.type != SIEM_REAL && parse_whole(value, &result.integer)) return result;
    siem_value real = to_float(value, NULL, scratch);
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

static siem_value to_lower(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    (void)how;
    return change_case(value, scratch, 'A', 'Z');
}

static siem_value to_upper(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    (void)how;
    return change_case(value, scratch, 'a', 'z');
}

static siem_value to_json_text(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    (void)how;
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

static siem_value to_rfc3339(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    char text[24];
    double seconds;
    size_t start = scratch->size;
    (void)how;
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

static siem_value to_epoch(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    (void)how, (void)scratch;
    return to_epoch_in(value, 1);
}

static siem_value to_epoch_ms(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    (void)how, (void)scratch;
    return to_epoch_in(value, 1000);
}

/* ---- text ---- */

static siem_value to_ip(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];
    (void)how, (void)scratch;
    if (value.type != SIEM_TEXT || value.size >= sizeof text) return (siem_value){0};
    memcpy(text, value.bytes, value.size);
    text[value.size] = '\0';
    bool valid = strlen(text) == value.size && (inet_pton(AF_INET, text, address) == 1 ||
                                                inet_pton(AF_INET6, text, address) == 1);
    return valid ? value : (siem_value){0};
}

/* Cuts between two characters. */
static siem_value truncate_text(siem_value value, const siem_conversion *how,
                                siem_buffer *scratch) {
    siem_value text = to_text(value, how, scratch);
    size_t most = how->parameter;
    if (text.type == SIEM_NULL || text.size <= most) return text;
    size_t size = most;
    while (size > 0 && most - size < 4 && ((unsigned char)text.bytes[size] & 0xc0) == 0x80) {
        size--;
    }
    text.size = size;
    return text;
}

/* ---- masking ---- */

/* The digest of a text, or with a key its HMAC. */
static bool digest_text(siem_value text, const siem_secret *key, unsigned char digest[32]) {
    unsigned size;
    if (key == NULL) {
        return EVP_Digest(text.bytes, text.size, digest, &size, EVP_sha256(), NULL) == 1;
    }
    const char *bytes = siem_secret_text(key);
    return HMAC(EVP_sha256(), bytes, (int)strlen(bytes), (const unsigned char *)text.bytes,
                text.size, digest, &size) != NULL;
}

static siem_value to_sha256(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[32];
    siem_value text = to_text(value, how, scratch);
    if (text.type == SIEM_NULL || !digest_text(text, how->key, digest)) return (siem_value){0};
    size_t start = scratch->size;
    for (size_t i = 0; i < sizeof digest; i++) {
        siem_buffer_add_char(scratch, hex[digest[i] >> 4]);
        siem_buffer_add_char(scratch, hex[digest[i] & 15]);
    }
    return text_from(scratch, start);
}

static bool is_of_domain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || (c & 0x80) != 0;
}

/* Splits an address at its last "@"; false for any other text: nothing of that may be shown. */
static bool split_address(siem_value text, size_t *local) {
    const char *at = text.size != 0 ? memrchr(text.bytes, '@', text.size) : NULL;
    if (at == NULL || at == text.bytes || at + 1 == text.bytes + text.size) return false;
    *local = (size_t)(at - text.bytes);
    for (size_t i = *local + 1; i < text.size; i++) {
        if (!is_of_domain(text.bytes[i])) return false;
    }
    return true;
}

/* "mei.tanaka@example.com" becomes "m***@example.com": the first character, unless it is the only
 * one. */
static siem_value mask_email(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    size_t local, shown = 1, start = scratch->size;
    (void)how;
    if (value.type != SIEM_TEXT || !split_address(value, &local)) return (siem_value){0};
    while (shown < local && ((unsigned char)value.bytes[shown] & 0xc0) == 0x80) shown++;
    if (shown < local) siem_buffer_add(scratch, value.bytes, shown);
    siem_buffer_add(scratch, "***", 3);
    siem_buffer_add(scratch, value.bytes + local, value.size - local);
    return text_from(scratch, start);
}

/* The network of an address: /24 of IPv4, also within IPv6, and /48 of IPv6. */
static siem_value truncate_ip(siem_value value, const siem_conversion *how, siem_buffer *scratch) {
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16] = {0};
    size_t start = scratch->size;
    if (to_ip(value, how, scratch).type == SIEM_NULL) return (siem_value){0};
    memcpy(text, value.bytes, value.size);
    text[value.size] = '\0';
    int family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
    (void)inet_pton(family, text, address);
    if (family == AF_INET) address[3] = 0;
    else if (memcmp(address, mapped, sizeof mapped) == 0) address[15] = 0;
    else memset(address + 6, 0, 10);
    (void)inet_ntop(family, address, text, sizeof text);
    siem_buffer_add(scratch, text, strlen(text));
    return text_from(scratch, start);
}

static const siem_converter converters[] = {
    {"epoch", "whole seconds since 1970, of RFC 3339 text or a number", to_epoch, 0},
    {"epoch_ms", "milliseconds since 1970, of RFC 3339 text or a number of seconds", to_epoch_ms,
     0},
    {"float", "a number with a fraction: 1735000001 becomes 1735000001.0", to_float, 0},
    {"integer", "a whole number, cut towards zero: 3.9 and \"3.9\" become 3", to_integer, 0},
    {"ip", "an IPv4 or IPv6 address; anything else is omitted", to_ip, 0},
    {"json_text", "the JSON form of the value, as text", to_json_text, 0},
    {"lower", "text with the letters A to Z in lower case", to_lower, 0},
    {"mask_email", "an e-mail address as \"m***@example.com\"; anything else is omitted",
     mask_email, MASKS},
    {"rfc3339", "a time in UTC, \"2026-01-02T03:04:05Z\", of seconds or RFC 3339 text", to_rfc3339,
     0},
    {"sha256", "the SHA-256 digest of the text, in hex; with a key, the HMAC", to_sha256,
     TAKES_KEY | MASKS},
    {"text", "text: 7 becomes \"7\"", to_text, 0},
    {"truncate:N", "text, cut to at most N bytes at a character's border", truncate_text,
     TAKES_PARAMETER},
    {"truncate_ip", "the network of an address, /24 or /48; anything else is omitted", truncate_ip,
     MASKS},
    {"upper", "text with the letters a to z in upper case", to_upper, 0},
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

bool siem_converter_masks(const siem_converter *converter) {
    return converter != NULL && (converter->flags & MASKS) != 0;
}

/* The digits after the colon; false for anything else. */
static bool parse_parameter(const char *text, size_t *parameter) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *parameter = (size_t)strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static const siem_converter *find(const char *name, size_t size) {
    for (size_t i = 0; i < sizeof converters / sizeof *converters; i++) {
        const siem_converter *c = &converters[i];
        if (strcspn(c->name, ":") == size && memcmp(c->name, name, size) == 0) return c;
    }
    return NULL;
}

/* A key is where it is kept, and not in a file that others read. */
static bool is_named(const char *key) {
    return siem_secret_file(key) != NULL || strncmp(key, "env:", 4) == 0 ||
           strncmp(key, "cmd:", 4) == 0;
}

static siem_code open_key(siem_conversion *conversion, const char *key, siem_error *err) {
    static const siem_secret_form any = {0};
    if (key == NULL) return SIEM_OK;
    if ((conversion->converter->flags & TAKES_KEY) == 0) {
        return siem_error_set(err, SIEM_INVALID, "as: \"%s\" takes no key",
                              conversion->converter->name);
    }
    if (!is_named(key)) {
        return siem_error_set(err, SIEM_INVALID,
                              "key: say where it is: file:PATH, env:NAME or cmd:COMMAND");
    }
    return siem_secret_open(&conversion->key, "key", &any, key, err);
}

siem_code siem_conversion_open(siem_conversion *conversion, const char *name, const char *key,
                               siem_error *err) {
    size_t size = strcspn(name, ":");
    const siem_converter *c = find(name, size);
    bool has_parameter = name[size] == ':';
    *conversion = (siem_conversion){0};
    if (c == NULL) {
        return siem_error_set(err, SIEM_INVALID,
                              "as: there is no converter \"%s\" ('oversight-siem converters' has "
                              "all)",
                              name);
    }
    if (has_parameter != ((c->flags & TAKES_PARAMETER) != 0) ||
        (has_parameter && !parse_parameter(name + size + 1, &conversion->parameter))) {
        return siem_error_set(err, SIEM_INVALID, "as: \"%s\" is written as \"%s\"", name, c->name);
    }
    conversion->converter = c;
    return open_key(conversion, key, err);
}

void siem_conversion_close(siem_conversion *conversion) {
    siem_secret_close(conversion->key);
}

siem_value siem_conversion_apply(const siem_conversion *conversion, siem_value value,
                                 siem_buffer *scratch) {
    return conversion->converter->convert(value, conversion, scratch);
}

bool siem_conversion_masks(const siem_conversion *conversion) {
    return siem_converter_masks(conversion->converter);
}

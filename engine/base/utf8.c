/* utf8.c: sequences (RFC 3629, 3), and characters that must not be shown in a message. */
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

size_t siem_utf8_decode(const char *bytes, size_t size, uint32_t *code_point) {
    const unsigned char *s = (const unsigned char *)bytes;
    static const uint32_t lead_mask[] = {0, 0, 0x1f, 0x0f, 0x07};
    unsigned char lowest = 0x80, highest = 0xbf; /* of the second byte */
    size_t length = 0;
    if (s[0] < 0x80) {
        *code_point = s[0];
        return 1;
    }
    *code_point = 0xfffd;
    if (s[0] >= 0xc2 && s[0] <= 0xdf) length = 2;
    else if (s[0] >= 0xe0 && s[0] <= 0xef) length = 3;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4) length = 4;
    else return 1;
    if (s[0] == 0xe0) lowest = 0xa0;  /* shorter forms exist */
    if (s[0] == 0xed) highest = 0x9f; /* surrogates */
    if (s[0] == 0xf0) lowest = 0x90;
    if (s[0] == 0xf4) highest = 0x8f; /* beyond U+10FFFF */
    uint32_t decoded = s[0] & lead_mask[length];
    for (size_t i = 1; i < length; i++) {
        if (i >= size || s[i] < lowest || s[i] > highest) return i;
        decoded = decoded << 6 | (s[i] & 0x3fU);
        lowest = 0x80;
        highest = 0xbf;
    }
    *code_point = decoded;
    return length;
}

/* A real U+FFFD has three bytes, and its first is 0xef with the right ones after it. */
bool siem_utf8_is_ill_formed(const char *bytes, size_t length, uint32_t code_point) {
    return code_point == 0xfffd && !(length == 3 && memcmp(bytes, "\xef\xbf\xbd", 3) == 0);
}

bool siem_utf8_is_well_formed(const char *bytes, size_t size) {
    const uint64_t high_bits = 0x8080808080808080;
    for (const char *end = bytes + size; bytes < end;) {
        uint64_t word = high_bits;
        uint32_t c;
        if (end - bytes >= 8) memcpy(&word, bytes, sizeof word);
        if ((word & high_bits) == 0) {
            bytes += sizeof word;
            continue;
        }
        size_t length = siem_utf8_decode(bytes, (size_t)(end - bytes), &c);
        if (siem_utf8_is_ill_formed(bytes, length, c)) return false;
        bytes += length;
    }
    return true;
}

typedef struct range {
    uint32_t first, last;
} range;

/* Controls, and what is invisible, turns the direction of text, or ends a line: UAX #9 and TR #36.
 */
static const range unsafe[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},     {0x61c, 0x61c}, /* Arabic letter mark */
    {0x200b, 0x200b},                                     /* zero width space */
    {0x200e, 0x200f},   {0x2028, 0x202e},                 /* line ends, embeddings, overrides */
    {0x2060, 0x206f},                                     /* word joiner, isolates */
    {0xfeff, 0xfeff},   {0xfff9, 0xfffb},                 /* byte order mark, annotations */
    {0xe0000, 0xe007f},                                   /* tags */
};

bool siem_utf8_is_unsafe(uint32_t code_point) {
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        if (code_point <= unsafe[i].last) return code_point >= unsafe[i].first;
    }
    return false;
}

size_t siem_utf8_show(char shown[SIEM_UTF8_SHOWN], const char *bytes, size_t size, size_t *length) {
    uint32_t c;
    *length = siem_utf8_decode(bytes, size, &c);
    if (siem_utf8_is_ill_formed(bytes, *length, c)) *length = 1;
    if (*length == 1 && (c == 0xfffd || siem_utf8_is_unsafe(c))) {
        return (size_t)snprintf(shown, SIEM_UTF8_SHOWN, "\\x%02x", (unsigned char)*bytes);
    }
    if (siem_utf8_is_unsafe(c)) {
        return (size_t)snprintf(shown, SIEM_UTF8_SHOWN, "\\u{%x}", (unsigned)c);
    }
    memcpy(shown, bytes, *length);
    return *length;
}

/* Whether the text ends within a sequence, as it does where it was cut. */
static bool is_cut(const char *bytes, size_t size) {
    static const unsigned char leads[] = {0, 0xc2, 0xe0, 0xf0}; /* of more than `size` bytes */
    uint32_t c;
    return size < 4 && (unsigned char)*bytes >= leads[size] && (unsigned char)*bytes <= 0xf4 &&
           siem_utf8_decode(bytes, size, &c) == size && siem_utf8_is_ill_formed(bytes, size, c);
}

void siem_utf8_line(char *out, size_t room, const char *text) {
    char shown[SIEM_UTF8_SHOWN];
    size_t size, length;
    for (size_t left = strlen(text); left > 0 && !is_cut(text, left); text += length) {
        size = siem_utf8_show(shown, text, left, &length);
        if (strchr("\t\n\v\f\r", *text) != NULL) shown[0] = ' ', size = 1;
        if (size >= room) break;
        memcpy(out, shown, size);
        out += size;
        room -= size;
        left -= length;
    }
    *out = '\0';
}

/* utf8.c: sequences (RFC 3629, 3), and what of them has no place in a message. */
#include "utf8.h"

#include <stdbool.h>
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

/* Marks that turn the direction of what follows, or end a line. */
static bool misleads(uint32_t c) {
    return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

void siem_utf8_clean(char *text) {
    size_t left = strlen(text), length;
    uint32_t c;
    for (char *at = text, *to = text; left > 0; at += length, left -= length) {
        length = siem_utf8_decode(at, left, &c);
        bool is_control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        if (is_control || misleads(c) || c == 0xfffd) {
            *to++ = is_control ? ' ' : '?';
        } else {
            memmove(to, at, length);
            to += length;
        }
        if (left == length) *to = '\0';
    }
}

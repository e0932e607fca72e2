/* mask.c: reads a text through decoders, one on top of the other, and compares it on the way.
 *
 * Nothing is decoded into memory: an answer may have megabytes. Base64 is compared as what the
 * secret is encoded to, since where it begins in a group of three is unknown. A comparison begins
 * at each place where the secret could, and most end with the first character. */
#include "sink/http/mask.h"

#include "base/buffer.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* A shorter text is not a credential, and would be found in any text: "true", "null". */
#define SHORTEST    6
#define MOST_LAYERS 3
#define LONG_TEXT   ((size_t)256 << 10) /* of which one layer is read */
#define MOST_BLANKS 64                  /* in a row, within a secret */
#define CODE_POINT  0x80000000U         /* marks a character beside bytes */

typedef struct view view;

/* Reads the rest of an escape whose first character `*c` is read; gives the character that it
 * means. False when it is none. */
typedef bool (*decoder)(const view *v, int depth, size_t *at, uint32_t *c);

struct view {
    char *text;
    size_t size;
    decoder layers[MOST_LAYERS]; /* the innermost first */
    int depth;
};

/* The next character through the first `depth` layers; false at the end. */
static bool read_next(const view *v, int depth, size_t *at, uint32_t *c) {
    if (depth == 0) {
        if (*at == v->size) return false;
        *c = (unsigned char)v->text[(*at)++];
        return true;
    }
    if (!read_next(v, depth - 1, at, c)) return false;
    size_t after = *at;
    uint32_t first = *c;
    if (!v->layers[depth - 1](v, depth - 1, at, c)) {
        *at = after;
        *c = first;
    }
    return true;
}

/* ---- decoders ---- */

static uint32_t of_code_point(uint32_t point) {
    return point < 0x80 ? point : point | CODE_POINT;
}

/* Reads from `least` to `most` digits of a base, and stops before what is none. */
static bool read_digits(const view *v, int depth, size_t *at, unsigned base, int least, int most,
                        uint32_t *number) {
    *number = 0;
    for (int i = 0; i < most; i++) {
        size_t before = *at;
        uint32_t c;
        if (!read_next(v, depth, at, &c) || c >= 0x80 || !isxdigit((int)c) ||
            (base == 10 && !isdigit((int)c))) {
            *at = before;
            return i >= least;
        }
        uint32_t digit = isdigit((int)c) ? c - '0' : (uint32_t)tolower((int)c) - 'a' + 10;
        *number = *number * base + digit;
    }
    return true;
}

/* The character of a pair of surrogates, of which the first one is read; or that one alone. */
static uint32_t read_pair(const view *v, int depth, size_t *at, uint32_t high) {
    size_t end = *at;
    uint32_t c, low;
    bool is_pair = high >= 0xd800 && high < 0xdc00 && read_next(v, depth, &end, &c) && c == '\\' &&
                   read_next(v, depth, &end, &c) && c == 'u' &&
                   read_digits(v, depth, &end, 16, 4, 4, &low) && low >= 0xdc00 && low < 0xe000;
    if (!is_pair) return high;
    *at = end;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* RFC 8259, 7, and the \x2F of some languages. */
static bool read_json(const view *v, int depth, size_t *at, uint32_t *c) {
    uint32_t point;
    if (*c != '\\' || !read_next(v, depth, at, c)) return false;
    if (*c == 'u' || *c == 'x') {
        int digits = *c == 'u' ? 4 : 2;
        if (!read_digits(v, depth, at, 16, digits, digits, &point)) return false;
        *c = of_code_point(read_pair(v, depth, at, point));
        return true;
    }
    if (*c < 0x80 && strchr("bfnrt", (int)*c) != NULL) *c = ' ';
    else if (*c >= 0x80 || strchr("\"\\/'", (int)*c) == NULL) return false;
    return true;
}

/* The names that HTML has for what a credential is made of. */
static const struct {
    const char *name;
    char meaning;
} entities[] = {
    {"amp", '&'},   {"lt", '<'},     {"gt", '>'},     {"quot", '"'},   {"apos", '\''},
    {"sol", '/'},   {"bsol", '\\'},  {"equals", '='}, {"plus", '+'},   {"colon", ':'},
    {"semi", ';'},  {"num", '#'},    {"percnt", '%'}, {"commat", '@'}, {"lowbar", '_'},
    {"dash", '-'},  {"hyphen", '-'}, {"period", '.'}, {"comma", ','},  {"excl", '!'},
    {"quest", '?'}, {"dollar", '$'}, {"ast", '*'},    {"lpar", '('},   {"rpar", ')'},
    {"lsqb", '['},  {"rsqb", ']'},   {"lcub", '{'},   {"rcub", '}'},   {"verbar", '|'},
    {"grave", '`'}, {"hat", '^'},    {"nbsp", ' '},   {"tab", ' '},    {"newline", ' '},
};

static bool read_name(const view *v, int depth, size_t *at, uint32_t *c) {
    char name[8] = "";
    size_t size = 0, end = *at;
    while (read_next(v, depth, &end, c) && *c < 0x80 && isalpha((int)*c)) {
        if (size == sizeof name - 1) return false;
        name[size++] = (char)*c;
        *at = end;
    }
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (strcasecmp(name, entities[i].name) != 0) continue;
        if (*c == ';') *at = end;
        *c = (unsigned char)entities[i].meaning;
        return true;
    }
    return false;
}

static bool read_html(const view *v, int depth, size_t *at, uint32_t *c) {
    size_t after = *at;
    uint32_t point;
    if (*c != '&') return false;
    if (!read_next(v, depth, at, c) || *c != '#') {
        *at = after;
        return read_name(v, depth, at, c);
    }
    after = *at;
    bool is_hex = read_next(v, depth, at, c) && (*c == 'x' || *c == 'X');
    if (!is_hex) *at = after;
    if (!read_digits(v, depth, at, is_hex ? 16 : 10, 1, 7, &point)) return false;
    after = *at;
    if (!read_next(v, depth, at, c) || *c != ';') *at = after;
    *c = of_code_point(point);
    return true;
}

/* RFC 3986, 2.1. */
static bool read_url(const view *v, int depth, size_t *at, uint32_t *c) {
    return *c == '%' && read_digits(v, depth, at, 16, 2, 2, c);
}

/* Quoted-printable (RFC 2045, 6.7), where a line end after the mark is none. */
static bool read_quoted(const view *v, int depth, size_t *at, uint32_t *c) {
    while (*c == '=') {
        if (read_digits(v, depth, at, 16, 2, 2, c)) return true;
        *c = '=';
        size_t end = *at;
        uint32_t next;
        if (!read_next(v, depth, &end, &next)) return false;
        if (next == '\r' && !read_next(v, depth, &end, &next)) return false;
        if (next != '\n' || !read_next(v, depth, &end, c)) return false;
        *at = end;
    }
    return true;
}

static const struct {
    decoder decode;
    char mark;
    bool is_outermost; /* only in the text itself: in what it is decoded to, the others are */
} decoders[] = {{.decode = read_json, .mark = '\\'},
                {.decode = read_html, .mark = '&'},
                {.decode = read_url, .mark = '%'},
                {.decode = read_quoted, .mark = '=', .is_outermost = true}};
#define DECODERS (sizeof decoders / sizeof *decoders)

static bool is_mark(unsigned char c) {
    for (size_t i = 0; i < DECODERS; i++) {
        if (c == (unsigned char)decoders[i].mark) return true;
    }
    return false;
}

/* ---- comparing ---- */

static bool is_blank(uint32_t c) {
    return c <= ' ';
}

/* Without case, and with base64url as base64. */
static int fold(uint32_t c) {
    return c == '-' ? '+' : c == '_' ? '/' : tolower((int)c);
}

/* Where the secret ends that begins at `at`, or 0 when none does. */
static size_t find_end(const view *v, const char *secret, size_t at) {
    int blanks = 0;
    while (*secret != '\0') {
        uint32_t c, point = (unsigned char)*secret;
        if (!read_next(v, v->depth, &at, &c)) return 0;
        size_t size = 1;
        if (c & CODE_POINT) size = siem_utf8_decode(secret, strlen(secret), &point);
        if (c & CODE_POINT ? (c ^ CODE_POINT) == point : fold(c) == fold(point)) {
            secret += size;
            while (is_blank((unsigned char)*secret) && *secret != '\0') secret++;
            blanks = 0;
        } else if (!(is_blank(c) || c == '+') || ++blanks > MOST_BLANKS) {
            return 0; /* a plus is a space in a form */
        }
    }
    return at;
}

/* Whether the character at `at` belongs to an escape that begins right before it. */
static bool is_escaped(const view *v, size_t at) {
    size_t marks = 0;
    while (marks < at && v->text[at - marks - 1] == '\\') marks++;
    return marks % 2 == 1;
}

static bool mask_view(const view *v, const char *secret) {
    bool found = false;
    int first = fold((unsigned char)*secret);
    for (size_t at = 0; at < v->size; at++) {
        unsigned char c = (unsigned char)v->text[at];
        bool may_be = fold(c) == first || (v->depth > 0 && is_mark(c));
        size_t end = may_be ? find_end(v, secret, at) : 0;
        if (end == 0) continue;
        found = true;
        for (size_t i = is_escaped(v, at) ? at - 1 : at; i < end; i++) {
            if (!is_blank((unsigned char)v->text[i])) v->text[i] = '*';
        }
        at = end - 1;
    }
    return found;
}

/* Through the layers of the view, and more on top of them. */
static bool mask_deeper(view *v, const char *secret, int most) {
    bool found = false;
    for (size_t i = 0; v->depth < most && i < DECODERS; i++) {
        bool is_used = v->depth > 0 ? !decoders[i].is_outermost
                                    : memchr(v->text, decoders[i].mark, v->size) != NULL;
        if (!is_used) continue;
        v->layers[v->depth++] = decoders[i].decode;
        found |= mask_view(v, secret);
        found |= mask_deeper(v, secret, most);
        v->depth--;
    }
    return found;
}

static size_t count_characters(const char *secret) {
    size_t count = 0;
    for (; *secret != '\0'; secret++) count += !is_blank((unsigned char)*secret);
    return count;
}

/* The base64 of a secret that is `shift` bytes into a group of three: without the characters that
 * depend on what is before or after it. */
static void encode(siem_buffer *out, const char *secret, size_t shift) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t end = (shift + strlen(secret)) * 8 / 6;
    (void)siem_buffer_reserve_secret(out, end + 1);
    for (size_t i = (shift * 8 + 5) / 6; i < end; i++) {
        size_t bit = i * 6 - shift * 8;
        const unsigned char *at = (const unsigned char *)secret + bit / 8; /* a NUL is after it */
        siem_buffer_add_char(out, digits[(at[0] << 8 | at[1]) >> (10 - bit % 8) & 63]);
    }
    siem_buffer_add_char(out, '\0');
}

/* Masks a secret in base64, alone or within other text. */
static bool mask_base64(view *v, const char *secret, size_t shift) {
    siem_buffer encoded = {0};
    encode(&encoded, secret, shift);
    bool found = encoded.failed; /* without memory, it may be there */
    if (!found) {
        found = mask_view(v, encoded.bytes);
        if (v->size <= LONG_TEXT) found |= mask_deeper(v, encoded.bytes, 1);
    }
    siem_buffer_free_secret(&encoded);
    return found;
}

bool siem_mask(const char *secret, char *text, size_t size) {
    view v = {.text = text, .size = size};
    while (is_blank((unsigned char)*secret) && *secret != '\0') secret++;
    if (size == 0 || count_characters(secret) < SHORTEST) return false;
    (void)mask_view(&v, secret);
    bool found = mask_deeper(&v, secret, size > LONG_TEXT ? 1 : MOST_LAYERS);
    for (size_t shift = 0; shift < 3; shift++) found |= mask_base64(&v, secret, shift);
    return found;
}

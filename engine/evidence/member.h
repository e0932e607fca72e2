/* member.h: members of a JSON object, as canonical text (json_reader.h), that are numbers or texts.
 */
#ifndef SIEM_MEMBER_H
#define SIEM_MEMBER_H

#include <oversight/siem.h>

typedef struct siem_text {
    const char *bytes;
    size_t size;
} siem_text;

/* A whole number of at most 18 digits. */
bool siem_member_integer(const char *object, size_t size, const char *key, int64_t *integer);

/* What is between the quotes of a text, with its escapes. */
bool siem_member_text(const char *object, size_t size, const char *key, siem_text *text);

/* True for null, and without that member. */
bool siem_member_is_null(const char *object, size_t size, const char *key);

#endif

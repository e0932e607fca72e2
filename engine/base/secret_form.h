/* secret_form.h: what a credential looks like, and the other forms in which one is given. */
#ifndef SIEM_SECRET_FORM_H
#define SIEM_SECRET_FORM_H

#include <oversight/siem.h>

/* All zero: any text on one line, as a password. */
typedef struct siem_secret_form {
    bool word;          /* printable ASCII without spaces */
    const char *scheme; /* of the Authorization header that it becomes, which may be in front; NULL:
                           none */
    bool pair;          /* "id:key" means its base64 (Elasticsearch: "Create API key") */
} siem_secret_form;

/* Makes a text of `capacity` bytes the credential that is meant: without a byte order mark, blanks
 * at its end, and what the form allows in front. Errors: SIEM_HELD for another form, with what to
 * do; never with the text. */
siem_code siem_secret_form_apply(const siem_secret_form *form, const char *name, char *text,
                                 size_t capacity, siem_error *err);

/* Whether bytes that were read begin as UTF-16 does. */
bool siem_secret_is_utf16(const char *bytes, size_t size);

#endif

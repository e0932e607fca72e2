/* secret.h: a credential that is named, read when it is needed, and wiped after use. */
#ifndef SIEM_SECRET_H
#define SIEM_SECRET_H

#include "base/secret_form.h"

typedef struct siem_secret siem_secret;

/* Takes "file:PATH", "env:NAME", "cmd:COMMAND" (run by /bin/sh) or the credential itself. `name` is
 * the option it was given as, for messages. Name and form are borrowed and outlive the secret. This
 * reads the credential for the first time. Errors: SIEM_HELD when it cannot be read, is empty or of
 * another form; SIEM_NO_MEMORY. */
siem_code siem_secret_open(siem_secret **out, const char *name, const siem_secret_form *form,
                           const char *source, siem_error *err);

/* The file that a source names, or NULL. Borrowed from it. */
const char *siem_secret_file(const char *source);

/* Keeps a credential that came from elsewhere, without line breaks. It has no source to be read
 * again from. Errors: SIEM_HELD when it is longer than 16 KiB; SIEM_NO_MEMORY. */
siem_code siem_secret_keep(siem_secret **out, const char *name, const char *text, siem_error *err);

/* Reads it again. `changed` (NULL is allowed) receives whether it has changed. Errors: as above;
 * the old one stays. */
siem_code siem_secret_reload(siem_secret *secret, bool *changed, siem_error *err);

/* The credential, without the line end of its file. Borrowed until the next reload. */
const char *siem_secret_text(const siem_secret *secret);

/* Grows each time that the credential has changed. */
unsigned siem_secret_generation(const siem_secret *secret);

/* Wipes and frees. NULL is allowed. */
void siem_secret_close(siem_secret *secret);

#endif

/* sheaf.h: messages that were taken together, and copied, so that another thread can read them. */
#ifndef SIEM_SHEAF_H
#define SIEM_SHEAF_H

#include "topic/message.h"

typedef struct siem_sheaf siem_sheaf;

siem_code siem_sheaf_open(siem_sheaf **out, siem_error *err);

/* Errors: SIEM_NO_MEMORY. */
siem_code siem_sheaf_add(siem_sheaf *sheaf, const siem_message *message, siem_error *err);

/* Whether it has as many as a slice should have. */
bool siem_sheaf_is_full(const siem_sheaf *sheaf);

/* Message `index`, borrowed until close; false beyond the last. */
bool siem_sheaf_at(const siem_sheaf *sheaf, size_t index, siem_message *message);

/* NULL is allowed. */
void siem_sheaf_close(siem_sheaf *sheaf);

#endif

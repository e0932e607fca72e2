/* translator.h: messages as events, on any thread. */
#ifndef SIEM_TRANSLATOR_H
#define SIEM_TRANSLATOR_H

#include "source/readers.h"
#include "topic/message.h"

typedef struct siem_translator siem_translator;

/* The name of the topic must outlive it. */
siem_code siem_translator_open(siem_translator **out, const char *topic, siem_error *err);

/* The event of a message, borrowed until the next call and as long as the message. SIEM_REFUSED:
 * the message is not an event, and the event says what it is, for a dead letter. Errors:
 * SIEM_NO_MEMORY. */
siem_code siem_translator_read(siem_translator *translator, const siem_message *message,
                               siem_event **event, siem_error *err);

/* NULL is allowed. */
void siem_translator_close(siem_translator *translator);

/* Readers of sheaves, opened for the name of the topic. */
extern const siem_readers siem_sheaf_readers;

#endif

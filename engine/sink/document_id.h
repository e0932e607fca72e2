/* document_id.h: the id of a record, the same at every attempt, also by another process. A target
 * that stores records by it stores a record that is sent twice once. */
#ifndef SIEM_DOCUMENT_ID_H
#define SIEM_DOCUMENT_ID_H

#include <oversight/siem.h>

#define SIEM_DOCUMENT_ID_SIZE 28 /* without a NUL */

typedef struct siem_document_id {
    char text[SIEM_DOCUMENT_ID_SIZE + 1];
} siem_document_id;

/* The digest algorithm, shared by all threads: finding it takes longer than computing a digest.
 */
typedef struct siem_document_hash siem_document_hash;

siem_code siem_document_hash_open(siem_document_hash **out, siem_error *err);

/* NULL is allowed. */
void siem_document_hash_close(siem_document_hash *hash);

/* What makes them, for one thread; NULL without memory. */
typedef struct siem_document_ids siem_document_ids;

siem_document_ids *siem_document_ids_open(const siem_document_hash *hash);

/* The id of an event's record number `part`, from 0. False without memory. */
bool siem_document_ids_make(siem_document_ids *ids, const char *registry_id, const char *event_id,
                            unsigned part, siem_document_id *out);

/* NULL is allowed. */
void siem_document_ids_close(siem_document_ids *ids);

#endif

/* compressors.h: the compressors of a sink: as many as threads compress for it at once.
 *
 * Each has memory to work in, which serves again and again. */
#ifndef SIEM_COMPRESSORS_H
#define SIEM_COMPRESSORS_H

#include "sink/body.h"
#include "sink/http/compression.h"

typedef struct siem_compressors siem_compressors;

/* Errors: those of siem_compressor_open, for the first one. */
siem_code siem_compressors_open(siem_compressors **out, const siem_compression *compression,
                                int level, siem_error *err);

/* "gzip". */
const char *siem_compressors_encoding(const siem_compressors *compressors);

/* Compresses a body. Any thread may call it. Errors: SIEM_NO_MEMORY. */
siem_code siem_compressors_run(siem_compressors *compressors, siem_body *body, siem_error *err);

/* Frees what no thread uses. */
void siem_compressors_rest(siem_compressors *compressors);

/* NULL is allowed. */
void siem_compressors_close(siem_compressors *compressors);

#endif

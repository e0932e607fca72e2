/* sink.h: what a kind of sink is made of. */
#ifndef SIEM_SINK_H
#define SIEM_SINK_H

#include <oversight/siem.h>

/* A kind's own struct begins with this one. */
struct siem_sink {
    const struct siem_sink_kind *kind;
};

typedef struct siem_sink_kind {
    const char *name;
    /* As siem_sink_send; the batch holds at least one record. */
    siem_code (*send)(siem_sink *sink, const siem_batch *batch, size_t *delivered, siem_error *err);
    /* As siem_sink_close; frees the sink. */
    siem_code (*close)(siem_sink *sink, siem_error *err);
} siem_sink_kind;

#endif

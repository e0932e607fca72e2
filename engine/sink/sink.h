/* sink.h: what a kind of sink is made of.
 *
 * A local kind takes a batch at once. A remote kind says what to send and what an answer means; it
 * is `delivery` that sends, waits, and tries again. */
#ifndef SIEM_SINK_H
#define SIEM_SINK_H

#include "base/outage.h"
#include "sink/answer.h"
#include "sink/options.h"
#include "sink/sizing.h"
#include "store/line_file.h"

/* How much is sent at once, and how often again. */
typedef struct siem_pace {
    size_t body_bytes;   /* a request's body never exceeds this; 0: no limit */
    size_t batch_bytes;  /* a batch is sent when it holds this much; 0: the export decides */
    size_t batch_events; /* or this many records; 0: no limit */
    size_t field_bytes;  /* text fields of a flat record are cut at this size; 0: no limit */
    size_t in_flight;    /* requests at once; 0 for local kinds */
    int64_t retries;     /* attempts in a row without success, after the first */
    double retry_base;   /* seconds: a pause is random up to base x 2^attempts, */
    double retry_cap;    /* and at most this */
} siem_pace;

/* Of local kinds: one batch at a time, whose size the export decides. */
extern const siem_pace siem_local_pace;

/* A kind's own struct begins with this one. */
struct siem_sink {
    const struct siem_sink_kind *kind;
    siem_pace pace;
    siem_transport *http;      /* NULL for local kinds */
    siem_preview_text preview; /* instead of sending; NULL: send */
    void *preview_context;
    siem_sink_go_on go_on; /* NULL: nobody asks for an end */
    void *go_on_context;
    siem_notice_function notice; /* of siem_sink_send and siem_sink_count; NULL: nobody listens */
    void *notice_context;
    char remark[SIEM_REPORT_SIZE]; /* of siem_sink_add_remark; "": none */
    bool told_exposure;            /* of credentials that go over plain http */
    const char *target;            /* of siem_sink_target; NULL: none */
    siem_outage outage;   /* of the target; it outlives deliveries, which come one after another */
    siem_lane *lanes;     /* of remote kinds, that no delivery uses: a list */
    siem_sizing sizing;   /* of its requests */
    unsigned users;       /* deliveries that have records for it */
    siem_export *exports; /* that are open on it: a list */
    const siem_export *runner;   /* whose call is going on; NULL: none */
    const siem_line_file *lines; /* that it writes; NULL for other kinds */
    char **reasons;              /* of the outcomes that siem_sink_send gave last */
    size_t reason_count;
};

/* The records of one request: some of a batch, in its order. */
typedef struct siem_parcel {
    const siem_batch *batch;
    const size_t *records; /* their indices */
    size_t count;
    const siem_lane *lane; /* that it goes on; NULL: none */
    int64_t ticket; /* the sink's, of a request that is to be confirmed on its lane; -1: none */
    double since;   /* when the ticket was given, in seconds of siem_clock */
    unsigned credential; /* the sink's, which of its credentials the request was written with */
} siem_parcel;

typedef struct siem_protocol {
    bool stores_once; /* a record that is sent again changes nothing */
    /* How large a body of `count` records is that have `bytes` bytes with their line ends. */
    size_t (*body_size)(const siem_sink *sink, size_t count, size_t bytes);
    /* Writes the request of a parcel, and may note its credential. Errors: SIEM_HELD,
     * SIEM_NO_MEMORY, SIEM_INVALID. */
    siem_code (*write)(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                       siem_error *err);
    /* Says what the response means; may give the parcel a ticket. */
    void (*read)(siem_sink *sink, siem_parcel *parcel, const siem_response *response,
                 siem_answer *answer);
    /* What is asked before events are sent, as long as it is needed: for an access token, or
     * whether the target is set up. NULL where nothing is. The answer has one outcome. */
    bool (*needs_prelude)(siem_sink *sink);
    siem_code (*write_prelude)(siem_sink *sink, siem_request *request, siem_error *err);
    void (*read_prelude)(siem_sink *sink, const siem_response *response, siem_answer *answer);
    /* A request that changes nothing and shows that the target is there and takes the credentials;
     * NULL: any answer shows that it is there. The answer has one outcome. */
    siem_code (*write_ping)(siem_sink *sink, siem_request *request, siem_error *err);
    void (*read_ping)(siem_sink *sink, const siem_response *response, siem_answer *answer);
    /* Asked before, where the target has a word of its own on how it is; else NULL. */
    siem_code (*write_health)(siem_sink *sink, siem_request *request, siem_error *err);
    void (*read_health)(siem_sink *sink, const siem_response *response, siem_answer *answer);
    /* A request for how many documents each of some events has; NULL where that cannot be told. The
     * answer has one outcome; the counts are 0 before. */
    siem_code (*write_count)(siem_sink *sink, const char *registry_id, const char *const *event_ids,
                             size_t size, siem_request *request, siem_error *err);
    void (*read_count)(siem_sink *sink, const siem_response *response, const char *registry_id,
                       const char *const *event_ids, size_t size, unsigned *counts,
                       siem_answer *answer);
} siem_protocol;

struct siem_sink_kind {
    const char *name;
    const char *summary;
    const char *format;      /* the format that suits it, or NULL */
    const char *retired;     /* what to prefer, and why; NULL: it is current */
    const char *from_format; /* its option that the format's option of that name sets, or NULL */
    bool takes_urls;         /* a URL without the name of a kind is one of this kind */
    const siem_option_spec *options;        /* its own */
    const siem_option_spec *shared_options; /* those of its carrier; NULL: none */
    siem_code (*open)(siem_sink **out, const siem_options *options, siem_error *err);
    /* Local kinds: sends all records, or tells in the answer which are in. The batch is not empty.
     */
    siem_code (*send)(siem_sink *sink, const siem_batch *batch, siem_answer *answer,
                      siem_error *err);
    const siem_protocol *protocol; /* remote kinds */
    /* Kinds that write files; else NULL. As those of line_file: claimed and released by each
     * export, the others are for one with a checkpoint. */
    siem_code (*resume)(siem_sink *sink, const siem_extent *extent, bool *found, siem_error *err);
    siem_code (*sync)(siem_sink *sink, siem_extent *extent, siem_error *err);
    siem_code (*claim)(siem_sink *sink, siem_moved_function moved, void *context, siem_error *err);
    void (*release)(siem_sink *sink);
    bool rejects; /* local kinds: it may reject records, whose events a dead letter is to hold */
    /* As siem_sink_close; frees the sink. */
    siem_code (*close)(siem_sink *sink, siem_error *err);
};

/* The pause before the next attempt, in seconds, after `attempts` that failed before the last one:
 * what the server asks for, if it is not negative, but an hour at most; else random. */
double siem_sink_pause(const siem_sink *sink, int64_t attempts, double retry_after);

/* Records that an attempt failed. */
void siem_sink_fails(siem_sink *sink, const char *reason);

/* Adds what is to be reported of how the sink is set up. */
__attribute__((format(printf, 2, 3))) void siem_sink_add_remark(siem_sink *sink, const char *format,
                                                                ...);

/* Whether something is, before a request is sent, by `text`: once. Credentials that the request
 * shows on its way are added. */
bool siem_sink_remark(siem_sink *sink, const siem_request *request, char text[SIEM_REPORT_SIZE]);

/* Whether a pause, and what of it the server asked for, is to be reported, by `text`. */
bool siem_sink_waits(siem_sink *sink, double pause, double retry_after,
                     char text[SIEM_REPORT_SIZE]);

/* Records that an attempt succeeded. Whether that is to be reported, by `text`. */
bool siem_sink_works(siem_sink *sink, char text[SIEM_REPORT_SIZE]);

/* What a server asks for that is longer than any pause of the sink's own, for the end of a
 * message. */
typedef struct siem_wish {
    char text[96];
} siem_wish;
siem_wish siem_sink_wish(const siem_sink *sink, double retry_after);

/* Exports that are open on a sink learn when it is closed: they have none then. */
void siem_sink_add_export(siem_sink *sink, siem_export *export_);
void siem_sink_remove_export(siem_sink *sink, const siem_export *export_);

/* Checks for the public function of that name that no call of an export is going on, and that a
 * target owes no other delivery an answer: `is_own` when one of the users is the caller's. Errors:
 * SIEM_INVALID. */
siem_code siem_sink_check_free(const siem_sink *sink, bool is_own, const char *function,
                               siem_error *err);

/* How large the body of a request with all records of a batch is, and whether it exceeds what the
 * target takes. */
size_t siem_sink_body_size(const siem_sink *sink, const siem_batch *batch);
bool siem_sink_is_too_large(const siem_sink *sink, const siem_batch *batch);

#endif

/* sink.h: the parts of a kind of sink. A delivery gives it parcels, and the sink returns the
 * outcomes of their records. A sink never waits or retries by itself: the delivery does. The
 * abilities of a kind are data, so that no code asks for its name. */
#ifndef SIEM_SINK_H
#define SIEM_SINK_H

#include "base/outage.h"
#include "base/patience.h"
#include "record/encoding.h"
#include "sink/answer.h"
#include "sink/options.h"
#include "sink/parcel.h"
#include "sink/sizing.h"
#include "store/line_file.h"

/* The sizes of requests, and the retries. */
typedef struct siem_pace {
    size_t body_bytes;      /* a request's body never exceeds this; 0: no limit */
    size_t batch_bytes;     /* a batch is sent when it holds this much; 0: the export decides */
    size_t batch_events;    /* or this many records; 0: no limit */
    size_t field_bytes;     /* text fields of a flat record are cut at this size; 0: no limit */
    size_t in_flight;       /* requests at once; 0 for local kinds */
    siem_patience patience; /* with what failed */
} siem_pace;

/* Of kinds that answer at once: one parcel at a time, whose size the export decides. */
extern const siem_pace siem_local_pace;

/* A holder of the sink: its pointer becomes NULL when the sink is closed. */
typedef struct siem_sink_holder {
    struct siem_sink_holder *next;
    siem_sink **sink;
} siem_sink_holder;

/* A kind's own struct begins with this one. */
struct siem_sink {
    const struct siem_sink_kind *kind;
    siem_pace pace;
    siem_preview_text preview; /* instead of sending; NULL: send */
    void *preview_context;
    siem_sink_go_on go_on; /* NULL: nobody asks for an end */
    void *go_on_context;
    siem_notice_function notice; /* of siem_sink_send and siem_sink_count; NULL: none */
    void *notice_context;
    char remark[SIEM_REPORT_SIZE]; /* of siem_sink_add_remark; "": none */
    const char *target;            /* of siem_sink_target; NULL: none */
    siem_outage outage; /* of the target; it outlives deliveries, which come one after another */
    siem_sizing sizing; /* of its requests */
    unsigned users;     /* deliveries that have records for it */
    struct siem_sink_holder *holders; /* a list */
    const siem_export *runner;        /* whose call is going on; NULL: none */
    const siem_line_file *lines;      /* that it writes; NULL for other kinds */
    siem_parcel *answered;            /* of siem_sink_keep_answer; NULL: none */
    siem_answer answer;               /* to it */
    char **reasons;                   /* of the outcomes that siem_sink_send gave last */
    size_t reason_count;
};

/* The events that are counted, and how often each is there. */
typedef struct siem_count {
    const char *registry_id;
    const char *const *event_ids;
    size_t size;
    unsigned *counts;
} siem_count;

/* How parcels go to a kind of sink. HTTP is one carrier of many kinds. */
typedef struct siem_carrier {
    /* How large the body of a request with `count` records is that have `bytes` bytes with their
     * line ends. NULL: as large as they are. */
    size_t (*body_size)(const siem_sink *sink, size_t count, size_t bytes);
    /* Makes the body of a parcel: the part of its request that depends only on the records. Any
     * thread may call it, for several parcels at once, while the sink has deliveries. NULL: nothing
     * to make. Errors: SIEM_NO_MEMORY. */
    siem_code (*prepare)(const siem_sink *sink, siem_parcel *parcel, siem_error *err);
    /* Sends a prepared parcel, or asks for the confirmation of its ticket. Never waits. After an
     * error, `next` has the records that were delivered. Errors: any; they end the delivery. */
    siem_code (*begin)(siem_sink *sink, siem_parcel *parcel, siem_error *err);
    /* Waits until some parcel is answered, for at most `milliseconds`. NULL: `begin` has the answer
     * of its parcel, so that several deliveries can use the sink. */
    void (*wait)(siem_sink *sink, int milliseconds);
    /* A parcel that is answered, or NULL. The answer's outcomes are the parcel's. */
    siem_parcel *(*next)(siem_sink *sink, siem_answer *answer);
    /* Frees what belongs to a parcel, and cancels it if it is in flight. `is_settled`: no
     * confirmation is outstanding. NULL: nothing to free. */
    void (*release)(siem_sink *sink, siem_parcel *parcel, bool is_settled);
    /* Frees memory that is kept from one parcel to the next. NULL: none. */
    void (*rest)(siem_sink *sink);
    /* siem_sink_ping, without its checks. NULL: there is no target to ask. */
    siem_code (*ping)(siem_sink *sink, char answer[200], siem_error *err);
    /* siem_sink_count likewise; for kinds with SIEM_COUNTS. */
    siem_code (*count)(siem_sink *sink, const siem_count *count, siem_error *err);
} siem_carrier;

/* Kinds that write files: the functions of line_file. The file is claimed and released by each
 * export; the others are for one with a checkpoint. */
typedef struct siem_filing {
    siem_code (*resume)(siem_sink *sink, const siem_extent *extent, bool *found, siem_error *err);
    siem_code (*sync)(siem_sink *sink, siem_extent *extent, siem_error *err);
    siem_code (*claim)(siem_sink *sink, siem_moved_function moved, void *context, siem_error *err);
    void (*release)(siem_sink *sink);
} siem_filing;

/* What a kind can do. */
enum {
    SIEM_REJECTS = 1,      /* may reject records, whose events go to a dead letter */
    SIEM_STORES_ONCE = 2,  /* a record that is sent again changes nothing */
    SIEM_WHOLE_EVENTS = 4, /* all records of an event go in one parcel */
    SIEM_COUNTS = 8,       /* tells how often it has an event */
    SIEM_PREVIEWS = 16,    /* can show what it would send */
    SIEM_IN_ORDER =
        32 /* parcels begin in the order of events; after a failure, later ones fail as well */
};

struct siem_sink_kind {
    const char *name;
    const char *summary;
    const char *format;      /* the format that suits it, or NULL */
    const char *retired;     /* what to prefer, and why; NULL: it is current */
    const char *from_format; /* its option that the format's option of that name sets, or NULL */
    bool takes_urls;         /* a URL without the name of a kind is one of this kind */
    const siem_option_spec *options;        /* its own */
    const siem_option_spec *shared_options; /* those of its carrier; NULL: none */
    unsigned can;                           /* SIEM_REJECTS, ... */
    unsigned accepts;                       /* encodings: SIEM_ACCEPTS_JSON, ...; all: ~0u */
    siem_code (*open)(siem_sink **out, const siem_options *options, siem_error *err);
    const siem_carrier *carrier;
    const siem_filing *filing; /* NULL: it writes no file */
    /* As siem_sink_close; frees the sink. */
    siem_code (*close)(siem_sink *sink, siem_error *err);
};

/* Prepares a parcel unless it is. Errors: as the carrier's. */
siem_code siem_sink_prepare(const siem_sink *sink, siem_parcel *parcel, siem_error *err);

/* For kinds that answer at once: keeps the answer to a parcel; and gives it, as `next` of their
 * carrier. */
void siem_sink_keep_answer(siem_sink *sink, siem_parcel *parcel, const siem_answer *answer);
siem_parcel *siem_sink_next_kept(siem_sink *sink, siem_answer *answer);

/* Records that an attempt failed. */
void siem_sink_fails(siem_sink *sink, const char *reason);

/* Adds a remark about the sink's set-up. */
__attribute__((format(printf, 2, 3))) void siem_sink_add_remark(siem_sink *sink, const char *format,
                                                                ...);

/* Whether something is, by `text`: once. */
bool siem_sink_remark(siem_sink *sink, char text[SIEM_REPORT_SIZE]);

/* Whether a pause, and the part that the server asked for, must be reported, by `text`. */
bool siem_sink_waits(siem_sink *sink, double pause, double retry_after,
                     char text[SIEM_REPORT_SIZE]);

/* Records that an attempt succeeded. Returns whether that must be reported, by `text`. */
bool siem_sink_works(siem_sink *sink, char text[SIEM_REPORT_SIZE]);

/* What a server asks for that is longer than any pause of the sink's own, for the end of a
 * message. */
typedef struct siem_wish {
    char text[96];
} siem_wish;
siem_wish siem_sink_wish(const siem_sink *sink, double retry_after);

/* A copy of a reason that lives until they are forgotten; NULL without memory. */
const char *siem_sink_keep_reason(siem_sink *sink, const char *reason);
void siem_sink_forget_reasons(siem_sink *sink);

/* The holder stays where it is until it is removed or the sink is closed. */
void siem_sink_add_holder(siem_sink *sink, siem_sink_holder *holder);
void siem_sink_remove_holder(siem_sink *sink, const siem_sink_holder *holder);

/* Checks for the public function of that name that no export is in a call, and that no other
 * delivery waits for an answer: `is_own` when one of the users is the caller's. Errors:
 * SIEM_INVALID. */
siem_code siem_sink_check_free(const siem_sink *sink, bool is_own, const char *function,
                               siem_error *err);

/* How large the body of a request with `count` records is that have `bytes` bytes with their line
 * ends, and whether it exceeds what the target takes. */
size_t siem_sink_body_size(const siem_sink *sink, size_t count, size_t bytes);
bool siem_sink_is_too_large(const siem_sink *sink, size_t count, size_t bytes);

#endif

/* sink.h: where batches go. The chapter of siem.h on sinks, which includes it and whose
 * conventions hold here. Since 0.1.0. */
#ifndef OVERSIGHT_SINK_H
#define OVERSIGHT_SINK_H

#ifndef OVERSIGHT_SIEM_H
#error "include <oversight/siem.h>"
#endif

/* Where batches go. */
typedef struct siem_sink siem_sink;

/* What became of one record. */
typedef enum siem_verdict {
    SIEM_UNDECIDED = 0, /* not sent, or not known */
    SIEM_DELIVERED,
    SIEM_RETRY,  /* send it again later */
    SIEM_REJECT, /* the target never takes this record */
    SIEM_HOLD    /* the configuration is wrong: the export stops until it is fixed */
} siem_verdict;

typedef struct siem_outcome {
    siem_verdict verdict;
    int http_status;    /* 0: none */
    int code;           /* the protocol's own, as HEC's; 0 or negative: none */
    bool existed;       /* delivered before: the target has this id already */
    bool kept_aside;    /* delivered into a failure store, for someone to look into */
    const char *reason; /* of SIEM_REJECT, else NULL */
} siem_outcome;

/* Opens a file for appending whole lines; `truncate` empties it before the first one. It is made
 * with mode 0640, whatever the umask is. When the path is renamed or removed (log rotation), the
 * next batch goes to a new file of that path. A file has one writer. An export locks it while it
 * runs. siem_sink_send without an export locks it until the sink is closed. When another sink or
 * process has the lock, both fail with SIEM_HELD, and the file is not changed. Locks of readers do
 * not count. Errors: SIEM_NOT_FOUND for a folder that does not exist, SIEM_HELD for a file or a
 * link of another user except root; SIEM_INVALID for a database of SQLite or a file beside one,
 * SIEM_IO. */
SIEM_API siem_code siem_sink_open_file(siem_sink **out, const char *path, bool truncate,
                                       siem_error *err);

/* Standard output. Errors: SIEM_IO when it is closed or read-only. */
SIEM_API siem_code siem_sink_open_stdout(siem_sink **out, siem_error *err);

/* A sink of the caller. `send` fails, or takes records: `outcomes` has one for each record, preset
 * to SIEM_DELIVERED, and `send` changes those of records that it did not take (reasons are copied).
 * `close` (NULL is allowed) runs once, from siem_sink_close. */
typedef siem_code (*siem_send_function)(void *context, const siem_batch *batch,
                                        siem_outcome *outcomes, siem_error *err);
SIEM_API siem_code siem_sink_open_function(siem_sink **out, siem_send_function send,
                                           void (*close)(void *context), void *context,
                                           siem_error *err);

/* A name and its text, for sinks and formats. */
typedef struct siem_option {
    const char *name;  /* required */
    const char *value; /* required */
} siem_option;

/* Opens a sink that delivers to a SIEM over HTTP, "http", "splunk", "elastic", "sentinel", "azure",
 * or to a topic: "kafka".
 * siem_sink_kind_option lists its options. Nothing is sent. Credentials are given as
 * "file:PATH", "env:NAME" or "cmd:COMMAND". Errors: SIEM_INVALID, also for an option that is empty,
 * SIEM_NOT_FOUND for an unknown kind, SIEM_HELD for a credential that cannot be read. */
SIEM_API siem_code siem_sink_open(siem_sink **out, const char *kind, const siem_option *options,
                                  size_t option_count, siem_error *err);

/* Kind `index` (from 0) of these sinks, or NULL beyond the last. Static. */
typedef struct siem_sink_kind siem_sink_kind;
SIEM_API const siem_sink_kind *siem_sink_kind_at(size_t index);
SIEM_API const char *siem_sink_kind_name(const siem_sink_kind *kind);
SIEM_API const char *siem_sink_kind_summary(const siem_sink_kind *kind);

/* The format that suits a kind, or NULL. */
SIEM_API const char *siem_sink_kind_format(const siem_sink_kind *kind);

/* How the text of an option is read. */
typedef enum siem_option_kind {
    SIEM_OPTION_TEXT = 0,
    SIEM_OPTION_TEXTS,   /* it may come several times */
    SIEM_OPTION_SECRET,  /* "file:PATH", "env:NAME", "cmd:COMMAND", or a credential */
    SIEM_OPTION_FLAG,    /* "true" or "false" */
    SIEM_OPTION_CHOICE,  /* one of `value`, as "gzip|none" */
    SIEM_OPTION_INTEGER, /* a whole number */
    SIEM_OPTION_BYTES,   /* likewise */
    SIEM_OPTION_SECONDS  /* a number, which may have a fraction */
} siem_option_kind;

typedef struct siem_sink_option {
    const char *name; /* "batch_bytes" */
    siem_option_kind kind;
    const char *value;  /* "BYTES": what its text means; NULL for a flag */
    const char *help;   /* one sentence, without its range and its default */
    double least, most; /* of a number: its range; else 0 */
    char fallback[32];  /* the default; "": none, or `help` has it */
    bool required;
    bool secret; /* it may hold a credential */
} siem_sink_option;

/* Option `index` of a kind: first its own, then those that it shares with others. False beyond the
 * last. The texts are static. Since 0.2.0 in this form. */
SIEM_API bool siem_sink_kind_option(const siem_sink_kind *kind, size_t index,
                                    siem_sink_option *option);

/* Delivers a batch. It waits and retries as the sink's options say. `outcomes` (NULL is
 * allowed) receives one outcome a record, also on failure: a file never keeps part of a record.
 * Reasons are borrowed until the sink sends again or is closed. Errors: SIEM_IO, SIEM_PIPE_CLOSED,
 * SIEM_HELD, SIEM_UNAVAILABLE, SIEM_CANCELLED, SIEM_REFUSED when a record was rejected, or the code
 * of the caller's function. */
SIEM_API siem_code siem_sink_send(siem_sink *sink, const siem_batch *batch, siem_outcome *outcomes,
                                  siem_error *err);

/* Asks whether the target is reachable, takes the credentials and is set up, as far as its protocol
 * says. It changes nothing there. `answer` (NULL is allowed) receives the target's answer. Errors:
 * SIEM_HELD, SIEM_UNAVAILABLE, SIEM_INVALID for a sink that has no target. */
SIEM_API siem_code siem_sink_ping(siem_sink *sink, char answer[200], siem_error *err);

/* How often the target has each of these events of a registry, at most 2,500: `counts` receives as
 * many numbers. For "elastic", by the ids of documents, after their index was refreshed; and for
 * "kafka", which reads the topic once, by the headers or keys of messages. Errors: SIEM_HELD,
 * SIEM_UNAVAILABLE, SIEM_INVALID for any other sink. */
#define SIEM_MOST_COUNTED 2500
SIEM_API siem_code siem_sink_count(siem_sink *sink, const char *registry_id,
                                   const char *const *event_ids, size_t size, unsigned *counts,
                                   siem_error *err);

/* From here on, the sink sends nothing. `preview` receives each request as text, with secrets
 * masked. */
typedef void (*siem_preview_text)(void *context, const char *text, size_t size);
SIEM_API siem_code siem_sink_set_preview(siem_sink *sink, siem_preview_text preview, void *context,
                                         siem_error *err);

/* Sets a function that is called at least ten times a second while siem_sink_send, siem_sink_ping
 * and siem_sink_count wait for a target (once a second while a ping of "kafka" does). When it
 * returns false, they fail with SIEM_CANCELLED. NULL: none. */
typedef bool (*siem_sink_go_on)(void *context);
SIEM_API void siem_sink_set_go_on(siem_sink *sink, siem_sink_go_on go_on, void *context);

/* Receives one line, without a secret: the first attempt that fails, with its cause and the time of
 * the next one; further ones at growing intervals; and that attempts succeed again. Before the
 * first request, it receives once the file of a credential that other users can read. */
typedef void (*siem_notice_function)(void *context, const char *text);

/* Sets the function that siem_sink_send, siem_sink_ping and siem_sink_count call. NULL: none. An
 * export has its own. */
SIEM_API void siem_sink_set_notice(siem_sink *sink, siem_notice_function notice, void *context);

/* Where a sink delivers: the scheme, host and port of its URL, brokers, or a file's path; NULL for
 * others.
 * Borrowed until it is closed. */
SIEM_API const char *siem_sink_target(const siem_sink *sink);

/* What a file sink did with its file when it began to write: "new" (or it was empty), "appended" or
 * "emptied"; NULL before, and for others. Static. */
SIEM_API const char *siem_sink_beginning(const siem_sink *sink);

/* The name of a sink's kind: "file", "stdout", "function", or one of siem_sink_kind_at. */
SIEM_API const char *siem_sink_name(const siem_sink *sink);

/* Closes the sink, and reports an error that appears only then (a late write error of a network
 * file system). The sink is closed also after an error, except SIEM_INVALID: an export still has
 * events for it, and must be finished or closed first. Exports that are open on the sink can then
 * only be closed. Errors: SIEM_IO, SIEM_INVALID. */
SIEM_API siem_code siem_sink_close(siem_sink *sink, siem_error *err);

#endif

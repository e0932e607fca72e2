/* checkpoint.c: a small JSON file that is replaced as a whole, and forced to the disk each time. */
#include "store/checkpoint.h"

#include "base/buffer.h"
#include "base/checked_file.h"
#include "base/error.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/misuse.h"
#include "base/replaced_file.h"
#include "base/sqlite_file.h"
#include "source/registry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define VERSION   1
#define MOST_SIZE 65536 /* of any checkpoint */

/* The members of the file. Those that a checkpoint lacks belong to no one yet. */
#define KEY_VERSION     "oversight_checkpoint"
#define KEY_ID          "last_id"
#define KEY_TIME        "last_timestamp"
#define KEY_EVENT       "last_event"
#define KEY_SAVED       "saved"
#define KEY_REGISTRY    "registry_id"
#define KEY_FORMAT      "format"
#define KEY_SINK        "sink"
#define KEY_FILE        "registry_file"
#define KEY_OUTPUT      "output_file"
#define KEY_OUTPUT_SIZE "output_size"
#define KEY_RETRYING    "retrying_since"
#define KEY_CAUSE       "retrying_cause"

/* Of the last event: of a position set by hand, or within a batch. */
#define NO_FINGERPRINT "unknown"

struct siem_checkpoint {
    char *path;
    char *registry_id, *format, *sink; /* NULL: it belongs to no one yet */
    siem_identity registry_file;       /* as well when both are 0 */
    int lock;                          /* negative: it is not locked, */
    bool rehearses;                    /* and nothing is written */
    double saved;                      /* when, in seconds since 1970 */
    siem_position position;
    siem_extent extent;
    siem_outage outage; /* that is saved with the next position */
    siem_buffer text;
};

/* ---- opening ---- */

/* The lock is on a file beside: the checkpoint itself is replaced at each save. */
static siem_code take_lock(siem_checkpoint *checkpoint, siem_error *err) {
    char *path = NULL;
    if (asprintf(&path, "%s.lock", checkpoint->path) < 0) return siem_error_no_memory(err);
    siem_code rc = siem_checked_file_open(&checkpoint->lock, path, SIEM_FILE_LOCK, 0600, err);
    free(path);
    if (rc != SIEM_OK) {
        siem_error_prefix(err, "cannot lock the checkpoint '%s'", checkpoint->path);
        return rc == SIEM_NOT_FOUND ? SIEM_IO : rc;
    }
    if (flock(checkpoint->lock, LOCK_EX | LOCK_NB) == 0) return SIEM_OK;
    if (errno != EWOULDBLOCK) {
        return siem_error_set(err, SIEM_IO, "cannot lock the checkpoint '%s': %s", checkpoint->path,
                              strerror(errno));
    }
    return siem_error_set(err, SIEM_LOCKED,
                          "the checkpoint '%s' is in use by another process: stop that one, or "
                          "give this one a checkpoint of its own",
                          checkpoint->path);
}

/* Another user's checkpoint is never replaced or removed. */
static siem_code check_own(const siem_checkpoint *checkpoint, siem_error *err) {
    int fd;
    siem_code rc = siem_checked_file_open(&fd, checkpoint->path, SIEM_FILE_STATE, 0, err);
    if (rc == SIEM_OK) (void)close(fd);
    return rc == SIEM_NOT_FOUND ? SIEM_OK : rc;
}

/* Opens it without reading the file, and locks it, unless nothing is to be written. */
static siem_code open_at(siem_checkpoint **out, const char *path, bool rehearses, siem_error *err) {
    *out = NULL;
    if (*path == '\0') return siem_error_empty(err, "path", "the path of the checkpoint");
    if (siem_sqlite_file_is_at(path)) {
        return siem_error_set(
            err, SIEM_INVALID,
            "'%s' is not a checkpoint, but a database of SQLite: give another file", path);
    }
    siem_checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (checkpoint == NULL) return siem_error_no_memory(err);
    checkpoint->lock = -1;
    checkpoint->rehearses = rehearses;
    /* Under any of its names, the lock is the same one, and a link to it is not replaced.
     */
    siem_code rc = siem_checked_file_resolve(&checkpoint->path, path, SIEM_FILE_STATE, err);
    if (rc == SIEM_OK && !rehearses) rc = check_own(checkpoint, err);
    if (rc == SIEM_OK && !rehearses) rc = take_lock(checkpoint, err);
    if (rc == SIEM_OK) *out = checkpoint;
    else siem_checkpoint_close(checkpoint);
    return rc;
}

void siem_checkpoint_close(siem_checkpoint *checkpoint) {
    if (checkpoint == NULL) return;
    if (checkpoint->lock >= 0) (void)close(checkpoint->lock);
    siem_buffer_free(&checkpoint->text);
    free(checkpoint->path);
    free(checkpoint->registry_id);
    free(checkpoint->format);
    free(checkpoint->sink);
    free(checkpoint);
}

/* ---- reading ---- */

static siem_code damaged(const siem_checkpoint *checkpoint, siem_error *err) {
    return siem_error_set(err, SIEM_HELD,
                          "the checkpoint '%s' is damaged: say from where on events are new with "
                          "'checkpoint set', or start over with 'checkpoint reset'",
                          checkpoint->path);
}

static siem_code no_checkpoint(const char *path, siem_error *err) {
    return siem_error_set(err, SIEM_NOT_FOUND, "there is no checkpoint '%s'", path);
}

/* Reads the file's canonical form into `text`. SIEM_END: there is none. */
static siem_code read_text(siem_checkpoint *checkpoint, siem_file_use use, siem_error *err) {
    char bytes[MOST_SIZE];
    siem_json_reader reader = {0};
    struct stat status;
    int fd;
    siem_code rc = siem_checked_file_open(&fd, checkpoint->path, use, 0, err);
    if (rc == SIEM_NOT_FOUND) return SIEM_END;
    if (rc != SIEM_OK) {
        siem_error_prefix(err, "cannot read the checkpoint '%s'", checkpoint->path);
        return rc;
    }
    ssize_t size = siem_checked_file_fill(fd, bytes, sizeof bytes);
    if (size < 0) {
        rc = siem_error_set(err, SIEM_IO, "cannot read the checkpoint '%s': %s", checkpoint->path,
                            strerror(errno));
    }
    if (fstat(fd, &status) == 0) checkpoint->saved = (double)status.st_mtime;
    (void)close(fd);
    if (rc != SIEM_OK) return rc;
    checkpoint->text.size = 0;
    siem_json_result result = siem_json_read(&reader, bytes, (size_t)size, &checkpoint->text);
    siem_json_reader_free(&reader);
    return result == SIEM_JSON_READ ? SIEM_OK : damaged(checkpoint, err);
}

/* The JSON of a member, or NULL. */
static const char *find(const siem_checkpoint *checkpoint, const char *name, size_t *size) {
    const siem_buffer *text = &checkpoint->text;
    const char *value;
    return siem_json_find(text->bytes, text->size, name, strlen(name), &value, size) ? value : NULL;
}

/* Copies the characters of a plain text. */
static bool copy_text(const siem_checkpoint *checkpoint, const char *name, char *out,
                      size_t capacity) {
    size_t size;
    const char *value = find(checkpoint, name, &size);
    if (value == NULL || value[0] != '"' || size - 2 >= capacity) return false;
    memcpy(out, value + 1, size - 2);
    out[size - 2] = '\0';
    return true;
}

static bool read_integer(const siem_checkpoint *checkpoint, const char *name, int64_t *out) {
    char digits[24], *end;
    size_t size;
    const char *value = find(checkpoint, name, &size);
    if (value == NULL || size >= sizeof digits) return false;
    memcpy(digits, value, size);
    digits[size] = '\0';
    errno = 0;
    *out = strtoll(digits, &end, 10);
    return errno == 0 && end != digits && *end == '\0';
}

/* Reads "device:inode:born", where the last may be missing; none when there is no such member. */
static bool read_identity(const siem_checkpoint *checkpoint, const char *name,
                          siem_identity *identity) {
    char text[72], *at = text;
    size_t size;
    if (find(checkpoint, name, &size) == NULL) return true;
    if (!copy_text(checkpoint, name, text, sizeof text)) return false;
    errno = 0;
    identity->device = strtoull(at, &at, 10);
    if (*at != ':') return false;
    identity->inode = strtoull(at + 1, &at, 10);
    if (*at == ':') identity->born = strtoll(at + 1, &at, 10);
    return errno == 0 && *at == '\0';
}

/* Reads the last event; a checkpoint of no event has none. */
static bool read_position(const siem_checkpoint *checkpoint, siem_position *position) {
    char text[24], *end;
    size_t size;
    if (!read_integer(checkpoint, KEY_ID, &position->id) || position->id < 0) return false;
    if (find(checkpoint, KEY_TIME, &size) != NULL &&
        !read_integer(checkpoint, KEY_TIME, &position->seconds)) {
        return false;
    }
    if (position->id == 0) return true;
    if (!copy_text(checkpoint, KEY_EVENT, text, sizeof text)) return false;
    if (strcmp(text, NO_FINGERPRINT) == 0) return true;
    position->fingerprint = strtoull(text, &end, 16);
    return position->fingerprint != 0 && end == text + 16 && *end == '\0';
}

/* True for a text, or for what may be missing: a checkpoint that no export saved belongs to no one.
 */
static bool is_name(const siem_checkpoint *checkpoint, const char *name) {
    size_t size;
    const char *value = find(checkpoint, name, &size);
    return value != NULL ? value[0] == '"' : checkpoint->registry_file.inode == 0;
}

static siem_code read_state(siem_checkpoint *checkpoint, siem_file_use use, siem_error *err) {
    int64_t version;
    siem_extent *extent = &checkpoint->extent;
    siem_code rc = read_text(checkpoint, use, err);
    if (rc != SIEM_OK) return rc;
    if (!read_integer(checkpoint, KEY_VERSION, &version) || version < 1) {
        return damaged(checkpoint, err);
    }
    if (version > VERSION) {
        return siem_error_set(err, SIEM_HELD,
                              "the checkpoint '%s' was written by a later version (%" PRId64
                              "): use that one",
                              checkpoint->path, version);
    }
    bool complete =
        read_position(checkpoint, &checkpoint->position) &&
        read_identity(checkpoint, KEY_FILE, &checkpoint->registry_file) &&
        is_name(checkpoint, KEY_REGISTRY) && is_name(checkpoint, KEY_FORMAT) &&
        is_name(checkpoint, KEY_SINK) && read_identity(checkpoint, KEY_OUTPUT, &extent->file) &&
        (extent->file.inode == 0 || read_integer(checkpoint, KEY_OUTPUT_SIZE, &extent->size));
    return complete && extent->size >= 0 ? SIEM_OK : damaged(checkpoint, err);
}

/* ---- whose it is ---- */

/* Sets a name, or compares it with the name in the file. */
static siem_code claim(const siem_checkpoint *checkpoint, char **own, const char *name,
                       const char *value, const char *what, siem_error *err) {
    size_t size;
    const char *there = find(checkpoint, name, &size);
    siem_buffer json = {0};
    *own = strdup(value);
    (void)siem_json_write_text(&json, value, strlen(value));
    bool failed = *own == NULL || json.failed;
    bool fits =
        failed || there == NULL || (json.size == size && memcmp(json.bytes, there, size) == 0);
    siem_buffer_free(&json);
    if (failed) return siem_error_no_memory(err);
    if (fits) return SIEM_OK;
    return siem_error_set(err, SIEM_HELD,
                          "the checkpoint '%s' was made for another %s (%.*s, not \"%s\"): give "
                          "this export one of its own",
                          checkpoint->path, what, (int)(size < 80 ? size : 80), there, value);
}

/* The file that is open now must be the one that the position belongs to. */
static siem_code check_registry(siem_checkpoint *checkpoint, siem_registry *registry,
                                siem_error *err) {
    siem_identity *file = &checkpoint->registry_file;
    siem_code rc =
        siem_registry_check_position(registry, file, &checkpoint->position, checkpoint->path, err);
    siem_registry_release(registry);
    if (rc == SIEM_OK) *file = siem_registry_origin(registry)->file;
    return rc;
}

static siem_code claim_all(siem_checkpoint *checkpoint, const siem_checkpoint_options *options,
                           siem_error *err) {
    siem_code rc = claim(checkpoint, &checkpoint->registry_id, KEY_REGISTRY,
                         siem_registry_id(options->registry), "registry id", err);
    if (rc == SIEM_OK) {
        rc = claim(checkpoint, &checkpoint->format, KEY_FORMAT, options->format, "format", err);
    }
    if (rc == SIEM_OK) {
        rc = claim(checkpoint, &checkpoint->sink, KEY_SINK, options->sink, "kind of sink", err);
    }
    return rc == SIEM_OK ? check_registry(checkpoint, options->registry, err) : rc;
}

static siem_code check_followed(const siem_registry *registry, siem_error *err) {
    if (siem_registry_is_followed(registry)) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID,
                          "a checkpoint needs a registry that is followed: open it with follow = "
                          "true");
}

siem_code siem_checkpoint_open(siem_checkpoint **out, const siem_checkpoint_options *options,
                               siem_error *err) {
    if (out == NULL) return siem_misuse_null(__func__, "out", err);
    *out = NULL;
    if (options == NULL) return siem_misuse_null(__func__, "options", err);
    if (options->path == NULL) return siem_misuse_null(__func__, "path", err);
    if (options->registry == NULL) return siem_misuse_null(__func__, "registry", err);
    if (options->format == NULL) return siem_misuse_null(__func__, "format", err);
    if (options->sink == NULL) return siem_misuse_null(__func__, "sink", err);
    siem_code rc = check_followed(options->registry, err);
    if (rc == SIEM_OK) rc = open_at(out, options->path, options->rehearse, err);
    if (rc != SIEM_OK) return rc;
    rc = read_state(*out, options->rehearse ? SIEM_FILE_INPUT : SIEM_FILE_STATE, err);
    if (rc == SIEM_OK || rc == SIEM_END) rc = claim_all(*out, options, err);
    if (rc == SIEM_OK) return rc;
    siem_checkpoint_close(*out);
    *out = NULL;
    return rc;
}

/* ---- whether an export fits it ---- */

static siem_code check_name(const siem_checkpoint *checkpoint, const char *what, const char *own,
                            const char *given, size_t size, siem_error *err) {
    if (strlen(own) == size && memcmp(own, given, size) == 0) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID,
                          "the checkpoint '%s' belongs to the %s '%s', not to '%.*s': give this "
                          "export one of its own",
                          checkpoint->path, what, own, (int)(size < 80 ? size : 80), given);
}

siem_code siem_checkpoint_check_names(const siem_checkpoint *checkpoint, const char *format,
                                      const char *sink, siem_error *err) {
    siem_code rc =
        check_name(checkpoint, "format", checkpoint->format, format, strlen(format), err);
    if (rc != SIEM_OK || checkpoint->rehearses) return rc; /* another sink counts */
    return check_name(checkpoint, "kind of sink", checkpoint->sink, sink, strlen(sink), err);
}

siem_code siem_checkpoint_check_id(const siem_checkpoint *checkpoint, const char *registry_id,
                                   size_t size, siem_error *err) {
    return check_name(checkpoint, "registry", checkpoint->registry_id, registry_id, size, err);
}

siem_code siem_checkpoint_check_registry(const siem_checkpoint *checkpoint,
                                         const siem_registry *registry, siem_error *err) {
    const char *id = siem_registry_id(registry);
    siem_code rc = check_followed(registry, err);
    if (rc == SIEM_OK) rc = siem_checkpoint_check_id(checkpoint, id, strlen(id), err);
    if (rc != SIEM_OK) return rc;
    const siem_identity *file = &siem_registry_origin(registry)->file;
    if (siem_identity_equals(file, &checkpoint->registry_file)) return SIEM_OK;
    return siem_error_set(err, SIEM_INVALID,
                          "the checkpoint '%s' was opened for another file than the registry '%s': "
                          "give this export one of its own",
                          checkpoint->path, siem_registry_database(registry)->path);
}

siem_code siem_checkpoint_read(char **json, const char *path, siem_error *err) {
    siem_checkpoint checkpoint = {.path = (char *)path, .lock = -1};
    if (json == NULL) return siem_misuse_null(__func__, "json", err);
    *json = NULL;
    if (path == NULL) return siem_misuse_null(__func__, "path", err);
    siem_code rc = read_state(&checkpoint, SIEM_FILE_INPUT, err);
    if (rc == SIEM_OK) {
        siem_buffer_add_char(&checkpoint.text, '\0');
        if (!checkpoint.text.failed) {
            *json = checkpoint.text.bytes;
            return SIEM_OK;
        }
        rc = siem_error_no_memory(err);
    } else if (rc == SIEM_END) {
        rc = no_checkpoint(path, err);
    }
    siem_buffer_free(&checkpoint.text);
    return rc;
}

siem_code siem_checkpoint_compare(const char *path, siem_registry *registry,
                                  siem_continuity *continuity, int64_t *largest, siem_error *err) {
    siem_checkpoint checkpoint = {.path = (char *)path, .lock = -1};
    siem_code rc = read_state(&checkpoint, SIEM_FILE_INPUT, err);
    if (rc == SIEM_OK) {
        rc = siem_registry_compare(registry, &checkpoint.registry_file, &checkpoint.position,
                                   continuity, largest, err);
        siem_registry_release(registry);
    }
    siem_buffer_free(&checkpoint.text);
    return rc == SIEM_END ? no_checkpoint(path, err) : rc;
}

int64_t siem_checkpoint_last_id(const siem_checkpoint *checkpoint) {
    return checkpoint != NULL ? checkpoint->position.id : 0;
}

double siem_checkpoint_saved(const siem_checkpoint *checkpoint) {
    return checkpoint->saved;
}

siem_position siem_checkpoint_position(const siem_checkpoint *checkpoint) {
    return checkpoint->position;
}

const siem_extent *siem_checkpoint_extent(const siem_checkpoint *checkpoint) {
    return &checkpoint->extent;
}

/* ---- saving ---- */

void siem_checkpoint_set_outage(siem_checkpoint *checkpoint, const siem_outage *outage) {
    checkpoint->outage = *outage;
}

bool siem_checkpoint_has_outage(const siem_checkpoint *checkpoint) {
    return checkpoint->outage.since != 0;
}

static void add_name(siem_buffer *text, const char *name) {
    siem_buffer_add(text, ",\n  ", 4);
    (void)siem_json_write_text(text, name, strlen(name));
    siem_buffer_add(text, ": ", 2);
}

static void add_text(siem_buffer *text, const char *name, const char *value) {
    if (value == NULL) return;
    add_name(text, name);
    (void)siem_json_write_text(text, value, strlen(value));
}

static void add_identity(siem_buffer *text, const char *name, const siem_identity *identity) {
    char value[72];
    (void)snprintf(value, sizeof value, "%" PRIu64 ":%" PRIu64 ":%" PRId64, identity->device,
                   identity->inode, identity->born);
    add_text(text, name, identity->inode != 0 ? value : NULL);
}

static void add_event(siem_buffer *text, siem_position position) {
    char fingerprint[24];
    if (position.id == 0) return;
    (void)snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, position.fingerprint);
    add_text(text, KEY_EVENT, position.fingerprint != 0 ? fingerprint : NO_FINGERPRINT);
}

static void add_outage(siem_buffer *text, const siem_outage *outage) {
    char since[24];
    if (outage->since == 0 || siem_iso8601(since, outage->since, NULL) != SIEM_OK) return;
    add_text(text, KEY_RETRYING, since);
    add_text(text, KEY_CAUSE, outage->cause);
}

static siem_code compose(siem_checkpoint *checkpoint, siem_position position,
                         const siem_extent *extent, siem_error *err) {
    static const char head[] = "{\n  \"" KEY_VERSION "\": ";
    siem_buffer *text = &checkpoint->text;
    char now[24];
    siem_code rc = siem_iso8601(now, (double)time(NULL), err);
    if (rc != SIEM_OK) return rc;
    text->size = 0;
    siem_buffer_add(text, head, sizeof head - 1);
    siem_json_write_integer(text, VERSION);
    add_name(text, KEY_ID);
    siem_json_write_integer(text, position.id);
    if (position.seconds != 0) {
        add_name(text, KEY_TIME);
        siem_json_write_integer(text, position.seconds);
    }
    add_event(text, position);
    add_text(text, KEY_SAVED, now);
    add_text(text, KEY_REGISTRY, checkpoint->registry_id);
    add_identity(text, KEY_FILE, &checkpoint->registry_file);
    add_text(text, KEY_FORMAT, checkpoint->format);
    add_text(text, KEY_SINK, checkpoint->sink);
    add_identity(text, KEY_OUTPUT, &extent->file);
    if (extent->file.inode != 0) {
        add_name(text, KEY_OUTPUT_SIZE);
        siem_json_write_integer(text, extent->size);
    }
    add_outage(text, &checkpoint->outage);
    siem_buffer_add(text, "\n}\n", 3);
    return text->failed ? siem_error_no_memory(err) : SIEM_OK;
}

siem_code siem_checkpoint_save(siem_checkpoint *checkpoint, siem_position position,
                               const siem_extent *extent, siem_error *err) {
    siem_code rc = compose(checkpoint, position, extent, err);
    if (rc != SIEM_OK) return rc;
    const siem_buffer *text = &checkpoint->text;
    if (!checkpoint->rehearses) {
        rc = siem_replaced_file_write(checkpoint->path, text->bytes, text->size, 0600, true, err);
    }
    if (rc != SIEM_OK) {
        siem_error_prefix(err, "cannot save the checkpoint '%s'", checkpoint->path);
        return rc;
    }
    checkpoint->position = position;
    checkpoint->extent = *extent;
    return SIEM_OK;
}

/* ---- by hand ---- */

/* Keeps a name that is in the file; `*own` stays NULL without one. */
static void keep_name(const siem_checkpoint *checkpoint, const char *name, char **own) {
    size_t size;
    siem_buffer text = {0};
    const char *value = find(checkpoint, name, &size);
    if (value == NULL || value[0] != '"') return;
    siem_json_decode_text(value, size, &text);
    siem_buffer_add_char(&text, '\0');
    if (!text.failed) *own = strdup(text.bytes);
    siem_buffer_free(&text);
}

siem_code siem_checkpoint_set(const char *path, int64_t last_id, siem_error *err) {
    siem_checkpoint *checkpoint;
    siem_position position = {.id = last_id};
    if (path == NULL) return siem_misuse_null(__func__, "path", err);
    if (last_id < 0) {
        return siem_error_set(err, SIEM_INVALID, "%s: last_id is negative: give 0 or more",
                              __func__);
    }
    siem_code rc = open_at(&checkpoint, path, false, err);
    if (rc != SIEM_OK) return rc;
    rc = read_state(checkpoint, SIEM_FILE_STATE, NULL);
    if (rc == SIEM_OK) {
        keep_name(checkpoint, KEY_REGISTRY, &checkpoint->registry_id);
        keep_name(checkpoint, KEY_FORMAT, &checkpoint->format);
        keep_name(checkpoint, KEY_SINK, &checkpoint->sink);
    }
    checkpoint->registry_file = (siem_identity){0};
    rc = siem_checkpoint_save(checkpoint, position, &(siem_extent){0}, err);
    siem_checkpoint_close(checkpoint);
    return rc;
}

siem_code siem_checkpoint_reset(const char *path, siem_error *err) {
    siem_checkpoint *checkpoint;
    if (path == NULL) return siem_misuse_null(__func__, "path", err);
    siem_code rc = open_at(&checkpoint, path, false, err);
    if (rc != SIEM_OK) return rc;
    if (unlink(checkpoint->path) == 0) {
        rc = siem_folder_sync(checkpoint->path, err);
        if (rc != SIEM_OK) {
            siem_error_prefix(err, "the removal of the checkpoint '%s' may not be on the disk",
                              path);
        }
    } else if (errno == ENOENT) {
        rc = no_checkpoint(path, err);
    } else {
        rc = siem_error_set(err, SIEM_IO, "cannot remove the checkpoint '%s': %s", path,
                            strerror(errno));
    }
    siem_checkpoint_close(checkpoint);
    return rc;
}

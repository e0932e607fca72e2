/* checkpoint.c: a small JSON file that is replaced as a whole, and forced to the disk each time. */
#include "checkpoint.h"

#include "buffer.h"
#include "error.h"
#include "json_reader.h"
#include "json_writer.h"
#include "misuse.h"
#include "registry.h"
#include "sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define VERSION   1
#define MOST_SIZE 65536 /* of a file that is a checkpoint at all */

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

#define NO_PRINT "unknown" /* of the last event: of a position set by hand, or within a batch */

struct siem_checkpoint {
    char *path, *temporary, *folder;
    char *registry_id, *format, *sink; /* NULL: it belongs to no one yet */
    siem_identity registry_file;       /* as well when both are 0 */
    int lock;
    double saved; /* when, in seconds since 1970 */
    siem_position position;
    siem_extent extent;
    siem_outage outage; /* that is saved with the next position */
    siem_buffer text;
};

/* ---- opening ---- */

static char *with_suffix(const char *path, const char *suffix) {
    char *out = NULL;
    return asprintf(&out, "%s%s", path, suffix) < 0 ? NULL : out;
}

static char *folder_of(const char *path) {
    char *copy = strdup(path), *folder = copy != NULL ? strdup(dirname(copy)) : NULL;
    free(copy);
    return folder;
}

/* The path, or what it is a link to: whichever name it goes by, its lock is the same one, and it is
 * not the link that is replaced. */
static char *resolve(const char *path) {
    struct stat status;
    bool is_link = lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
    char *real = is_link ? realpath(path, NULL) : NULL;
    return real != NULL ? real : strdup(path);
}

/* The lock is on a file beside: the checkpoint itself is replaced at each save. */
static siem_code take_lock(siem_checkpoint *checkpoint, siem_error *err) {
    char *path = with_suffix(checkpoint->path, ".lock");
    if (path == NULL) return siem_error_no_memory(err);
    checkpoint->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int reason = errno;
    free(path);
    if (checkpoint->lock < 0) {
        return siem_error_set(err, SIEM_IO, "cannot lock the checkpoint '%s': %s", checkpoint->path,
                              strerror(reason));
    }
    if (flock(checkpoint->lock, LOCK_EX | LOCK_NB) == 0) return SIEM_OK;
    return siem_error_set(err, SIEM_LOCKED,
                          "the checkpoint '%s' is in use by another process: stop that one, or "
                          "give this one a checkpoint of its own",
                          checkpoint->path);
}

/* Opens and locks, without a look at what the file holds. */
static siem_code open_locked(siem_checkpoint **out, const char *path, siem_error *err) {
    *out = NULL;
    if (*path == '\0') return siem_error_empty(err, "the path of the checkpoint");
    if (siem_sqlite_file_is_at(path)) {
        return siem_error_set(
            err, SIEM_INVALID,
            "'%s' is not a checkpoint, but a database of SQLite: give another file", path);
    }
    siem_checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (checkpoint == NULL) return siem_error_no_memory(err);
    checkpoint->lock = -1;
    checkpoint->path = resolve(path);
    checkpoint->temporary = checkpoint->path != NULL ? with_suffix(checkpoint->path, ".new") : NULL;
    checkpoint->folder = checkpoint->path != NULL ? folder_of(checkpoint->path) : NULL;
    bool complete =
        checkpoint->path != NULL && checkpoint->temporary != NULL && checkpoint->folder != NULL;
    siem_code rc = complete ? take_lock(checkpoint, err) : siem_error_no_memory(err);
    if (rc == SIEM_OK) *out = checkpoint;
    else siem_checkpoint_close(checkpoint);
    return rc;
}

void siem_checkpoint_close(siem_checkpoint *checkpoint) {
    if (checkpoint == NULL) return;
    if (checkpoint->lock >= 0) (void)close(checkpoint->lock);
    siem_buffer_free(&checkpoint->text);
    free(checkpoint->path);
    free(checkpoint->temporary);
    free(checkpoint->folder);
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

/* Reads the file's canonical form into `text`. SIEM_END: there is none. */
static siem_code read_text(siem_checkpoint *checkpoint, siem_error *err) {
    char bytes[MOST_SIZE];
    siem_json_reader reader = {0};
    struct stat status;
    FILE *file = fopen(checkpoint->path, "re");
    if (file == NULL && errno == ENOENT) return SIEM_END;
    size_t size = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;
    bool failed = file == NULL || ferror(file) != 0;
    int reason = errno;
    if (file != NULL && fstat(fileno(file), &status) == 0) {
        checkpoint->saved = (double)status.st_mtime;
    }
    if (file != NULL) (void)fclose(file);
    if (failed) {
        return siem_error_set(err, SIEM_IO, "cannot read the checkpoint '%s': %s", checkpoint->path,
                              strerror(reason));
    }
    checkpoint->text.size = 0;
    siem_json_result result = siem_json_read(&reader, bytes, size, &checkpoint->text);
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
    char text[72];
    size_t size;
    if (find(checkpoint, name, &size) == NULL) return true;
    return copy_text(checkpoint, name, text, sizeof text) &&
           sscanf(text, "%" SCNu64 ":%" SCNu64 ":%" SCNd64, &identity->device, &identity->inode,
                  &identity->born) >= 2;
}

/* Reads the last event, which is there unless there is none. */
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
    if (strcmp(text, NO_PRINT) == 0) return true;
    position->print = strtoull(text, &end, 16);
    return position->print != 0 && end == text + 16 && *end == '\0';
}

/* True for a text, or for what may be missing: a checkpoint that no export saved belongs to no one.
 */
static bool is_name(const siem_checkpoint *checkpoint, const char *name) {
    size_t size;
    const char *value = find(checkpoint, name, &size);
    return value != NULL ? value[0] == '"' : checkpoint->registry_file.inode == 0;
}

static siem_code read_state(siem_checkpoint *checkpoint, siem_error *err) {
    int64_t version;
    siem_extent *extent = &checkpoint->extent;
    siem_code rc = read_text(checkpoint, err);
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

/* Takes over a name, or compares it with the one that is in the file. */
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
    siem_identity now = siem_registry_identity(registry), *then = &checkpoint->registry_file;
    const siem_position *position = &checkpoint->position;
    if (then->inode != 0 && !siem_identity_equals(then, &now)) {
        return siem_error_set(err, SIEM_HELD,
                              "the registry is another file than the one that the checkpoint '%s' "
                              "was made for: when it has the same events (a copy), say so with "
                              "'checkpoint set'; else start over with 'checkpoint reset'",
                              checkpoint->path);
    }
    *then = now;
    if (position->print == 0) return SIEM_OK;
    return siem_registry_check_event(registry, position->id, position->print, err);
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
    if (rc == SIEM_OK) rc = open_locked(out, options->path, err);
    if (rc != SIEM_OK) return rc;
    rc = read_state(*out, err);
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
    if (rc != SIEM_OK) return rc;
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
    siem_identity file = siem_registry_identity(registry);
    if (siem_identity_equals(&file, &checkpoint->registry_file)) return SIEM_OK;
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
    siem_code rc = read_state(&checkpoint, err);
    if (rc == SIEM_OK) {
        siem_buffer_add_char(&checkpoint.text, '\0');
        if (!checkpoint.text.failed) {
            *json = checkpoint.text.bytes;
            return SIEM_OK;
        }
        rc = siem_error_no_memory(err);
    } else if (rc == SIEM_END) {
        rc = siem_error_set(err, SIEM_NOT_FOUND, "there is no checkpoint '%s'", path);
    }
    siem_buffer_free(&checkpoint.text);
    return rc;
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
    char print[24];
    if (position.id == 0) return;
    (void)snprintf(print, sizeof print, "%016" PRIx64, position.print);
    add_text(text, KEY_EVENT, position.print != 0 ? print : NO_PRINT);
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

static siem_code save_failed(const siem_checkpoint *checkpoint, const char *what, siem_error *err) {
    return siem_error_set(err, SIEM_IO, "cannot save the checkpoint '%s': %s: %s", checkpoint->path,
                          what, strerror(errno));
}

static siem_code write_temporary(const siem_checkpoint *checkpoint, siem_error *err) {
    const siem_buffer *text = &checkpoint->text;
    siem_code rc = SIEM_OK;
    (void)unlink(checkpoint->temporary); /* of a crash; or a link to somebody's file */
    int fd =
        open(checkpoint->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return save_failed(checkpoint, "open", err);
    for (size_t written = 0; rc == SIEM_OK && written < text->size;) {
        ssize_t n = write(fd, text->bytes + written, text->size - written);
        if (n > 0) written += (size_t)n;
        else if (n == 0 || errno != EINTR) rc = save_failed(checkpoint, "write", err);
    }
    if (rc == SIEM_OK && fsync(fd) != 0) rc = save_failed(checkpoint, "fsync", err);
    if (close(fd) != 0 && rc == SIEM_OK) rc = save_failed(checkpoint, "close", err);
    return rc;
}

static siem_code sync_folder(const siem_checkpoint *checkpoint, siem_error *err) {
    int fd = open(checkpoint->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return save_failed(checkpoint, "open the folder", err);
    siem_code rc = fsync(fd) == 0 ? SIEM_OK : save_failed(checkpoint, "fsync of the folder", err);
    (void)close(fd);
    return rc;
}

siem_code siem_checkpoint_save(siem_checkpoint *checkpoint, siem_position position,
                               const siem_extent *extent, siem_error *err) {
    siem_code rc = compose(checkpoint, position, extent, err);
    if (rc == SIEM_OK) rc = write_temporary(checkpoint, err);
    if (rc == SIEM_OK && rename(checkpoint->temporary, checkpoint->path) != 0) {
        rc = save_failed(checkpoint, "rename", err);
    }
    if (rc == SIEM_OK) rc = sync_folder(checkpoint, err);
    if (rc != SIEM_OK) return rc;
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
    siem_code rc = open_locked(&checkpoint, path, err);
    if (rc != SIEM_OK) return rc;
    rc = read_state(checkpoint, NULL);
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
    siem_code rc = open_locked(&checkpoint, path, err);
    if (rc != SIEM_OK) return rc;
    if (unlink(checkpoint->path) == 0) {
        rc = sync_folder(checkpoint, err);
    } else if (errno == ENOENT) {
        rc = siem_error_set(err, SIEM_NOT_FOUND, "there is no checkpoint '%s'", path);
    } else {
        rc = siem_error_set(err, SIEM_IO, "cannot remove the checkpoint '%s': %s", path,
                            strerror(errno));
    }
    siem_checkpoint_close(checkpoint);
    return rc;
}

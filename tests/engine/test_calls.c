/* test_calls.c: each system call of an operation fails once, in turn. What is written is there once
 * and whole, the error says what failed and why, and afterwards it works. */
#include "base/checked_file.h"
#include "base/secret.h"
#include "enrich/geoip.h"
#include "evidence/pages.h"
#include "failing.h"
#include "store/line_file.h"
#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void assert_file(const char *path, const char *text) {
    char *read = test_read(path);
    assert_string_equal(read, text);
    free(read);
}

/* ---- lines, as an export writes them: after a failure it goes on where it saved last ---- */

#define LINES 6

static char output[128], old_output[136];

static struct {
    siem_line_file file;
    siem_extent saved;
    int saved_line, line; /* how many are saved, and written */
    bool rotates, is_rotated;
} writer;

static siem_code take_moved(void *context, const siem_extent *extent, siem_error *err) {
    (void)context, (void)err;
    writer.saved = *extent;
    writer.saved_line = writer.line;
    return SIEM_OK;
}

static siem_code sync_lines(siem_error *err) {
    siem_extent extent;
    siem_code rc = siem_line_file_sync(&writer.file, &extent, err);
    if (rc != SIEM_OK) return rc;
    return take_moved(NULL, &extent, err);
}

static siem_code begin_lines(siem_error *err) {
    siem_code rc = SIEM_OK;
    bool found = true;
    if (writer.file.path == NULL) {
        rc = siem_line_file_open(&writer.file, output, 0600, false, err);
    }
    if (rc == SIEM_OK) rc = siem_line_file_claim(&writer.file, take_moved, NULL, err);
    if (rc == SIEM_OK && writer.saved.file.inode != 0) {
        rc = siem_line_file_resume(&writer.file, &writer.saved, &found, err);
        if (rc == SIEM_OK) assert_true(found);
    }
    writer.line = writer.saved_line;
    return rc == SIEM_OK ? sync_lines(err) : rc;
}

static siem_code go_on(siem_error *err) {
    siem_code rc = begin_lines(err);
    while (rc == SIEM_OK && writer.line < LINES) {
        char line[16];
        size_t kept;
        if (writer.line == 3 && writer.rotates && !writer.is_rotated) {
            writer.is_rotated = true;
            assert_int_equal(renameat(AT_FDCWD, output, AT_FDCWD, old_output), 0);
        }
        (void)snprintf(line, sizeof line, "%d\n", writer.line + 1);
        rc = siem_line_file_write(&writer.file, line, strlen(line), &kept, err);
        assert_int_equal(kept, rc == SIEM_OK ? strlen(line) : 0);
        if (rc == SIEM_OK) writer.line++;
        if (rc == SIEM_OK && writer.line == 2) rc = sync_lines(err);
    }
    return rc == SIEM_OK ? sync_lines(err) : rc;
}

static siem_code write_lines(siem_error *err) {
    siem_error later;
    siem_code rc = go_on(err);
    if (rc != SIEM_OK) assert_ok(go_on(&err));
    siem_code closed = siem_line_file_close(&writer.file, &later);
    if (rc == SIEM_OK && closed != SIEM_OK) *err = later;
    return rc == SIEM_OK ? closed : rc;
}

static void prepare_lines(void) {
    (void)unlink(output);
    (void)unlink(old_output);
    memset(&writer, 0, sizeof writer);
}

static void prepare_rotated(void) {
    prepare_lines();
    writer.rotates = true;
}

/* An attempt was cut short within a line: two of the lines behind the extent differ. */
static void prepare_interrupted(void) {
    prepare_lines();
    write_file(output, "1\n2\n3\n5\n6");
    assert_true(siem_identity_read(&writer.saved.file, AT_FDCWD, output, false));
    writer.saved.size = 2;
    writer.saved_line = 1;
}

static void prepare_interrupted_and_rotated(void) {
    prepare_interrupted();
    assert_int_equal(rename(output, old_output), 0);
}

static void check_lines(siem_code rc) {
    char all[64];
    char *old = access(old_output, F_OK) == 0 ? test_read(old_output) : strdup("");
    char *text = test_read(output);
    (void)rc;
    (void)snprintf(all, sizeof all, "%s%s", old, text);
    assert_string_equal(all, "1\n2\n3\n4\n5\n6\n");
    free(old);
    free(text);
}

static void test_lines(void **state) {
    static void (*const prepares[])(void) = {prepare_lines, prepare_rotated, prepare_interrupted,
                                             prepare_interrupted_and_rotated};
    (void)state;
    for (size_t i = 0; i < sizeof prepares / sizeof *prepares; i++) {
        failing_each(&(failing_operation){prepares[i], write_lines, check_lines, NULL});
    }
}

/* ---- a file that is emptied, and was rotated between opening and the first line ---- */

static void prepare_emptied(void) {
    prepare_lines();
    write_file(output, "old\n");
}

static siem_code write_emptied(siem_error *err) {
    siem_line_file file;
    siem_error later;
    size_t kept;
    siem_code rc = siem_line_file_open(&file, output, 0600, true, err);
    if (rc != SIEM_OK) return rc;
    if (writer.rotates && access(old_output, F_OK) != 0) {
        assert_int_equal(renameat(AT_FDCWD, output, AT_FDCWD, old_output), 0);
    }
    rc = siem_line_file_write(&file, "1\n2\n", 4, &kept, err);
    assert_int_equal(rc == SIEM_OK, kept == 4);
    siem_code closed = siem_line_file_close(&file, &later);
    if (rc == SIEM_OK && closed != SIEM_OK) *err = later;
    return rc == SIEM_OK ? closed : rc;
}

/* Nothing of the old lines is left under the new ones, and none is lost that was rotated. */
static void check_emptied(siem_code rc) {
    if (access(old_output, F_OK) == 0) assert_file(old_output, "old\n");
    if (rc == SIEM_OK) assert_file(output, "1\n2\n");
}

static void prepare_emptied_and_rotated(void) {
    prepare_emptied();
    writer.rotates = true;
}

static void test_emptied(void **state) {
    (void)state;
    failing_each(&(failing_operation){prepare_emptied, write_emptied, check_emptied, NULL});
    failing_each(
        &(failing_operation){prepare_emptied_and_rotated, write_emptied, check_emptied, NULL});
}

/* ---- an export with a checkpoint and a dead letter ---- */

static char database[128], refused[128], position[128];

static siem_code open_mapping(siem_mapping **mapping, siem_error *err) {
    static const char *const id[] = {"event_id", NULL}, *const file[] = {"file_id", NULL};
    siem_code rc = siem_mapping_open(mapping, "test", err);
    if (rc == SIEM_OK) rc = siem_mapping_add(*mapping, &(siem_row){"id", .from = id}, err);
    if (rc == SIEM_OK) {
        rc = siem_mapping_add(*mapping, &(siem_row){"f", .from = file, .required = true}, err);
    }
    return rc == SIEM_OK ? siem_mapping_compile(*mapping, err) : rc;
}

typedef struct parts {
    siem_registry *registry;
    siem_mapping *mapping;
    siem_sink *sink;
    siem_deadletter *deadletter;
    siem_checkpoint *checkpoint;
    siem_export *export_;
} parts;

static siem_code open_parts(parts *p, siem_error *err) {
    const siem_registry_options options = {.path = database, .registry_id = "reg", .follow = true};
    siem_code rc = siem_registry_open(&p->registry, &options, err);
    if (rc == SIEM_OK) rc = open_mapping(&p->mapping, err);
    if (rc == SIEM_OK) rc = siem_sink_open_file(&p->sink, output, false, err);
    if (rc == SIEM_OK) rc = siem_deadletter_open(&p->deadletter, refused, err);
    const siem_checkpoint_options of_checkpoint = {
        .path = position, .registry = p->registry, .format = "test", .sink = "file"};
    return rc == SIEM_OK ? siem_checkpoint_open(&p->checkpoint, &of_checkpoint, err) : rc;
}

static siem_code close_parts(parts *p, siem_code rc, siem_error *err) {
    siem_error of_close;
    siem_export_close(p->export_);
    siem_checkpoint_close(p->checkpoint);
    siem_code closed = siem_deadletter_close(p->deadletter, &of_close);
    if (rc == SIEM_OK && closed != SIEM_OK) *err = of_close;
    if (rc == SIEM_OK) rc = closed;
    closed = siem_sink_close(p->sink, &of_close);
    if (rc == SIEM_OK && closed != SIEM_OK) *err = of_close;
    siem_mapping_close(p->mapping);
    siem_registry_close(p->registry);
    return rc == SIEM_OK ? closed : rc;
}

static siem_code run_export(siem_error *err) {
    parts p = {0};
    siem_code rc = open_parts(&p, err);
    const siem_export_options options = {.mapping = p.mapping,
                                         .sink = p.sink,
                                         .checkpoint = p.checkpoint,
                                         .deadletter = p.deadletter,
                                         .on_error = SIEM_DEADLETTER_ON_ERROR,
                                         .batch_bytes = 40};
    if (rc == SIEM_OK) rc = siem_export_open(&p.export_, &options, err);
    if (rc == SIEM_OK) rc = siem_export_run(p.export_, p.registry, err);
    if (rc == SIEM_OK) rc = siem_export_finish(p.export_, err);
    return close_parts(&p, rc, err);
}

static void prepare_export(void) {
    (void)unlink(output);
    (void)unlink(refused);
    (void)unlink(position);
}

static void check_export(siem_code rc) {
    char *json;
    if (rc != SIEM_OK) return;
    assert_file(output, "{\"id\":\"1\",\"f\":\"x\"}\n{\"id\":\"2\",\"f\":\"x\"}\n"
                        "{\"id\":\"4\",\"f\":\"x\"}\n{\"id\":\"5\",\"f\":\"x\"}\n");
    char *lines = test_read(refused);
    assert_non_null(strstr(lines, "\"event_id\":\"3\""));
    free(lines);
    assert_ok(siem_checkpoint_read(&json, position, &err));
    assert_non_null(strstr(json, "\"last_id\":5"));
    free(json);
}

static void test_export(void **state) {
    (void)state;
    failing_each(&(failing_operation){prepare_export, run_export, check_export, NULL});
}

/* ---- by hand ---- */

static siem_code change_checkpoint(siem_error *err) {
    char *json;
    siem_code rc = siem_checkpoint_set(position, 7, err);
    if (rc == SIEM_OK) rc = siem_checkpoint_read(&json, position, err);
    if (rc != SIEM_OK) return rc;
    assert_non_null(strstr(json, "\"last_id\":7"));
    free(json);
    if ((rc = siem_checkpoint_reset(position, err)) == SIEM_OK) {
        rc = siem_checkpoint_set(position, 8, err);
    }
    return rc;
}

/* It is an old one or a new one, as a whole, or none. */
static void check_changed(siem_code rc) {
    char *json;
    siem_error err;
    siem_code read = siem_checkpoint_read(&json, position, &err);
    if (read == SIEM_NOT_FOUND && rc != SIEM_OK) return;
    if (read != SIEM_OK) fail_msg("%s", err.message);
    assert_non_null(strstr(json, rc == SIEM_OK ? "\"last_id\":8" : "\"last_id\":"));
    free(json);
}

static void test_checkpoint(void **state) {
    (void)state;
    failing_each(&(failing_operation){prepare_export, change_checkpoint, check_changed, NULL});
}

/* ---- dead letters ---- */

static siem_code blank_line(siem_error *err) {
    siem_deadletter *deadletter;
    const siem_deadletter_place second = {.offset = 9, .size = 5000};
    siem_code rc = siem_deadletter_open(&deadletter, refused, err);
    if (rc != SIEM_OK) return rc;
    rc = siem_deadletter_sync(deadletter, err);
    if (rc == SIEM_OK) rc = siem_deadletter_blank(refused, &second, 1, err);
    siem_code closed = siem_deadletter_close(deadletter, rc == SIEM_OK ? err : NULL);
    return rc == SIEM_OK ? closed : rc;
}

static void prepare_refused(void) {
    FILE *file = fopen(refused, "wb");
    assert_non_null(file);
    assert_int_equal(fprintf(file, "{\"id\":1}\n%5000s\n{\"id\":3}\n", "{\"id\":2}"), 5019);
    assert_int_equal(fclose(file), 0);
}

/* Its neighbours stay whatever becomes of it. */
static void check_blanked(siem_code rc) {
    char *text = test_read(refused);
    assert_int_equal(strlen(text), 5019);
    assert_memory_equal(text, "{\"id\":1}\n", 9);
    assert_string_equal(text + 5009, "\n{\"id\":3}\n");
    if (rc == SIEM_OK) assert_int_equal(strspn(text + 9, " "), 5000);
    free(text);
}

static void test_blank(void **state) {
    (void)state;
    failing_each(&(failing_operation){prepare_refused, blank_line, check_blanked, NULL});
}

/* ---- a registry that is followed ---- */

static siem_code read_followed(siem_error *err) {
    siem_registry *registry;
    siem_event *event;
    siem_lag lag;
    const siem_registry_options options = {.path = database, .registry_id = "reg", .follow = true};
    siem_code rc = siem_registry_open(&registry, &options, err);
    if (rc != SIEM_OK) return rc;
    for (int i = 0; i < 5 && rc == SIEM_OK; i++) rc = siem_registry_next(registry, &event, err);
    if (rc == SIEM_OK) rc = siem_registry_next(registry, &event, err);
    if (rc == SIEM_END) rc = siem_registry_wait(registry, 2, err);
    if (rc == SIEM_END) rc = SIEM_OK;
    if (rc == SIEM_OK) rc = siem_registry_lag(registry, 3, &lag, err);
    if (rc == SIEM_OK) assert_int_equal(lag.events, 2);
    siem_registry_close(registry);
    return rc;
}

static void prepare_nothing(void) {
}

static void check_nothing(siem_code rc) {
    (void)rc;
}

static void test_registry(void **state) {
    (void)state;
    failing_each(&(failing_operation){prepare_nothing, read_followed, check_nothing, "calls.db"});
}

/* ---- what is read ---- */

static siem_code read_links(siem_error *err) {
    static const siem_file_use uses[] = {SIEM_FILE_INPUT, SIEM_FILE_TABLE, SIEM_FILE_STATE};
    siem_buffer content = {0};
    siem_code rc = SIEM_OK;
    for (size_t i = 0; rc == SIEM_OK && i < sizeof uses / sizeof *uses; i++) {
        content.size = 0;
        rc = siem_checked_file_read(&content, test_path("one.link"), uses[i], err);
        if (rc != SIEM_OK) break;
        assert_int_equal(content.size, 5);
        assert_memory_equal(content.bytes, "table", 5);
    }
    siem_buffer_free(&content);
    return rc;
}

static void test_links(void **state) {
    (void)state;
    write_file(test_path("table"), "table");
    assert_int_equal(symlink("table", test_path("two.link")), 0);
    assert_int_equal(symlink(test_path("two.link"), test_path("one.link")), 0);
    failing_each(&(failing_operation){prepare_nothing, read_links, check_nothing, NULL});
}

static siem_code read_secret(const char *source, siem_error *err) {
    static const siem_secret_form form = {.word = true};
    siem_secret *secret;
    bool changed = true;
    siem_code rc = siem_secret_open(&secret, "the token", &form, source, err);
    if (rc != SIEM_OK) return rc;
    if ((rc = siem_secret_reload(secret, &changed, err)) == SIEM_OK) assert_false(changed);
    assert_string_equal(siem_secret_text(secret), "s3cret"); /* the old one, after a failure */
    siem_secret_close(secret);
    return rc;
}

static siem_code read_file_secret(siem_error *err) {
    char source[160];
    (void)snprintf(source, sizeof source, "file:%s", test_path("token"));
    return read_secret(source, err);
}

static siem_code read_command_secret(siem_error *err) {
    return read_secret("cmd:printf s3cret", err);
}

static void test_secrets(void **state) {
    (void)state;
    write_file(test_path("token"), "s3cret\n");
    failing_each(
        &(failing_operation){prepare_nothing, read_file_secret, check_nothing, "the token"});
    failing_each(
        &(failing_operation){prepare_nothing, read_command_secret, check_nothing, "the token"});
}

/* ---- the file of a log that comes in pages: nobody else can open it ---- */

static siem_code open_pages(siem_error *err) {
    siem_pages *pages;
    int fd = -1;
    const siem_tlog_options options = {.source = "http://127.0.0.1:1"};
    siem_code rc = siem_pages_open(&pages, &fd, &options, err);
    if (rc == SIEM_OK) assert_int_equal(lseek(fd, 0, SEEK_END), 0);
    siem_pages_close(pages);
    if (fd >= 0) (void)close(fd);
    return rc;
}

/* A file that has a name for a moment keeps it when the name cannot be removed, and only then. */
static void check_pages(siem_code rc) {
    size_t names = 0;
    DIR *folder = opendir(test_path("pages"));
    assert_int_equal(rc, SIEM_OK); /* a file with a name does as well */
    while (readdir(folder) != NULL) names++;
    (void)closedir(folder);
    assert_in_range(names, 2, 3); /* "." and ".." */
}

static void test_pages(void **state) {
    (void)state;
    assert_int_equal(mkdir(test_path("pages"), 0700), 0);
    assert_int_equal(setenv("TMPDIR", test_path("pages"), 1), 0);
    failing_each(&(failing_operation){prepare_nothing, open_pages, check_pages, NULL});
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

static int make_files(void **state) {
    (void)state;
    test_sql("calls.db", "PRAGMA journal_mode = WAL;" TABLE
                         "INSERT INTO events (token_id, kind, timestamp, file_id) VALUES "
                         "('t', 'dns', 5, 'x'), ('t', 'dns', 5, 'x'), ('t', 'dns', 5, NULL), "
                         "('t', 'dns', 5, 'x'), ('t', 'dns', 5, 'x');");
    (void)snprintf(database, sizeof database, "%s", test_path("calls.db"));
    (void)snprintf(output, sizeof output, "%s", test_path("out.jsonl"));
    (void)snprintf(old_output, sizeof old_output, "%s.1", output);
    (void)snprintf(refused, sizeof refused, "%s", test_path("refused.jsonl"));
    (void)snprintf(position, sizeof position, "%s", test_path("position"));
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),  cmocka_unit_test(test_emptied),
        cmocka_unit_test(test_export), cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_blank),  cmocka_unit_test(test_registry),
        cmocka_unit_test(test_links),  cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests_name("calls", tests, make_files, NULL);
}

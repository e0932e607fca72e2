/* test_sorted_ids.c: ids in the order of the timestamps, in a temporary file, which may be full or
 * cut. */
#include "source/sorted_ids.h"

#include "source/event.h"
#include "source/slice.h"
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS 3000 /* whose ids do not fit into a buffer of stdio */

static siem_inquiry nobody;
static siem_database database;
static const siem_range all;

/* The later the id, the earlier the event; two at a time have the same timestamp. */
static int open_database(void **state) {
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    test_sql("sorted.db",
             TABLE "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
                   "INSERT INTO events (id, token_id, kind, timestamp) "
                   "SELECT i, 't', 'dns', -(i / 2) FROM n");
    assert_ok(siem_database_open(&database, test_path("sorted.db"), 0, &nobody, &err));
    return 0;
}

static int close_database(void **state) {
    (void)state;
    siem_database_close(&database);
    return 0;
}

static siem_sorted_ids *open_ids(const siem_range *range, int64_t limit) {
    siem_sorted_ids *ids;
    assert_ok(siem_sorted_ids_open(&ids, &database, range, limit, &err));
    return ids;
}

/* 3000, 2998, 2999, 2996, 2997, ... 2, 3, 1 */
static int64_t id_at(int64_t place) {
    if (place == 0) return EVENTS;
    if (place == EVENTS - 1) return 1;
    return EVENTS - (place + 1) / 2 * 2 + (place + 1) % 2;
}

static void test_order(void **state) {
    int64_t read[EVENTS];
    (void)state;
    siem_sorted_ids *ids = open_ids(&all, -1);
    assert_int_equal(siem_sorted_ids_count(ids), EVENTS);
    assert_ok(siem_sorted_ids_read(ids, 0, read, EVENTS, &err));
    for (int64_t i = 0; i < EVENTS; i++) assert_int_equal(read[i], id_at(i));
    assert_ok(siem_sorted_ids_read(ids, 700, read, 2, &err));
    assert_int_equal(read[0], id_at(700));
    assert_int_equal(read[1], id_at(701));
    assert_int_equal(read[2], id_at(2)); /* no more than was asked for */
    assert_ok(siem_sorted_ids_read(ids, EVENTS, read, 0, &err));
    siem_sorted_ids_close(ids);
    siem_sorted_ids_close(NULL);
}

static void test_limits(void **state) {
    static const int64_t limits[] = {0, 1, 5, EVENTS, EVENTS + 1};
    const int64_t after = 10, last = 20;
    int64_t read[10];
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        siem_sorted_ids *ids = open_ids(&all, limits[i]);
        assert_int_equal(siem_sorted_ids_count(ids), limits[i] < EVENTS ? limits[i] : EVENTS);
        siem_sorted_ids_close(ids);
    }
    siem_sorted_ids *ids = open_ids(&(siem_range){.after = &after, .last = &last}, -1);
    assert_int_equal(siem_sorted_ids_count(ids), 10);
    assert_ok(siem_sorted_ids_read(ids, 0, read, 10, &err));
    assert_int_equal(read[0], 20);
    assert_int_equal(read[9], 11);
    siem_sorted_ids_close(ids);
}

static void assert_fails(siem_code rc, const siem_error *err, int cause) {
    assert_int_equal(rc, SIEM_IO);
    test_has(err->message, "the sorted ids in a temporary file");
    test_has(err->message, strerror(cause));
}

/* Sorts with limits of the process's own, which are the old ones again afterwards. */
static siem_code sort_within(rlim_t most_files, rlim_t most_bytes, siem_error *err) {
    siem_sorted_ids *ids;
    struct rlimit files, bytes;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &bytes), 0);
    struct rlimit few_files = {most_files, files.rlim_max};
    struct rlimit few_bytes = {most_bytes, bytes.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few_files), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few_bytes), 0);
    siem_code rc = siem_sorted_ids_open(&ids, &database, &all, -1, err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &bytes), 0);
    if (rc != SIEM_OK) assert_null(ids);
    siem_sorted_ids_close(ids);
    return rc;
}

/* The file cannot be made, is full while ids are written to it, or with the last of them. */
static void test_no_room(void **state) {
    siem_error err;
    (void)state;
    const rlim_t size = EVENTS * sizeof(int64_t);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(next >= 0);
    assert_int_equal(close(next), 0);
    const rlim_t full = (rlim_t)next, enough = full + 8;
    assert_fails(sort_within(full, size, &err), &err, EMFILE);
    assert_fails(sort_within(enough, 4096, &err), &err, EFBIG);
    assert_fails(sort_within(enough, size - 1, &err), &err, EFBIG);
    assert_int_equal(sort_within(enough, size, &err), SIEM_OK);
}

/* The temporary file: it has no name, and this size. */
static int find_spool(void) {
    struct stat status;
    for (int fd = 0; fd < 256; fd++) {
        if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) continue;
        if (status.st_nlink == 0 && status.st_size == EVENTS * sizeof(int64_t)) return fd;
    }
    fail_msg("there is no temporary file");
    return -1;
}

/* What was cut off is an error, whatever went wrong before in this thread. */
static void test_cut(void **state) {
    siem_error err;
    int64_t read[4];
    (void)state;
    siem_sorted_ids *ids = open_ids(&all, -1);
    assert_int_equal(ftruncate(find_spool(), 10 * sizeof *read + 1), 0);
    assert_ok(siem_sorted_ids_read(ids, 6, read, 4, &err));
    assert_int_equal(read[3], id_at(9));
    for (int64_t start = 8; start < 12; start++) {
        errno = EINTR;
        assert_fails(siem_sorted_ids_read(ids, start, read, 4, &err), &err, EIO);
    }
    siem_sorted_ids_close(ids);
}

/* The ids of a slice are read once: what happens to the file meanwhile concerns the next one. */
static void test_cut_while_reading(void **state) {
    siem_registry *registry;
    siem_event *event;
    siem_error err;
    (void)state;
    const siem_registry_options options = {.path = test_path("sorted.db"), .registry_id = "r"};
    assert_int_equal(siem_registry_open(&registry, &options, &err), SIEM_OK);
    assert_int_equal(siem_registry_next(registry, &event, &err), SIEM_OK);
    assert_int_equal(ftruncate(find_spool(), 0), 0);
    for (int64_t i = 1; i < SIEM_SLICE_EVENTS; i++) {
        assert_int_equal(siem_registry_next(registry, &event, &err), SIEM_OK);
        assert_int_equal(siem_event_position(event).id, id_at(i));
    }
    assert_fails(siem_registry_next(registry, &event, &err), &err, EIO);
    siem_registry_close(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_no_room), cmocka_unit_test(test_cut),
                                       cmocka_unit_test(test_cut_while_reading)};
    return cmocka_run_group_tests_name("sorted_ids", tests, open_database, close_database);
}

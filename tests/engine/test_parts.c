/* test_parts.c: what a scan in parts finds is what one scan finds, or it finds nothing. */
#include "source/parts.h"

#include "base/thread.h"
#include "source/registry.h"
#include "source/slices.h"
#include "testing.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Events i = 1, 2 ... `count`. */
#define EVENTS(count, id, time)                                                                    \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " count ") "         \
    "INSERT INTO events (id, token_id, kind, timestamp) SELECT " id ", 't', 'dns', " time          \
    " FROM n;"
#define EVERY 64

/* How many threads were started, and how many more can be. */
static size_t started, startable = SIZE_MAX;

static atomic_int asked; /* how often, whether to go on */
static int wanted;       /* questions that a thread waits for before it begins */

typedef struct job {
    void *(*work)(void *);
    void *argument;
} job;

static void *begin_late(void *context) {
    const job j = *(job *)context;
    free(context);
    for (int i = 0; i < 60000 && atomic_load(&asked) < wanted; i++) (void)usleep(1000);
    return j.work(j.argument);
}

int siem_thread_start(pthread_t *thread, void *(*work)(void *), void *argument) {
    if (startable == 0) return EAGAIN;
    startable--;
    started++;
    job *j = malloc(sizeof *j);
    assert_non_null(j);
    *j = (job){work, argument};
    return pthread_create(thread, NULL, begin_late, j);
}

static siem_registry *open_registry(const char *name) {
    siem_registry *registry;
    const siem_registry_options options = {.path = test_path(name), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &options, &err));
    return registry;
}

/* Scans in parts, by so many threads. */
static bool scan(siem_ordering *out, siem_bounds *bounds, const siem_registry *registry,
                 const siem_range *range, size_t threads) {
    *bounds = (siem_bounds){.every = EVERY, .limit = -1};
    return siem_parts_read(out, bounds, siem_registry_origin(registry),
                           siem_registry_database(registry), range, threads, NULL) == SIEM_OK;
}

static void assert_bounds(const siem_bounds *bounds, const siem_ordering *all) {
    siem_bound before = {.events = 0};
    for (size_t i = 0; i < bounds->count; i++) {
        const siem_bound at = bounds->list[i];
        assert_true(at.events > before.events && at.events <= before.events + EVERY);
        if (i > 0) assert_true(at.id > before.id);
        before = at;
    }
    assert_int_equal(before.events, all->count);
    assert_int_equal(before.id, all->last_id);
}

/* Each bound has the number of events that a query counts. */
static void assert_counted(const siem_bounds *bounds, const siem_registry *registry,
                           const siem_range *range) {
    for (size_t i = 0; i < bounds->count; i += 7) {
        siem_ordering there;
        siem_range up_to = *range;
        up_to.last = &bounds->list[i].id;
        assert_ok(siem_ordering_read(&there, NULL, siem_registry_database(registry), &up_to, &err));
        assert_int_equal(there.count, bounds->list[i].events);
    }
}

static void assert_same(const char *name, const siem_range *range) {
    siem_registry *registry = open_registry(name);
    siem_ordering one, parts;
    siem_bounds bounds;
    assert_ok(siem_ordering_read(&one, NULL, siem_registry_database(registry), range, &err));
    for (size_t threads = 1; threads <= 8; threads = 2 * threads + 1) {
        assert_true(scan(&parts, &bounds, registry, range, threads));
        assert_int_equal(parts.count, one.count);
        assert_int_equal(parts.first_id, one.first_id);
        assert_int_equal(parts.last_id, one.last_id);
        assert_int_equal(parts.follows, one.follows);
        assert_int_equal(parts.first_break, one.first_break);
        assert_bounds(&bounds, &one);
        assert_counted(&bounds, registry, range);
        siem_bounds_free(&bounds);
    }
    siem_registry_close(registry);
}

static const siem_range all_events = {.filter = NULL};

static void test_order(void **state) {
    char sql[200];
    (void)state;
    test_sql("order.db", TABLE EVENTS("3000", "100 * i", "i / 3"));
    assert_same("order.db", &all_events);
    /* One event that steps back, anywhere: also where parts meet. */
    for (int i = 1; i <= 3000; i += 271) {
        (void)snprintf(sql, sizeof sql, "UPDATE events SET timestamp = id / 300 - 5 * (id = %d)",
                       100 * i);
        test_sql("order.db", sql);
        assert_same("order.db", &all_events);
    }
    test_sql("order.db", "UPDATE events SET timestamp = -id");
    assert_same("order.db", &all_events);
}

/* As many as there are threads, and more: each of them ends with a bound. */
static void test_divided(void **state) {
    siem_ordering ordering;
    siem_bounds bounds;
    (void)state;
    test_sql("divided.db", TABLE EVENTS("3000", "100 * i", "i"));
    siem_registry *registry = open_registry("divided.db");
    for (size_t threads = 8; threads <= 32; threads *= 2) {
        assert_true(scan(&ordering, &bounds, registry, &all_events, threads));
        assert_true(bounds.count >= 8 * threads);
        siem_bounds_free(&bounds);
    }
    siem_registry_close(registry);
}

/* The last event of each part is the first one of the next part. */
static void test_joints(void **state) {
    char sql[200];
    (void)state;
    test_sql("joints.db", TABLE EVENTS("1600", "1 + 100 * (i - 1)", "i"));
    for (int64_t id = 1; id < 160000; id += 9900) {
        (void)snprintf(sql, sizeof sql,
                       "UPDATE events SET timestamp = id - 1000 * (id BETWEEN %d AND %d)",
                       (int)id + 1, (int)id + 100);
        test_sql("joints.db", sql);
        assert_same("joints.db", &all_events);
    }
}

static void test_kinds_of_time(void **state) {
    (void)state;
    test_sql("kinds.db", TABLE EVENTS("3000", "100 * i", "i + 0.5"));
    assert_same("kinds.db", &all_events);
    test_sql("kinds.db", "UPDATE events SET timestamp = 'text' WHERE id = 150000");
    assert_same("kinds.db", &all_events);
    test_sql("kinds.db", "UPDATE events SET timestamp = 'text'");
    assert_same("kinds.db", &all_events);
}

static void test_ids(void **state) {
    const int64_t after = 30000, last = 250000;
    const siem_range part = {.after = &after, .last = &last};
    (void)state;
    test_sql("ids.db", TABLE EVENTS("3000", "100 * i", "i"));
    assert_same("ids.db", &part);
    /* Most of them in one part; the ends of what 64 bits hold. */
    test_sql("ids.db", EVENTS("2000", "1000000 + i", "4000 + i"));
    assert_same("ids.db", &all_events);
    test_sql("ids.db", "INSERT INTO events (id, token_id, kind, timestamp) VALUES "
                       "(-9223372036854775808, 't', 'dns', 0), "
                       "(9223372036854775807, 't', 'dns', 10000)");
    assert_same("ids.db", &all_events);
    test_sql("two.db", TABLE "INSERT INTO events (id, token_id, kind, timestamp) VALUES "
                             "(1, 't', 'dns', 0), (1000000, 't', 'dns', 0)");
    assert_same("two.db", &all_events);
}

static bool is_scanned(const char *name, const siem_range *range, size_t threads) {
    siem_registry *registry = open_registry(name);
    siem_ordering ordering;
    siem_bounds bounds;
    bool is_done = scan(&ordering, &bounds, registry, range, threads);
    if (!is_done) assert_null(bounds.list);
    siem_bounds_free(&bounds);
    siem_registry_close(registry);
    return is_done;
}

static void test_not_in_parts(void **state) {
    const int64_t most = 10;
    (void)state;
    test_sql("none.db", TABLE);
    assert_false(is_scanned("none.db", &all_events, 2));
    test_sql("few.db", TABLE EVENTS("3000", "i", "i"));
    assert_false(is_scanned("few.db", &all_events, 2));
    test_sql("many.db", TABLE EVENTS("3000", "100 * i", "i"));
    assert_true(is_scanned("many.db", &all_events, 2));
    assert_true(is_scanned("many.db", &all_events, 1000));
    assert_false(is_scanned("many.db", &(siem_range){.filter = "timestamp >= 5"}, 2));
    assert_false(is_scanned("many.db", &(siem_range){.most = &most}, 2));
}

/* Connections that were opened in this process. */
static atomic_size_t connections;

static int count_connection(sqlite3 *connection, char **message, const void *api) {
    (void)connection, (void)message, (void)api;
    atomic_fetch_add(&connections, 1);
    return SQLITE_OK;
}

/* Beside the calling thread, each with a connection of its own; where fewer can be started, those
 * read all. */
static void test_threads(void **state) {
    static const struct {
        size_t threads, startable, started;
    } cases[] = {{1, SIZE_MAX, 0}, {2, SIZE_MAX, 1}, {5, SIZE_MAX, 4},
                 {5, 2, 2},        {5, 0, 0},        {1000, SIZE_MAX, 63}};
    (void)state;
    test_sql("threads.db", TABLE EVENTS("3000", "100 * i", "i"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        started = 0;
        startable = cases[i].startable;
        atomic_store(&connections, 0);
        (void)sqlite3_auto_extension((void (*)(void))count_connection);
        assert_true(is_scanned("threads.db", &all_events, cases[i].threads));
        sqlite3_reset_auto_extension();
        assert_int_equal(started, cases[i].started);
        assert_int_equal(atomic_load(&connections), started + 1);
    }
    startable = SIZE_MAX;
}

/* Slices are found by as many threads as there may be. */
static void test_slices(void **state) {
    siem_slices *slices;
    (void)state;
    test_sql("slices.db", TABLE EVENTS("3000", "100 * i", "i"));
    siem_registry *registry = open_registry("slices.db");
    for (size_t threads = 1; threads <= 3; threads++) {
        siem_slice slice;
        started = 0;
        assert_ok(siem_slices_open(&slices, siem_registry_origin(registry),
                                   siem_registry_database(registry), &all_events, -1, threads,
                                   &err));
        assert_int_equal(started, threads - 1);
        int64_t number = 0, last = 0;
        for (; siem_slices_get(slices, number, &slice); number++) {
            assert_int_equal(slice.number, number);
            assert_int_equal(slice.after.is_set, number > 0);
            if (number > 0) assert_int_equal(slice.after.id, last);
            assert_true(slice.last > last);
            last = slice.last;
        }
        assert_int_equal(last, 300000);
        assert_true(number >= 3);
        siem_slices_close(slices);
    }
    siem_registry_close(registry);
}

/* Events that were deleted since they were counted are not missing, and any other one is. */
static void test_complete(void **state) {
    siem_slices *slices;
    (void)state;
    test_sql("complete.db", TABLE EVENTS("3000", "100 * i", "i"));
    siem_registry *registry = open_registry("complete.db");
    const siem_database *database = siem_registry_database(registry);
    assert_ok(siem_slices_open(&slices, siem_registry_origin(registry), database, &all_events, -1,
                               1, &err));
    for (int64_t deleted = 0; deleted < 3; deleted++) {
        siem_error err;
        const int64_t left = 3000 - deleted;
        assert_int_equal(siem_slices_check_complete(slices, database, left, &err), SIEM_OK);
        assert_int_equal(siem_slices_check_complete(slices, database, left - 1, &err), SIEM_IO);
        char text[100];
        (void)snprintf(text, sizeof text, "only %d of %d events can be found by their ids",
                       (int)left - 1, (int)left);
        test_has(err.message, text);
        test_sql("complete.db", "DELETE FROM events WHERE id = (SELECT min(id) FROM events)");
    }
    siem_slices_close(slices);
    siem_registry_close(registry);
}

/* Zeros in place of a page of the table's. */
static void test_damage(void **state) {
    FILE *file;
    char zeros[4096] = {0};
    (void)state;
    test_sql("damaged.db", "PRAGMA page_size = 4096;" TABLE EVENTS("3000", "100 * i", "i"));
    assert_true(is_scanned("damaged.db", &all_events, 3));
    assert_non_null(file = fopen(test_path("damaged.db"), "r+b"));
    assert_int_equal(fseek(file, 20L * 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(zeros, 1, sizeof zeros, file), sizeof zeros);
    assert_int_equal(fclose(file), 0);
    assert_false(is_scanned("damaged.db", &all_events, 3));
}

static bool never(void *context) {
    (void)context;
    return false;
}

static void test_stop(void **state) {
    siem_ordering ordering;
    siem_error err;
    (void)state;
    test_sql("stop.db", TABLE EVENTS("20000", "100 * i", "i"));
    siem_registry *registry = open_registry("stop.db");
    siem_registry_set_threads(registry, 3);
    siem_registry_set_go_on(registry, never, NULL);
    assert_int_equal(siem_registry_ordering(registry, &ordering, &err), SIEM_CANCELLED);
    siem_registry_set_go_on(registry, NULL, NULL);
    assert_ok(siem_registry_ordering(registry, &ordering, &err));
    assert_int_equal(ordering.count, 20000);
    siem_registry_close(registry);
}

static bool count_question(void *context) {
    (void)context;
    atomic_fetch_add(&asked, 1);
    return true;
}

/* While it waits for the other threads, it asks whether to go on, and sleeps in between. */
static void test_questions(void **state) {
    siem_ordering ordering;
    (void)state;
    test_sql("late.db", TABLE EVENTS("3000", "100 * i", "i"));
    siem_registry *registry = open_registry("late.db");
    siem_registry_set_threads(registry, 3);
    siem_registry_set_go_on(registry, count_question, NULL);
    clock_t worked = clock();
    wanted = 4;
    assert_ok(siem_registry_ordering(registry, &ordering, &err));
    wanted = 0;
    assert_true(clock() - worked < CLOCKS_PER_SEC / 4);
    assert_true(atomic_load(&asked) >= 4);
    assert_int_equal(ordering.count, 3000);
    siem_registry_close(registry);
}

static bool lock_and_stop(void *other) {
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    return false;
}

/* Once it is stopped it reads no further part, for which it would wait here. */
static void test_stopped_at_once(void **state) {
    siem_registry *registry;
    siem_ordering ordering;
    sqlite3 *other;
    struct timespec begun, now;
    const siem_registry_options options = {
        .path = test_path("lock.db"), .registry_id = "r", .busy_timeout_ms = 60000};
    (void)state;
    test_sql("lock.db", TABLE EVENTS("3000", "100 * i", "i"));
    assert_int_equal(sqlite3_open(test_path("lock.db"), &other), SQLITE_OK);
    assert_ok(siem_registry_open(&registry, &options, &err));
    siem_registry_set_threads(registry, 2);
    siem_registry_set_go_on(registry, lock_and_stop, other);
    startable = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    assert_int_equal(siem_registry_ordering(registry, &ordering, NULL), SIEM_CANCELLED);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    startable = SIZE_MAX;
    assert_true(now.tv_sec - begun.tv_sec < 30);
    siem_registry_close(registry);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

/* Another file has come in place of the one that is open: the calling thread reads all parts. */
static void test_replaced(void **state) {
    siem_ordering ordering;
    siem_bounds bounds;
    (void)state;
    test_sql("old.db", TABLE EVENTS("3000", "100 * i", "i"));
    test_sql("other.db", TABLE EVENTS("2000", "100 * i", "i"));
    siem_registry *registry = open_registry("old.db");
    assert_int_equal(rename(test_path("other.db"), test_path("old.db")), 0);
    assert_true(scan(&ordering, &bounds, registry, &all_events, 3));
    assert_int_equal(ordering.count, 3000);
    siem_bounds_free(&bounds);
    siem_registry_close(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),    cmocka_unit_test(test_divided),
        cmocka_unit_test(test_joints),   cmocka_unit_test(test_kinds_of_time),
        cmocka_unit_test(test_ids),      cmocka_unit_test(test_not_in_parts),
        cmocka_unit_test(test_threads),  cmocka_unit_test(test_complete),
        cmocka_unit_test(test_slices),   cmocka_unit_test(test_damage),
        cmocka_unit_test(test_stop),     cmocka_unit_test(test_questions),
        cmocka_unit_test(test_replaced), cmocka_unit_test(test_stopped_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

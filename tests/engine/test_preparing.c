/* test_preparing.c: parcels that are prepared on other threads, while answers retry, split and
 * refuse them, and exports stop or fail, at random. */
#include "base/error.h"
#include "base/outage.h"
#include "record/batch.h"
#include "sink/http/framing.h"
#include "sink/sink.h"
#include "testing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define EVENTS 9000
#define MOST   16   /* parcels at once */
#define POISON 1000 /* each event with such an id is refused */

static siem_mapping *mapping;

static int open_all(void **state) {
    static const char *const field[] = {"file_id", NULL};
    (void)state;
    test_sql("preparing.db",
             "CREATE TABLE events (id INTEGER PRIMARY KEY, token_id TEXT, kind TEXT, file_id TEXT, "
             "source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER);"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) "
             "INSERT INTO events (id, token_id, kind, file_id, timestamp) "
             "SELECT i, 't', 'dns', i || hex(zeroblob(80)), i FROM n;");
    assert_ok(siem_mapping_open(&mapping, "files", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"file", .from = field}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return 0;
}

static int close_all(void **state) {
    (void)state;
    siem_mapping_close(mapping);
    return 0;
}

/* ---- a target that is never sure ---- */

typedef struct target {
    siem_sink sink;
    pthread_t owner;
    atomic_int elsewhere;     /* parcels that other threads have prepared */
    atomic_int until_failure; /* to prepare one; negative: none fails */
    bool is_calm;             /* it takes everything */
    unsigned seed;
    int begins_left;            /* until one fails; negative: none does */
    siem_parcel *parcels[MOST]; /* that were begun and have no answer */
    size_t count;
    unsigned char outcomes[EVENTS + 1]; /* of each event, how many it had */
    size_t refused;
} target;

static target *target_of(const siem_sink *sink) {
    return (target *)sink;
}

static siem_code prepare(const siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    target *t = target_of(sink);
    if (atomic_fetch_sub(&t->until_failure, 1) == 0) return siem_error_no_memory(err);
    if (!pthread_equal(pthread_self(), t->owner)) atomic_fetch_add(&t->elsewhere, 1);
    siem_code rc = siem_frame_array(parcel, err);
    siem_buffer whole = {0};
    siem_piece_reader reader = {parcel->body.pieces, parcel->body.pieces + parcel->body.count, 0};
    assert_true(siem_buffer_reserve(&whole, parcel->body.size));
    whole.size = siem_piece_read(&reader, whole.bytes, parcel->body.size);
    siem_body_replace(&parcel->body, &whole, NULL);
    return rc;
}

/* The body is an array of the parcel's records. */
static void check_body(const siem_parcel *parcel) {
    const char *at = parcel->body.own.bytes;
    assert_true(parcel->is_prepared);
    for (size_t i = 0; i < parcel->count; i++) {
        size_t size;
        const char *record = siem_parcel_at(parcel, i, &size);
        assert_int_equal(*at, i == 0 ? '[' : ',');
        assert_memory_equal(at + 1, record, size);
        at += size + 1;
    }
    assert_int_equal(*at, ']');
    assert_int_equal(at + 1 - parcel->body.own.bytes, parcel->body.size);
}

static siem_code begin(siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    target *t = target_of(sink);
    check_body(parcel);
    if (t->begins_left-- == 0) return siem_error_set(err, SIEM_IO, "no way there");
    assert_true(t->count < sink->pace.in_flight);
    t->parcels[t->count++] = parcel;
    return SIEM_OK;
}

static void wait_a_while(siem_sink *sink, int milliseconds) {
    if (target_of(sink)->count > 0) return;
    const struct timespec pause = {0, milliseconds > 0 ? 200000 : 0};
    (void)nanosleep(&pause, NULL);
}

static int64_t id_of(const siem_parcel *parcel, size_t index) {
    return strtoll(siem_batch_event_id(parcel->items[index].batch, parcel->items[index].record),
                   NULL, 10);
}

/* Each record has its outcome but once: it is in, or it is refused. */
static void take_all(target *t, const siem_parcel *parcel, siem_answer *answer) {
    for (size_t i = 0; i < parcel->count; i++) {
        int64_t id = id_of(parcel, i);
        bool is_poison = id % POISON == 0;
        siem_answer_one(answer, i, is_poison ? SIEM_REJECT : SIEM_DELIVERED, 200, "record");
        t->outcomes[id]++;
        t->refused += is_poison;
    }
}

static siem_parcel *next(siem_sink *sink, siem_answer *answer) {
    target *t = target_of(sink);
    if (t->count == 0) return NULL;
    size_t chosen = (size_t)rand_r(&t->seed) % t->count;
    siem_parcel *parcel = t->parcels[chosen];
    t->parcels[chosen] = t->parcels[--t->count];
    check_body(parcel);
    *answer = siem_answer_begin(parcel->outcomes, parcel->count);
    switch (t->is_calm ? 9 : rand_r(&t->seed) % 10) {
    case 0: siem_answer_all(answer, SIEM_RETRY, "come again"); break;
    case 1: answer->next = SIEM_AGAIN; break;
    case 2:
    case 3:
        answer->http_status = 413;
        if (parcel->count > 1) siem_answer_halve(answer, "too much");
        else take_all(t, parcel, answer);
        break;
    default: take_all(t, parcel, answer);
    }
    return parcel;
}

static void release(siem_sink *sink, siem_parcel *parcel, bool is_settled) {
    target *t = target_of(sink);
    (void)is_settled;
    for (size_t i = 0; i < t->count; i++) {
        if (t->parcels[i] == parcel) t->parcels[i] = t->parcels[--t->count];
    }
}

static const siem_carrier carrier = {
    .prepare = prepare, .begin = begin, .wait = wait_a_while, .next = next, .release = release};
static const siem_sink_kind kind = {
    .name = "unsure", .carrier = &carrier, .accepts = ~0U, .can = SIEM_REJECTS};

static target calm_target(void) {
    return (target){.sink = {.kind = &kind,
                             .pace = {.in_flight = 3,
                                      .body_bytes = 160000,
                                      .batch_bytes = 100000,
                                      .patience = {.retries = 1000, .base = 0.0001}}},
                    .owner = pthread_self(),
                    .until_failure = -1,
                    .is_calm = true,
                    .begins_left = -1};
}

/* ---- exports ---- */

static bool count_down(void *calls_left, const siem_counts *counts) {
    (void)counts;
    return --*(int *)calls_left > 0;
}

static siem_counts counts;

/* Exports the registry to a target; progress ends it after so many calls. */
static siem_code run_export(target *t, size_t jobs, int calls, siem_error *failure) {
    siem_export *export_;
    siem_registry *registry;
    const siem_registry_options source = {.path = test_path("preparing.db"), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &source, &err));
    const siem_export_options options = {.mapping = mapping,
                                         .sink = &t->sink,
                                         .on_error = SIEM_SKIP_ON_ERROR,
                                         .jobs = jobs,
                                         .progress = count_down,
                                         .progress_context = &calls};
    assert_ok(siem_export_open(&export_, &options, &err));
    siem_code rc = siem_export_run(export_, registry, failure);
    counts = *siem_export_counts(export_);
    siem_export_close(export_);
    siem_registry_close(registry);
    assert_int_equal(t->sink.users, 0);
    assert_int_equal(t->count, 0);
    siem_sink_forget_reasons(&t->sink);
    return rc;
}

static void assert_complete(const target *t) {
    for (size_t id = 1; id <= EVENTS; id++) assert_int_equal(t->outcomes[id], 1);
    assert_int_equal(t->refused, EVENTS / POISON);
    assert_int_equal(counts.exported, EVENTS - EVENTS / POISON);
    assert_int_equal(counts.refused, EVENTS / POISON);
}

/* With several jobs, the threads that render prepare parcels; with one, who exports does. */
static void test_where(void **state) {
    (void)state;
    for (size_t jobs = 1; jobs <= 3; jobs++) {
        target t = calm_target();
        assert_ok(run_export(&t, jobs, INT32_MAX, &err));
        assert_complete(&t);
        if (jobs == 1) assert_int_equal(t.elsewhere, 0);
        else assert_true(t.elsewhere > 0);
    }
}

/* What a thread fails to prepare is prepared again by who exports, who says what is missing. */
static void test_failing(void **state) {
    siem_error failure;
    (void)state;
    for (int n = 0; n < 8; n++) {
        target t = calm_target();
        t.until_failure = n;
        siem_code rc = run_export(&t, 2, INT32_MAX, &failure);
        if (rc == SIEM_OK) {
            assert_complete(&t);
        } else { /* the threads had ended by then */
            assert_int_equal(rc, SIEM_NO_MEMORY);
            assert_string_equal(failure.message, "unsure: out of memory");
        }
    }
    target t = calm_target();
    t.until_failure = 3;
    assert_int_equal(run_export(&t, 1, INT32_MAX, &failure), SIEM_NO_MEMORY);
    assert_string_equal(failure.message, "unsure: out of memory");
}

static void test_random(void **state) {
    unsigned seed = 20261128;
    (void)state;
    for (int i = 0; i < 30; i++) {
        siem_error failure;
        target t = calm_target();
        t.is_calm = false;
        t.seed = (unsigned)rand_r(&seed);
        t.begins_left = rand_r(&seed) % 3 == 0 ? (int)(rand_r(&seed) % 30) : -1;
        int calls = rand_r(&seed) % 3 == 0 ? 1 + (int)(rand_r(&seed) % 40) : INT32_MAX;
        size_t jobs = 1 + (size_t)rand_r(&seed) % 5;
        siem_code rc = run_export(&t, jobs, calls, &failure);
        if (rc == SIEM_OK) assert_complete(&t);
        else assert_true(rc == SIEM_IO || rc == SIEM_CANCELLED);
        for (size_t id = 1; id <= EVENTS; id++) assert_true(t.outcomes[id] <= 1);
        if (t.begins_left < -1 && calls == INT32_MAX) assert_int_equal(rc, SIEM_OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_failing),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}

/* test_source.c: what an export makes of a source: its events, its ends, its failures, and the
 * positions that it keeps. */
#include "base/clock.h"
#include "source/source.h"

#include "testing.h"

#include <stdio.h>
#include <string.h>

/* The engine's clock in this program: time passes when the source says so. */
static double seconds;

double siem_clock(void) {
    return seconds;
}

/* The source gives one step after the other: an event (SIEM_OK), nothing for now (SIEM_END), or a
 * failure. Waiting for news succeeds as long as there are steps, and then the source is over. */
static struct {
    siem_source source;
    const siem_code *steps;
    size_t count, at;
    int64_t id; /* of the event that was given last */
    siem_event *event;
    siem_code wait_fails; /* once; SIEM_OK: never */
    int pauses;           /* waits without news, before the first one with it */
    double pace;          /* seconds from one event to the next */
    bool changes;         /* it is not over after all, as its last position is kept */
    int begins, ends, seeks, waits, lags;
    /* ---- its position ---- */
    int64_t kept;
    int keeps, keep_fails; /* how often that fails */
    double keep_takes;     /* seconds */
    bool has_waited;       /* the last one was to be kept when it returned */
} s;

static siem_mapping *mapping;
static struct {
    char delivered[200], notices[1000];
    siem_code answer; /* of the sink, for event 2, once */
    bool stops;       /* when there is a notice */
    bool gathers;     /* events of a request, in place of one for each */
    int64_t lag;      /* that was seen last */
    uint64_t save_failures;
    siem_counts counts;
    siem_error error;
} seen;

/* ---- the source ---- */

static void begin(siem_source *source) {
    assert_ptr_equal(source, &s.source);
    s.begins++;
}

static siem_event *event_of(int64_t id) {
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = id}}};
    siem_event_close(s.event);
    assert_ok(siem_event_open(&s.event, row, 1, "r", &err));
    return s.event;
}

static siem_code next(siem_source *source, siem_event **event, siem_error *err) {
    *event = NULL;
    siem_code rc = s.at < s.count ? s.steps[s.at++] : SIEM_END;
    source->is_over = rc == SIEM_END && s.at == s.count;
    seconds += s.pace;
    if (rc == SIEM_END) return rc;
    if (rc == SIEM_OK || rc == SIEM_REFUSED) *event = event_of(++s.id);
    if (rc == SIEM_OK) return rc;
    err->code = rc;
    (void)snprintf(err->message, sizeof err->message, "the source: %s", siem_code_name(rc));
    return rc;
}

/* The step after an event. */
static void seek(siem_source *source, siem_position position) {
    (void)source;
    s.seeks++;
    s.at = 0;
    s.id = 0;
    const int64_t id = position.id != 0 ? position.id : s.kept;
    while (s.id < id) s.id += s.steps[s.at++] == SIEM_OK;
}

static siem_code wait_for(siem_source *source, int milliseconds, siem_error *err) {
    (void)source;
    s.waits++;
    seconds += milliseconds / 1e3;
    siem_code rc = s.wait_fails;
    s.wait_fails = SIEM_OK;
    if (rc != SIEM_OK) {
        err->code = rc;
        (void)snprintf(err->message, sizeof err->message, "waiting: %s", siem_code_name(rc));
        return rc;
    }
    return s.pauses-- > 0 ? SIEM_END : SIEM_OK;
}

static siem_code read_lag(siem_source *source, int64_t id, siem_lag *lag) {
    (void)source;
    s.lags++;
    *lag = (siem_lag){.events = 100 - id};
    return SIEM_OK;
}

static siem_code keep(siem_source *source, siem_position position, bool waits, siem_error *err) {
    seconds += s.keep_takes;
    s.keeps++;
    s.has_waited = waits;
    if (s.keep_fails > 0) {
        s.keep_fails--;
        err->code = SIEM_IO;
        strcpy(err->message, "the position is not kept");
        return SIEM_IO;
    }
    s.kept = position.id;
    if (s.changes && waits) source->is_over = s.changes = false;
    return SIEM_OK;
}

static void tend(siem_source *source) {
    (void)source;
    seconds++;
}

static void end(siem_source *source) {
    (void)source;
    s.ends++;
}

static const siem_source_kind kind = {.name = "steps",
                                      .begin = begin,
                                      .next = next,
                                      .seek = seek,
                                      .wait = wait_for,
                                      .read_lag = read_lag,
                                      .keep = keep,
                                      .tend = tend,
                                      .end = end};

/* ---- the export ---- */

static siem_code take(void *context, const siem_batch *batch, siem_outcome *outcomes,
                      siem_error *err) {
    (void)context, (void)outcomes;
    for (size_t i = 0; i < siem_batch_size(batch); i++) {
        const char *id = siem_batch_event_id(batch, i);
        if (seen.answer != SIEM_OK && strcmp(id, "2") == 0) {
            siem_code rc = seen.answer;
            seen.answer = SIEM_OK;
            (void)snprintf(err->message, sizeof err->message, "the sink: %s", siem_code_name(rc));
            return rc;
        }
        if (strlen(seen.delivered) + 8 > sizeof seen.delivered) continue;
        (void)snprintf(seen.delivered + strlen(seen.delivered), 8, "%s ", id);
    }
    return SIEM_OK;
}

static void note(void *context, const char *text) {
    (void)context;
    size_t size = strlen(seen.notices);
    (void)snprintf(seen.notices + size, sizeof seen.notices - size, "%s\n", text);
}

static bool goes_on(void *context, const siem_counts *counts) {
    (void)context;
    seen.lag = counts->lag.events;
    if (counts->save_failures > seen.save_failures) seen.save_failures = counts->save_failures;
    return !seen.stops || seen.notices[0] == '\0';
}

typedef siem_code (*export_function)(siem_export *, siem_source *, siem_error *);

/* Exports the steps, with a request for each event. */
static siem_code export_with(export_function function, siem_on_error on_error) {
    siem_sink *sink;
    siem_export *export_;
    s.source.kind = &kind;
    s.source.is_followed = true;
    assert_ok(siem_sink_open_function(&sink, take, NULL, NULL, &err));
    const siem_export_options options = {.mapping = mapping,
                                         .sink = sink,
                                         .on_error = on_error,
                                         .jobs = 1,
                                         .batch_bytes = seen.gathers ? 0 : 1,
                                         .progress = goes_on,
                                         .notice = note};
    assert_ok(siem_export_open(&export_, &options, &err));
    siem_code rc = function(export_, &s.source, &seen.error);
    seen.counts = *siem_export_counts(export_);
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
    assert_int_equal(s.begins, 1);
    assert_int_equal(s.ends, 1);
    return rc;
}

static siem_code consume(void) {
    return export_with(siem_export_consume, SIEM_STOP_ON_ERROR);
}

static siem_code drain(void) {
    return export_with(siem_export_drain, SIEM_STOP_ON_ERROR);
}

static int reset(void **state) {
    (void)state;
    siem_event_close(s.event);
    memset(&s, 0, sizeof s);
    memset(&seen, 0, sizeof seen);
    seconds = 1000;
    return 0;
}

#define GIVE(...)                                                                                  \
    do {                                                                                           \
        static const siem_code steps_[] = {__VA_ARGS__};                                           \
        (void)reset(NULL);                                                                         \
        s.steps = steps_;                                                                          \
        s.count = sizeof steps_ / sizeof *steps_;                                                  \
    } while (0)

static void assert_exported(siem_code rc, siem_code expected, const char *delivered, int64_t kept) {
    if (rc != expected) fail_msg("%s: %s", siem_code_name(rc), seen.error.message);
    assert_string_equal(seen.delivered, delivered);
    assert_int_equal(s.kept, kept);
    assert_true(s.has_waited);
}

/* ---- events and ends ---- */

static void test_end(void **state) {
    (void)state;
    GIVE(SIEM_OK, SIEM_OK, SIEM_END);
    assert_exported(consume(), SIEM_OK, "1 2 ", 2);
    assert_false(s.source.ends);
    assert_int_equal(seen.counts.exported, 2);
    assert_int_equal(seen.counts.last_id, 0); /* its positions mean nothing elsewhere */
    assert_string_equal(seen.notices, "");
    GIVE(SIEM_OK, SIEM_OK, SIEM_END);
    assert_exported(drain(), SIEM_OK, "1 2 ", 2);
    assert_true(s.source.ends);
    GIVE(SIEM_END);
    assert_int_equal(consume(), SIEM_OK);
    assert_int_equal(seen.counts.events, 0);
}

/* What is added later is exported as well, and how far it is behind is seen meanwhile. */
static void test_news(void **state) {
    static const export_function functions[] = {siem_export_consume, siem_export_drain};
    (void)state;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        GIVE(SIEM_OK, SIEM_END, SIEM_OK, SIEM_END);
        s.pauses = 30;
        assert_exported(export_with(functions[i], SIEM_STOP_ON_ERROR), SIEM_OK, "1 2 ", 2);
        assert_true(s.waits > 30);
        assert_int_equal(seen.lag, 99);
        assert_true(s.lags >= 3 && s.lags < 10); /* once a second */
        assert_true(s.keeps <= 4);               /* not while nothing changes */
    }
}

/* A source whose position is not taken is not over. */
static void test_not_over(void **state) {
    (void)state;
    GIVE(SIEM_OK, SIEM_END);
    s.changes = true;
    assert_exported(drain(), SIEM_OK, "1 ", 1);
    assert_true(s.waits > 0);
}

/* What is there in place of an event is refused, and passed by. */
static void test_no_event(void **state) {
    (void)state;
    GIVE(SIEM_OK, SIEM_REFUSED, SIEM_OK, SIEM_END);
    assert_exported(export_with(siem_export_consume, SIEM_SKIP_ON_ERROR), SIEM_OK, "1 3 ", 3);
    assert_int_equal(seen.counts.refused, 1);
    GIVE(SIEM_OK, SIEM_REFUSED, SIEM_OK, SIEM_END);
    assert_exported(consume(), SIEM_REFUSED, "1 ", 1);
    test_has(seen.error.message, "the source: ");
}

/* ---- failures ---- */

static const struct {
    siem_code code;
    bool passes, passes_in_sink;
} failures[] = {
    {SIEM_LOCKED, true, true},     {SIEM_IO, true, true},          {SIEM_UNAVAILABLE, true, true},
    {SIEM_NOT_FOUND, false, true}, {SIEM_HELD, false, false},      {SIEM_SCHEMA, false, false},
    {SIEM_INVALID, false, false},  {SIEM_NO_MEMORY, false, false},
};

/* After one that passes it tries again, until it is stopped; any other one is its end. Events that
 * came before are delivered either way. */
static void assert_failure(siem_code rc, siem_code code, bool passes, const char *origin) {
    char text[100];
    (void)snprintf(text, sizeof text, "%s%s", origin, siem_code_name(code));
    assert_exported(rc, passes ? SIEM_CANCELLED : code, "1 ", 1);
    test_has(seen.error.message, text);
    if (!passes) {
        assert_string_equal(seen.notices, "");
        return;
    }
    test_has(seen.error.message, "stopped on request, with 1 attempt(s) failed since ");
    (void)snprintf(text, sizeof text, "%s%s; trying again in 1.0 s\n", origin,
                   siem_code_name(code));
    assert_string_equal(seen.notices, text);
}

static void test_failures(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        const siem_code code = failures[i].code, steps[] = {SIEM_OK, code, SIEM_OK, SIEM_END};
        const siem_code good[] = {SIEM_OK, SIEM_END, SIEM_OK, SIEM_END};
        for (int of_wait = 0; of_wait < 2; of_wait++) {
            (void)reset(NULL);
            s.steps = of_wait != 0 ? good : steps;
            s.count = 4;
            s.wait_fails = of_wait != 0 ? code : SIEM_OK;
            seen.stops = true;
            const char *origin = of_wait != 0 ? "waiting: " : "the source: ";
            assert_failure(consume(), code, failures[i].passes, origin);
        }
    }
}

static void test_failures_of_sink(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        const siem_code code = failures[i].code;
        if (code == SIEM_UNAVAILABLE) continue; /* the delivery tries again */
        GIVE(SIEM_OK, SIEM_OK, SIEM_END);
        seen.answer = code;
        seen.stops = true;
        assert_failure(consume(), code, failures[i].passes_in_sink, "the sink: ");
    }
}

/* Without retries, each failure ends a drain, and none of the events before it is lost. */
static void test_failing_drain(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        const siem_code code = failures[i].code, steps[] = {SIEM_OK, code, SIEM_OK, SIEM_END};
        (void)reset(NULL);
        s.steps = steps;
        s.count = 4;
        assert_failure(drain(), code, false, "the source: ");
    }
}

/* It goes on where it was, and pauses longer each time that it fails in a row. */
static void test_recovery(void **state) {
    (void)state;
    GIVE(SIEM_OK, SIEM_LOCKED, SIEM_OK, SIEM_IO, SIEM_IO, SIEM_OK, SIEM_END);
    assert_exported(consume(), SIEM_OK, "1 2 3 ", 3);
    assert_string_equal(seen.notices, "the source: locked; trying again in 1.0 s\n"
                                      "going on, after 3 failed attempt(s) in 7 s\n");
    assert_int_equal(s.seeks, 1); /* at the start */
}

/* After a failure of the sink the events that are not confirmed are read again. */
static void test_recovery_of_sink(void **state) {
    (void)state;
    GIVE(SIEM_OK, SIEM_OK, SIEM_OK, SIEM_END);
    seen.answer = SIEM_IO;
    assert_exported(consume(), SIEM_OK, "1 2 3 ", 3);
    assert_string_equal(seen.notices, "the sink: io; trying again in 1.0 s\n"
                                      "going on, after 1 failed attempt(s) in 1 s\n");
    assert_int_equal(s.seeks, 2);
    assert_int_equal(seen.counts.exported, 3);
}

/* What the sink says of events that a failing source gave before is told, and waited out. */
static void test_recovery_of_both(void **state) {
    (void)state;
    GIVE(SIEM_OK, SIEM_OK, SIEM_LOCKED, SIEM_OK, SIEM_END);
    seen.answer = SIEM_IO;
    seen.gathers = true;
    assert_exported(consume(), SIEM_OK, "1 1 2 3 ", 3);
    assert_string_equal(seen.notices, "the sink: io; trying again in 1.0 s\n"
                                      "going on, after 2 failed attempt(s) in 3 s\n");
    assert_int_equal(s.seeks, 2);
}

/* While nobody has it open there is nothing to read: reported once, and so is that it is open. */
static void test_idle(void **state) {
    (void)state;
    GIVE(SIEM_OK, SIEM_IDLE, SIEM_IDLE, SIEM_OK, SIEM_END);
    assert_exported(consume(), SIEM_OK, "1 2 ", 2);
    assert_string_equal(seen.notices, "the source: idle\n"
                                      "the registry is open again: going on\n");
    assert_int_equal(s.waits, 2);
}

/* What begins and ends by itself has no part in it. */
static void test_wrong_calls(void **state) {
    static const export_function functions[] = {siem_export_consume, siem_export_drain};
    siem_sink *sink;
    siem_export *export_;
    siem_error err;
    (void)state;
    GIVE(SIEM_OK, SIEM_END);
    s.source.kind = &kind;
    assert_int_equal(siem_sink_open_function(&sink, take, NULL, NULL, &err), SIEM_OK);
    const siem_export_options options = {.mapping = mapping, .sink = sink, .after = 7};
    assert_int_equal(siem_export_open(&export_, &options, &err), SIEM_OK);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        assert_int_equal(functions[i](export_, NULL, &err), SIEM_INVALID);
        test_has(err.message, "source is NULL");
        assert_int_equal(functions[i](export_, &s.source, &err), SIEM_INVALID);
        test_has(err.message, "a source keeps its position by itself");
        assert_int_equal(functions[i](NULL, &s.source, &err), SIEM_INVALID);
    }
    assert_int_equal(s.begins, 0);
    siem_export_close(export_);
    assert_int_equal(siem_sink_close(sink, &err), SIEM_OK);
}

/* ---- positions ---- */

/* The position is kept as often as that takes a tenth of the time, but not less often than five
 * times a second. */
static void test_keeping(void **state) {
    static siem_code steps[100];
    static const struct {
        double takes; /* seconds */
        bool is_due;
        int least, most; /* of a hundred events, one every hundredth of a second */
    } cases[] = {
        {0.0005, false, 90, 110}, {0.003, false, 20, 40}, {1, false, 5, 8}, {1, true, 100, 110}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)reset(NULL);
        s.steps = steps;
        s.count = 100;
        s.pace = 0.01;
        s.keep_takes = cases[i].takes;
        s.source.is_due = cases[i].is_due;
        assert_int_equal(consume(), SIEM_OK);
        assert_int_equal(s.kept, 100);
        if (s.keeps < cases[i].least || s.keeps > cases[i].most) {
            fail_msg("%d times, when it takes %g s", s.keeps, cases[i].takes);
        }
    }
}

/* However long that takes, it is kept again after 5,000 events. */
static void test_keeping_many(void **state) {
    static siem_code steps[15100];
    (void)state;
    (void)reset(NULL);
    s.steps = steps;
    s.count = sizeof steps / sizeof *steps;
    s.keep_takes = 1;
    assert_int_equal(consume(), SIEM_OK);
    assert_int_equal(s.kept, 15100);
    assert_int_equal(s.keeps, 1 + 3 + 1); /* with the first event, and at the end */
}

/* A position that cannot be kept stops no delivery: it is reported, and tried again. */
static void test_failing_keep(void **state) {
    (void)state;
    GIVE(SIEM_OK, SIEM_OK, SIEM_OK, SIEM_OK, SIEM_OK, SIEM_END);
    s.keep_fails = 2;
    s.pace = 0.1;
    assert_exported(consume(), SIEM_OK, "1 2 3 4 5 ", 5);
    assert_string_equal(seen.notices,
                        "the position is not kept; trying again in 0.0 s\n"
                        "the checkpoint is saved again, after 2 failed attempt(s) in 0 s\n");
    assert_int_equal(seen.save_failures, 2);
    assert_int_equal(seen.counts.save_failures, 0);
    GIVE(SIEM_OK, SIEM_END);
    s.keep_fails = 100;
    s.keep_takes = 0.01;
    assert_int_equal(consume(), SIEM_IO);
    assert_string_equal(seen.error.message, "the position is not kept");
    test_has(seen.notices, "the position is not kept; trying again in 0.1 s\n");
    GIVE(SIEM_OK, SIEM_END);
    s.keep_fails = 100;
    assert_int_equal(drain(), SIEM_IO);
    assert_string_equal(seen.error.message, "the position is not kept");
}

static int open_mapping(void **state) {
    static const char *const id[] = {"event_id", NULL};
    (void)state;
    assert_ok(siem_mapping_open(&mapping, "ids", &err));
    assert_ok(siem_mapping_add(mapping, &(siem_row){"id", .from = id}, &err));
    assert_ok(siem_mapping_compile(mapping, &err));
    return 0;
}

static int close_mapping(void **state) {
    siem_mapping_close(mapping);
    return reset(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_end, reset),
        cmocka_unit_test_setup(test_news, reset),
        cmocka_unit_test_setup(test_not_over, reset),
        cmocka_unit_test_setup(test_no_event, reset),
        cmocka_unit_test_setup(test_failures, reset),
        cmocka_unit_test_setup(test_failures_of_sink, reset),
        cmocka_unit_test_setup(test_failing_drain, reset),
        cmocka_unit_test_setup(test_recovery, reset),
        cmocka_unit_test_setup(test_recovery_of_sink, reset),
        cmocka_unit_test_setup(test_recovery_of_both, reset),
        cmocka_unit_test_setup(test_idle, reset),
        cmocka_unit_test_setup(test_wrong_calls, reset),
        cmocka_unit_test_setup(test_keeping, reset),
        cmocka_unit_test_setup(test_keeping_many, reset),
        cmocka_unit_test_setup(test_failing_keep, reset),
    };
    return cmocka_run_group_tests_name("source", tests, open_mapping, close_mapping);
}

/* test_options.c: a table of options, read into a struct, shown, and what is wrong with what is
 * given. */
#include "sink/sink.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>

typedef struct settings {
    char *url, *field, *mode, *name;
    siem_texts headers;
    bool flag;
    int64_t count;
    size_t bytes;
    double pause, timeout;
} settings;

#define AT(member) offsetof(settings, member)

static const siem_option_spec own[] = {
    {.name = "url", .value = "URL", .required = true, .at = AT(url), .help = "where"},
    {.name = "header",
     .kind = SIEM_OPTION_TEXTS,
     .value = "'Name: value'",
     .secret = true,
     .at = AT(headers)},
    {.name = "field", .value = "NAME|''", .at = AT(field)},
    {.name = "name", .value = "NAME", .text = "nobody", .at = AT(name)},
    {.name = "mode",
     .kind = SIEM_OPTION_CHOICE,
     .value = "fast|slow|off",
     .text = "off",
     .at = AT(mode)},
    {.name = "flag", .kind = SIEM_OPTION_FLAG, .at = AT(flag)},
    {.name = "count",
     .kind = SIEM_OPTION_INTEGER,
     .value = "N",
     .least = -1,
     .most = 64,
     .fallback = 5,
     .at = AT(count)},
    {.name = "bytes",
     .kind = SIEM_OPTION_BYTES,
     .value = "BYTES",
     .least = 1,
     .most = 9007199254740992, /* 2^53 */
     .fallback = 1048576,
     .at = AT(bytes)},
    {0},
};
static const siem_option_spec shared[] = {
    {.name = "timeout",
     .kind = SIEM_OPTION_SECONDS,
     .value = "SECONDS",
     .least = 0.001,
     .most = 86400,
     .fallback = 2.5,
     .at = AT(timeout)},
    {.name = "pause", .kind = SIEM_OPTION_SECONDS, .least = 0, .most = 1, .at = AT(pause)},
    {0},
};

static siem_code read_all(settings *out, const siem_option *given, size_t count, siem_error *err) {
    const siem_options options = {given, count};
    memset(out, 0, sizeof *out);
    return siem_options_read(out, own, shared, &options, err);
}

static void free_all(settings *of) {
    siem_options_free(of, own);
    siem_options_free(of, shared);
}

#define READ(s, ...)                                                                               \
    read_all(s, (const siem_option[]){__VA_ARGS__},                                                \
             sizeof((const siem_option[]){__VA_ARGS__}) / sizeof(siem_option), &err)

static void test_defaults(void **state) {
    settings s;
    (void)state;
    assert_ok(READ(&s, {"url", "u"}));
    assert_string_equal(s.url, "u");
    assert_null(s.field);
    assert_string_equal(s.name, "nobody");
    assert_string_equal(s.mode, "off");
    assert_false(s.flag);
    assert_int_equal(s.headers.count, 0);
    assert_int_equal(s.count, 5);
    assert_int_equal(s.bytes, 1048576);
    assert_true(s.timeout == 2.5);
    assert_true(s.pause == 0);
    free_all(&s);
}

static void test_values(void **state) {
    settings s;
    (void)state;
    assert_ok(READ(&s, {"header", "A: 1"}, {"field", ""}, {"url", "u"}, {"header", "B: 2"},
                   {"name", "me"}, {"mode", "slow"}, {"flag", "true"}, {"count", "-1"},
                   {"bytes", "7"}, {"timeout", "0.25"}, {"header", "C: 3"}));
    assert_string_equal(s.field, "");
    assert_string_equal(s.name, "me");
    assert_string_equal(s.mode, "slow");
    assert_true(s.flag);
    assert_int_equal(s.headers.count, 3);
    assert_string_equal(s.headers.list[0], "A: 1");
    assert_string_equal(s.headers.list[2], "C: 3");
    assert_int_equal(s.count, -1);
    assert_int_equal(s.bytes, 7);
    assert_true(s.timeout == 0.25);
    free_all(&s);
}

/* What is wrong names the option, in the message and as a field, and never the value. */
static void test_faults(void **state) {
    static const struct {
        siem_option given;
        const char *message;
    } cases[] = {
        {{"colour", "hunter2"}, "there is no option 'colour' for this sink"},
        {{"url", "hunter2"}, "the option 'url' comes twice: give it once"},
        {{"header", ""}, "header is empty: is the variable that it comes from set?"},
        {{"timeout", ""}, "timeout is empty: is the variable that it comes from set?"},
        {{"mode", "hunter2"}, "mode is fast, slow or off"},
        {{"mode", "fast|slow"}, "mode is fast, slow or off"},
        {{"mode", "fas"}, "mode is fast, slow or off"},
        {{"flag", "True"}, "flag is true or false"},
        {{"count", "65"}, "count is a whole number from -1 to 64"},
        {{"bytes", "0"}, "bytes is a whole number from 1 to 9007199254740992"},
        {{"timeout", "soon"}, "timeout is a number of seconds from 0.001 to 86400"},
        {{"pause", "1.5"}, "pause is a number of seconds from 0 to 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const siem_option given[] = {{"url", "u"}, cases[i].given};
        settings s;
        siem_error err;
        memset(&err, 'x', sizeof err);
        assert_int_equal(read_all(&s, given, 2, &err), SIEM_INVALID);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.options[0], given[1].name);
        assert_string_equal(err.options[1], "");
        free_all(&s);
        assert_int_equal(read_all(&s, given, 2, NULL), SIEM_INVALID);
        free_all(&s);
    }
}

static void test_missing(void **state) {
    settings s;
    siem_error err = {0};
    (void)state;
    assert_int_equal(READ(&s, {"timeout", "1"}), SIEM_INVALID);
    assert_string_equal(err.message, "url is missing");
    assert_string_equal(err.options[0], "url");
    free_all(&s);
    assert_int_equal(read_all(&s, NULL, 0, &err), SIEM_INVALID);
    free_all(&s);
}

static void test_integers(void **state) {
    static const struct {
        const char *text;
        int64_t integer; /* -7: it is wrong */
    } cases[] = {{"1", 1},    {"64", 64},   {"0", 0},    {"65", -7},
                 {"-2", -7},  {"x", -7},    {"1x", -7},  {"1 ", -7},
                 {"1.5", -7}, {"0x10", -7}, {"010", 10}, {"9223372036854775808", -7}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        settings s;
        siem_error err = {0};
        siem_code rc = READ(&s, {"url", "u"}, {"count", cases[i].text});
        if (rc == SIEM_OK ? s.count != cases[i].integer : cases[i].integer != -7) {
            fail_msg("'%s' is %lld, %s", cases[i].text, (long long)s.count, err.message);
        }
        free_all(&s);
    }
}

static void test_seconds(void **state) {
    static const struct {
        const char *text;
        double seconds; /* -7: it is wrong */
    } cases[] = {{"0", -7},       {"0.001", 0.001}, {"1e3", 1000}, {"86400", 86400},
                 {"86400.5", -7}, {"-0.5", -7},     {"inf", -7},   {"nan", -7},
                 {"soon", -7},    {"1 s", -7},      {"1e999", -7}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        settings s;
        siem_error err = {0};
        siem_code rc = READ(&s, {"url", "u"}, {"timeout", cases[i].text});
        if (rc == SIEM_OK ? s.timeout != cases[i].seconds : cases[i].seconds != -7) {
            fail_msg("'%s' is %g, %s", cases[i].text, s.timeout, err.message);
        }
        free_all(&s);
    }
}

/* ---- what is shown ---- */

static void test_shown(void **state) {
    siem_sink_option option;
    (void)state;
    siem_option_show(&own[0], &option);
    assert_string_equal(option.name, "url");
    assert_string_equal(option.help, "where");
    assert_string_equal(option.fallback, "");
    assert_true(option.required);
    siem_option_show(&own[3], &option);
    assert_string_equal(option.fallback, "nobody");
    siem_option_show(&own[7], &option);
    assert_int_equal(option.kind, SIEM_OPTION_BYTES);
    assert_string_equal(option.fallback, "1048576");
    assert_true(option.least == 1);
    siem_option_show(&shared[0], &option);
    assert_string_equal(option.fallback, "2.5");
}

/* Every kind's rows are whole: a value unless it is a flag, a help, a range for each number, and a
 * default that the kind itself would take. */
static void test_kinds(void **state) {
    const siem_sink_kind *kind;
    siem_sink_option option;
    size_t count;
    (void)state;
    for (count = 0; (kind = siem_sink_kind_at(count)) != NULL; count++) {
        const char *last = "";
        for (size_t j = 0; siem_sink_kind_option(kind, j, &option); j++) {
            bool is_number = option.kind >= SIEM_OPTION_INTEGER;
            assert_non_null(option.help);
            assert_string_not_equal(option.name, last);
            assert_true((option.kind == SIEM_OPTION_FLAG) == (option.value == NULL));
            assert_true(is_number == (option.most > option.least));
            if (option.kind == SIEM_OPTION_SECRET) assert_true(option.secret);
            double fallback = is_number ? strtod(option.fallback, NULL) : 0;
            if (fallback != 0) assert_true(fallback >= option.least && fallback <= option.most);
            last = option.name;
        }
        if (kind->shared_options != NULL) assert_string_equal(last, "insecure"); /* comes last */
        assert_false(siem_sink_kind_option(kind, 0, NULL));
    }
    for (size_t i = 0; i < 16; i++) assert_null(siem_sink_kind_at(count + i)); /* no more */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
        cmocka_unit_test(test_faults),   cmocka_unit_test(test_missing),
        cmocka_unit_test(test_integers), cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_shown),    cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

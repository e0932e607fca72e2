/* test_identity_file.c: the identity of a registry, read from beside its database. */
#include "source/identity_file.h"

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char identity[SIEM_IDENTITY_SIZE];

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(test_path(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_identity(const char *database, const char *expected) {
    assert_ok(siem_identity_file_read(identity, test_path(database), &err));
    assert_string_equal(identity, expected);
}

static siem_code read_failing(const char *text) {
    siem_error err;
    write_file("identity.json", text);
    siem_code rc = siem_identity_file_read(identity, test_path("a.sqlite"), &err);
    assert_non_null(strstr(err.message, "identity.json"));
    assert_null(strstr(err.message, "secret"));
    return rc;
}

static void test_places(void **state) {
    siem_error err;
    (void)state;
    assert_int_equal(siem_identity_file_read(identity, test_path("a.sqlite"), &err),
                     SIEM_NOT_FOUND);
    assert_non_null(strstr(err.message, "a.sqlite"));
    write_file("identity.json", "{\"ed25519_priv\": \"secret\", \"ed25519_pub\": \"0a1b\"}");
    assert_identity("a.sqlite", "0a1b");
    assert_identity("b", "0a1b");
    write_file("a.identity.json", " {\"ed25519_pub\": \"\\u0061\"}\n");
    assert_identity("a.sqlite", "a");
    assert_identity("a", "a");
    assert_identity("b.sqlite", "0a1b");
    write_file(".hidden.identity.json", "{\"ed25519_pub\": \"c\"}");
    assert_identity(".hidden", "c");
    assert_identity(".hidden.db", "c");
    assert_identity(".other", "0a1b");
    assert_int_equal(chdir(test_folder()), 0);
    assert_ok(siem_identity_file_read(identity, "a.db", &err));
    assert_string_equal(identity, "a");
    assert_int_equal(unlink("a.identity.json"), 0);
}

static void test_without_identity(void **state) {
    static const char *const texts[] = {"",
                                        "[]",
                                        "{}",
                                        "secret",
                                        "{\"ed25519_pub\": 1}",
                                        "{\"ed25519_pub\": \"\"}",
                                        "{\"ed25519_pub\": \"a\\u0000b\"}",
                                        "{\"ed25519_pub\": \"a\\n\"}",
                                        "{\"ed25519_pub\": \"a\", \"secret\"",
                                        "{\"ed25519_priv\": \"secret\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(read_failing(texts[i]), SIEM_INVALID);
    }
}

/* One that is too long, as a whole or in its identity. */
static void test_size(void **state) {
    static char text[20000];
    (void)state;
    (void)snprintf(text, sizeof text, "{\"ed25519_pub\": \"%0*d\"}", SIEM_IDENTITY_SIZE, 0);
    assert_int_equal(read_failing(text), SIEM_INVALID);
    (void)snprintf(text, sizeof text, "{\"ed25519_pub\": \"%0*d\"}", SIEM_IDENTITY_SIZE - 1, 0);
    write_file("identity.json", text);
    assert_ok(siem_identity_file_read(identity, test_path("a.sqlite"), &err));
    (void)snprintf(text, sizeof text, "{\"ed25519_pub\": \"a\"}%17000s", "");
    assert_int_equal(read_failing(text), SIEM_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places),
                                       cmocka_unit_test(test_without_identity),
                                       cmocka_unit_test(test_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

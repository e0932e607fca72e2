/* test_geoip.c: addresses in a database of one node, and files that are none. */
#include "enrich/geoip.h"
#include "failing.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BYTES(text) (text), sizeof(text) - 1
#define MARK        "\xab\xcd\xefMaxMind.com"

/* From 128.0.0.0 on there is {"a":7}, and below nothing. */
static const char tree[] = "\x00\x00\x01\x00\x00\x11";
static const char gap[16] = "";
static const char data[] = "\xe1\x41"
                           "a\xa1\x07";
static const char metadata[] = "\xe9\x5b"
                               "binary_format_major_version\xa1\x02\x5b"
                               "binary_format_minor_version\xa0\x4b"
                               "build_epoch\x01\x02\x01\x4d"
                               "database_type\x41"
                               "t\x4b"
                               "description\xe0\x4a"
                               "ip_version\xa1\x04\x49"
                               "languages\x00\x04\x4a"
                               "node_count\xc1\x01\x4b"
                               "record_size\xa1\x18";

/* A file of those parts, with `skipped` bytes omitted at its end. */
static const char *make_file(const char *metadata_, size_t size, long skipped) {
    const char *path = test_path("addresses.mmdb");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    (void)fwrite(tree, 1, sizeof tree - 1, file);
    (void)fwrite(gap, 1, sizeof gap, file);
    (void)fwrite(data, 1, sizeof data - 1, file);
    (void)fwrite(metadata_, 1, size - (size_t)skipped, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void assert_found(siem_geoip *geoip, const char *address, const char *expected) {
    siem_buffer json = {0};
    siem_buffer_add(&json, "of before", 9);
    assert_ok(siem_geoip_find(geoip, address, &json, &err));
    assert_int_equal(json.size, strlen(expected));
    if (json.size != 0) assert_memory_equal(json.bytes, expected, json.size);
    siem_buffer_free(&json);
}

static char whole[sizeof MARK + sizeof metadata];

static size_t make_whole(void) {
    memcpy(whole, BYTES(MARK));
    memcpy(whole + sizeof MARK - 1, BYTES(metadata));
    return sizeof MARK - 1 + sizeof metadata - 1;
}

static void test_find(void **state) {
    siem_geoip *geoip;
    size_t size = make_whole();
    (void)state;
    assert_ok(siem_geoip_open(&geoip, make_file(whole, size, 0), &err));
    assert_int_equal(remove(test_path("addresses.mmdb")), 0); /* what is open is a copy */
    assert_found(geoip, "128.0.0.0", "{\"a\":7}");
    assert_found(geoip, "255.255.255.255", "{\"a\":7}");
    assert_found(geoip, "127.255.255.255", "");
    assert_found(geoip, "2001:db8::1", ""); /* the database has IPv4 alone */
    assert_found(geoip, "host.example", "");
    assert_found(geoip, "", "");
    siem_geoip_close(geoip);
    siem_geoip_close(NULL);
}

static void assert_refused(const char *path, siem_code code, const char *part) {
    siem_geoip *geoip;
    siem_error err = {0};
    assert_int_equal(siem_geoip_open(&geoip, path, &err), code);
    assert_null(geoip);
    if (strstr(err.message, part) == NULL) fail_msg("'%s' lacks '%s'", err.message, part);
}

static void test_wrong_files(void **state) {
    size_t size = make_whole();
    (void)state;
    assert_refused(test_path("none.mmdb"), SIEM_NOT_FOUND, "none.mmdb");
    assert_refused(make_file(whole, size, (long)size), SIEM_IO, "addresses.mmdb': ");
    assert_refused(make_file(whole, size, 4), SIEM_IO, "the address database is damaged");
    whole[sizeof MARK - 1] = '\xe1'; /* the first pair alone */
    char named[256];                 /* the file that was given, not the copy of it */
    const char *path = make_file(whole, size, 0);
    (void)snprintf(named, sizeof named, "cannot open '%s': ", path);
    assert_refused(path, SIEM_IO, named);
}

#define PARTS    (sizeof tree - 1 + sizeof gap + sizeof data - 1) /* bytes before the mark */
#define SEARCHED (128L * 1024)                                    /* bytes at the end of a file */

static void assert_opens(const char *path) {
    siem_geoip *geoip;
    assert_ok(siem_geoip_open(&geoip, path, &err));
    assert_found(geoip, "128.0.0.0", "{\"a\":7}");
    siem_geoip_close(geoip);
}

/* The metadata are searched in the last 128 KiB, wherever they are there. */
static void test_metadata_far_from_the_end(void **state) {
    const size_t size = make_whole();
    const char *path = make_file(whole, size, 0);
    (void)state;
    assert_int_equal(truncate(path, (long)PARTS + SEARCHED), 0);
    assert_opens(path);
    assert_int_equal(truncate(path, (long)PARTS + SEARCHED + 1), 0);
    assert_refused(path, SIEM_IO, "addresses.mmdb': ");
    (void)make_file(whole, size, 4);
    assert_int_equal(truncate(path, (long)PARTS + SEARCHED), 0);
    assert_refused(path, SIEM_IO, "the address database is damaged");
}

/* Of several, the last ones count. */
static void test_metadata_twice(void **state) {
    char both[2 * sizeof whole];
    const size_t size = make_whole();
    (void)state;
    memcpy(both, whole, size - 4);
    memcpy(both + size - 4, whole, size);
    assert_opens(make_file(both, 2 * size - 4, 0));
    memcpy(both, whole, size);
    memcpy(both + size, whole, size - 4);
    assert_refused(make_file(both, 2 * size - 4, 0), SIEM_IO, "the address database is damaged");
}

/* What is damaged beside the metadata is an error of the addresses that lead there. */
static void test_damaged_parts(void **state) {
    static const struct {
        long at;
        const char *bytes, *part;
    } cases[] = {{3, "\xff\xff\xff", "the address database: "},
                 {sizeof tree - 1 + sizeof gap, "\xe2", "the address database is damaged"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_geoip *geoip;
        siem_buffer json = {0};
        siem_error err = {0};
        const char *path = make_file(whole, make_whole(), 0);
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        assert_int_equal(fseek(file, cases[i].at, SEEK_SET), 0);
        assert_true(fputs(cases[i].bytes, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_ok(siem_geoip_open(&geoip, path, &err));
        assert_found(geoip, "1.2.3.4", "");
        assert_int_equal(siem_geoip_find(geoip, "128.0.0.1", &json, &err), SIEM_IO);
        test_has(err.message, cases[i].part);
        assert_int_equal(json.size, 0);
        siem_geoip_close(geoip);
        siem_buffer_free(&json);
    }
}

static void prepare(void) {
    (void)make_file(whole, make_whole(), 0);
}

static siem_code open_and_find(siem_error *err) {
    siem_geoip *geoip;
    siem_buffer json = {0};
    siem_code rc = siem_geoip_open(&geoip, test_path("addresses.mmdb"), err);
    if (rc == SIEM_OK) rc = siem_geoip_find(geoip, "128.0.0.1", &json, err);
    if (rc == SIEM_OK) assert_int_equal(json.size, 7);
    siem_geoip_close(geoip);
    siem_buffer_free(&json);
    return rc;
}

static void check_nothing(siem_code rc) {
    (void)rc;
}

static void test_failing_calls(void **state) {
    (void)state;
    failing_each(&(failing_operation){prepare, open_and_find, check_nothing, "addresses.mmdb"});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find),
                                       cmocka_unit_test(test_wrong_files),
                                       cmocka_unit_test(test_metadata_far_from_the_end),
                                       cmocka_unit_test(test_metadata_twice),
                                       cmocka_unit_test(test_damaged_parts),
                                       cmocka_unit_test(test_failing_calls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_library.c: functions of a library that is loaded by name, and libraries that are not there.
 */
#include "base/library.h"

#include "testing.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

typedef struct functions {
    double (*cosine)(double);
    double (*power)(double, double);
} functions;

static const siem_symbol symbols[] = {
    {"cos", offsetof(functions, cosine)}, {"pow", offsetof(functions, power)}, {NULL, 0}};

static void test_functions(void **state) {
    functions table = {.cosine = NULL};
    siem_library library = {.file = "libm.so.6", .symbols = symbols, .table = &table};
    (void)state;
    assert_ok(siem_library_load(&library, &err));
    assert_true(library.is_loaded);
    assert_true(table.cosine(0) == 1);
    assert_true(table.power(2, 10) == 1024);
    table.cosine = NULL;
    assert_ok(siem_library_load(&library, &err)); /* once */
    assert_null(table.cosine);
}

static void *load(void *library) {
    return siem_library_load(library, NULL) == SIEM_OK ? library : NULL;
}

static void test_threads(void **state) {
    functions table = {.cosine = NULL};
    siem_library library = {.file = "libm.so.6", .symbols = symbols, .table = &table};
    pthread_t threads[4];
    void *loaded;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, load, &library), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &loaded), 0);
        assert_ptr_equal(loaded, &library);
    }
    assert_true(table.power(3, 2) == 9);
}

static void test_missing(void **state) {
    static const siem_symbol unknown[] = {{"cos", 0}, {"siem_no_such_function", 0}, {NULL, 0}};
    siem_error err;
    void *table = NULL;
    siem_library library = {
        .file = "libsiem-none.so.1", .package = "siem-none1", .symbols = unknown, .table = &table};
    (void)state;
    assert_int_equal(siem_library_load(&library, &err), SIEM_IO);
    assert_non_null(strstr(err.message,
                           "cannot load libsiem-none.so.1: install Debian's package siem-none1 ("));
    library.file = "libm.so.6";
    assert_int_equal(siem_library_load(&library, &err), SIEM_IO);
    assert_non_null(strstr(err.message, "siem_no_such_function"));
    assert_false(library.is_loaded);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_functions),
                                       cmocka_unit_test(test_threads),
                                       cmocka_unit_test(test_missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_feature.c: the list of features, and what is said of one that is missing. */
#include "base/feature.h"

#include "testing.h"

#include <string.h>

static void test_list(void **state) {
    const siem_feature *feature, *before = NULL;
    size_t count = 0;
    (void)state;
    for (; (feature = siem_feature_at(count)) != NULL; count++, before = feature) {
        if (before != NULL) assert_true(strcmp(before->name, feature->name) < 0);
        assert_non_null(strstr(feature->package, "-dev"));
        assert_ptr_equal(siem_feature_at(count), feature);
    }
    assert_int_equal(count, 5);
    assert_null(siem_feature_at(SIZE_MAX));
}

static void test_missing(void **state) {
    siem_error err;
    (void)state;
    assert_int_equal(siem_feature_missing(&err, "geoip"), SIEM_INVALID);
    assert_int_equal(err.code, SIEM_INVALID);
    assert_string_equal(err.message, "this build omits the feature geoip: install "
                                     "libmaxminddb-dev, and build it with -DOVERSIGHT_GEOIP=ON");
    assert_int_equal(siem_feature_missing(NULL, "zstd"), SIEM_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_list), cmocka_unit_test(test_missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

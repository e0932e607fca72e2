/* test_exposure.c: files of credentials that others on the machine can read. */
#include "sink/http/exposure.h"
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char above[64], folder[80], file[96];

/* A folder that all may enter in a temporary folder that they may enter as well. */
static int make_folders(void **state) {
    (void)state;
    (void)snprintf(above, sizeof above, "/tmp/oversight-exposure.XXXXXX");
    assert_non_null(mkdtemp(above));
    (void)snprintf(folder, sizeof folder, "%s/in", above);
    (void)snprintf(file, sizeof file, "%s/in/token", above);
    assert_int_equal(mkdir(folder, 0700), 0);
    FILE *made = fopen(file, "w");
    assert_non_null(made);
    assert_int_equal(fclose(made), 0);
    return 0;
}

static int remove_folders(void **state) {
    (void)state;
    (void)unlink(file);
    (void)rmdir(folder);
    (void)rmdir(above);
    return 0;
}

static bool is_exposed(mode_t outer, mode_t inner, mode_t mode) {
    assert_int_equal(chmod(above, outer), 0);
    assert_int_equal(chmod(folder, inner), 0);
    assert_int_equal(chmod(file, mode), 0);
    return siem_exposure_of(file);
}

static void test_modes(void **state) {
    (void)state;
    assert_true(is_exposed(0711, 0711, 0604));
    assert_true(is_exposed(0711, 0711, 0602));
    assert_true(is_exposed(0711, 0711, 0644));
    assert_false(is_exposed(0711, 0711, 0601));
    assert_false(is_exposed(0711, 0711, 0640));
    assert_false(is_exposed(0711, 0711, 0600));
    assert_false(is_exposed(0711, 0700, 0644));
    assert_false(is_exposed(0710, 0711, 0644));
    assert_false(siem_exposure_of(folder));
    assert_false(siem_exposure_of("/tmp/there-is/none"));
    assert_false(siem_exposure_of("/dev/null"));
}

/* A service manager's folder is seen by the service alone. */
static void test_credentials(void **state) {
    (void)state;
    assert_true(is_exposed(0711, 0711, 0644));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_false(siem_exposure_of(file));
    char shorter[80];
    (void)snprintf(shorter, sizeof shorter, "%.*s", (int)strlen(folder) - 1, folder);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", shorter, 1), 0);
    assert_true(siem_exposure_of(file));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", above, 1), 0);
    assert_false(siem_exposure_of(file));
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_true(siem_exposure_of(file));
}

/* So is a volume of Kubernetes. */
static void test_volume(void **state) {
    char link[96];
    (void)state;
    (void)snprintf(link, sizeof link, "%s/..data", folder);
    assert_int_equal(mkdir(link, 0755), 0);
    assert_true(is_exposed(0711, 0711, 0644));
    assert_int_equal(rmdir(link), 0);
    assert_int_equal(symlink("elsewhere", link), 0);
    assert_false(siem_exposure_of(file));
    assert_int_equal(unlink(link), 0);
    assert_true(siem_exposure_of(file));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_volume),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}

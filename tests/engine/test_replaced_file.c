/* test_replaced_file.c: files that are replaced as a whole, or stay as they are. */
#include "base/replaced_file.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static siem_error failure;

static siem_code replace(const char *path, const char *text, mode_t mode, bool is_durable) {
    return siem_replaced_file_write(path, text, strlen(text), mode, is_durable, &failure);
}

static void assert_file(const char *path, const char *text, mode_t mode) {
    struct stat status;
    char *read = test_read(path);
    assert_string_equal(read, text);
    free(read);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, mode);
}

static void test_replaced(void **state) {
    char path[256], beside[256], target[256], inside[256];
    (void)state;
    (void)stpcpy(path, test_path("file"));
    (void)stpcpy(beside, test_path("file.new"));
    (void)stpcpy(target, test_path("target"));
    (void)stpcpy(inside, test_path("missing/file"));
    mode_t before = umask(077);
    assert_int_equal(replace(path, "one", 0644, true), SIEM_OK);
    assert_file(path, "one", 0644); /* whatever the umask is */
    (void)umask(before);
    assert_int_equal(replace(path, "", 0600, false), SIEM_OK);
    assert_file(path, "", 0600);
    assert_int_equal(access(beside, F_OK), -1);
    /* A link is replaced, and what it names stays. */
    assert_int_equal(replace(target, "theirs", 0600, false), SIEM_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(replace(path, "ours", 0600, true), SIEM_OK);
    assert_file(target, "theirs", 0600);
    assert_file(path, "ours", 0600);
    /* So is one that a crash, or somebody, left beside. */
    assert_int_equal(symlink(target, beside), 0);
    assert_int_equal(replace(path, "again", 0600, true), SIEM_OK);
    assert_file(target, "theirs", 0600);
    assert_file(path, "again", 0600);
    assert_int_not_equal(replace(inside, "x", 0600, true), SIEM_OK);
}

static void test_devices(void **state) {
    char pipe[256];
    (void)state;
    (void)stpcpy(pipe, test_path("pipe"));
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(replace(pipe, "x", 0600, false), SIEM_HELD);
    assert_non_null(strstr(failure.message, "is not a regular file: give another file"));
    assert_int_equal(replace("/dev/null", "x", 0600, false), SIEM_HELD);
}

static void test_sync(void **state) {
    (void)state;
    assert_int_equal(siem_folder_sync(test_path("file"), &failure), SIEM_OK);
    assert_int_equal(siem_folder_sync("name", &failure), SIEM_OK); /* the folder of the process */
    assert_int_equal(siem_folder_sync(test_path("missing/file"), &failure), SIEM_NOT_FOUND);
    assert_non_null(strstr(failure.message, "open the folder: "));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_file_lock.c: one writer a file, under any name of it, and beside any reader. */
#include "base/file_lock.h"
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static siem_error failure;

static int open_file(const char *path) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    return file;
}

static siem_code take(siem_file_lock *lock, const char *path, int file, bool is_shared) {
    return siem_file_lock_take(lock, path, file, is_shared, &failure);
}

/* Each opens the file for itself, as two processes do. */
static void test_one_writer(void **state) {
    char path[256], beside[256];
    siem_file_lock first, second;
    (void)state;
    (void)stpcpy(path, test_path("one"));
    (void)stpcpy(beside, test_path(".one.lock"));
    int a = open_file(path), b = open_file(path);
    assert_int_equal(take(&first, path, a, false), SIEM_OK);
    assert_int_equal(access(beside, F_OK), 0);
    assert_int_equal(take(&second, path, b, false), SIEM_HELD);
    assert_non_null(strstr(failure.message, "is written by another export"));
    assert_int_equal(take(&second, path, b, true), SIEM_HELD);
    siem_file_lock_release(&second, b); /* nothing is held: nothing is released */
    assert_int_equal(access(beside, F_OK), 0);
    siem_file_lock_release(&first, a);
    assert_int_equal(access(beside, F_OK), -1);
    assert_int_equal(take(&second, path, b, false), SIEM_OK);
    siem_file_lock_release(&second, b);
    siem_file_lock_release(&second, b);
    assert_int_equal(access(beside, F_OK), -1);
    (void)close(a), (void)close(b);
}

/* The last one that shares a file removes what is beside it, and a writer of its own waits. */
static void test_shared(void **state) {
    char path[256], beside[256];
    siem_file_lock first, second, own;
    (void)state;
    (void)stpcpy(path, test_path("shared"));
    (void)stpcpy(beside, test_path(".shared.lock"));
    int a = open_file(path), b = open_file(path), c = open_file(path);
    assert_int_equal(take(&first, path, a, true), SIEM_OK);
    assert_int_equal(take(&second, path, b, true), SIEM_OK);
    assert_int_equal(take(&own, path, c, false), SIEM_HELD);
    siem_file_lock_release(&first, a);
    assert_int_equal(access(beside, F_OK), 0);
    assert_int_equal(take(&own, path, c, false), SIEM_HELD);
    siem_file_lock_release(&second, b);
    assert_int_equal(access(beside, F_OK), -1);
    assert_int_equal(take(&own, path, c, false), SIEM_OK);
    siem_file_lock_release(&own, c);
    (void)close(a), (void)close(b), (void)close(c);
}

/* A link to a file is that file; so is a second name, by the lock on the file itself. */
static void test_other_names(void **state) {
    char path[256], soft[256], hard[256];
    siem_file_lock first, second;
    (void)state;
    (void)stpcpy(path, test_path("named"));
    (void)stpcpy(soft, test_path("soft"));
    (void)stpcpy(hard, test_path("hard"));
    int a = open_file(path);
    assert_int_equal(symlink(path, soft), 0);
    assert_int_equal(link(path, hard), 0);
    assert_int_equal(take(&first, path, a, false), SIEM_OK);
    int b = open_file(soft);
    assert_int_equal(take(&second, soft, b, false), SIEM_HELD);
    (void)close(b);
    b = open_file(hard);
    assert_int_equal(take(&second, hard, b, false), SIEM_HELD);
    assert_int_equal(take(&second, hard, b, true), SIEM_HELD);
    siem_file_lock_release(&first, a);
    assert_int_equal(take(&second, hard, b, false), SIEM_OK);
    siem_file_lock_release(&second, b);
    (void)close(a), (void)close(b);
}

/* Readers lock what they read: neither kind of theirs is in the way. */
static void test_readers(void **state) {
    struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
    char path[256];
    siem_file_lock lock;
    (void)state;
    (void)stpcpy(path, test_path("read"));
    int writer = open_file(path), reader = open_file(path);
    assert_int_equal(flock(reader, LOCK_SH), 0);
    assert_int_equal(fcntl(reader, F_OFD_SETLK, &range), 0);
    assert_int_equal(take(&lock, path, writer, false), SIEM_OK);
    siem_file_lock_release(&lock, writer);
    (void)close(writer), (void)close(reader);
}

/* A file that is made again is locked as well, and what is beside stays until the release. */
static void test_extend(void **state) {
    char path[256], beside[256];
    siem_file_lock lock, other;
    (void)state;
    (void)stpcpy(path, test_path("rotated"));
    (void)stpcpy(beside, test_path(".rotated.lock"));
    int a = open_file(path);
    assert_int_equal(take(&lock, path, a, false), SIEM_OK);
    assert_int_equal(unlink(path), 0);
    int b = open_file(path), c = open_file(path);
    assert_int_equal(siem_file_lock_extend(&lock, path, b, &failure), SIEM_OK);
    (void)close(a);
    assert_int_equal(unlink(beside), 0); /* by somebody: the lock on the file itself is left */
    assert_int_equal(take(&other, path, c, false), SIEM_HELD);
    siem_file_lock_release(&lock, b);
    assert_int_equal(take(&other, path, c, false), SIEM_OK);
    siem_file_lock_release(&other, c);
    (void)close(b), (void)close(c);
}

/* What somebody else put there is an error, not a wait; what cannot have a writer has no lock. */
static void test_beside(void **state) {
    char path[256], beside[256];
    siem_file_lock lock;
    (void)state;
    (void)stpcpy(path, test_path("beside"));
    (void)stpcpy(beside, test_path(".beside.lock"));
    int file = open_file(path);
    assert_int_equal(mkfifo(beside, 0600), 0);
    assert_int_equal(take(&lock, path, file, false), SIEM_HELD);
    assert_non_null(strstr(failure.message, "not a regular file"));
    assert_int_equal(unlink(beside), 0);
    assert_int_equal(take(&lock, path, file, false), SIEM_OK);
    siem_file_lock_release(&lock, file);
    (void)close(file);
    file = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_int_equal(take(&lock, "/dev/null", file, false), SIEM_OK);
    assert_int_equal(access("/dev/.null.lock", F_OK), -1);
    siem_file_lock_release(&lock, file);
    (void)close(file);
}

/* Beside a name that is as long as a name can be, no file can be made: the lock on the file itself
 * is enough. */
static void test_long_name(void **state) {
    char path[512];
    siem_file_lock first, second;
    (void)state;
    int size = snprintf(path, sizeof path, "%s/", test_folder());
    memset(path + size, 'n', 250);
    path[size + 250] = '\0';
    int a = open_file(path), b = open_file(path);
    assert_int_equal(take(&first, path, a, false), SIEM_OK);
    assert_int_equal(take(&second, path, b, true), SIEM_HELD);
    siem_file_lock_release(&first, a);
    assert_int_equal(take(&second, path, b, true), SIEM_OK);
    siem_file_lock_release(&second, b);
    assert_int_equal(take(&second, path, b, false), SIEM_OK);
    siem_file_lock_release(&second, b);
    (void)close(a), (void)close(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_writer),  cmocka_unit_test(test_shared),
        cmocka_unit_test(test_other_names), cmocka_unit_test(test_readers),
        cmocka_unit_test(test_extend),      cmocka_unit_test(test_beside),
        cmocka_unit_test(test_long_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_identity.c: which files are the same, by what the system says of them. */
#include "base/identity.h"
#include "testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_file(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static siem_identity identity_of(const char *path, bool no_link) {
    siem_identity identity;
    assert_true(siem_identity_read(&identity, AT_FDCWD, path, no_link));
    return identity;
}

/* What stat and statx have of the same file. */
static void assert_is(const siem_identity *identity, const char *path) {
    struct stat status;
    struct statx more;
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &more), 0);
    bool is_born = (more.stx_mask & STATX_BTIME) != 0;
    assert_int_equal(identity->device, status.st_dev);
    assert_int_equal(identity->inode, status.st_ino);
    assert_int_equal(identity->born / 1000000000, is_born ? more.stx_btime.tv_sec : 0);
    assert_int_equal(identity->born % 1000000000, is_born ? more.stx_btime.tv_nsec : 0);
}

static void test_files(void **state) {
    const char *path = test_path("file"), *link = test_path("link");
    siem_identity read, below, open_;
    (void)state;
    int fd = make_file(path);
    assert_int_equal(symlink("file", link), 0);
    read = identity_of(path, true);
    assert_is(&read, path);
    assert_true(siem_identity_of(&open_, fd));
    assert_memory_equal(&open_, &read, sizeof read);
    read = identity_of(link, false);
    assert_is(&read, path);
    read = identity_of(link, true);
    assert_is(&read, link);
    int folder = open(test_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder >= 0);
    assert_true(siem_identity_read(&below, folder, "file", false));
    assert_is(&below, path);
    assert_int_equal(close(folder), 0);
    assert_int_equal(close(fd), 0);
}

/* What cannot be read has none. */
static void test_missing(void **state) {
    siem_identity identity = {1, 2, 3}, other = {1, 2, 3};
    (void)state;
    assert_false(siem_identity_read(&identity, AT_FDCWD, test_path("missing"), false));
    assert_false(siem_identity_of(&other, -1));
    assert_memory_equal(&identity, &(siem_identity){0}, sizeof identity);
    assert_memory_equal(&other, &(siem_identity){0}, sizeof other);
}

static void test_equals(void **state) {
    static const struct {
        siem_identity a, b;
        bool are_same;
    } cases[] = {
        {{1, 2, 3}, {1, 2, 3}, true},  {{1, 2, 3}, {1, 2, 4}, false}, /* the inode is used again */
        {{1, 2, 3}, {1, 3, 3}, false}, {{1, 2, 3}, {2, 2, 3}, false}, {{1, 2, 0}, {1, 2, 3}, true},
        {{1, 2, 0}, {1, 2, 0}, true},  {{1, 2, 0}, {1, 3, 0}, false}, {{1, 2, 0}, {3, 2, 0}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(siem_identity_equals(&cases[i].a, &cases[i].b), cases[i].are_same);
        assert_int_equal(siem_identity_equals(&cases[i].b, &cases[i].a), cases[i].are_same);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_equals),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}

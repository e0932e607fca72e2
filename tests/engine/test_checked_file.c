/* test_checked_file.c: whose a file is, what it is, and where links lead. */
#include "base/checked_file.h"
#include "testing.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHER 4321 /* a user */

static void make_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "content", 7), 7);
    assert_int_equal(close(fd), 0);
}

static siem_code open_as(siem_file_use use, const char *path, siem_error *err) {
    int fd;
    siem_code rc = siem_checked_file_open(&fd, path, use, 0640, err);
    assert_int_equal(rc == SIEM_OK, fd >= 0);
    if (fd < 0) return rc;
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0); /* as its users expect */
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(close(fd), 0);
    return rc;
}

static void assert_opens(siem_file_use use, const char *path, siem_code code, const char *part) {
    siem_error err = {0};
    siem_code rc = open_as(use, path, &err);
    if (rc != code) fail_msg("%d, %s: %s: %s", (int)use, path, siem_code_name(rc), err.message);
    if (rc != SIEM_OK && strstr(err.message, part) == NULL) {
        fail_msg("%d: '%s' lacks '%s'", (int)use, err.message, part);
    }
}

/* What is not a regular file, for each use. */
static void test_kinds(void **state) {
    const char *pipe = test_path("pipe"), *folder = test_path("folder");
    (void)state;
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    static const struct {
        siem_file_use use;
        siem_code pipe;
    } cases[] = {{SIEM_FILE_INPUT, SIEM_INVALID}, {SIEM_FILE_TABLE, SIEM_INVALID},
                 {SIEM_FILE_STATE, SIEM_HELD},    {SIEM_FILE_CHANGE, SIEM_HELD},
                 {SIEM_FILE_RESUME, SIEM_HELD},   {SIEM_FILE_LOCK, SIEM_HELD}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_opens(cases[i].use, pipe, cases[i].pipe, "it is not a regular file, but a pipe");
        assert_opens(cases[i].use, folder, SIEM_IO, "Is a directory");
    }
    assert_opens(SIEM_FILE_TABLE, folder, SIEM_IO, "cannot open the table '");
    assert_opens(SIEM_FILE_APPEND, folder, SIEM_IO, "' for writing: ");
    assert_opens(SIEM_FILE_NEW, folder, SIEM_IO, "Is a directory");
    assert_opens(SIEM_FILE_APPEND, "/dev/null", SIEM_OK, "");
    assert_opens(SIEM_FILE_NEW, pipe, SIEM_OK, ""); /* what has the name is removed */
    assert_opens(SIEM_FILE_STATE, pipe, SIEM_OK, "");
}

static void test_missing(void **state) {
    static const siem_file_use uses[] = {SIEM_FILE_INPUT, SIEM_FILE_TABLE, SIEM_FILE_STATE,
                                         SIEM_FILE_CHANGE, SIEM_FILE_RESUME};
    struct stat status;
    (void)state;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        assert_opens(uses[i], test_path("missing"), SIEM_NOT_FOUND, "No such file");
    }
    static const siem_file_use makers[] = {SIEM_FILE_APPEND, SIEM_FILE_LOCK, SIEM_FILE_NEW};
    mode_t mask = umask(0777);
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        assert_opens(makers[i], test_path("missing/file"), SIEM_NOT_FOUND, "No such file");
        assert_opens(makers[i], test_path("made"), SIEM_OK, "");
        assert_int_equal(stat(test_path("made"), &status), 0);
        assert_int_equal(status.st_mode & 07777, 0640); /* whatever the mask is */
        assert_int_equal(unlink(test_path("made")), 0);
    }
    (void)umask(mask);
}

/* A process without a standard input gets its number for the file, which is one as any other. */
static void test_without_input(void **state) {
    const char *path = test_path("zero");
    struct stat status;
    int fd, input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    (void)state;
    if (input >= 0) assert_int_equal(close(STDIN_FILENO), 0);
    siem_code rc = siem_checked_file_open(&fd, path, SIEM_FILE_LOCK, 0640, NULL);
    if (fd >= 0) assert_int_equal(close(fd), 0);
    if (input >= 0) assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
    if (input >= 0) assert_int_equal(close(input), 0);
    assert_int_equal(rc, SIEM_OK);
    assert_int_equal(fd, STDIN_FILENO);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
}

/* ---- links ---- */

static void test_links(void **state) {
    char path[160], next[160], *real;
    (void)state;
    make_file(test_path("target"));
    assert_int_equal(symlink("target", test_path("link")), 0);
    assert_opens(SIEM_FILE_INPUT, test_path("link"), SIEM_OK, "");
    assert_opens(SIEM_FILE_APPEND, test_path("link"), SIEM_OK, "");
    assert_opens(SIEM_FILE_CHANGE, test_path("link"), SIEM_HELD, "or a link");
    assert_opens(SIEM_FILE_LOCK, test_path("link"), SIEM_HELD, "or a link");
    assert_ok(siem_checked_file_resolve(&real, test_path("link"), SIEM_FILE_CHANGE, &err));
    assert_string_equal(real, test_path("link"));
    free(real);
    /* A link to what is missing: it is made where the link leads, and the error has both names. */
    assert_int_equal(symlink("later", test_path("dangling")), 0);
    assert_opens(SIEM_FILE_STATE, test_path("dangling"), SIEM_NOT_FOUND, "dangling: cannot open '");
    assert_opens(SIEM_FILE_APPEND, test_path("dangling"), SIEM_OK, "");
    assert_opens(SIEM_FILE_STATE, test_path("later"), SIEM_OK, "");
    assert_int_equal(symlink("round", test_path("round")), 0);
    assert_opens(SIEM_FILE_STATE, test_path("round"), SIEM_IO, "Too many levels");
    /* As many as Linux follows. */
    (void)snprintf(next, sizeof next, "target");
    for (int i = 0; i < 40; i++) {
        (void)snprintf(path, sizeof path, "%s/chain%d", test_folder(), i);
        assert_int_equal(symlink(next, path), 0);
        if (i == 38) assert_opens(SIEM_FILE_STATE, path, SIEM_OK, "");
        (void)snprintf(next, sizeof next, "%s", path);
    }
    assert_opens(SIEM_FILE_STATE, path, SIEM_IO, "Too many levels");
}

static void test_long_names(void **state) {
    char name[PATH_MAX + 10], deep[PATH_MAX];
    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_opens(SIEM_FILE_STATE, name, SIEM_IO, "cannot open 'nnn");
    name[PATH_MAX - 1] = '\0';
    assert_opens(SIEM_FILE_CHANGE, name, SIEM_IO, "cannot open 'nnn");
    /* A link that would make it too long: "././…/long", and a target of its own length. */
    name[PATH_MAX - 200] = '\0';
    assert_int_equal(chdir(test_folder()), 0);
    for (size_t i = 0; i + 1 < PATH_MAX - 200; i += 2) memcpy(name + i, "./", 2);
    assert_int_equal(symlink(name, "long"), 0);
    size_t size = 0;
    for (; size < 300; size += 2) memcpy(deep + size, "./", 2);
    (void)stpcpy(deep + size, "long");
    assert_opens(SIEM_FILE_STATE, deep, SIEM_IO, "File name too long");
    assert_int_equal(chdir("/"), 0);
}

/* ---- other users ---- */

static void test_others(void **state) {
    const char *path = test_path("others"), *link = test_path("others.link");
    (void)state;
    if (geteuid() != 0) skip(); /* to give a file away takes root */
    make_file(path);
    make_file(test_path("ours"));
    assert_int_equal(chown(path, OTHER, OTHER), 0);
    assert_int_equal(symlink("ours", link), 0);
    assert_int_equal(lchown(link, OTHER, OTHER), 0);
    static const siem_file_use own[] = {SIEM_FILE_STATE, SIEM_FILE_CHANGE, SIEM_FILE_APPEND,
                                        SIEM_FILE_RESUME, SIEM_FILE_LOCK};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        assert_opens(own[i], path, SIEM_HELD, "is a file of user 4321, and this program");
    }
    assert_opens(SIEM_FILE_STATE, link, SIEM_HELD, "is a link of user 4321, and this program");
    /* A folder of one's own may hold another user's table; one that is open to all may not. */
    static const siem_file_use inputs[] = {SIEM_FILE_INPUT, SIEM_FILE_TABLE};
    for (mode_t mode = 0700; mode <= 0777; mode += 077) {
        siem_code code = mode == 0700 ? SIEM_OK : SIEM_HELD;
        assert_int_equal(chmod(test_folder(), mode), 0);
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
            assert_opens(inputs[i], path, code, "is a file of user 4321");
            assert_opens(inputs[i], link, code, "is a link of user 4321");
        }
    }
    assert_int_equal(chmod(test_folder(), 0700), 0);
}

/* A user that is not root trusts its own files, and those of root. */
static void test_as_user(void **state) {
    static const struct {
        uid_t owner;
        siem_code code;
    } cases[] = {{OTHER, SIEM_OK}, {0, SIEM_OK}, {OTHER + 1, SIEM_HELD}};
    const char *path = test_path("read");
    (void)state;
    if (geteuid() != 0) skip(); /* to become another user takes root */
    make_file(path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(test_folder(), 0755), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(chown(path, cases[i].owner, OTHER), 0);
        assert_int_equal(seteuid(OTHER), 0);
        assert_opens(SIEM_FILE_STATE, path, cases[i].code, "this program runs as user 4321");
        assert_opens(SIEM_FILE_INPUT, path, SIEM_OK, "");
        assert_int_equal(seteuid(0), 0);
    }
    assert_int_equal(chmod(test_folder(), 0700), 0);
}

/* Somebody may have given a file of ours another name where all may make names. */
static void test_names(void **state) {
    const char *path = test_path("one"), *other = test_path("two");
    (void)state;
    make_file(path);
    assert_int_equal(link(path, other), 0);
    assert_opens(SIEM_FILE_STATE, path, SIEM_OK, "");
    assert_int_equal(chmod(test_folder(), 0777), 0);
    assert_opens(SIEM_FILE_STATE, path, SIEM_HELD, "with another name as well");
    assert_opens(SIEM_FILE_INPUT, path, SIEM_OK, "");
    assert_int_equal(chdir(test_folder()), 0);
    assert_opens(SIEM_FILE_STATE, "one", SIEM_HELD, "with another name as well");
    assert_int_equal(unlink(other), 0);
    assert_opens(SIEM_FILE_STATE, path, SIEM_OK, "");
    assert_int_equal(chmod(test_folder(), 0700), 0);
    assert_int_equal(chdir("/"), 0);
}

static void test_given_open(void **state) {
    static const struct {
        const char *path;
        bool is_given;
    } cases[] = {{NULL, true},          {"/dev/stdin", true}, {"/dev/stdout", true},
                 {"/dev/stderr", true}, {"/dev/fd/3", true},  {"/proc/self/fd/3", true},
                 {"/dev/null", false},  {"/dev/fd", false},   {"/proc/self/maps", false},
                 {"/tmp/fd/3", false},  {"stdout", false}};
    char name[40];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(siem_is_given_open(cases[i].path), cases[i].is_given);
    }
    make_file(test_path("given"));
    int fd = open(test_path("given"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", fd);
    assert_opens(SIEM_FILE_INPUT, name, SIEM_OK, "");
    assert_opens(SIEM_FILE_APPEND, name, SIEM_OK, "");
    assert_int_equal(close(fd), 0);
    assert_opens(SIEM_FILE_INPUT, name, SIEM_NOT_FOUND, "No such file");
    assert_opens(SIEM_FILE_APPEND, "/dev/fd/none", SIEM_NOT_FOUND, "for writing: No such");
}

/* A pipe that was given open has no name that leads to it. */
static void test_given_pipe(void **state) {
    char name[40];
    int ends[2];
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
    assert_opens(SIEM_FILE_APPEND, name, SIEM_OK, "");
    (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    assert_opens(SIEM_FILE_INPUT, name, SIEM_OK, "");
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
}

/* ---- reading ---- */

static void test_read_all(void **state) {
    const char *path = test_path("large");
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 200000};
    siem_buffer content = {0};
    (void)state;
    siem_buffer_add(&content, "before", 6);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        content.size = 6;
        make_file(path);
        assert_int_equal(truncate(path, (off_t)sizes[i]), 0);
        assert_ok(siem_checked_file_read(&content, path, SIEM_FILE_TABLE, &err));
        assert_int_equal(content.size, 6 + sizes[i]);
        assert_memory_equal(content.bytes, "beforecontent", 6 + (sizes[i] < 7 ? sizes[i] : 7));
    }
    siem_buffer_free(&content);
}

static void *no_memory(siem_allocator *self, void *block, size_t had, size_t size) {
    (void)self, (void)block, (void)had, (void)size;
    return NULL;
}

/* A part of a file is never taken for all of it. */
static void test_read_without_memory(void **state) {
    siem_allocator allocator = {no_memory};
    siem_buffer content = {.allocator = &allocator};
    siem_error err = {0};
    (void)state;
    make_file(test_path("read"));
    assert_int_equal(siem_checked_file_read(&content, test_path("read"), SIEM_FILE_TABLE, &err),
                     SIEM_NO_MEMORY);
    assert_int_equal(err.code, SIEM_NO_MEMORY);
    assert_int_equal(content.size, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),         cmocka_unit_test(test_missing),
        cmocka_unit_test(test_without_input), cmocka_unit_test(test_links),
        cmocka_unit_test(test_long_names),    cmocka_unit_test(test_others),
        cmocka_unit_test(test_as_user),       cmocka_unit_test(test_names),
        cmocka_unit_test(test_given_open),    cmocka_unit_test(test_given_pipe),
        cmocka_unit_test(test_read_all),      cmocka_unit_test(test_read_without_memory),
    };
    return cmocka_run_group_tests_name("checked_file", tests, NULL, NULL);
}

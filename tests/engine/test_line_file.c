/* test_line_file.c: going on in a file after an interrupted attempt. */
#include "store/line_file.h"
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void assert_file(const char *path, const char *text) {
    char *read = test_read(path);
    assert_string_equal(read, text);
    free(read);
}

/* Where the file of that path ended when it had `size` bytes. */
static siem_extent extent_of(const char *path, int64_t size) {
    struct stat status;
    siem_extent extent = {.size = size};
    assert_int_equal(stat(path, &status), 0);
    assert_true(siem_identity_read(&extent.file, AT_FDCWD, path, false));
    assert_int_equal(extent.file.inode, status.st_ino);
    return extent;
}

static siem_line_file open_file(const char *path) {
    siem_line_file file;
    assert_ok(siem_line_file_open(&file, path, 0640, false, &err));
    return file;
}

static void write_lines(siem_line_file *file, const char *lines) {
    size_t kept;
    assert_ok(siem_line_file_write(file, lines, strlen(lines), &kept, &err));
    assert_int_equal(kept, strlen(lines));
}

/* What is in the file behind "one\n" when "two\nthree\n" is written again after it. */
static const char *const attempts[] = {"",
                                       "t",
                                       "two",
                                       "two\n",
                                       "two\nth",
                                       "two\nthree\n",
                                       "other",
                                       "two\nother\n",
                                       "two\nthree\nf",
                                       "\n\n\n",
                                       "two\nthrex"};

static void test_resume(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        const char *path = test_path("resume.jsonl");
        char before[64];
        bool found;
        (void)snprintf(before, sizeof before, "one\n%s", attempts[i]);
        (void)unlink(path);
        write_file(path, before);
        siem_extent extent = extent_of(path, 4);
        siem_line_file file = open_file(path);
        assert_ok(siem_line_file_resume(&file, &extent, &found, &err));
        assert_true(found);
        write_lines(&file, "two\n");
        write_lines(&file, "three\n");
        write_lines(&file, "four\n");
        assert_file(path, "one\ntwo\nthree\nfour\n");
        assert_ok(siem_line_file_close(&file, &err));
    }
}

/* What was written behind the extent and is not written again is no part of what is confirmed. */
static void test_extent_while_comparing(void **state) {
    const char *path = test_path("extent.jsonl");
    bool found;
    siem_extent now;
    (void)state;
    write_file(path, "one\ntwo\nthree\n");
    siem_extent extent = extent_of(path, 4);
    siem_line_file file = open_file(path);
    assert_ok(siem_line_file_resume(&file, &extent, &found, &err));
    assert_ok(siem_line_file_sync(&file, &now, &err));
    assert_int_equal(now.size, 4);
    write_lines(&file, "two\n");
    assert_ok(siem_line_file_sync(&file, &now, &err));
    assert_int_equal(now.size, 8);
    write_lines(&file, "three\n");
    assert_ok(siem_line_file_sync(&file, &now, &err));
    assert_int_equal(now.size, 14);
    assert_int_equal(now.file.inode, extent.file.inode);
    assert_ok(siem_line_file_close(&file, &err));
    assert_file(path, "one\ntwo\nthree\n");
}

typedef struct moves {
    const char *path; /* of the new file */
    siem_code answer;
    int count;
    int64_t size;
} moves;

/* The new file holds no line yet when it is told. */
static siem_code take_move(void *context, const siem_extent *extent, siem_error *err) {
    moves *m = context;
    struct stat status;
    m->count++;
    m->size = extent->size;
    assert_int_equal(stat(m->path, &status), 0);
    assert_int_equal(status.st_ino, extent->file.inode);
    if (m->answer != SIEM_OK && err != NULL) err->code = m->answer;
    return m->answer;
}

static void test_resume_renamed(void **state) {
    const char *path = test_path("renamed.jsonl"), *old = test_path("renamed.jsonl.1");
    bool found;
    moves m = {.path = path};
    (void)state;
    write_file(old, "one\ntw");
    siem_extent extent = extent_of(old, 4);
    siem_line_file file = open_file(path);
    assert_ok(siem_line_file_claim(&file, take_move, &m, &err));
    assert_ok(siem_line_file_resume(&file, &extent, &found, &err));
    assert_true(found);
    write_lines(&file, "two\n"); /* belongs to the old file, which ends with it */
    assert_int_equal(m.count, 0);
    assert_file(old, "one\ntwo\n");
    write_lines(&file, "three\n");
    assert_int_equal(m.count, 1);
    assert_int_equal(m.size, 0);
    assert_file(old, "one\ntwo\n");
    assert_file(path, "three\n");
    assert_ok(siem_line_file_close(&file, &err));
}

/* A new file that could not be told of gets no line; the next attempt tells again. */
static void test_move_that_fails(void **state) {
    const char *path = test_path("move.jsonl"), *old = test_path("move.jsonl.1");
    size_t kept;
    siem_error failure;
    moves m = {.path = path, .answer = SIEM_IO};
    (void)state;
    siem_line_file file = open_file(path);
    assert_ok(siem_line_file_claim(&file, take_move, &m, &err));
    write_lines(&file, "one\n");
    assert_int_equal(rename(path, old), 0);
    assert_int_equal(siem_line_file_write(&file, "two\n", 4, &kept, &failure), SIEM_IO);
    assert_int_equal(kept, 0);
    assert_file(path, "");
    m.answer = SIEM_OK;
    write_lines(&file, "two\n");
    assert_int_equal(m.count, 2);
    assert_ok(siem_line_file_close(&file, &err));
    assert_file(path, "two\n");
    assert_file(old, "one\n");
}

static void test_lost(void **state) {
    const char *path = test_path("lost.jsonl");
    bool found;
    (void)state;
    write_file(path, "one\n");
    siem_error failure;
    siem_extent cut = extent_of(path, 8), other = extent_of(path, 4);
    other.file.inode++;
    siem_line_file file = open_file(path);
    assert_int_equal(siem_line_file_resume(&file, &cut, &found, &failure), SIEM_HELD);
    assert_non_null(strstr(failure.message, "of 8 bytes that were exported, 4 are there"));
    assert_ok(siem_line_file_resume(&file, &other, &found, &err));
    assert_false(found);
    write_lines(&file, "two\n");
    assert_ok(siem_line_file_close(&file, &err));
    assert_file(path, "one\ntwo\n");
}

/* What was forced to the disk and is cut off then is not made up for by what comes after. */
static void test_cut_short(void **state) {
    const char *path = test_path("short.jsonl");
    siem_error failure;
    siem_extent now;
    size_t kept;
    moves m = {.path = path};
    (void)state;
    siem_line_file file = open_file(path);
    assert_ok(siem_line_file_claim(&file, take_move, &m, &err));
    write_lines(&file, "one\ntwo\n");
    assert_ok(siem_line_file_sync(&file, &now, &err));
    assert_int_equal(truncate(path, 4), 0);
    assert_int_equal(siem_line_file_write(&file, "three\n", 6, &kept, &failure), SIEM_HELD);
    assert_int_equal(kept, 0);
    assert_int_equal(siem_line_file_sync(&file, &now, &failure), SIEM_HELD);
    assert_ok(siem_line_file_close(&file, &err));
    assert_file(path, "one\n");
}

/* An inode is used again: a file that was made later is another one, whatever it holds. */
static void test_used_inode(void **state) {
    const char *path = test_path("inode.jsonl"), *other = test_path("inode.log");
    bool found;
    (void)state;
    write_file(path, "one\n");
    write_file(other, "a foreign file, longer than what was written\n");
    siem_extent extent = extent_of(other, 4);
    if (extent.file.born == 0) skip(); /* this file system does not tell */
    extent.file.born--;
    siem_line_file file = open_file(path);
    assert_ok(siem_line_file_resume(&file, &extent, &found, &err));
    assert_false(found);
    write_lines(&file, "two\n");
    assert_ok(siem_line_file_close(&file, &err));
    assert_file(path, "one\ntwo\n");
    assert_file(other, "a foreign file, longer than what was written\n");
}

/* Two writers that compare and cut would destroy each other's lines: the second one is refused
 * before it changes anything, and may go on when the first one is done. */
static void test_claimed(void **state) {
    const char *path = test_path("claimed.jsonl");
    siem_error failure;
    siem_line_file second;
    size_t kept;
    moves m = {.path = path};
    (void)state;
    siem_line_file first = open_file(path);
    write_lines(&first, "one\n");
    assert_ok(siem_line_file_open(&second, path, 0640, true, &err));
    assert_int_equal(siem_line_file_claim(&second, take_move, &m, &failure), SIEM_HELD);
    assert_non_null(strstr(failure.message, path));
    assert_int_equal(siem_line_file_write(&second, "two\n", 4, &kept, &failure), SIEM_HELD);
    assert_int_equal(siem_line_file_share(&second, &failure), SIEM_HELD);
    assert_file(path, "one\n");
    siem_line_file_release(&first);
    assert_ok(siem_line_file_claim(&second, take_move, &m, &err));
    assert_file(path, "");
    assert_int_equal(siem_line_file_write(&first, "three\n", 6, &kept, &failure), SIEM_HELD);
    assert_ok(siem_line_file_close(&second, &err));
    write_lines(&first, "three\n");
    assert_ok(siem_line_file_close(&first, &err));
    assert_file(path, "three\n");
}

/* What a reader locks, in whichever way, is not the writer's. */
static void test_readers_lock(void **state) {
    const char *path = test_path("read.jsonl"), *beside = test_path(".read.jsonl.lock");
    struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    siem_error failure;
    (void)state;
    write_file(path, "one\n");
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(reader >= 0);
    assert_int_equal(flock(reader, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(fcntl(reader, F_OFD_SETLK, &all), 0);
    siem_line_file first = open_file(path), second = open_file(path);
    write_lines(&first, "two\n");
    assert_int_equal(siem_line_file_claim(&second, NULL, NULL, &failure), SIEM_HELD);
    assert_int_equal(access(beside, F_OK), 0);
    assert_ok(siem_line_file_close(&first, &err));
    assert_int_equal(access(beside, F_OK), -1);
    assert_ok(siem_line_file_close(&second, &err));
    assert_int_equal(close(reader), 0);
    assert_file(path, "one\ntwo\n");
}

/* Dead letters: an export and a replay append to one file, which is no writer's own. */
static void test_shared(void **state) {
    const char *path = test_path("shared.jsonl");
    siem_error failure;
    (void)state;
    siem_line_file first = open_file(path), second = open_file(path), third = open_file(path);
    assert_ok(siem_line_file_share(&first, &err));
    assert_ok(siem_line_file_share(&second, &err));
    write_lines(&first, "one\n");
    write_lines(&second, "two\n");
    assert_int_equal(siem_line_file_claim(&third, NULL, NULL, &failure), SIEM_HELD);
    assert_ok(siem_line_file_close(&first, &err));
    assert_ok(siem_line_file_close(&second, &err));
    assert_ok(siem_line_file_claim(&third, NULL, NULL, &err));
    assert_ok(siem_line_file_close(&third, &err));
    assert_file(path, "one\ntwo\n");
}

/* After a rotation the new file is locked as the old one was; what is renamed before it is claimed
 * is not emptied. */
static void test_lock_follows(void **state) {
    const char *path = test_path("locked.jsonl"), *old = test_path("locked.jsonl.1");
    siem_error failure;
    siem_line_file late;
    (void)state;
    siem_line_file first = open_file(path);
    write_lines(&first, "one\n");
    assert_int_equal(rename(path, old), 0);
    write_lines(&first, "two\n");
    siem_line_file second = open_file(path);
    assert_int_equal(siem_line_file_claim(&second, NULL, NULL, &failure), SIEM_HELD);
    assert_ok(siem_line_file_close(&second, &err));
    assert_ok(siem_line_file_close(&first, &err));
    assert_ok(siem_line_file_open(&late, path, 0640, true, &err));
    assert_file(path, "two\n");
    assert_ok(siem_line_file_claim(&late, NULL, NULL, &err));
    assert_file(path, "");
    assert_ok(siem_line_file_close(&late, &err));
    assert_ok(siem_line_file_open(&late, old, 0640, true, &err));
    assert_int_equal(rename(old, path), 0);
    write_lines(&late, "three\n");
    assert_ok(siem_line_file_close(&late, &err));
    assert_file(path, "one\n");
    assert_file(old, "three\n");
}

/* The file is renamed after it was opened, before what is behind the extent is compared. */
static void test_renamed_while_open(void **state) {
    const char *path = test_path("open.jsonl"), *old = test_path("open.jsonl.1");
    bool found;
    (void)state;
    write_file(path, "one\ntwo\n");
    siem_extent extent = extent_of(path, 4);
    siem_line_file file = open_file(path);
    assert_int_equal(rename(path, old), 0);
    assert_ok(siem_line_file_resume(&file, &extent, &found, &err));
    assert_true(found);
    write_lines(&file, "two\n");
    write_lines(&file, "three\n");
    assert_ok(siem_line_file_close(&file, &err));
    assert_file(old, "one\ntwo\n");
    assert_file(path, "three\n");
}

/* More than is compared at once, with a difference at either end of a step, or none. */
static void test_resume_long(void **state) {
    const char *path = test_path("long.jsonl");
    static const size_t different[] = {0, 1, 16383, 16384, 16385, 32768, 39999, 40000};
    const size_t size = 40000;
    bool found;
    (void)state;
    char *lines = malloc(size + 1), *there = malloc(size + 1);
    assert_non_null(lines);
    assert_non_null(there);
    memset(lines, 'x', size);
    lines[size - 1] = '\n';
    lines[size] = '\0';
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        memcpy(there, lines, size + 1);
        if (different[i] < size) there[different[i]] = 'y';
        write_file(path, there);
        siem_extent extent = extent_of(path, 0);
        siem_line_file file = open_file(path);
        assert_ok(siem_line_file_resume(&file, &extent, &found, &err));
        assert_true(found);
        write_lines(&file, lines);
        assert_ok(siem_line_file_close(&file, &err));
        assert_file(path, lines);
    }
    free(lines);
    free(there);
}

static void test_beginning(void **state) {
    const char *path = test_path("begun.jsonl");
    siem_line_file file;
    (void)state;
    static const struct {
        bool truncate;
        const char *beginning;
    } cases[] = {{false, "new"}, {false, "appended"}, {true, "emptied"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(siem_line_file_open(&file, path, 0640, cases[i].truncate, &err));
        write_lines(&file, "one\n");
        assert_string_equal(file.beginning, cases[i].beginning);
        assert_ok(siem_line_file_close(&file, &err));
    }
}

/* What cannot be closed may not be in the file. */
static void test_not_closed(void **state) {
    const char *path = test_path("closed.jsonl");
    siem_error failure;
    (void)state;
    siem_line_file file = open_file(path);
    write_lines(&file, "one\n");
    assert_int_equal(close(file.fd), 0);
    assert_int_equal(siem_line_file_close(&file, &failure), SIEM_IO);
    test_has(failure.message, "cannot finish writing '");
    test_has(failure.message, path);
    assert_int_equal(file.fd, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),         cmocka_unit_test(test_extent_while_comparing),
        cmocka_unit_test(test_resume_renamed), cmocka_unit_test(test_move_that_fails),
        cmocka_unit_test(test_lost),           cmocka_unit_test(test_used_inode),
        cmocka_unit_test(test_claimed),        cmocka_unit_test(test_readers_lock),
        cmocka_unit_test(test_shared),         cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_resume_long),    cmocka_unit_test(test_beginning),
        cmocka_unit_test(test_lock_follows),   cmocka_unit_test(test_renamed_while_open),
        cmocka_unit_test(test_not_closed),
    };
    return cmocka_run_group_tests_name("line_file", tests, NULL, NULL);
}

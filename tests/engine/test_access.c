/* test_access.c: connections that only read, why a reader of another user has no log, and waiting
 * for one. */
#include "source/access.h"

#include "source/database.h"
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READER 4321 /* a user and its group */
#define OTHER  4322

static char place[128], database[160];

static void make_file(const char *suffix, mode_t mode) {
    char path[200];
    (void)snprintf(path, sizeof path, "%s%s", database, suffix);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void remove_file(const char *suffix) {
    char path[200];
    (void)snprintf(path, sizeof path, "%s%s", database, suffix);
    (void)unlink(path);
}

static int make_place(void **state) {
    (void)state;
    assert_int_equal(chmod(test_folder(), 0755), 0);
    (void)snprintf(place, sizeof place, "%s", test_path("place"));
    (void)snprintf(database, sizeof database, "%s/r.db", place);
    assert_int_equal(mkdir(place, 0755), 0);
    make_file("", 0644);
    return 0;
}

/* ---- what is said to another user ---- */

static const struct {
    mode_t folder;
    gid_t folder_group;
    mode_t mode; /* of the database, which root owns */
    gid_t group;
    mode_t log, shm; /* 0: there is none */
    siem_code code;
    const char *part;
} cases[] = {
    {0755, 0, 0644, 0, 0, 0, SIEM_IDLE, "user 4321 may not make its write-ahead log"},
    {0755, 0, 0644, 0, 0644, 0, SIEM_IDLE, "user 4321 may not make its write-ahead log"},
    {0755, 0, 0644, 0, 0, 0644, SIEM_IDLE, "user 4321 may not make its write-ahead log"},
    {0755, 0, 0644, 0, 0644, 0644, SIEM_OK, NULL},
    {0755, 0, 0644, 0, 0600, 0644, SIEM_IO, "user 4321 may not read '%s-wal'"},
    {0755, 0, 0644, 0, 0644, 0600, SIEM_IO, "user 4321 may not read '%s-shm'"},
    {0755, 0, 0644, 0, 0600, 0, SIEM_IO, "user 4321 may not read '%s-wal'"},
    {0777, 0, 0644, 0, 0, 0, SIEM_IDLE, "made by user 4321 would keep user 0, its owner"},
    {0777, 0, 0644, 0, 0, 0, SIEM_IDLE, "mode 0644 and group 0, the folder mode 0777, new files"},
    {0777, 0, 0644, 0, 0, 0, SIEM_IDLE, "get group 4321"},
    {0777, 0, 0646, 0, 0, 0, SIEM_OK, NULL},
    {0755, 0, 0646, 0, 0, 0, SIEM_IDLE, "may not make its write-ahead log"},
    {0777, 0, 0664, READER, 0, 0, SIEM_OK, NULL},
    {0777, 0, 0664, OTHER, 0, 0, SIEM_IDLE, "and group 4322, the folder mode 0777, new files"},
    {0777, 0, 0644, READER, 0, 0, SIEM_IDLE, "would keep user 0"},
    {02777, OTHER, 0664, OTHER, 0, 0, SIEM_OK, NULL},
    {02777, OTHER, 0664, READER, 0, 0, SIEM_IDLE, "mode 2777, new files get group 4322"},
    {02770, READER, 0660, READER, 0, 0, SIEM_OK, NULL},
    {01777, 0, 0646, 0, 0, 0, SIEM_IDLE, "the folder mode 1777"},
    {01775, 0, 0646, 0, 0, 0, SIEM_IDLE, "may not make its write-ahead log"},
};

static size_t current;

static const char *explain(void) {
    static char fault[800];
    siem_error err = {0};
    char part[300] = "";
    if (setegid(READER) != 0 || seteuid(READER) != 0) return "cannot become another user";
    siem_code rc = siem_access_explain(database, &err);
    if (cases[current].part != NULL) {
        char *at = stpcpy(part, cases[current].part);
        const char *name = strstr(cases[current].part, "%s");
        if (name != NULL) {
            at = part + (name - cases[current].part);
            (void)snprintf(at, sizeof part - (size_t)(at - part), "%s%s", database, name + 2);
        }
    }
    if (rc == cases[current].code && strstr(err.message, part) != NULL) return NULL;
    (void)snprintf(fault, sizeof fault, "%s: %.400s", siem_code_name(rc), err.message);
    return fault;
}

static void test_explain(void **state) {
    size_t failed = 0;
    (void)state;
    if (geteuid() != 0) skip(); /* to be another user takes root */
    for (current = 0; current < sizeof cases / sizeof *cases; current++) {
        char name[32];
        assert_int_equal(chown(database, 0, cases[current].group), 0);
        assert_int_equal(chmod(database, cases[current].mode), 0);
        assert_int_equal(chown(place, 0, cases[current].folder_group), 0);
        assert_int_equal(chmod(place, cases[current].folder), 0);
        remove_file("-wal");
        remove_file("-shm");
        if (cases[current].log != 0) make_file("-wal", cases[current].log);
        if (cases[current].shm != 0) make_file("-shm", cases[current].shm);
        (void)snprintf(name, sizeof name, "case %zu", current);
        failed += !test_in_child(name, explain);
    }
    remove_file("-wal");
    remove_file("-shm");
    assert_int_equal(failed, 0);
}

static void test_own(void **state) {
    siem_error err;
    (void)state;
    assert_int_equal(siem_access_explain(database, &err), SIEM_OK); /* it makes them itself */
    assert_int_equal(siem_access_explain("/none/r.db", &err), SIEM_OK);
}

/* ---- waiting ---- */

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* It sleeps meanwhile. */
static void test_await(void **state) {
    double begun = now();
    clock_t worked = clock();
    (void)state;
    assert_false(siem_access_await(database, 200));
    assert_true(now() - begun >= 0.2);
    assert_true(clock() - worked < CLOCKS_PER_SEC / 10);
    begun = now();
    assert_false(siem_access_await("/none/r.db", 200));
    assert_true(now() - begun >= 0.2);
    assert_false(siem_access_await(database, 0));
    make_file("-wal", 0644);
    assert_false(siem_access_await(database, 10)); /* it takes both */
    make_file("-shm", 0644);
    begun = now();
    assert_true(siem_access_await(database, 60000));
    assert_true(siem_access_await(database, 0));
    assert_true(now() - begun < 30);
    remove_file("-wal");
    remove_file("-shm");
}

/* It hears of the files: without, it would look again when time is up. */
static void test_heard(void **state) {
    int status;
    (void)state;
    double begun = now();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)usleep(50000);
        make_file("-wal", 0644);
        (void)usleep(50000);
        make_file("-shm", 0644);
        _exit(0);
    }
    assert_true(siem_access_await(database, 300000));
    assert_true(now() - begun < 150);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ---- a connection ---- */

/* The file system of the program, which notices what SQLite takes for its own meanwhile. */
static sqlite3_vfs programs;
static char default_name[64];

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    sqlite3_vfs *base = vfs->pAppData;
    (void)snprintf(default_name, sizeof default_name, "%s", sqlite3_vfs_find(NULL)->zName);
    return base->xOpen(base, name, file, flags, out);
}

static void set_default(void) {
    sqlite3_vfs *base = sqlite3_vfs_find(NULL);
    programs = *base;
    programs.zName = "the program's";
    programs.pAppData = base;
    programs.xOpen = open_file;
    assert_int_equal(sqlite3_vfs_register(&programs, 1), SQLITE_OK);
}

/* It reads, and writes nothing, whatever a path would mean in a URI. The file system of the engine
 * is nobody else's, and is gone afterwards. */
static void test_open(void **state) {
    static const char *const names[] = {"plain.db", "50% of #1?mode=rwc.db", "file:%41.db"};
    sqlite3 *connection;
    (void)state;
    set_default();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        test_sql(names[i], "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
        default_name[0] = '\0';
        assert_int_equal(siem_access_open(&connection, test_path(names[i])), SQLITE_OK);
        assert_string_equal(default_name, "the program's");
        assert_int_equal(sqlite3_exec(connection, "SELECT x FROM t", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_exec(connection, "DELETE FROM t", NULL, NULL, NULL),
                         SQLITE_READONLY);
        assert_int_equal(sqlite3_close(connection), SQLITE_OK);
        assert_string_equal(sqlite3_vfs_find(NULL)->zName, "the program's");
        assert_null(sqlite3_vfs_find("oversight-siem-reader"));
    }
    assert_int_equal(siem_access_open(&connection, test_path("none.db")), SQLITE_CANTOPEN);
    assert_int_equal(sqlite3_close(connection), SQLITE_OK);
    assert_null(sqlite3_vfs_find("oversight-siem-reader"));
    assert_int_equal(sqlite3_vfs_unregister(&programs), SQLITE_OK);
}

/* A guest's path may be short, and begin nowhere. */
static const char *open_as_guest(void) {
    sqlite3 *connection;
    if (chdir(place) != 0) return "cannot enter the folder";
    if (setegid(READER) != 0 || seteuid(READER) != 0) return "cannot become another user";
    int rc = siem_access_open(&connection, "r.db");
    if (rc == SQLITE_OK) rc = sqlite3_exec(connection, "SELECT 1", NULL, NULL, NULL);
    (void)sqlite3_close(connection);
    return rc == SQLITE_OK ? NULL : sqlite3_errstr(rc);
}

/* The file asks for a log, which is not there. */
static const char *open_without_log(void) {
    static siem_error err;
    siem_inquiry nobody = {.go_on = NULL};
    siem_database opened;
    char path[200];
    (void)snprintf(path, sizeof path, "%s/wal.db", place);
    if (setegid(READER) != 0 || seteuid(READER) != 0) return "cannot become another user";
    siem_code rc = siem_database_open(&opened, path, 1, &nobody, &err);
    siem_database_close(&opened);
    return rc == SIEM_IDLE ? NULL : err.message;
}

static void test_guest(void **state) {
    (void)state;
    if (geteuid() != 0) skip();
    assert_int_equal(chown(database, 0, 0), 0);
    assert_int_equal(chmod(database, 0644), 0);
    assert_int_equal(chown(place, 0, 0), 0);
    assert_int_equal(chmod(place, 0755), 0);
    assert_true(test_in_child("guest", open_as_guest));
    test_sql("place/wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
    assert_true(test_in_child("no log", open_without_log));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explain), cmocka_unit_test(test_own),  cmocka_unit_test(test_await),
        cmocka_unit_test(test_heard),   cmocka_unit_test(test_open), cmocka_unit_test(test_guest)};
    return cmocka_run_group_tests_name("access", tests, make_place, NULL);
}

/* testing.h: cmocka with what it needs, and registries and logs made for a test. */
#ifndef SIEM_TESTING_H
#define SIEM_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <oversight/siem.h>
#include <sqlite3.h>
#include <stdio.h>

#define TABLE                                                                                      \
    "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, "          \
    "file_id TEXT, recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, "        \
    "user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL, qualified_timestamp TEXT, "          \
    "tlog_index INTEGER);"

/* A folder of this test's own; the same until the program ends, removed then. */
const char *test_folder(void);

/* A path in that folder, in one of a few buffers that take turns. */
const char *test_path(const char *name);

/* Runs SQL on a database of the folder, which is made when it is not there. */
void test_sql(const char *name, const char *sql);

/* The whole text of a file, NUL-terminated, for the caller to free. */
char *test_read(const char *path);

siem_value test_text(const char *text);

/* Writes a line of a transparency log: an index, the text of a leaf, and the hash of a text, which
 * is the same one unless the leaf was altered. */
void test_write_leaf(FILE *file, int64_t index, const char *leaf, const char *hashed);

/* Fails the test, and shows both, unless a text has a part. */
void test_has(const char *text, const char *part);

/* A wrong call: it gives SIEM_INVALID, and a message of one printable line that holds `word`. */
typedef struct test_misuse {
    const char *name;
    siem_code (*run)(siem_error *err);
    const char *word;
} test_misuse;

/* Runs each in a child of its own, after `prepare`: with an error that holds garbage, and with
 * NULL. */
void test_all_misuses(const test_misuse *misuses, size_t count, void (*prepare)(void));

/* Runs a check in a child. It returns NULL, or what is wrong. False, with a line on standard error,
 * when something is or the child dies. */
bool test_in_child(const char *name, const char *(*check)(void));

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        siem_error err = {0};                                                                      \
        siem_code code_ = (call);                                                                  \
        if (code_ != SIEM_OK) fail_msg("%s: %s", siem_code_name(code_), err.message);              \
    } while (0)

#endif

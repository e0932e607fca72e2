/* testing.c: folders, databases and files of tests. */
#include "testing.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static pid_t owner; /* of the folder: a child leaves it alone */

static void remove_folder(void) {
    char command[128];
    if (getpid() != owner) return;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) (void)fprintf(stderr, "cannot remove %s\n", folder);
}

const char *test_folder(void) {
    if (folder[0] == '\0') {
        strcpy(folder, "/tmp/oversight-test-XXXXXX");
        assert_non_null(mkdtemp(folder));
        owner = getpid();
        atexit(remove_folder);
    }
    return folder;
}

const char *test_path(const char *name) {
    static char paths[8][160];
    static size_t turn;
    char *path = paths[turn++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", test_folder(), name);
    return path;
}

void test_sql(const char *name, const char *sql) {
    sqlite3 *connection;
    char *message = NULL;
    assert_int_equal(sqlite3_open(test_path(name), &connection), SQLITE_OK);
    if (sqlite3_exec(connection, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
    sqlite3_close(connection);
}

char *test_read(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = NULL;
    size_t size = 0;
    ssize_t read = getdelim(&text, &size, '\0', file);
    fclose(file);
    if (read <= 0) {
        free(text);
        return strdup("");
    }
    return text;
}

void test_has(const char *text, const char *part) {
    if (strstr(text, part) == NULL) fail_msg("'%s' lacks '%s'", text, part);
}

siem_value test_text(const char *text) {
    return (siem_value){.type = SIEM_TEXT, .bytes = text, .size = strlen(text)};
}

void test_write_leaf(FILE *file, int64_t index, const char *leaf, const char *hashed) {
    siem_hash hash;
    assert_ok(siem_tlog_hash(&hash, hashed, strlen(hashed), &err));
    (void)fprintf(file, "{\"index\": %d, \"leaf_hash\": \"", (int)index);
    for (size_t i = 0; i < sizeof hash.bytes; i++) (void)fprintf(file, "%02x", hash.bytes[i]);
    (void)fprintf(file, "\", \"leaf_data\": \"");
    for (; *leaf != '\0'; leaf++) {
        if (*leaf == '"' || *leaf == '\\') (void)fputc('\\', file);
        (void)fputc(*leaf, file);
    }
    (void)fprintf(file, "\"}\n");
}

/* ---- children ---- */

/* Part of a build with coverage alone: writes down what a child ran, which _exit would lose. */
void __gcov_dump(void) __attribute__((weak));

/* cmocka goes on after a signal: a child dies of it. */
static void let_signals_kill(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) (void)signal(signals[i], SIG_DFL);
}

bool test_in_child(const char *name, const char *(*check)(void)) {
    int status;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        let_signals_kill();
        (void)alarm(60); /* seconds: a call that never returns is a fault, too */
        const char *fault = check();
        if (fault != NULL) (void)fprintf(stderr, "%s: %s\n", name, fault);
        if (__gcov_dump != NULL) __gcov_dump();
        _exit(fault != NULL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        (void)fprintf(stderr, "%s: killed by signal %d\n", name, WTERMSIG(status));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static const test_misuse *current;
static void (*prepare_current)(void);

static const char *check_message(const siem_error *err) {
    if (memchr(err->message, '\0', sizeof err->message) == NULL) return "the message has no end";
    for (const char *c = err->message; *c != '\0'; c++) {
        if (!isprint((unsigned char)*c)) return "the message is not printable";
    }
    if (err->message[0] == '\0') return "the message is empty";
    return strstr(err->message, current->word) != NULL ? NULL : err->message;
}

static const char *check_misuse(void) {
    static siem_error err;
    memset(&err, 0xa5, sizeof err);
    prepare_current();
    siem_code code = current->run(&err);
    if (code != SIEM_INVALID) return siem_code_name(code);
    if (err.code != SIEM_INVALID) return "the error has another code";
    const char *fault = check_message(&err);
    if (fault != NULL) return fault;
    return current->run(NULL) == SIEM_INVALID ? NULL : "without an error to fill it succeeds";
}

void test_all_misuses(const test_misuse *misuses, size_t count, void (*prepare)(void)) {
    size_t failed = 0;
    prepare_current = prepare;
    for (size_t i = 0; i < count; i++) {
        current = &misuses[i];
        failed += !test_in_child(current->name, check_misuse);
    }
    if (failed > 0) fail_msg("%zu of %zu cases", failed, count);
}

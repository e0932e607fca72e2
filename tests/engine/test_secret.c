/* test_secret.c: what credentials look like, where they come from, and who else can read them. */
#include "base/secret.h"

#include "base/command_output.h"
#include "sink/http/exposure.h"
#include "testing.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void write_file(const char *path, const char *text, mode_t mode) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_part(const char *text, const char *part) {
    if (strstr(text, part) == NULL) fail_msg("'%s' lacks '%s'", text, part);
}

/* ---- forms ---- */

#define WORD                                                                                       \
    { .word = true }
#define SPLUNK                                                                                     \
    { .word = true, .scheme = "Splunk" }
#define PAIR                                                                                       \
    { .word = true, .scheme = "ApiKey", .pair = true }

static const struct {
    siem_secret_form form;
    const char *text, *is, *problem; /* one of the two */
} forms[] = {
    {WORD, "tok", "tok", NULL},
    {WORD, "\xef\xbb\xbftok\r\n", "tok", NULL},
    {WORD, " \ttok\t ", "tok", NULL},
    {WORD, "!~", "!~", NULL},
    {WORD, "", NULL, "it is empty"},
    {WORD, " \r\n", NULL, "it is empty"},
    {WORD, "to k", NULL, "it holds a space"},
    {WORD, "to\tk", NULL, "it holds a space"},
    {WORD, "to\nk", NULL, "it holds a line break"},
    {WORD, "to\rk", NULL, "it holds a line break"},
    {WORD, "t\xc3\xb6k", NULL, "not ASCII or not printable"},
    {WORD, "tok\x7f", NULL, "not ASCII or not printable"},
    {WORD, "t\x1fok", NULL, "not ASCII or not printable"},
    {WORD, "Bearer tok", NULL, "it begins with 'Bearer'"},
    {WORD, "Bearertok", "Bearertok", NULL},
    {SPLUNK, "Splunk tok", "tok", NULL},
    {SPLUNK, "splunk \t tok", "tok", NULL},
    {SPLUNK, "Authorization: Splunk tok", "tok", NULL},
    {SPLUNK, "authorization:tok", "tok", NULL},
    {SPLUNK, "Splunk", NULL, "it is empty"},
    {SPLUNK, "basic dTpw", NULL, "it begins with 'Basic', which is another kind"},
    {SPLUNK, "Splunk <token>", NULL, "it is a placeholder"},
    {WORD, "{\"encoded\":1}", NULL, "it is JSON: give the credential alone"},
    {WORD, "[1]", NULL, "it is JSON: give the credential alone"},
    {PAIR, "{\"encoded\":1}", NULL, "give the value of its \"encoded\" alone"},
    {WORD, "<token>", NULL, "it is a placeholder"},
    {WORD, "<token", "<token", NULL},
    {WORD, "token>", "token>", NULL},
    {WORD, "$TOKEN_1", NULL, "it is a variable"},
    {WORD, "${token}", NULL, "it is a variable"},
    {WORD, "$(pass)", NULL, "it is a variable"},
    {WORD, "$token", "$token", NULL},
    {WORD, "$TOKEN.", "$TOKEN.", NULL},
    {WORD, "$", "$", NULL},
    {WORD, "\"tok\"", NULL, "it is in quotes"},
    {WORD, "'tok'", NULL, "it is in quotes"},
    {WORD, "`tok`", NULL, "it is in quotes"},
    {WORD, "\"\"", NULL, "it is in quotes"},
    {WORD, "\"tok", "\"tok", NULL},
    {WORD, "'", "'", NULL},
    {WORD, "tot", "tot", NULL},
    {PAIR, "id:key", "aWQ6a2V5", NULL},
    {PAIR, "i:k", "aTpr", NULL},
    {PAIR, "aWQ6a2V5", "aWQ6a2V5", NULL},
    {PAIR, ":key", NULL, "neither an encoded key nor id:key"},
    {PAIR, "id:", NULL, "neither an encoded key nor id:key"},
    {PAIR, "id:key:more", NULL, "neither an encoded key nor id:key"},
    {{0}, " pass word \n", " pass word", NULL},
    {{0}, "{Bearer}", "{Bearer}", NULL},
    {{0}, "\xef\xbb\xbf", NULL, "it is empty"},
    {{0}, "pass\nword", NULL, "it holds a line break"},
};

static void test_forms(void **state) {
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        siem_error err = {0};
        (void)snprintf(text, sizeof text, "%s", forms[i].text);
        siem_code rc = siem_secret_form_apply(&forms[i].form, "the key", text, sizeof text, &err);
        assert_int_equal(rc, forms[i].is != NULL ? SIEM_OK : SIEM_HELD);
        if (forms[i].is != NULL) {
            assert_string_equal(text, forms[i].is);
        } else {
            assert_part(err.message, forms[i].problem);
            assert_memory_equal(err.message, "the key: ", 9);
        }
    }
}

/* The base64 of a pair needs room, of which there is what a credential may have. */
static void test_long_pairs(void **state) {
    static const siem_secret_form form = PAIR;
    char text[4096];
    siem_error err;
    (void)state;
    (void)stpcpy(text, "id:key");
    assert_int_equal(siem_secret_form_apply(&form, "key", text, 12, &err), SIEM_HELD);
    assert_part(err.message, "it is too long");
    assert_ok(siem_secret_form_apply(&form, "key", text, 13, &err));
    memset(text, 'k', 1024);
    text[1] = ':';
    text[1024] = '\0';
    assert_int_equal(siem_secret_form_apply(&form, "key", text, sizeof text, &err), SIEM_HELD);
    text[1023] = '\0';
    assert_ok(siem_secret_form_apply(&form, "key", text, sizeof text, &err));
    assert_int_equal(strlen(text), 1364);
}

/* ---- sources ---- */

static void assert_source(const char *source, const char *text, const char *problem) {
    static const siem_secret_form password = {0};
    siem_secret *secret;
    siem_error err = {0};
    siem_code rc = siem_secret_open(&secret, "the key", &password, source, &err);
    if (problem == NULL) {
        if (rc != SIEM_OK) fail_msg("%s", err.message);
        assert_string_equal(siem_secret_text(secret), text);
        siem_secret_close(secret);
        return;
    }
    assert_int_equal(rc, SIEM_HELD);
    assert_null(secret);
    assert_part(err.message, problem);
}

static void test_sources(void **state) {
    static char longest[16384], source[16500];
    char file[200];
    siem_secret *secret;
    siem_error err;
    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    assert_source(longest, longest, NULL);
    (void)snprintf(source, sizeof source, "%sx", longest);
    assert_source(source, NULL, "the key: cannot read it: it is longer than 16 KiB");
    assert_int_equal(siem_secret_keep(&secret, "the key", source, &err), SIEM_HELD);
    assert_ok(siem_secret_keep(&secret, "the key", longest, &err));
    assert_string_equal(siem_secret_text(secret), longest);
    siem_secret_close(secret);
    siem_secret_close(NULL);
    assert_int_equal(setenv("SECRET_OF_TEST", "tok", 1), 0);
    assert_source("env:SECRET_OF_TEST", "tok", NULL);
    assert_int_equal(setenv("SECRET_OF_TEST", source, 1), 0);
    assert_source("env:SECRET_OF_TEST", NULL, "SECRET_OF_TEST: it is longer than 16 KiB");
    assert_int_equal(unsetenv("SECRET_OF_TEST"), 0);
    assert_source("env:SECRET_OF_TEST", NULL, "there is no such environment variable");
    (void)snprintf(file, sizeof file, "file:%s", test_path("key"));
    write_file(test_path("key"), "\xff\xfet", 0600);
    assert_source(file, NULL, "it is UTF-16");
    write_file(test_path("key"), "\xfe\xfft", 0600);
    assert_source(file, NULL, "it is UTF-16");
    write_file(test_path("key"), "", 0600);
    assert_source(file, NULL, "the key: it is empty");
    write_file(test_path("key"), source, 0600);
    assert_source(file, NULL, "it is longer than 16 KiB");
    source[16382] = '\0';
    write_file(test_path("key"), source, 0600);
    assert_source(file, source, NULL);
    assert_source("file:/none/key", NULL, "the key: cannot open '/none/key'");
    assert_source("cmd:printf tok", "tok", NULL);
    assert_source("cmd:exit 3", NULL, "the key: cannot read the command's output: it ended with");
}

/* A credential is read again from where it came from; what cannot be read leaves the old one. */
static void test_reload(void **state) {
    static const siem_secret_form word = {.word = true};
    const char *path = test_path("reloaded");
    char source[200];
    siem_secret *secret;
    siem_error err;
    bool changed = true;
    (void)state;
    (void)snprintf(source, sizeof source, "file:%s", path);
    assert_string_equal(siem_secret_file(source), path);
    assert_null(siem_secret_file("env:KEY"));
    write_file(path, "one\n", 0600);
    assert_ok(siem_secret_open(&secret, "the key", &word, source, &err));
    unsigned generation = siem_secret_generation(secret);
    assert_ok(siem_secret_reload(secret, &changed, &err));
    assert_false(changed);
    assert_int_equal(siem_secret_generation(secret), generation);
    write_file(path, "two\n", 0600);
    assert_ok(siem_secret_reload(secret, &changed, &err));
    assert_true(changed);
    assert_string_equal(siem_secret_text(secret), "two");
    assert_int_equal(siem_secret_generation(secret), generation + 1);
    write_file(path, "two words\n", 0600);
    assert_int_equal(siem_secret_reload(secret, NULL, &err), SIEM_HELD);
    assert_part(err.message, "the key: it holds a space");
    assert_string_equal(err.options[0], "the key");
    assert_string_equal(siem_secret_text(secret), "two");
    assert_int_equal(siem_secret_generation(secret), generation + 1);
    siem_secret_close(secret);
}

/* The flags of the pages at an address ("VmFlags:" of proc(5)), or "" where the system has none. */
static void read_page_flags(const void *address, char flags[256]) {
    char line[512];
    bool is_there = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    flags[0] = '\0';
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        char *end;
        uintptr_t first = strtoul(line, &end, 16);
        if (*end == '-') {
            uintptr_t last = strtoul(end + 1, NULL, 16);
            is_there = first <= (uintptr_t)address && (uintptr_t)address < last;
        } else if (is_there && strncmp(line, "VmFlags:", 8) == 0) {
            (void)snprintf(flags, 256, "%.250s", line + 8);
        }
    }
    if (maps != NULL) (void)fclose(maps);
}

/* No core dump has its pages, and they are not swapped out, where this process can lock pages: not
 * under a sanitizer, nor beyond RLIMIT_MEMLOCK. */
static void test_pages(void **state) {
    siem_secret *secret;
    char flags[256], locked[256];
    (void)state;
    assert_ok(siem_secret_keep(&secret, "the key", "tok", &err));
    read_page_flags(siem_secret_text(secret), flags);
    (void)mlock(siem_secret_text(secret), 1);
    read_page_flags(siem_secret_text(secret), locked);
    siem_secret_close(secret);
    if (flags[0] == '\0') skip();
    test_has(flags, " dd ");
    if (strstr(locked, " lo ") != NULL) test_has(flags, " lo ");
}

/* ---- commands ---- */

static const struct {
    const char *command, *text, *problem;
} commands[] = {
    {"printf tok", "tok", NULL},
    {"true", "", NULL},
    {"printf 1234567", "1234567", NULL},
    {"printf 12345678", NULL, "it is longer than"},
    {"printf 1234; sleep 0.1; printf 567890123", NULL, "it is longer than"},
    {"printf 1234; sleep 0.1; printf 56; sleep 0.1; printf 7", "1234567", NULL},
    {"printf 'a\\0b'", NULL, "it holds a NUL byte"},
    {"printf tok; exit 3", NULL, "it ended with status 3"},
    {"kill -9 $$", NULL, "it ended with status 137"},
    {"none-such-program 2>/dev/null", NULL, "it ended with status 127"},
    {"printf tok; sleep 0.1", "tok", NULL},
};

static void test_commands(void **state) {
    char text[24], beyond[sizeof text];
    const size_t capacity = 9;
    (void)state;
    memset(beyond, '~', sizeof beyond);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        siem_error err = {0};
        memset(text, '~', sizeof text);
        siem_code rc = siem_command_read(commands[i].command, text, capacity, &err);
        assert_memory_equal(text + capacity, beyond, sizeof text - capacity);
        if (commands[i].problem == NULL) {
            if (rc != SIEM_OK) fail_msg("%s: %s", commands[i].command, err.message);
            assert_string_equal(text, commands[i].text);
        } else {
            assert_int_equal(rc, SIEM_IO);
            assert_part(err.message, commands[i].problem);
        }
    }
}

/* It is not a signal of this wait what interrupted a call before it. */
static void test_stale_error(void **state) {
    char text[9];
    (void)state;
    errno = EINTR;
    assert_ok(siem_command_read("sleep 1.5; printf tok", text, sizeof text, &err));
    assert_string_equal(text, "tok");
}

static void ignore(int number) {
    (void)number;
}

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A signal leaves a second; then it is killed, with the programs that it started. */
static void assert_interrupted(const char *command, const char *problem) {
    const struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    const struct sigaction action = {.sa_handler = ignore};
    struct sigaction before;
    char text[64];
    siem_error err = {0};
    double begun = now();
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(siem_command_read(command, text, sizeof text, &err), SIEM_IO);
    assert_string_equal(err.message, problem);
    assert_true(now() - begun < 25); /* of the 30 seconds that it has */
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

static void test_interrupted(void **state) {
    char command[300];
    (void)state;
    (void)snprintf(command, sizeof command, "sleep 97 & echo $! >%s; wait", test_path("pid"));
    assert_interrupted(command, "sleep did not end in time");
    char *line = test_read(test_path("pid"));
    pid_t child = (pid_t)strtol(line, NULL, 10);
    free(line);
    if (isatty(STDIN_FILENO) == 0) { /* a group of its own */
        for (double end = now() + 20; kill(child, 0) == 0 && now() < end;) (void)usleep(10000);
        if (kill(child, 0) == 0) { /* or not yet waited for by whoever inherited it */
            char path[64];
            (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
            char *stat = test_read(path);
            assert_part(stat, ") Z ");
            free(stat);
        }
    }
    assert_interrupted("\"sleep\" 97", "command did not end in time");
    assert_interrupted("exec >&-; exec sleep 97", "exec did not end in time");
}

/* ---- who else can read a file ---- */

static void test_exposure(void **state) {
    char path[160], folder[160], beginning[160], link[200];
    (void)state;
    assert_int_equal(chmod(test_folder(), 0755), 0);
    (void)snprintf(folder, sizeof folder, "%s", test_path("mount"));
    (void)snprintf(beginning, sizeof beginning, "%s", test_path("moun"));
    (void)snprintf(path, sizeof path, "%s", test_path("mount/key"));
    (void)snprintf(link, sizeof link, "%s", test_path("mount/..data"));
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(mkdir(beginning, 0755), 0);
    assert_false(siem_exposure_of(path)); /* there is none */
    assert_false(siem_exposure_of(folder));
    static const struct {
        mode_t mode;
        bool is_exposed;
    } modes[] = {{0600, false}, {0640, false}, {0660, false}, {0604, true}, {0602, true}};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        write_file(path, "tok", modes[i].mode);
        assert_int_equal(siem_exposure_of(path), modes[i].is_exposed);
    }
    assert_int_equal(chmod(folder, 0750), 0);
    assert_false(siem_exposure_of(path));
    assert_int_equal(chmod(folder, 0711), 0);
    assert_true(siem_exposure_of(path));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_false(siem_exposure_of(path));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", beginning, 1), 0);
    assert_true(siem_exposure_of(path));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/none/such", 1), 0);
    assert_true(siem_exposure_of(path));
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(mkdir(link, 0755), 0); /* a folder, where Kubernetes has a link */
    assert_true(siem_exposure_of(path));
    assert_int_equal(rmdir(link), 0);
    assert_int_equal(symlink("..2026", link), 0);
    assert_false(siem_exposure_of(path));
    assert_int_equal(chdir(folder), 0);
    assert_false(siem_exposure_of("key"));
    assert_int_equal(unlink(link), 0);
    assert_true(siem_exposure_of("key"));
    assert_int_equal(chdir("/"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),       cmocka_unit_test(test_long_pairs),
        cmocka_unit_test(test_sources),     cmocka_unit_test(test_commands),
        cmocka_unit_test(test_stale_error), cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_exposure),    cmocka_unit_test(test_reload),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}

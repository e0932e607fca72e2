/* test_pages.c: a log that a registry gives in pages, and the file in which its lines are. */
#include "server.h"
#include "testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 1000

typedef enum shape { OBJECTS, TEXTS } shape;

/* ---- answers ---- */

static char *pages[8]; /* of this test */
static size_t page_count;

/* An answer that has a body, until the end of the test. */
static const char *answer(const char *status, const char *body) {
    char **page = &pages[page_count++];
    assert_true(page_count <= sizeof pages / sizeof *pages);
    assert_true(asprintf(page, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body),
                         body) > 0);
    return *page;
}

static siem_hash hash_of(int64_t index) {
    char text[32];
    siem_hash hash;
    int size = snprintf(text, sizeof text, "{\"leaf\":%d}", (int)index);
    assert_ok(siem_tlog_hash(&hash, text, (size_t)size, &err));
    return hash;
}

static void write_entry(FILE *out, int64_t index, shape shape) {
    const char *quote = shape == TEXTS ? "\\\"" : "\"",
               *inner = shape == TEXTS ? "\\\\\\\"" : "\\\"";
    siem_hash hash = hash_of(index);
    (void)fprintf(out, "%s{%sindex%s: %d, %sleaf_hash%s:%s", shape == TEXTS ? "\"" : "", quote,
                  quote, (int)index, quote, quote, quote);
    for (size_t i = 0; i < sizeof hash.bytes; i++) (void)fprintf(out, "%02x", hash.bytes[i]);
    (void)fprintf(out, "%s, %sleaf_data%s: %s{%sleaf%s:%d}%s}%s", quote, quote, quote, quote, inner,
                  inner, (int)index, quote, shape == TEXTS ? "\"" : "");
}

/* The page with the leaves from `first` to before `end`. */
static const char *page_of(int64_t first, int64_t end, shape shape) {
    char *body;
    size_t size;
    FILE *out = open_memstream(&body, &size);
    assert_non_null(out);
    (void)fprintf(out, "{\"start\": %d, \"entries\": [", (int)first);
    for (int64_t i = first; i < end; i++) {
        if (i > first) (void)fprintf(out, " , ");
        write_entry(out, i, shape);
    }
    (void)fprintf(out, "], \"count\": %d}", (int)(end - first));
    assert_int_equal(fclose(out), 0);
    const char *page = answer("200 OK", body);
    free(body);
    return page;
}

#define EMPTY page_of(0, 0, OBJECTS)

/* ---- the log ---- */

static test_server *server;
static siem_tlog *log_;

static siem_code open_path(const char *path, siem_error *err) {
    const siem_tlog_options options = {.source = test_server_url(server, path)};
    return siem_tlog_open(&log_, &options, err);
}

#define SERVE(...) server = test_server_open((const char *const[]){__VA_ARGS__, NULL})

static void stop(void) {
    siem_tlog_close(log_);
    log_ = NULL;
    test_server_close(server);
    while (page_count > 0) free(pages[--page_count]);
}

/* Its leaves are those of the pages. */
static void assert_leaves(int64_t count) {
    siem_hash leaf, root;
    assert_int_equal(siem_tlog_size(log_), count);
    for (int64_t i = 0; i < count; i++) {
        siem_hash hash = hash_of(i);
        assert_ok(siem_tlog_leaf(log_, i, &leaf, &err));
        assert_memory_equal(&leaf, &hash, sizeof hash);
    }
    assert_ok(siem_tlog_root(log_, count, &root, &err));
}

/* The requests that were made, by their first leaves. */
static void assert_requests(const char *starts) {
    char made[256] = "";
    for (size_t i = 0; i < test_server_count(server); i++) {
        int start, limit;
        const char *request = test_server_request(server, i);
        if (sscanf(request, "GET /tlog/range?start=%d&limit=%d HTTP", &start, &limit) != 2) {
            fail_msg("%s", request);
        }
        assert_int_equal(limit, PAGE);
        (void)sprintf(made + strlen(made), "%d ", start);
    }
    assert_string_equal(made, starts);
}

/* Entries are objects, or texts of objects. */
static void test_shapes(void **state) {
    (void)state;
    for (shape shape = OBJECTS; shape <= TEXTS; shape++) {
        SERVE(page_of(0, 3, shape), EMPTY);
        assert_ok(open_path("", &err));
        assert_leaves(3);
        assert_requests("0 1000 ");
        stop();
    }
    SERVE(page_of(0, 1, TEXTS), EMPTY);
    assert_ok(open_path("", &err));
    assert_leaves(1);
    stop();
    SERVE(EMPTY);
    assert_ok(open_path("", &err));
    assert_leaves(0);
    stop();
}

/* Whichever page of a registry a URL is of. */
static void test_urls(void **state) {
    static const char *const paths[][2] = {
        {"", ""},           {"/", ""},           {"/tlog", ""},       {"/tlog/", ""},
        {"/tlog/head", ""}, {"/tlog/range", ""}, {"/tlog/head/", ""}, {"/a/tlog", "/a"},
        {"/a/", "/a"},      {"/tlogs", "/tlogs"}};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char expected[64];
        SERVE(EMPTY);
        assert_ok(open_path(paths[i][0], &err));
        (void)snprintf(expected, sizeof expected, "GET %s/tlog/range?start=0&", paths[i][1]);
        test_has(test_server_request(server, 0), expected);
        stop();
    }
}

/* Beyond its last page, a registry has an empty one or none. */
static void test_end(void **state) {
    static const char *const beyond[] = {"404 Not Found", "416 Range Not Satisfiable"};
    siem_error failure = {0};
    (void)state;
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        SERVE(page_of(0, 2, OBJECTS), answer(beyond[i], "{}"));
        assert_ok(open_path("", &err));
        assert_leaves(2);
        stop();
    }
    SERVE(page_of(0, 2, OBJECTS), answer("403 Forbidden", "{}"));
    assert_int_equal(open_path("", &failure), SIEM_INVALID);
    test_has(failure.message, "start=1000&limit=1000: the registry answers with status 403");
    assert_null(log_);
    stop();
    SERVE(answer("404 Not Found", "{}"));
    assert_int_equal(open_path("", &failure), SIEM_NOT_FOUND);
    stop();
}

/* A page is read again for leaves that were added to it, and only those become lines. */
static void test_grows(void **state) {
    (void)state;
    SERVE(page_of(0, 2, OBJECTS), EMPTY, page_of(0, 2, OBJECTS), EMPTY, page_of(0, 5, OBJECTS),
          page_of(5, 6, TEXTS), EMPTY);
    assert_ok(open_path("", &err));
    assert_leaves(2);
    assert_ok(siem_tlog_grow(log_, &err));
    assert_leaves(2);
    assert_ok(siem_tlog_grow(log_, &err));
    assert_leaves(6);
    /* The second page has leaves: the registry left lines of the first one out. */
    assert_requests("0 1000 0 1000 0 1000 1000 2000 ");
    stop();
}

/* A page that is full is followed by another one, all of which is new. */
static void test_two_pages(void **state) {
    (void)state;
    SERVE(page_of(0, PAGE, OBJECTS), page_of(PAGE, PAGE + 2, OBJECTS), EMPTY);
    assert_ok(open_path("", &err));
    assert_leaves(PAGE + 2);
    assert_requests("0 1000 2000 ");
    stop();
}

/* A page that is full is not read again. */
static void test_full_page(void **state) {
    (void)state;
    SERVE(page_of(0, PAGE, OBJECTS), EMPTY, EMPTY, page_of(PAGE, PAGE + 1, OBJECTS), EMPTY);
    assert_ok(open_path("", &err));
    assert_leaves(PAGE);
    assert_requests("0 1000 2000 ");
    assert_ok(siem_tlog_grow(log_, &err));
    assert_leaves(PAGE + 1);
    assert_requests("0 1000 2000 1000 2000 ");
    stop();
}

static void test_no_pages(void **state) {
    static const char *const bodies[] = {
        "", "{", "[]", "7", "{\"lines\":[]}", "{\"entries\":{}}", "{\"entries\":\"[]\"}"};
    siem_error failure = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        SERVE(answer("200 OK", bodies[i]));
        assert_int_equal(open_path("", &failure), SIEM_INVALID);
        assert_string_equal(failure.message, "the answer of /tlog/range has no list 'entries': is "
                                             "this the URL of a registry?");
        stop();
    }
}

static void test_long_url(void **state) {
    char source[3000];
    siem_error failure = {0};
    (void)state;
    memset(source, 'x', sizeof source);
    memcpy(source, "http://", 7);
    source[sizeof source - 1] = '\0';
    const siem_tlog_options options = {.source = source};
    assert_int_equal(siem_tlog_open(&log_, &options, &failure), SIEM_INVALID);
    assert_string_equal(failure.message, "the URL is too long");
}

static bool never(void *context) {
    (void)context;
    return false;
}

static void test_stopped(void **state) {
    siem_error failure = {0};
    (void)state;
    SERVE(test_server_holds);
    const siem_tlog_options options = {.source = test_server_url(server, ""), .go_on = never};
    assert_int_equal(siem_tlog_open(&log_, &options, &failure), SIEM_CANCELLED);
    stop();
}

/* The head is asked for at the same URL. */
static void test_head(void **state) {
    siem_tlog_head head;
    siem_error failure = {0};
    (void)state;
    SERVE(answer("200 OK",
                 "{\"size\": 3, \"root\": \"b7f45ace3bf98baf49d978d24a9ddfe1194020af87d51f4"
                 "5e418ff3746d01980\"}"),
          answer("200 OK", "{}"));
    const siem_tlog_options options = {.source = test_server_url(server, "/tlog")};
    assert_ok(siem_tlog_open_head(&head, &options, &err));
    assert_int_equal(head.size, 3);
    test_has(test_server_request(server, 0), "GET /tlog/head HTTP/1.1\r\n");
    assert_int_equal(siem_tlog_open_head(&head, &options, &failure), SIEM_INVALID);
    test_has(failure.message, "this is not the head of a log: it has no whole number 'size'");
    stop();
}

/* ---- the file of its lines ---- */

static size_t count_files(const char *path) {
    size_t count = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(folder);
    return count;
}

/* It is in $TMPDIR when that is an absolute path, and has no name there. */
static void test_folder_of_lines(void **state) {
    char folder[160], missing[160];
    siem_error failure = {0};
    (void)state;
    (void)stpcpy(folder, test_path("lines"));
    (void)stpcpy(missing, test_path("missing"));
    assert_int_equal(mkdir(folder, 0700), 0);
    SERVE(page_of(0, 3, OBJECTS), EMPTY);
    assert_int_equal(setenv("TMPDIR", folder, 1), 0);
    assert_ok(open_path("", &err));
    assert_int_equal(count_files(folder), 0);
    stop();
    SERVE(EMPTY);
    assert_int_equal(setenv("TMPDIR", missing, 1), 0);
    assert_int_equal(open_path("", &failure), SIEM_IO);
    test_has(failure.message, "cannot make a temporary file in '");
    test_has(failure.message, missing);
    test_has(failure.message, "No such file");
    assert_int_equal(test_server_count(server), 0);
    assert_int_equal(setenv("TMPDIR", "missing", 1), 0);
    assert_ok(open_path("", &err));
    assert_int_equal(unsetenv("TMPDIR"), 0);
    stop();
}

/* Without standard input, it is file 0. */
static const char *open_as_first(void) {
    siem_error err = {0};
    (void)close(STDIN_FILENO);
    if (open_path("", &err) != SIEM_OK) return err.message[0] != '\0' ? "it fails" : "no message";
    if (fcntl(STDIN_FILENO, F_GETFD) < 0) return "it is another file";
    return siem_tlog_size(log_) == 2 ? NULL : "it has other leaves";
}

static void test_without_input(void **state) {
    (void)state;
    SERVE(page_of(0, 2, OBJECTS), EMPTY);
    assert_true(test_in_child("lines without standard input", open_as_first));
    stop();
}

static void test_full_disk(void **state) {
    struct rlimit before, limit;
    siem_error failure = {0};
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    SERVE(page_of(0, 3, OBJECTS), EMPTY);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){200, before.rlim_max}; /* within a line */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    siem_code rc = open_path("", &failure);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, SIEM_IO);
    assert_string_equal(failure.message,
                        "cannot write the temporary file of the log: File too large");
    stop();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),    cmocka_unit_test(test_urls),
        cmocka_unit_test(test_end),       cmocka_unit_test(test_grows),
        cmocka_unit_test(test_full_page), cmocka_unit_test(test_no_pages),
        cmocka_unit_test(test_long_url),  cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_head),      cmocka_unit_test(test_folder_of_lines),
        cmocka_unit_test(test_full_disk), cmocka_unit_test(test_without_input),
        cmocka_unit_test(test_two_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

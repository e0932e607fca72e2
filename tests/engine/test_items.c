/* test_items.c: what an answer of _bulk says of a document, alone and beside one that is taken. */
#include "sink/http/elastic_items.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static siem_outcome outcomes[2];
static siem_answer answer;

static void hear(const char *body, size_t count) {
    siem_answer_clear(&answer);
    answer = siem_answer_begin(outcomes, count);
    siem_elastic_read_items(body, strlen(body), &answer);
}

static const char *reason_of(size_t index) {
    return outcomes[index].reason != NULL ? outcomes[index].reason : answer.reason;
}

static void assert_item(const char *item, siem_verdict alone, siem_verdict beside,
                        const char *part) {
    char body[1024];
    (void)snprintf(body, sizeof body, "{\"items\":[{\"create\":%s}]}", item);
    hear(body, 1);
    if (outcomes[0].verdict != alone || strstr(reason_of(0), part) == NULL) {
        fail_msg("%s: %d, %s", item, (int)outcomes[0].verdict, reason_of(0));
    }
    (void)snprintf(body, sizeof body, "{\"items\":[{\"create\":%s},{\"create\":{\"status\":201}}]}",
                   item);
    hear(body, 2);
    assert_true(answer.is_itemwise);
    assert_int_equal(outcomes[1].verdict, SIEM_DELIVERED);
    if (outcomes[0].verdict != beside) fail_msg("beside: %s: %d", item, (int)outcomes[0].verdict);
}

#define FAILED(status, type, reason)                                                               \
    "{\"status\":" #status ",\"error\":{\"type\":\"" type "\",\"reason\":\"" reason "\"}}"

static void test_statuses(void **state) {
    static const struct {
        int status;
        siem_verdict alone, beside;
    } cases[] = {
        {199, SIEM_RETRY, SIEM_RETRY},         {200, SIEM_DELIVERED, SIEM_DELIVERED},
        {299, SIEM_DELIVERED, SIEM_DELIVERED}, {300, SIEM_RETRY, SIEM_RETRY},
        {399, SIEM_RETRY, SIEM_RETRY},         {400, SIEM_HOLD, SIEM_REJECT},
        {401, SIEM_HOLD, SIEM_HOLD},           {402, SIEM_HOLD, SIEM_REJECT},
        {403, SIEM_HOLD, SIEM_HOLD},           {404, SIEM_HOLD, SIEM_REJECT},
        {407, SIEM_HOLD, SIEM_REJECT},         {408, SIEM_RETRY, SIEM_RETRY},
        {409, SIEM_HOLD, SIEM_REJECT},         {424, SIEM_HOLD, SIEM_REJECT},
        {425, SIEM_RETRY, SIEM_RETRY},         {426, SIEM_HOLD, SIEM_REJECT},
        {428, SIEM_HOLD, SIEM_REJECT},         {429, SIEM_RETRY, SIEM_RETRY},
        {430, SIEM_HOLD, SIEM_REJECT},         {499, SIEM_HOLD, SIEM_REJECT},
        {500, SIEM_RETRY, SIEM_RETRY},         {503, SIEM_RETRY, SIEM_RETRY},
        {599, SIEM_RETRY, SIEM_RETRY},         {600, SIEM_RETRY, SIEM_RETRY},
        {0, SIEM_RETRY, SIEM_RETRY},           {-1, SIEM_RETRY, SIEM_RETRY},
    };
    char item[128], part[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = cases[i].status;
        (void)snprintf(item, sizeof item,
                       "{\"status\":%d,\"error\":{\"type\":\"x\",\"reason\":\"why\"}}", status);
        (void)snprintf(part, sizeof part,
                       status < 200 || status >= 600 ? "not that of _bulk: status %d" : "HTTP %d",
                       status);
        assert_item(item, cases[i].alone, cases[i].beside,
                    cases[i].alone == SIEM_DELIVERED ? "" : part);
    }
    assert_item("{}", SIEM_RETRY, SIEM_RETRY, "the answer is not that of _bulk: status 0");
    assert_item("{\"status\":\"201\"}", SIEM_RETRY, SIEM_RETRY, "not that of _bulk: status 0");
    assert_item("null", SIEM_RETRY, SIEM_RETRY, "not that of _bulk: status 0");
}

static void test_types(void **state) {
    static const char *const rejects[] = {
        FAILED(400, "mapper_parsing_exception", "failed to parse"),
        FAILED(400, "document_parsing_exception", "failed"),
        FAILED(400, "strict_dynamic_mapping_exception", "no"),
        FAILED(400, "timestamp_error", "too old"),
        FAILED(400, "illegal_argument_exception", "has an immense term in it"),
        FAILED(400, "illegal_argument_exception", "mapper [a] cannot be changed from type [b]"),
        FAILED(400, "illegal_argument_exception", "can't merge a non object mapping [a]"),
    };
    static const struct {
        const char *item, *remedy;
    } set_up[] = {
        {FAILED(404, "index_not_found_exception", "no such index"),
         "HTTP 404: create the template, or correct namespace or index: "
         "index_not_found_exception: no such index"},
        {FAILED(400, "index_closed_exception", "closed"), "open the index"},
        {FAILED(403, "cluster_block_exception", "blocked"), "take the block off the index"},
        {FAILED(403, "security_exception", "no"), "renew the credentials"},
        {FAILED(400, "routing_missing_exception", "no"), "name an index that needs no routing"},
        {FAILED(400, "illegal_argument_exception", "pipeline [x] is missing"),
         "correct the set-up of the index: illegal_argument_exception: pipeline"},
        {FAILED(400, "mapper_parsing_exception", "Limit of total fields [1000] has been exceeded"),
         "correct the set-up of the index"},
        {"{\"status\":400,\"error\":{\"type\":\"document_parsing_exception\",\"reason\":\"failed\","
         "\"caused_by\":{\"type\":\"x\",\"reason\":\"Limit of total fields [9]\"}}}",
         "document_parsing_exception: failed: Limit of total fields [9]"},
        {"{\"status\":400,\"error\":\"plain text\"}",
         "HTTP 400: correct the set-up of the index: plain text"},
        {"{\"status\":400}", "no reason given"},
        {"{\"status\":400,\"error\":{\"type\":5}}", "no reason given"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rejects / sizeof *rejects; i++) {
        assert_item(rejects[i], SIEM_REJECT, SIEM_REJECT, "HTTP 400: ");
    }
    for (size_t i = 0; i < sizeof set_up / sizeof *set_up; i++) {
        bool is_for_all = strstr(set_up[i].item, ":403,") != NULL;
        assert_item(set_up[i].item, SIEM_HOLD, is_for_all ? SIEM_HOLD : SIEM_REJECT,
                    set_up[i].remedy);
    }
    /* The type of a document's fault, with the status of one that passes. */
    assert_item(FAILED(503, "mapper_parsing_exception", "x"), SIEM_RETRY, SIEM_RETRY, "HTTP 503");
    assert_item(FAILED(500, "fail_processor_exception", "x"), SIEM_HOLD, SIEM_REJECT, "HTTP 500");
    assert_item(FAILED(400, "mapper_parsing_exception", "no Limit of x"), SIEM_REJECT, SIEM_REJECT,
                "");
    assert_item(FAILED(400, "mapper_parsing_exception", "Limit"), SIEM_REJECT, SIEM_REJECT, "");
}

/* What is there already, and what a failure store has taken. */
static void test_marks(void **state) {
    (void)state;
    assert_item(FAILED(409, "version_conflict_engine_exception", "x"), SIEM_DELIVERED,
                SIEM_DELIVERED, "");
    assert_true(outcomes[0].existed);
    assert_false(outcomes[1].existed || outcomes[0].kept_aside);
    assert_item("{\"status\":409}", SIEM_DELIVERED, SIEM_DELIVERED, "");
    assert_true(outcomes[0].existed);
    assert_item(FAILED(409, "other_conflict", "x"), SIEM_HOLD, SIEM_REJECT, "other_conflict");
    assert_false(outcomes[0].existed);
    assert_item("{\"status\":201,\"failure_store\":\"used\"}", SIEM_DELIVERED, SIEM_DELIVERED, "");
    assert_true(outcomes[0].kept_aside);
    assert_false(outcomes[0].existed || outcomes[1].kept_aside);
    assert_item("{\"status\":201,\"failure_store\":\"not_enabled\"}", SIEM_DELIVERED,
                SIEM_DELIVERED, "");
    assert_false(outcomes[0].kept_aside);
    assert_item("{\"status\":400,\"failure_store\":\"used\"}", SIEM_HOLD, SIEM_REJECT, "");
    assert_false(outcomes[0].kept_aside);
}

/* A document that is refused shows that others are looked at; one that is to come later does not.
 */
static void test_neighbours(void **state) {
    static const struct {
        const char *other;
        siem_verdict verdict;
    } cases[] = {
        {FAILED(400, "mapper_parsing_exception", "x"), SIEM_REJECT},
        {"{\"status\":409}", SIEM_REJECT},
        {FAILED(503, "x", "x"), SIEM_HOLD},
        {FAILED(403, "x", "x"), SIEM_HOLD},
        {FAILED(400, "x", "x"), SIEM_HOLD},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int place = 0; place < 2; place++) {
            char body[512];
            const char *doubtful = FAILED(400, "x", "x"), *other = cases[i].other;
            (void)snprintf(body, sizeof body, "{\"items\":[{\"create\":%s},{\"create\":%s}]}",
                           place == 0 ? doubtful : other, place == 0 ? other : doubtful);
            hear(body, 2);
            assert_int_equal(outcomes[place].verdict, cases[i].verdict);
        }
    }
}

static void test_other_answers(void **state) {
    static const char *const bodies[] = {
        "",
        "{}",
        "{\"items\":null}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}",
        "[]",
        "{\"items\":{}}",
        "{\"items\":[]}",
        "{\"items\":[{\"create\":{\"status\":201}}]}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}},{}]}",
        "nonsense"};
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        hear(bodies[i], 2);
        assert_int_equal(outcomes[0].verdict, SIEM_RETRY);
        assert_int_equal(outcomes[1].verdict, SIEM_RETRY);
        assert_non_null(strstr(answer.reason, "the answer is not that of _bulk: "));
        assert_non_null(strstr(answer.reason, " item(s) for 2"));
        assert_false(answer.is_itemwise);
    }
}

/* However it is written: with white space, with more about each document, or with less. */
static void test_spelling(void **state) {
    static const struct {
        const char *item;
        siem_verdict verdict;
        int status;
    } cases[] = {
        {"{ \"create\" : { \"status\" : 201 } }", SIEM_DELIVERED, 201},
        {"{\"create\":{\"status\":200}}", SIEM_DELIVERED, 200},
        {"{\"create\":{\"status\":299}}", SIEM_DELIVERED, 299},
        {"{\"create\":{\"_id\":\"a\",\"status\":201,\"result\":\"created\"}}", SIEM_DELIVERED, 201},
        {"{\"create\":{\"status\":2e1}}", SIEM_RETRY, 20},
        {"{\"create\":{\"status\":2.5}}", SIEM_RETRY, 2},
        {"{\"create\":{\"status\":2010}}", SIEM_RETRY, 2010},
        {"{\"create\":{\"status\":429}}", SIEM_RETRY, 429},
        {"{\"create\":{\"status\":\"201\"}}", SIEM_RETRY, 0},
        {"{\"create\":{}}", SIEM_RETRY, 0},
        {"{\"create\":{\"status\":201},\"more\":[{}]}", SIEM_DELIVERED, 201},
        {"{}", SIEM_RETRY, 0},
        {"[]", SIEM_RETRY, 0},
        {"201", SIEM_RETRY, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        (void)snprintf(body, sizeof body,
                       " {\"took\": 3, \"items\" : [ %s , {\"create\":{\"status\":201}}] }",
                       cases[i].item);
        hear(body, 2);
        assert_true(answer.is_itemwise);
        if (outcomes[0].verdict != cases[i].verdict) fail_msg("%s", cases[i].item);
        assert_int_equal(outcomes[0].http_status, cases[i].status);
        assert_int_equal(outcomes[1].verdict, SIEM_DELIVERED);
        assert_int_equal(outcomes[1].http_status, 201);
    }
}

/* Whether an answer about the whole request is the target's own. */
static void test_own_errors(void **state) {
    static const char *const own[] = {
        "{\"error\":{\"type\":\"x\"}}", "{\"error\":\"text\",\"status\":400}",
        "{\"error\":\"no handler found for uri\"}", "{\"error\":\"no handler found\"}"};
    static const char *const others[] = {"{}",
                                         "[]",
                                         "{\"error\":\"text\"}",
                                         "{\"error\":\"no handler foun\"}",
                                         "{\"error\":{\"type\":\"\"}}",
                                         "{\"error\":{\"type\":5}}",
                                         "{\"error\":5,\"status\":400}",
                                         "{\"status\":400}",
                                         "{\"error\":\"text\",\"status\":\"400\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof *own + sizeof others / sizeof *others; i++) {
        bool is_own = i < sizeof own / sizeof *own;
        const char *body = is_own ? own[i] : others[i - sizeof own / sizeof *own];
        cJSON *json = cJSON_Parse(body);
        if (siem_elastic_is_error(json) != is_own) fail_msg("%s", body);
        cJSON_Delete(json);
    }
    assert_false(siem_elastic_is_error(NULL));
    assert_string_equal(siem_elastic_error_type(NULL), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),      cmocka_unit_test(test_types),
        cmocka_unit_test(test_marks),         cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_other_answers), cmocka_unit_test(test_own_errors),
        cmocka_unit_test(test_spelling),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    siem_answer_clear(&answer);
    return failed;
}

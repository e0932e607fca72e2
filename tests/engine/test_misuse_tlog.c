/* test_misuse_tlog.c: the functions of tlog.h called carelessly, as in test_misuse.c. */
#include "testing.h"

#include <stdio.h>

static siem_hash hash, hashes[SIEM_TLOG_MOST_PROOF];
static siem_tlog_head head;
static siem_tlog *tlog;
static siem_tlog_summary summary;
static siem_registry *registry, *followed;
static siem_event *event;
static size_t count;
static siem_digest *digest;
static unsigned char signature[64];

static void prepare(void) {
    static const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 7}}};
    siem_registry_options options = {.path = test_path("one.db"), .registry_id = "one"};
    siem_tlog_options log = {.source = test_path("leaves.jsonl")};
    FILE *file = fopen(log.source, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    test_sql("one.db", "DROP TABLE IF EXISTS events; " TABLE);
    assert_ok(siem_registry_open(&registry, &options, &err));
    options.follow = true;
    assert_ok(siem_registry_open(&followed, &options, &err));
    assert_ok(siem_event_open(&event, row, 1, "one", &err));
    assert_ok(siem_tlog_open(&tlog, &log, &err));
    assert_ok(siem_digest_open(&digest, &err));
}

#define CASE(name, call)                                                                           \
    static siem_code name(siem_error *err) {                                                       \
        return call;                                                                               \
    }
CASE(hash_hash, siem_tlog_hash(NULL, "", 0, err))
CASE(hash_leaf, siem_tlog_hash(&hash, NULL, 1, err))
CASE(hash_size, siem_tlog_hash(&hash, "", (size_t)-1, err))
CASE(proof_leaf, siem_tlog_check_proof(NULL, 0, 1, &hash, 0, &hash, err))
CASE(proof_proof, siem_tlog_check_proof(&hash, 0, 1, NULL, 1, &hash, err))
CASE(proof_count, siem_tlog_check_proof(&hash, 0, 1, &hash, (size_t)-1, &hash, err))
CASE(proof_root, siem_tlog_check_proof(&hash, 0, 1, &hash, 0, NULL, err))
CASE(proof_index, siem_tlog_check_proof(&hash, 1, 1, &hash, 0, &hash, err))
CASE(read_head, siem_tlog_read_head(NULL, "{}", 2, err))
CASE(read_json, siem_tlog_read_head(&head, NULL, 2, err))
CASE(read_empty, siem_tlog_read_head(&head, NULL, 0, err))
CASE(check_head, siem_tlog_check_head(NULL, "", err))
CASE(check_id, siem_tlog_check_head(&head, NULL, err))
CASE(open_out, siem_tlog_open(NULL, &(siem_tlog_options){.source = "x"}, err))
CASE(open_options, siem_tlog_open(&(siem_tlog *){NULL}, NULL, err))
CASE(open_zeroed, siem_tlog_open(&(siem_tlog *){NULL}, &(siem_tlog_options){0}, err))
CASE(open_empty, siem_tlog_open(&(siem_tlog *){NULL}, &(siem_tlog_options){.source = ""}, err))
CASE(open_head_head, siem_tlog_open_head(NULL, &(siem_tlog_options){.source = "x"}, err))
CASE(open_head_options, siem_tlog_open_head(&head, NULL, err))
CASE(open_head_zeroed, siem_tlog_open_head(&head, &(siem_tlog_options){0}, err))
CASE(grow_log, siem_tlog_grow(NULL, err))
CASE(root_log, siem_tlog_root(NULL, 0, &hash, err))
CASE(root_root, siem_tlog_root(tlog, 0, NULL, err))
CASE(root_size, siem_tlog_root(tlog, 1, &hash, err))
CASE(root_negative, siem_tlog_root(tlog, -1, &hash, err))
CASE(leaf_log, siem_tlog_leaf(NULL, 0, &hash, err))
CASE(leaf_hash, siem_tlog_leaf(tlog, 0, NULL, err))
CASE(leaf_index, siem_tlog_leaf(tlog, 0, &hash, err))
CASE(leaf_negative, siem_tlog_leaf(tlog, -1, &hash, err))
CASE(find_log, siem_tlog_find(NULL, event, &hash, err))
CASE(find_event, siem_tlog_find(tlog, NULL, &hash, err))
CASE(find_leaf, siem_tlog_find(tlog, event, NULL, err))
CASE(prove_log, siem_tlog_prove(NULL, 0, 0, hashes, &count, err))
CASE(prove_proof, siem_tlog_prove(tlog, 0, 0, NULL, &count, err))
CASE(prove_count, siem_tlog_prove(tlog, 0, 0, hashes, NULL, err))
CASE(prove_index, siem_tlog_prove(tlog, 0, 0, hashes, &count, err))
CASE(prove_size, siem_tlog_prove(tlog, 0, 1, hashes, &count, err))

#define VERIFY(log, ...) siem_tlog_verify(log, &(siem_tlog_check){__VA_ARGS__}, &summary, err)
CASE(verify_log, VERIFY(NULL, .registry = followed))
CASE(verify_check, siem_tlog_verify(tlog, NULL, &summary, err))
CASE(verify_summary, siem_tlog_verify(tlog, &(siem_tlog_check){.registry = followed}, NULL, err))
CASE(verify_zeroed, VERIFY(tlog, 0))
CASE(verify_unfollowed, VERIFY(tlog, .registry = registry))
CASE(verify_key, VERIFY(tlog, .registry = followed, .registry_id = "key", .head = &head))

CASE(digest_out, siem_digest_open(NULL, err))
CASE(digest_add_digest, siem_digest_add(NULL, "", 0, err))
CASE(digest_add_bytes, siem_digest_add(digest, NULL, 1, err))
CASE(digest_take_digest, siem_digest_take(NULL, &(siem_digest_sum){0}, err))
CASE(digest_take_sum, siem_digest_take(digest, NULL, err))
CASE(sign_signature, siem_key_sign(NULL, "key", "", 0, err))
CASE(sign_path, siem_key_sign(signature, NULL, "", 0, err))
CASE(sign_text, siem_key_sign(signature, "key", NULL, 1, err))
CASE(sign_key, siem_key_sign(signature, test_path("leaves.jsonl"), "", 0, err))
CASE(check_signature, siem_key_check(NULL, "key", "", 0, err))
CASE(check_path, siem_key_check(signature, NULL, "", 0, err))
CASE(check_text, siem_key_check(signature, "key", NULL, 1, err))
CASE(check_key, siem_key_check(signature, test_path("leaves.jsonl"), "", 0, err))

static void test_misuses(void **state) {
    static const test_misuse misuses[] = {
        {"hash_hash", hash_hash, "hash"},
        {"hash_leaf", hash_leaf, "leaf"},
        {"hash_size", hash_size, "size"},
        {"proof_leaf", proof_leaf, "leaf"},
        {"proof_proof", proof_proof, "proof"},
        {"proof_count", proof_count, "proof"},
        {"proof_root", proof_root, "root"},
        {"proof_index", proof_index, "leaf 1"},
        {"read_head", read_head, "head"},
        {"read_json", read_json, "json"},
        {"read_empty", read_empty, "not a JSON object"},
        {"check_head", check_head, "head"},
        {"check_id", check_id, "registry_id"},
        {"open_out", open_out, "out"},
        {"open_options", open_options, "options"},
        {"open_zeroed", open_zeroed, "source"},
        {"open_empty", open_empty, "the source is empty"},
        {"open_head_head", open_head_head, "head"},
        {"open_head_options", open_head_options, "options"},
        {"open_head_zeroed", open_head_zeroed, "source"},
        {"grow_log", grow_log, "log"},
        {"root_log", root_log, "log"},
        {"root_root", root_root, "root"},
        {"root_size", root_size, "the log has 0 leaves, and not 1"},
        {"root_negative", root_negative, "and not -1"},
        {"leaf_log", leaf_log, "log"},
        {"leaf_hash", leaf_hash, "hash"},
        {"leaf_index", leaf_index, "leaf 0 is not among 0 leaves"},
        {"leaf_negative", leaf_negative, "leaf -1"},
        {"find_log", find_log, "log"},
        {"find_event", find_event, "event"},
        {"find_leaf", find_leaf, "leaf"},
        {"prove_log", prove_log, "log"},
        {"prove_proof", prove_proof, "proof"},
        {"prove_count", prove_count, "count"},
        {"prove_index", prove_index, "leaf 0 is not among 0 leaves"},
        {"prove_size", prove_size, "the log has 0 leaves, and not 1"},
        {"verify_log", verify_log, "log"},
        {"verify_check", verify_check, "check"},
        {"verify_summary", verify_summary, "summary"},
        {"verify_zeroed", verify_zeroed, "registry"},
        {"verify_unfollowed", verify_unfollowed, "not opened to be followed"},
        {"verify_key", verify_key, "registry_id is not a public key"},
        {"digest_out", digest_out, "out"},
        {"digest_add_digest", digest_add_digest, "digest"},
        {"digest_add_bytes", digest_add_bytes, "bytes"},
        {"digest_take_digest", digest_take_digest, "digest"},
        {"digest_take_sum", digest_take_sum, "sum"},
        {"sign_signature", sign_signature, "signature"},
        {"sign_path", sign_path, "path"},
        {"sign_text", sign_text, "text"},
        {"sign_key", sign_key, "is not a private key of Ed25519"},
        {"check_signature", check_signature, "signature"},
        {"check_path", check_path, "path"},
        {"check_text", check_text, "text"},
        {"check_key", check_key, "is not a key of Ed25519"},
    };
    (void)state;
    test_all_misuses(misuses, sizeof misuses / sizeof *misuses, prepare);
}

/* Functions without a code take NULL, too. */
static void test_nothing(void **state) {
    (void)state;
    assert_int_equal(siem_tlog_size(NULL), 0);
    siem_tlog_close(NULL);
    siem_digest_close(NULL);
    assert_null(siem_tlog_fault_name(SIEM_TLOG_FAULTS));
    assert_null(siem_tlog_fault_title((siem_tlog_fault)-1));
    assert_string_equal(siem_tlog_fault_name(SIEM_TLOG_ROW_ALTERED), "row_altered");
    assert_string_equal(siem_tlog_fault_title(SIEM_TLOG_FORKED),
                        "older heads that the log does not continue");
}

/* Whatever an export is to do with events that the log does not prove. */
static void test_right_use(void **state) {
    static const siem_on_unverified choices[] = {SIEM_EXPORT_UNVERIFIED, SIEM_STOP_UNVERIFIED,
                                                 SIEM_REFUSE_UNVERIFIED};
    siem_format *format;
    siem_sink *sink;
    siem_export *export_;
    const siem_tlog_options log = {.source = test_path("leaves.jsonl")};
    (void)state;
    FILE *file = fopen(log.source, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_ok(siem_tlog_open(&tlog, &log, &err));
    assert_ok(siem_format_open(&format, "ecs", NULL, 0, &err));
    assert_ok(siem_sink_open_file(&sink, test_path("out.jsonl"), false, &err));
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const siem_export_options options = {.mapping = siem_format_mapping(format),
                                             .sink = sink,
                                             .tlog = tlog,
                                             .on_unverified = choices[i]};
        assert_ok(siem_export_open(&export_, &options, &err));
        siem_export_close(export_);
    }
    assert_ok(siem_sink_close(sink, &err));
    siem_format_close(format);
    siem_tlog_close(tlog);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_misuses),
                                       cmocka_unit_test(test_nothing),
                                       cmocka_unit_test(test_right_use)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

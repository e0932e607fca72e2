/* test_misuse_tlog.c: the functions of tlog.h called carelessly, as in test_misuse.c. */
#include "testing.h"

static siem_hash hash;
static siem_tlog_head head;

static void prepare(void) {
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
    };
    (void)state;
    test_all_misuses(misuses, sizeof misuses / sizeof *misuses, prepare);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_misuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_tree.c: leaves, roots and proofs of RFC 6962, and heads with their signatures. */
#include "evidence/hash_tree.h"
#include "evidence/leaf.h"
#include "testing.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *line, *text, *hash;
    siem_leaf_kind kind;
} vectors[] = {
    {"{\"index\":0,\"leaf_hash\":\"caa8b364f583f39e1d95bf30f7b331addebf29f97785810b124d080e2dcbbc30"
     "\",\"leaf_data\":\"{\\\"event\\\":\\\"register\\\",\\\"file_id\\\":\\\"f\\\"}\"}",
     "{\"event\":\"register\",\"file_id\":\"f\"}",
     "caa8b364f583f39e1d95bf30f7b331addebf29f97785810b124d080e2dcbbc30", SIEM_LEAF_OTHER},
    {"{\"leaf_hash\": \"3dc4b1f66e515e5a2bdf52ee133174062cd61c8bbe3e8d62e6aa71272ec67119\", "
     "\"index\": 1, \"leaf_data\": \"{\\\"event\\\":\\\"beacon\\\",\\\"file_id\\\":"
     "\\\"merger-plan\\\",\\\"kind\\\":\\\"http_img\\\",\\\"recipient_id\\\":\\\"mei\\\","
     "\\\"source_ip\\\":\\\"192.0.2.53\\\",\\\"timestamp\\\":\\\"2026-01-02T00:00:00Z\\\","
     "\\\"token_id\\\":\\\"6f1d\\\",\\\"user_agent\\\":\\\"caf\\\\u00e9/1 \\\\\\\"x\\\\\\\""
     "\\\\u007f\\\\ud83d\\\\ude00\\\"}\"}",
     "{\"event\":\"beacon\",\"file_id\":\"merger-plan\",\"kind\":\"http_img\",\"recipient_id\":"
     "\"mei\",\"source_ip\":\"192.0.2.53\",\"timestamp\":\"2026-01-02T00:00:00Z\",\"token_id\":"
     "\"6f1d\",\"user_agent\":\"caf\\u00e9/1 \\\"x\\\"\\u007f\\ud83d\\ude00\"}",
     "3dc4b1f66e515e5a2bdf52ee133174062cd61c8bbe3e8d62e6aa71272ec67119", SIEM_LEAF_BEACON},
    {"{\"index\":2,\"leaf_hash\":\"23DBBE4FE3B96280A57C8C74E69C80717EF37F642E2413D190A57001ACFE338D"
     "\",\"leaf_data\":\"{\\\"event\\\":\\\"beacon\\\",\\\"file_id\\\":null,\\\"kind\\\":"
     "\\\"dns\\\",\\\"qname\\\":\\\"6f1d.t.example.com\\\",\\\"qtype\\\":\\\"A\\\","
     "\\\"recipient_id\\\":null,\\\"source_ip\\\":\\\"192.0.2.53\\\",\\\"timestamp\\\":"
     "\\\"2026-01-02T00:00:01Z\\\",\\\"token_id\\\":\\\"6f1d\\\"}\"}",
     "{\"event\":\"beacon\",\"file_id\":null,\"kind\":\"dns\",\"qname\":\"6f1d.t.example.com\","
     "\"qtype\":\"A\",\"recipient_id\":null,\"source_ip\":\"192.0.2.53\",\"timestamp\":"
     "\"2026-01-02T00:00:01Z\",\"token_id\":\"6f1d\"}",
     "23dbbe4fe3b96280a57c8c74e69c80717ef37f642e2413d190a57001acfe338d", SIEM_LEAF_BEACON},
};
#define VECTORS    (sizeof vectors / sizeof *vectors)
#define ROOT       "b7f45ace3bf98baf49d978d24a9ddfe1194020af87d51f45e418ff3746d01980"
#define EMPTY_ROOT "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void assert_hash(const siem_hash *hash, const char *expected) {
    char hex[SIEM_HASH_HEX];
    siem_hash_write(hex, hash);
    assert_string_equal(hex, expected);
}

/* ---- leaves ---- */

static void test_vectors(void **state) {
    siem_leaf_reader reader = {0};
    siem_hash_tree tree;
    siem_leaf leaf;
    siem_hash hash;
    (void)state;
    assert_ok(siem_hash_tree_open(&tree, &err));
    hash = siem_hash_tree_root(&tree, 0);
    assert_hash(&hash, EMPTY_ROOT);
    for (size_t i = 0; i < VECTORS; i++) {
        assert_true(siem_leaf_read(&reader, vectors[i].line, strlen(vectors[i].line), &leaf));
        assert_int_equal(leaf.index, i);
        assert_int_equal(leaf.size, strlen(vectors[i].text));
        assert_memory_equal(leaf.text, vectors[i].text, leaf.size);
        assert_hash(&leaf.hash, vectors[i].hash);
        assert_ok(siem_tlog_hash(&hash, leaf.text, leaf.size, &err));
        assert_hash(&hash, vectors[i].hash);
        assert_int_equal(siem_leaf_kind_of(&reader, leaf.text, leaf.size), vectors[i].kind);
        assert_ok(siem_hash_tree_add(&tree, &hash, &err));
    }
    hash = siem_hash_tree_root(&tree, VECTORS);
    assert_hash(&hash, ROOT);
    hash = siem_hash_tree_root(&tree, 1);
    assert_hash(&hash, vectors[0].hash);
    assert_false(tree.hasher.failed);
    siem_hash_tree_close(&tree);
    siem_leaf_reader_free(&reader);
}

#define HASH "caa8b364f583f39e1d95bf30f7b331addebf29f97785810b124d080e2dcbbc30"

static void test_malformed(void **state) {
    static const char *const lines[] = {
        "",
        "[]",
        "{}",
        "null",
        "{\"index\":0,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"cut",
        "{\"index\":0,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"cut\\",
        "{\"index\":0,\"leaf_hash\":\"" HASH "\"}",
        "{\"index\":0,\"leaf_data\":\"x\"}",
        "{\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"x\"}",
        "{\"index\":-1,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"x\"}",
        "{\"index\":\"0\",\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"x\"}",
        "{\"index\":1.5,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"x\"}",
        "{\"index\":1000000000000000000,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"x\"}",
        "{\"index\":0,\"leaf_hash\":\"" HASH "0\",\"leaf_data\":\"x\"}",
        "{\"index\":0,\"leaf_hash\":\"zz\",\"leaf_data\":\"x\"}",
        "{\"index\":0,\"leaf_hash\":\"\",\"leaf_data\":\"x\"}",
        "{\"index\":0,\"leaf_hash\":\"" HASH "\",\"leaf_data\":{}}",
        "{\"index\":0,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"x\"} x",
    };
    siem_leaf_reader reader = {0};
    siem_leaf leaf;
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (siem_leaf_read(&reader, lines[i], strlen(lines[i]), &leaf)) fail_msg("%s", lines[i]);
    }
    static const char odd[] =
        "{\"index\":999999999999999999,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"\"}";
    assert_true(siem_leaf_read(&reader, odd, sizeof odd - 1, &leaf));
    assert_int_equal(leaf.index, 999999999999999999);
    assert_int_equal(leaf.size, 0);
    assert_false(siem_leaf_reader_failed(&reader));
    siem_leaf_reader_free(&reader);
}

static void test_kinds(void **state) {
    static const struct {
        const char *text;
        siem_leaf_kind kind;
    } cases[] = {
        {"{\"event\": \"beacon\"}", SIEM_LEAF_BEACON},
        {"{\"event\":\"beacons\"}", SIEM_LEAF_OTHER},
        {"{\"event\":\"beaco\"}", SIEM_LEAF_OTHER},
        {"{\"event\":1}", SIEM_LEAF_OTHER},
        {"{}", SIEM_LEAF_OTHER},
        {"[\"beacon\"]", SIEM_LEAF_NOT_JSON},
        {"beacon", SIEM_LEAF_NOT_JSON},
        {"", SIEM_LEAF_NOT_JSON},
        {"{\"event\":\"beacon\"", SIEM_LEAF_NOT_JSON},
    };
    siem_leaf_reader reader = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_leaf_kind kind = siem_leaf_kind_of(&reader, cases[i].text, strlen(cases[i].text));
        if (kind != cases[i].kind) fail_msg("%s: %d", cases[i].text, (int)kind);
    }
    siem_leaf_reader_free(&reader);
}

/* Lines as registries write them are read in one pass, which leaves the reader's line empty; others
 * are leaves as well. */
static void test_forms(void **state) {
    static const struct {
        const char *line, *text;
        bool is_usual;
    } cases[] = {
        {"{\"index\":7,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"x y\"}", "x y", true},
        {"{\"index\": 7, \"leaf_hash\": \"" HASH "\", \"leaf_data\": \" x\"}", " x", true},
        {"{\"index\":7, \"leaf_hash\":\"" HASH "\",\"leaf_data\":\"\\\"\\\\\"}", "\"\\", true},
        {"{\"index\":7,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"\"}", "", true},
        {"{ \"index\":7,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"x\" }", "x", false},
        {"{\"leaf_hash\":\"" HASH "\",\"index\":7,\"leaf_data\":\"x\"}", "x", false},
        {"{\"index\":7,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"x\",\"at\":1}", "x", false},
        {"{\"index\":7,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"\\u00e9\\n\"}", "\xc3\xa9\n",
         false},
        {"{\"index\":7,\"leaf_hash\":\"" HASH "\",\"leaf_data\":\"\x7f\xc3\xa9\"}", "\x7f\xc3\xa9",
         false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_leaf_reader reader = {0};
        siem_leaf leaf;
        if (!siem_leaf_read(&reader, cases[i].line, strlen(cases[i].line), &leaf)) {
            fail_msg("%s", cases[i].line);
        }
        assert_int_equal(leaf.index, 7);
        assert_hash(&leaf.hash, HASH);
        assert_int_equal(leaf.size, strlen(cases[i].text));
        assert_memory_equal(leaf.text, cases[i].text, leaf.size);
        if ((reader.line.bytes == NULL) != cases[i].is_usual) fail_msg("%s", cases[i].line);
        siem_leaf_reader_free(&reader);
    }
}

/* A callback's text begins with its event, the first of its sorted members. */
static void test_beginnings(void **state) {
    static const char text[] = "{\"event\":\"beacon\",\"file_id\":null}";
    static const char alone[] = "{\"event\":\"beacon\"}";
    const size_t least = strlen("{\"event\":\"beacon\",");
    (void)state;
    assert_true(siem_leaf_begins_as_beacon(&(siem_leaf){.text = text, .size = sizeof text - 1}));
    assert_true(siem_leaf_begins_as_beacon(&(siem_leaf){.text = text, .size = least}));
    assert_false(siem_leaf_begins_as_beacon(&(siem_leaf){.text = text, .size = least - 1}));
    assert_false(siem_leaf_begins_as_beacon(&(siem_leaf){.text = text, .size = 0}));
    assert_false(siem_leaf_begins_as_beacon(&(siem_leaf){.text = vectors[0].text, .size = least}));
    assert_false(siem_leaf_begins_as_beacon(&(siem_leaf){.text = alone, .size = least}));
}

/* ---- trees and proofs, against the definition of RFC 6962 ---- */

#define MOST 200

static siem_hash define_root(siem_hasher *hasher, const siem_hash *leaves, size_t size) {
    size_t left = 1;
    if (size == 1) return leaves[0];
    while (2 * left < size) left *= 2;
    siem_hash a = define_root(hasher, leaves, left);
    siem_hash b = define_root(hasher, leaves + left, size - left);
    return siem_hash_node(hasher, &a, &b);
}

static size_t define_path(siem_hasher *hasher, siem_hash *path, size_t index,
                          const siem_hash *leaves, size_t size) {
    size_t left = 1, count;
    if (size == 1) return 0;
    while (2 * left < size) left *= 2;
    if (index < left) {
        count = define_path(hasher, path, index, leaves, left);
        path[count] = define_root(hasher, leaves + left, size - left);
    } else {
        count = define_path(hasher, path, index - left, leaves + left, size - left);
        path[count] = define_root(hasher, leaves, left);
    }
    return count + 1;
}

static void grow(siem_hash_tree *tree, size_t size) {
    char text[32];
    assert_ok(siem_hash_tree_open(tree, &err));
    for (size_t i = 0; i < size; i++) {
        int written = snprintf(text, sizeof text, "leaf %zu", i);
        siem_hash hash = siem_hash_leaf(&tree->hasher, text, (size_t)written);
        assert_ok(siem_hash_tree_add(tree, &hash, &err));
    }
}

static void test_definition(void **state) {
    siem_hash_tree tree;
    siem_hash path[SIEM_TLOG_MOST_PROOF], proof[SIEM_TLOG_MOST_PROOF];
    (void)state;
    grow(&tree, MOST);
    for (size_t size = 1; size <= MOST; size++) {
        siem_hash root = siem_hash_tree_root(&tree, size);
        siem_hash defined = define_root(&tree.hasher, tree.leaves, size);
        assert_true(siem_hash_equals(&root, &defined));
        for (size_t index = 0; index < size; index += 1 + size / 40) {
            size_t count = siem_hash_tree_prove(&tree, index, size, proof);
            assert_int_equal(define_path(&tree.hasher, path, index, tree.leaves, size), count);
            assert_memory_equal(path, proof, count * sizeof *proof);
            assert_ok(siem_tlog_check_proof(&tree.leaves[index], (int64_t)index, (int64_t)size,
                                            proof, count, &root, &err));
        }
    }
    siem_hash_tree_close(&tree);
}

static void assert_root(siem_hash_tree *tree, size_t size) {
    siem_hash root = siem_hash_tree_root(tree, size);
    siem_hash defined = define_root(&tree->hasher, tree->leaves, size);
    assert_true(siem_hash_equals(&root, &defined));
}

/* Blocks are joined as leaves are, and nodes below a block are not computed again. */
static void test_large(void **state) {
    static const size_t sizes[] = {4096, 4097, 4160, 65535, 65536, 65537, 65700};
    const size_t count = 65700;
    siem_hash_tree tree;
    siem_hash path[SIEM_TLOG_MOST_PROOF], proof[SIEM_TLOG_MOST_PROOF];
    (void)state;
    grow(&tree, count);
    assert_int_equal(tree.block_count, count / SIEM_TREE_BLOCK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) assert_root(&tree, sizes[i]);
    for (size_t index = 0; index < count; index += 21899) {
        size_t hashes = siem_hash_tree_prove(&tree, index, count, proof);
        assert_int_equal(define_path(&tree.hasher, path, index, tree.leaves, count), hashes);
        assert_memory_equal(path, proof, hashes * sizeof *proof);
    }
    siem_hash_tree_close(&tree);
}

/* A leaf that is set counts wherever it is: within a block, at its ends, and after the last one. */
static void test_set(void **state) {
    static const size_t places[] = {0, 63, 64, 127, 128, 130, 150};
    siem_hash_tree tree;
    (void)state;
    grow(&tree, 151);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        siem_hash other = siem_hash_leaf(&tree.hasher, "other", i);
        siem_hash_tree_set(&tree, places[i], &other);
        assert_true(siem_hash_equals(&tree.leaves[places[i]], &other));
        assert_root(&tree, 151);
        assert_root(&tree, 128);
    }
    siem_hash_tree_close(&tree);
}

/* A proof that is right holds for nothing but its leaf, index, size, hashes and root. */
static void test_wrong_proofs(void **state) {
    siem_hash_tree tree;
    siem_hash proof[SIEM_TLOG_MOST_PROOF + 1] = {{{0}}};
    (void)state;
    grow(&tree, 100);
    siem_hash root = siem_hash_tree_root(&tree, 100), other = siem_hash_tree_root(&tree, 99);
    size_t count = siem_hash_tree_prove(&tree, 70, 100, proof);
    const siem_hash *leaf = &tree.leaves[70];
#define assert_unproved(...)                                                                       \
    assert_int_equal(siem_tlog_check_proof(__VA_ARGS__, NULL), SIEM_UNPROVED)
    assert_ok(siem_tlog_check_proof(leaf, 70, 100, proof, count, &root, &err));
    assert_unproved(leaf + 1, 70, 100, proof, count, &root);
    assert_unproved(leaf, 71, 100, proof, count, &root);
    assert_unproved(leaf, 70, 64 + 70, proof, count, &root);
    assert_unproved(leaf, 70, INT64_MAX, proof, count, &root);
    assert_unproved(leaf, 70, 100, proof, count - 1, &root);
    assert_unproved(leaf, 70, 100, proof, count + 1, &root);
    assert_unproved(leaf, 70, 100, proof, 0, &root);
    assert_unproved(leaf, 70, 100, proof, count, &other);
    for (size_t i = 0; i < count; i++) {
        proof[i].bytes[31] ^= 1;
        assert_unproved(leaf, 70, 100, proof, count, &root);
        proof[i].bytes[31] ^= 1;
    }
    siem_error err = {0};
    assert_int_equal(siem_tlog_check_proof(leaf, 100, 100, proof, count, &root, &err),
                     SIEM_INVALID);
    assert_string_equal(err.message, "leaf 100 is not in a tree of 100 leaves");
    assert_int_equal(siem_tlog_check_proof(leaf, -1, 100, proof, count, &root, &err), SIEM_INVALID);
    assert_int_equal(siem_tlog_check_proof(leaf, 0, 0, proof, count, &root, &err), SIEM_INVALID);
    siem_hash_tree_close(&tree);
}

/* ---- heads ---- */

static void write_hex(char *hex, const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) (void)sprintf(hex + 2 * i, "%02x", bytes[i]);
}

/* Signs a text by a key made of 32 equal bytes. */
static void sign(char key[65], char signature[129], unsigned char seed, const char *text) {
    unsigned char secret[32], public[32], signed_[64];
    size_t size = sizeof public, signed_size = sizeof signed_;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    memset(secret, seed, sizeof secret);
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof secret);
    assert_int_equal(EVP_PKEY_get_raw_public_key(pair, public, &size), 1);
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, pair), 1);
    assert_int_equal(
        EVP_DigestSign(context, signed_, &signed_size, (const unsigned char *)text, strlen(text)),
        1);
    write_hex(key, public, sizeof public);
    write_hex(signature, signed_, sizeof signed_);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pair);
}

static void test_head(void **state) {
    char key[65], other[65], signature[129], ignored[129], json[512];
    siem_tlog_head head;
    siem_error err = {0};
    (void)state;
    sign(other, ignored, 8, "x");
    sign(key, signature, 7, "{\"root\":\"" ROOT "\",\"size\":3}");
    (void)snprintf(json, sizeof json, "{\"size\": 3, \"root\": \"%s\", \"signature\": \"%s\"}\n",
                   ROOT, signature);
    assert_ok(siem_tlog_read_head(&head, json, strlen(json), &err));
    assert_int_equal(head.size, 3);
    assert_hash(&head.root, ROOT);
    assert_ok(siem_tlog_check_head(&head, key, &err));
    assert_int_equal(siem_tlog_check_head(&head, other, &err), SIEM_UNPROVED);
    assert_string_equal(err.message, "the head is not signed by the key that registry_id names");
    assert_int_equal(siem_tlog_check_head(&head, "registry-1", &err), SIEM_INVALID);
    assert_string_equal(err.options[0], "registry_id");
    siem_tlog_head changed = head;
    changed.size = 4;
    assert_int_equal(siem_tlog_check_head(&changed, key, &err), SIEM_UNPROVED);
    changed = head;
    changed.root.bytes[0] ^= 1;
    assert_int_equal(siem_tlog_check_head(&changed, key, &err), SIEM_UNPROVED);
    changed = head;
    changed.signature[63] ^= 1;
    assert_int_equal(siem_tlog_check_head(&changed, key, &err), SIEM_UNPROVED);
    changed.is_signed = false;
    assert_int_equal(siem_tlog_check_head(&changed, key, &err), SIEM_UNPROVED);
    assert_string_equal(err.message, "the head has no signature");
}

static void test_head_texts(void **state) {
    static const struct {
        const char *json, *why; /* NULL: it is a head without a signature */
    } cases[] = {
        {"{\"size\":3,\"root\":\"" ROOT "\"}", NULL},
        {"{\"tree_size\":3,\"root\":\"" ROOT "\",\"signature\":null}", NULL},
        {"", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"{}", "no whole number 'size'"},
        {"{\"size\":3.5,\"root\":\"" ROOT "\"}", "no whole number 'size'"},
        {"{\"size\":-3,\"root\":\"" ROOT "\"}", "its size is negative"},
        {"{\"size\":-123456789012345678,\"root\":\"" ROOT "\"}", "its size is negative"},
        {"{\"size\":3}", "its 'root' is not a hash"},
        {"{\"size\":3,\"root\":\"" ROOT "0\"}", "its 'root' is not a hash"},
        {"{\"size\":3,\"root\":\"" ROOT "\",\"signature\":\"00\"}", "not 128 hex digits"},
        {"{\"size\":3,\"root\":\"" ROOT "\",\"signature\":7}", "not 128 hex digits"},
        {"{\"size\":1000000000000000000,\"root\":\"" ROOT "\"}", "no whole number 'size'"},
        {"{\"size\":-,\"root\":\"" ROOT "\"}", "not a JSON object"},
    };
    siem_tlog_head head;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        siem_error err = {0};
        siem_code rc = siem_tlog_read_head(&head, cases[i].json, strlen(cases[i].json), &err);
        if (cases[i].why == NULL) {
            assert_int_equal(rc, SIEM_OK);
            assert_int_equal(head.size, 3);
            assert_false(head.is_signed);
        } else {
            assert_int_equal(rc, SIEM_INVALID);
            assert_int_equal(head.size, 0);
            if (strstr(err.message, cases[i].why) == NULL) fail_msg("%s", err.message);
        }
    }
}

/* A log has at most as many leaves as a number of 18 digits says, and may have none. */
static void test_head_sizes(void **state) {
    static const char *const sizes[] = {"0", "9", "999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        siem_tlog_head head;
        char json[128], size[32];
        (void)snprintf(json, sizeof json, "{\"size\":%s,\"root\":\"" ROOT "\"}", sizes[i]);
        assert_ok(siem_tlog_read_head(&head, json, strlen(json), &err));
        (void)snprintf(size, sizeof size, "%lld", (long long)head.size);
        assert_string_equal(size, sizes[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),      cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_forms),        cmocka_unit_test(test_beginnings),
        cmocka_unit_test(test_kinds),        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_large),        cmocka_unit_test(test_set),
        cmocka_unit_test(test_wrong_proofs), cmocka_unit_test(test_head),
        cmocka_unit_test(test_head_texts),   cmocka_unit_test(test_head_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* fuzz_tlog.c: lines of a log, heads and proofs. The first byte chooses which. What is accepted
 * stays what it is when it is written again. */
#include "evidence/hash_tree.h"
#include "evidence/leaf.h"

#include <stdlib.h>

static void require(bool holds) {
    if (!holds) abort();
}

static void read_line(const char *line, size_t size) {
    siem_leaf_reader reader = {0};
    siem_leaf leaf;
    if (siem_leaf_read(&reader, line, size, &leaf)) {
        require(leaf.index >= 0);
        (void)siem_leaf_kind_of(&reader, leaf.text, leaf.size);
    }
    siem_leaf_reader_free(&reader);
}

static void read_head(const char *json, size_t size) {
    siem_tlog_head head;
    if (siem_tlog_read_head(&head, json, size, NULL) != SIEM_OK) return;
    require(head.size >= 0);
    siem_code rc = siem_tlog_check_head(
        &head, "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c", NULL);
    require(rc == SIEM_UNPROVED);
}

/* A proof of another tree: leaf, index and size from the first bytes, the path from the rest. No
 * such path leads to a root that is not made of it. */
static void check_proof(const uint8_t *data, size_t size) {
    siem_hash leaf = {{0}}, root = {{1}}, proof[2 * SIEM_TLOG_MOST_PROOF];
    size_t count = (size - 2) / sizeof *proof;
    if (count > 2 * SIEM_TLOG_MOST_PROOF) count = 2 * SIEM_TLOG_MOST_PROOF;
    memcpy(proof, data + 2, count * sizeof *proof);
    siem_code rc = siem_tlog_check_proof(&leaf, data[0], data[1], proof, count, &root, NULL);
    require(rc == (data[0] < data[1] ? SIEM_UNPROVED : SIEM_INVALID));
}

/* Whatever the leaves are, each has a proof that holds. */
static void prove(const uint8_t *data, size_t size) {
    siem_hash_tree tree;
    siem_hash proof[SIEM_TLOG_MOST_PROOF];
    require(siem_hash_tree_open(&tree, NULL) == SIEM_OK);
    for (size_t i = 0; i < size; i++) {
        siem_hash leaf = {{data[i]}};
        require(siem_hash_tree_add(&tree, &leaf, NULL) == SIEM_OK);
    }
    siem_hash root = siem_hash_tree_root(&tree, size);
    size_t index = data[0] % size, count = siem_hash_tree_prove(&tree, index, size, proof);
    require(siem_tlog_check_proof(&tree.leaves[index], (int64_t)index, (int64_t)size, proof, count,
                                  &root, NULL) == SIEM_OK);
    siem_hash_tree_close(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4) return 0;
    switch (data[0] % 4) {
    case 0: read_line((const char *)data + 1, size - 1); break;
    case 1: read_head((const char *)data + 1, size - 1); break;
    case 2: check_proof(data + 1, size - 1); break;
    default: prove(data + 1, size - 1); break;
    }
    return 0;
}

/* proof.c: whether a path of hashes leads from a leaf to a root (RFC 9162, section 2.1.3.2, which
 * RFC 6962 has without an algorithm). */
#include "base/error.h"
#include "base/misuse.h"
#include "evidence/hash.h"

#include <inttypes.h>

/* Goes up from the leaf. False when the path is too short or too long for the tree. */
static bool climb(siem_hasher *hasher, siem_hash *hash, uint64_t index, uint64_t last,
                  const siem_hash *proof, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (last == 0) return false;
        bool is_right = (index & 1) == 1 || index == last;
        *hash = is_right ? siem_hash_node(hasher, &proof[i], hash)
                         : siem_hash_node(hasher, hash, &proof[i]);
        /* A node without a sibling goes up as it is; it is the last one, and not the first. */
        while (is_right && (index & 1) == 0) {
            index >>= 1;
            last >>= 1;
        }
        index >>= 1;
        last >>= 1;
    }
    return last == 0;
}

siem_code siem_tlog_check_proof(const siem_hash *leaf, int64_t index, int64_t size,
                                const siem_hash *proof, size_t count, const siem_hash *root,
                                siem_error *err) {
    siem_hasher hasher;
    if (leaf == NULL) return siem_misuse_null(__func__, "leaf", err);
    if (root == NULL) return siem_misuse_null(__func__, "root", err);
    siem_code rc = siem_misuse_list(__func__, "proof", proof, count, err);
    if (rc != SIEM_OK) return rc;
    if (index < 0 || index >= size) {
        return siem_error_of_option(err, SIEM_INVALID, "index",
                                    "leaf %" PRId64 " is not in a tree of %" PRId64 " leaves",
                                    index, size);
    }
    if ((rc = siem_hasher_open(&hasher, err)) != SIEM_OK) return rc;
    siem_hash hash = *leaf;
    bool leads = climb(&hasher, &hash, (uint64_t)index, (uint64_t)size - 1, proof, count);
    if (hasher.failed) rc = siem_error_no_memory(err);
    else if (!leads || !siem_hash_equals(&hash, root)) {
        rc = siem_error_set(err, SIEM_UNPROVED,
                            "the proof does not lead from leaf %" PRId64 " to the root of %" PRId64
                            " leaves",
                            index, size);
    }
    siem_hasher_close(&hasher);
    return rc;
}

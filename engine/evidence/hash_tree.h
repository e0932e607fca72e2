/* hash_tree.h: a Merkle tree (RFC 6962, section 2.1), whose hashes of leaves are in memory. */
#ifndef SIEM_HASH_TREE_H
#define SIEM_HASH_TREE_H

#include "evidence/hash.h"

/* All zero is an empty tree, once its hasher is open. */
typedef struct siem_hash_tree {
    siem_hasher hasher;
    siem_hash *leaves, *blocks; /* a block is the root of SIEM_TREE_BLOCK leaves: nodes below it are
                                   not computed again for a root or a proof */
    size_t count, capacity, block_count, block_capacity;
} siem_hash_tree;

#define SIEM_TREE_BLOCK 64

/* Errors of both: SIEM_NO_MEMORY. */
siem_code siem_hash_tree_open(siem_hash_tree *tree, siem_error *err);
siem_code siem_hash_tree_add(siem_hash_tree *tree, const siem_hash *leaf, siem_error *err);

/* Gives a leaf that is there another hash. */
void siem_hash_tree_set(siem_hash_tree *tree, size_t index, const siem_hash *leaf);

/* The root of the first `size` leaves, which are there. */
siem_hash siem_hash_tree_root(siem_hash_tree *tree, size_t size);

/* Writes the proof that leaf `index` is one of the first `size`, which are there, deepest sibling
 * first. Returns how many hashes it has. */
size_t siem_hash_tree_prove(siem_hash_tree *tree, size_t index, size_t size,
                            siem_hash proof[SIEM_TLOG_MOST_PROOF]);

void siem_hash_tree_close(siem_hash_tree *tree);

#endif

/* hash_tree.c: roots of ranges, by a stack of complete subtrees. */
#include "evidence/hash_tree.h"

#include "base/error.h"

#include <stdlib.h>

#define BLOCK_LEVEL 6

siem_code siem_hash_tree_open(siem_hash_tree *tree, siem_error *err) {
    *tree = (siem_hash_tree){0};
    return siem_hasher_open(&tree->hasher, err);
}

void siem_hash_tree_close(siem_hash_tree *tree) {
    siem_hasher_close(&tree->hasher);
    free(tree->leaves);
    free(tree->blocks);
    *tree = (siem_hash_tree){0};
}

/* ---- roots ---- */

/* Complete subtrees that are still to be joined: their levels fall from the bottom up. */
typedef struct pile {
    siem_hash hashes[SIEM_TLOG_MOST_PROOF];
    int levels[SIEM_TLOG_MOST_PROOF];
    size_t size;
} pile;

static void join_last(pile *pile, siem_hasher *hasher) {
    siem_hash *left = &pile->hashes[pile->size - 2];
    *left = siem_hash_node(hasher, left, left + 1);
    pile->levels[pile->size - 2]++;
    pile->size--;
}

static void add_subtree(pile *pile, siem_hasher *hasher, const siem_hash *root, int level) {
    pile->hashes[pile->size] = *root;
    pile->levels[pile->size++] = level;
    while (pile->size > 1 && pile->levels[pile->size - 2] == pile->levels[pile->size - 1]) {
        join_last(pile, hasher);
    }
}

/* The root of the leaves from `first` to `end`, which is above: a subtree of the tree. */
static siem_hash root_of(siem_hash_tree *tree, size_t first, size_t end) {
    pile pile;
    pile.size = 0;
    while (first < end) {
        size_t block = first / SIEM_TREE_BLOCK;
        bool is_whole = first % SIEM_TREE_BLOCK == 0 && end - first >= SIEM_TREE_BLOCK &&
                        block < tree->block_count;
        add_subtree(&pile, &tree->hasher, is_whole ? &tree->blocks[block] : &tree->leaves[first],
                    is_whole ? BLOCK_LEVEL : 0);
        first += is_whole ? SIEM_TREE_BLOCK : 1;
    }
    while (pile.size > 1) join_last(&pile, &tree->hasher);
    return pile.hashes[0];
}

siem_hash siem_hash_tree_root(siem_hash_tree *tree, size_t size) {
    return size != 0 ? root_of(tree, 0, size) : siem_hash_nothing(&tree->hasher);
}

/* ---- leaves ---- */

/* Appends a hash to a list that doubles. */
static siem_code append(siem_hash **list, size_t *count, size_t *capacity, const siem_hash *hash,
                        siem_error *err) {
    if (*count == *capacity) {
        size_t more = *capacity == 0 ? 1024 : *capacity * 2;
        siem_hash *grown = realloc(*list, more * sizeof *grown);
        if (grown == NULL) return siem_error_no_memory(err);
        *list = grown;
        *capacity = more;
    }
    (*list)[(*count)++] = *hash;
    return SIEM_OK;
}

siem_code siem_hash_tree_add(siem_hash_tree *tree, const siem_hash *leaf, siem_error *err) {
    siem_code rc = append(&tree->leaves, &tree->count, &tree->capacity, leaf, err);
    if (rc != SIEM_OK || tree->count % SIEM_TREE_BLOCK != 0) return rc;
    siem_hash block = root_of(tree, tree->count - SIEM_TREE_BLOCK, tree->count);
    return append(&tree->blocks, &tree->block_count, &tree->block_capacity, &block, err);
}

void siem_hash_tree_set(siem_hash_tree *tree, size_t index, const siem_hash *leaf) {
    size_t block = index / SIEM_TREE_BLOCK, block_count = tree->block_count;
    tree->leaves[index] = *leaf;
    if (block >= block_count) return;
    tree->block_count = block; /* it is made of its leaves again */
    tree->blocks[block] = root_of(tree, block * SIEM_TREE_BLOCK, (block + 1) * SIEM_TREE_BLOCK);
    tree->block_count = block_count;
}

/* ---- proofs ---- */

/* The largest power of two below `size`, which is 2 or more: where a tree splits. */
static size_t split(size_t size) {
    size_t left = 1;
    while (left < size - left) left *= 2;
    return left;
}

size_t siem_hash_tree_prove(siem_hash_tree *tree, size_t index, size_t size,
                            siem_hash proof[SIEM_TLOG_MOST_PROOF]) {
    size_t first = 0, end = size, count = 0;
    while (end - first > 1) {
        size_t middle = first + split(end - first);
        bool is_left = index < middle;
        proof[count++] = is_left ? root_of(tree, middle, end) : root_of(tree, first, middle);
        if (is_left) end = middle;
        else first = middle;
    }
    for (size_t i = 0; i < count / 2; i++) {
        siem_hash deep = proof[count - 1 - i];
        proof[count - 1 - i] = proof[i];
        proof[i] = deep;
    }
    return count;
}

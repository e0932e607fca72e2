/* tree.c: a tree of keys. */
#include "record/tree.h"

#include "base/error.h"
#include "base/path.h"

#include <stdlib.h>

static siem_tree *find(const siem_tree *object, const char *key) {
    siem_tree *member = object->first;
    while (member != NULL && strcmp(member->key, key) != 0) member = member->next;
    return member;
}

static siem_tree *append(siem_tree *object, const char *key) {
    size_t size = strlen(key) + 1;
    siem_tree *member = calloc(1, sizeof *member + size);
    if (member == NULL) return NULL;
    member->key = memcpy(member + 1, key, size);
    if (object->last != NULL) object->last->next = member;
    else object->first = member;
    object->last = member;
    return member;
}

/* Adds the row at the last key of its path. */
static siem_code place(siem_tree *object, const char *key, siem_compiled_row *row,
                       siem_error *err) {
    siem_tree *member = find(object, key);
    bool is_new = member == NULL;
    if (!is_new && member->row != NULL) {
        return siem_error_set(err, SIEM_INVALID, "another row has this destination already");
    }
    if (!is_new && (!siem_row_is_object(row) || member->declared)) {
        return siem_error_set(err, SIEM_INVALID, "this destination is an object already");
    }
    if (is_new && (member = append(object, key)) == NULL) return siem_error_no_memory(err);
    if (siem_row_is_object(row)) {
        member->declared = true;
        siem_row_close(row);
    } else {
        member->row = row;
    }
    return SIEM_OK;
}

siem_code siem_tree_add(siem_tree *root, siem_compiled_row *row, siem_error *err) {
    siem_path path;
    siem_code rc = siem_path_open(&path, siem_row_destination(row), err);
    siem_tree *object = root;
    if (rc != SIEM_OK) return rc;
    if (path.count > SIEM_DESTINATION_DEPTH) {
        rc = siem_error_set(err, SIEM_INVALID, "more than %d objects in one another",
                            SIEM_DESTINATION_DEPTH);
    }
    for (size_t i = 0; rc == SIEM_OK && i + 1 < path.count; i++) {
        siem_tree *member = find(object, path.keys[i]);
        if (member == NULL) member = append(object, path.keys[i]);
        if (member == NULL) {
            rc = siem_error_no_memory(err);
        } else if (member->row != NULL) {
            rc = siem_error_set(err, SIEM_INVALID, "\"%s\" is a value already, not an object",
                                siem_row_destination(member->row));
        }
        object = member;
    }
    if (rc == SIEM_OK) rc = place(object, path.keys[path.count - 1], row, err);
    siem_path_close(&path);
    return rc;
}

static bool has_certain_member(const siem_tree *object) {
    const siem_tree *member = object->first;
    while (member != NULL && !siem_tree_is_certain(member)) member = member->next;
    return member != NULL;
}

bool siem_tree_is_certain(const siem_tree *member) {
    if (member->row == NULL) {
        return member->declared || has_certain_member(member);
    }
    const siem_value *constant = siem_row_constant(member->row);
    return constant != NULL && (siem_row_keeps(member->row) || !siem_value_is_empty(constant));
}

void siem_tree_free(siem_tree *root) {
    siem_tree *member = root->first;
    while (member != NULL) {
        siem_tree *next = member->next;
        siem_tree_free(member); /* as deep as SIEM_DESTINATION_DEPTH */
        siem_row_close(member->row);
        free(member);
        member = next;
    }
    root->first = root->last = NULL;
}

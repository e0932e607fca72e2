/* tree.h: the objects and members of a record, from the destinations of rows. */
#ifndef SIEM_TREE_H
#define SIEM_TREE_H

#include "record/row.h"

/* One key of the record. The root has neither key nor row. */
typedef struct siem_tree {
    const char *key;                /* in the same allocation */
    siem_compiled_row *row;         /* of a member, owned; NULL for an object */
    bool declared;                  /* an object that a row declared: written when empty, too */
    struct siem_tree *first, *last; /* an object's members, in order */
    struct siem_tree *next;
} siem_tree;

/* How deep objects may be nested. */
#define SIEM_DESTINATION_DEPTH 32

/* Adds a row where its destination says, and owns it from then on. Errors: SIEM_INVALID when the
 * place is taken, or is an object and a value at once; then the caller still owns the row. */
siem_code siem_tree_add(siem_tree *root, siem_compiled_row *row, siem_error *err);

/* True when this key is in every record, whatever the event. */
bool siem_tree_is_certain(const siem_tree *member);

/* Frees the members, not the root itself. */
void siem_tree_free(siem_tree *root);

#endif

/* tree.h: the shape of a record: objects and members, from the destinations of rows. */
#ifndef SIEM_DESTINATION_H
#define SIEM_DESTINATION_H

#include "record/row.h"

/* One key of the record. The root has neither key nor rule. */
typedef struct siem_destination {
    char *key;
    siem_rule *rule; /* of a member, owned; NULL for an object */
    bool declared;   /* an object that a row declared: written when empty, too */
    struct siem_destination *first, *last; /* an object's members, in order */
    struct siem_destination *next;
} siem_destination;

/* How deep objects may lie in one another. */
#define SIEM_DESTINATION_DEPTH 32

/* Hangs a rule where its destination says, and owns it from then on. Errors: SIEM_INVALID when the
 * place is taken, or is an object and a value at once; then the caller still owns the rule. */
siem_code siem_destination_add(siem_destination *root, siem_rule *rule, siem_error *err);

/* True when this key is in every record, whatever the event. */
bool siem_destination_is_certain(const siem_destination *destination);

/* Frees the members, not the root itself. */
void siem_destination_free(siem_destination *root);

#endif

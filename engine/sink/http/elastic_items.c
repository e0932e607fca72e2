/* elastic_items.c: what an answer of _bulk says of each document.
 *
 * Most faults of the set-up come item by item, in a 200: an index that is missing or closed, an
 * alias without a write index, a pipeline that is missing, a limit on shards. Their status is that
 * of a document that is refused, often with the type that such a document has as well
 * (illegal_argument_exception). So a refusal is the document's only when its type means that, or
 * when the same request shows that the set-up takes others. */
#include "sink/http/elastic_items.h"

#include <stdio.h>
#include <string.h>

/* ---- errors ---- */

const char *siem_elastic_text(const cJSON *object, const char *name, const char *absent) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL ? text : absent;
}

static const cJSON *error_of(const cJSON *failed) {
    return cJSON_GetObjectItemCaseSensitive(failed, "error");
}

const char *siem_elastic_error_type(const cJSON *failed) {
    return siem_elastic_text(error_of(failed), "type", "");
}

/* The error is an object with a type; of a request that no handler is for, it is text. */
bool siem_elastic_is_error(const cJSON *body) {
    const cJSON *error = error_of(body);
    if (*siem_elastic_error_type(body) != '\0') return true;
    return cJSON_IsString(error) &&
           (cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(body, "status")) ||
            strncmp(error->valuestring, "no handler found", 16) == 0);
}

/* "type: reason" of an error, and of what caused it. */
static void describe(const cJSON *item, char out[256]) {
    const cJSON *error = error_of(item);
    const cJSON *cause = cJSON_GetObjectItemCaseSensitive(error, "caused_by");
    if (cJSON_IsString(error)) {
        (void)snprintf(out, 256, "%s", error->valuestring);
        return;
    }
    const char *reason = siem_elastic_text(error, "reason", "");
    const char *further = siem_elastic_text(cause, "reason", "");
    (void)snprintf(out, 256, "%s%s%s%s%s", siem_elastic_text(error, "type", "no reason given"),
                   *reason != '\0' ? ": " : "", reason, *further != '\0' ? ": " : "", further);
}

/* ---- whose fault it is ---- */

/* What is known of an error beside its status. */
typedef struct bulk_error {
    const char *type;
    const char *reason;   /* what its reason has in it, where the type alone does not say enough */
    siem_verdict verdict; /* SIEM_REJECT: the document's fault; SIEM_UNDECIDED: the document's when
                             the same request shows that others are taken, else the set-up's */
    bool any_status;      /* also with the status of a fault that passes */
    const char *remedy;   /* of the set-up; NULL: no special one */
} bulk_error;

static const bulk_error errors[] = {
    /* OpenSearch, Elasticsearch before 8.8 */
    {.type = "mapper_parsing_exception", .verdict = SIEM_REJECT},
    {.type = "document_parsing_exception", .verdict = SIEM_REJECT},
    {.type = "strict_dynamic_mapping_exception", .verdict = SIEM_REJECT},
    /* beyond the time of a time series data stream */
    {.type = "timestamp_error", .verdict = SIEM_REJECT},
    {.type = "illegal_argument_exception", .reason = "immense term", .verdict = SIEM_REJECT},
    {.type = "illegal_argument_exception",
     .reason = "cannot be changed from type",
     .verdict = SIEM_REJECT},
    {.type = "illegal_argument_exception",
     .reason = "can't merge a non object mapping",
     .verdict = SIEM_REJECT},
    /* a processor that is there to refuse documents */
    {.type = "fail_processor_exception", .any_status = true},
    {.type = "index_not_found_exception",
     .remedy = "create the template, or correct namespace or index"},
    {.type = "index_closed_exception", .remedy = "open the index"},
    {.type = "cluster_block_exception", .remedy = "take the block off the index"},
    {.type = "security_exception", .remedy = "renew the credentials, or grant them the right"},
    {.type = "routing_missing_exception", .remedy = "name an index that needs no routing"},
};

/* What is known of an item's error; all zero for one that is not. */
static const bulk_error *find_error(const cJSON *item) {
    static const bulk_error unknown = {0};
    const char *type = siem_elastic_error_type(item);
    const char *reason = siem_elastic_text(error_of(item), "reason", "");
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(type, errors[i].type) != 0) continue;
        if (errors[i].reason == NULL || strstr(reason, errors[i].reason) != NULL) return &errors[i];
    }
    return &unknown;
}

/* A limit on the fields of an index may have been reached by the documents before: the refusal is
 * about the mapping, also where it comes as one of the document (Elasticsearch 8.13 and later). */
static bool is_limit(const cJSON *error) {
    for (; error != NULL; error = cJSON_GetObjectItemCaseSensitive(error, "caused_by")) {
        const char *reason = siem_elastic_text(error, "reason", "");
        if (strncmp(reason, "Limit of ", 9) == 0) return true;
    }
    return false;
}

/* 409 is what create says of an id that is there. */
static bool is_there(const cJSON *item) {
    const char *type = siem_elastic_error_type(item);
    return *type == '\0' || strcmp(type, "version_conflict_engine_exception") == 0;
}

/* SIEM_UNDECIDED: the document's fault or that of the set-up, as the other items show. */
static siem_verdict judge(const cJSON *item, int status) {
    if (status >= 200 && status < 300) return SIEM_DELIVERED;
    if (status == 409 && is_there(item)) return SIEM_DELIVERED;
    if (status == 401 || status == 403) return SIEM_HOLD;
    const bulk_error *error = find_error(item);
    bool passes = status == 408 || status == 425 || status == 429 || status < 400 || status >= 500;
    if (passes && !error->any_status) return SIEM_RETRY;
    return is_limit(error_of(item)) ? SIEM_UNDECIDED : error->verdict;
}

/* ---- verdicts ---- */

/* What is to be done about a fault of the set-up. */
static const char *remedy_of(const cJSON *item) {
    const char *remedy = find_error(item)->remedy;
    return remedy != NULL ? remedy : "correct the set-up of the index";
}

static int status_of(const cJSON *item) {
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(item, "status");
    return cJSON_IsNumber(status) ? status->valueint : 0;
}

static void give(const cJSON *item, siem_answer *answer, size_t index, siem_verdict verdict) {
    char what[256];
    int status = status_of(item);
    describe(item, what);
    if (verdict == SIEM_HOLD) {
        siem_answer_one(answer, index, verdict, status, "HTTP %d: %s: %s", status, remedy_of(item),
                        what);
    } else if (status < 200 || status >= 600) {
        siem_answer_one(answer, index, verdict, status,
                        "the answer is not that of _bulk: status %d", status);
    } else {
        siem_answer_one(answer, index, verdict, status, "HTTP %d: %s", status, what);
    }
    answer->outcomes[index].existed = verdict == SIEM_DELIVERED && status == 409;
    answer->outcomes[index].kept_aside =
        verdict == SIEM_DELIVERED &&
        strcmp(siem_elastic_text(item, "failure_store", ""), "used") == 0;
}

void siem_elastic_read_items(const cJSON *body, siem_answer *answer) {
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(body, "items"), *item;
    bool takes_others = false;
    size_t index = 0;
    if ((size_t)cJSON_GetArraySize(items) != answer->count) {
        siem_answer_all(answer, SIEM_RETRY, "the answer is not that of _bulk: %d item(s) for %zu",
                        cJSON_GetArraySize(items), answer->count);
        return;
    }
    answer->is_itemwise = true;
    cJSON_ArrayForEach(item, items) { /* {"create": {...}} */
        siem_verdict verdict = judge(item->child, status_of(item->child));
        takes_others |= verdict == SIEM_DELIVERED || verdict == SIEM_REJECT;
        give(item->child, answer, index++, verdict);
    }
    index = 0;
    cJSON_ArrayForEach(item, items) {
        if (answer->outcomes[index].verdict == SIEM_UNDECIDED) {
            give(item->child, answer, index, takes_others ? SIEM_REJECT : SIEM_HOLD);
        }
        index++;
    }
}

/* elastic_items.c: the verdict of each document in an answer of _bulk.
 *
 * Most faults of the set-up come item by item, in a 200: an index that is missing or closed, an
 * alias without a write index, a pipeline that is missing, a limit on shards. Their status is that
 * of a document that is refused, often with the type that such a document has as well
 * (illegal_argument_exception). So a refusal is the document's only when its type means that, or
 * when the same request shows that the set-up takes others. */
#include "sink/http/elastic_items.h"

#include "base/json_reader.h"

#include <ctype.h>
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

void siem_elastic_answer_http(siem_answer *answer, const siem_response *response) {
    char said[256];
    cJSON *body = response->status >= 400 && !response->repeats_secret
                      ? cJSON_ParseWithLength(response->body.bytes, response->body.size)
                      : NULL;
    if (siem_elastic_is_error(body)) {
        describe(body, said);
        siem_answer_http_saying(answer, response, said);
    } else {
        siem_answer_http(answer, response);
    }
    cJSON_Delete(body);
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

/* create answers 409 for an id that exists. */
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

/* ---- the list ---- */

/* The items of an answer, of which one after another is looked at: a tree of all of them would take
 * many times their text. */
typedef struct item_list {
    const char *at, *end; /* the bracket or comma before the next one */
} item_list;

/* What the next item says of its document, {"create": {...}}; false after the last. */
static bool next_item(item_list *list, siem_json_pair *said) {
    const char *item = list->at + 1;
    if (item >= list->end || *list->at == ']' || *item == ']') return false;
    const char *at = item;
    bool is_there = siem_json_next(&at, list->end, said);
    bool is_alone = is_there && at < list->end && *at == '}';
    if (!is_there) *said = (siem_json_pair){.value = ""};
    list->at = is_alone ? at + 1 : siem_json_skip(item, list->end);
    return true;
}

/* The items in the text of an answer, made canonical; none when it has no list of them. */
static item_list find_items(const siem_buffer *canonical) {
    static const char none[] = "]";
    const char *items;
    size_t size;
    bool is_there = canonical->size > 0 &&
                    siem_json_find(canonical->bytes, canonical->size, "items", 5, &items, &size);
    return is_there && *items == '[' ? (item_list){items, items + size} : (item_list){none, none};
}

static size_t count_items(item_list list) {
    siem_json_pair said;
    size_t count = 0;
    while (next_item(&list, &said)) count++;
    return count;
}

/* The status of a success without further members, as most are; else 0. */
static int plain_success(const siem_json_pair *said) {
    static const char begin[] = "{\"status\":2";
    size_t size = sizeof begin - 1;
    const char *digits = said->value + size;
    bool is_plain = said->value_size == size + 3 && memcmp(said->value, begin, size) == 0 &&
                    isdigit((unsigned char)digits[0]) && isdigit((unsigned char)digits[1]);
    return is_plain ? 200 + (digits[0] - '0') * 10 + digits[1] - '0' : 0;
}

/* Judges a document by its item. `others_taken`: NULL while that is not known. */
static siem_verdict judge_item(const siem_json_pair *said, siem_answer *answer, size_t index,
                               const bool *others_taken) {
    int success = plain_success(said);
    if (success != 0) {
        siem_answer_one(answer, index, SIEM_DELIVERED, success, "taken");
        return SIEM_DELIVERED;
    }
    cJSON *item = cJSON_ParseWithLength(said->value, said->value_size);
    siem_verdict verdict = judge(item, status_of(item));
    if (verdict == SIEM_UNDECIDED && others_taken != NULL) {
        verdict = *others_taken ? SIEM_REJECT : SIEM_HOLD;
    }
    give(item, answer, index, verdict);
    cJSON_Delete(item);
    return verdict;
}

/* Judges all documents, or with `others_taken` those that have no verdict yet. Returns whether some
 * were taken, or refused for themselves. */
static bool judge_all(item_list list, siem_answer *answer, const bool *others_taken) {
    bool takes_any = false;
    siem_json_pair said;
    for (size_t i = 0; next_item(&list, &said); i++) {
        if (others_taken != NULL && answer->outcomes[i].verdict != SIEM_UNDECIDED) continue;
        siem_verdict verdict = judge_item(&said, answer, i, others_taken);
        takes_any |= verdict == SIEM_DELIVERED || verdict == SIEM_REJECT;
    }
    return takes_any;
}

static bool has_undecided(const siem_answer *answer) {
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->outcomes[i].verdict == SIEM_UNDECIDED) return true;
    }
    return false;
}

void siem_elastic_read_items(const char *text, size_t size, siem_answer *answer) {
    siem_buffer canonical = {0};
    siem_json_reader reader = {0};
    (void)siem_json_read(&reader, text, size, &canonical);
    siem_json_reader_free(&reader);
    const item_list items = find_items(&canonical);
    size_t count = count_items(items);
    if (canonical.failed) {
        siem_answer_all(answer, SIEM_RETRY, "not enough memory to read the answer");
    } else if (count != answer->count) {
        siem_answer_all(answer, SIEM_RETRY, "the answer is not that of _bulk: %zu item(s) for %zu",
                        count, answer->count);
    } else {
        answer->is_itemwise = true;
        bool takes_others = judge_all(items, answer, NULL);
        if (has_undecided(answer)) (void)judge_all(items, answer, &takes_others);
    }
    siem_buffer_free(&canonical);
}

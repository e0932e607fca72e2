/* elastic.c: the _bulk API of Elasticsearch and OpenSearch.
 *
 * "Bulk API": items are answered in order, each with its own status. Data streams take only create.
 * Each document has an _id made of its registry and event, so that a document that is sent twice is
 * stored once: 409 says that it exists. (An _id is unique within a backing index: a document that
 * is sent again after a rollover is stored twice, elasticsearch#44794.) */
#include "base/error.h"
#include "record/batch.h"
#include "sink/document_id.h"
#include "sink/http/elastic_items.h"
#include "sink/http/elastic_setup.h"
#include "sink/http/remote.h"
#include "sink/kinds.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES ((size_t)10000000)  /* 5 to 15 MB are advised */
#define MOST_BYTES ((size_t)100 << 20) /* http.max_content_length */

#define ACTION_TAIL "\"}}\n"

typedef struct elastic_sink {
    siem_remote_sink remote;
    char *url, *namespace, *index, *bulk_path;
    bool without_template;
    char *target; /* an index or a data stream */
    char *bulk;   /* the path of _bulk after the url */
    char *head;   /* of an action, up to its _id */
    siem_elastic_setup setup;
    char *user; /* NULL: api_key */
    siem_secret *api_key, *password;
    siem_document_hash *hash;
} elastic_sink;

static const siem_secret_form key_form = {.word = true, .scheme = "ApiKey", .pair = true};
static const siem_secret_form password_form = {.word = false};

#define AT(member) offsetof(elastic_sink, member)

static const siem_option_spec options[] = {
    {.name = "url",
     .value = "URL",
     .required = true,
     .at = AT(url),
     .help = "URL of a node: https://host:9200"},
    {.name = "api_key",
     .kind = SIEM_OPTION_SECRET,
     .value = "SECRET",
     .form = &key_form,
     .at = AT(api_key),
     .help = "an API key, encoded or as id:key"},
    {.name = "user", .value = "U", .at = AT(user), .help = "user, instead of an API key"},
    {.name = "password",
     .kind = SIEM_OPTION_SECRET,
     .value = "SECRET",
     .form = &password_form,
     .at = AT(password),
     .help = "password of the user"},
    {.name = "namespace",
     .value = "NAME",
     .text = "default",
     .at = AT(namespace),
     .help = "namespace of the data stream: logs-oversight.beacon-NAME"},
    {.name = "index",
     .value = "NAME",
     .at = AT(index),
     .help = "another data stream or index, by name"},
    {.name = "without_template",
     .kind = SIEM_OPTION_FLAG,
     .at = AT(without_template),
     .help = "send also where no template makes the data stream or index: the node guesses its "
             "mappings"},
    {.name = "bulk_path",
     .value = "PATH",
     .at = AT(bulk_path),
     .help = "for a receiver that knows only this path, such as /_bulk: each action names the "
             "index, and the set-up is not checked"},
    {.name = "batch_bytes",
     .kind = SIEM_OPTION_BYTES,
     .value = "BYTES",
     .least = 1,
     .most = MOST_BYTES,
     .fallback = BODY_BYTES,
     .at = AT(remote.http.sink.pace.batch_bytes),
     .help = "bytes of a batch, after which it is sent"},
    {0},
};

/* The credential, or NULL without one. */
static siem_secret *secret_of(const elastic_sink *elastic) {
    return elastic->api_key != NULL ? elastic->api_key : elastic->password;
}

/* ---- writing ---- */

/* Of {"create":{"_id":"..."}} and its line end. */
static size_t action_size(const elastic_sink *elastic) {
    return strlen(elastic->head) + SIEM_DOCUMENT_ID_SIZE + sizeof ACTION_TAIL - 1;
}

static size_t body_size(const siem_sink *sink, size_t count, size_t bytes) {
    return bytes + count * action_size((const elastic_sink *)sink);
}

/* The key within an API key, which is id:key in base64: a server may repeat it as well. */
static void note_key(siem_request *request, const char *encoded) {
    char pair[1024];
    size_t size = strlen(encoded);
    if (size % 4 != 0 || size >= sizeof pair) return;
    int decoded = EVP_DecodeBlock((unsigned char *)pair, (const unsigned char *)encoded, (int)size);
    pair[decoded > 0 ? decoded : 0] = '\0';
    const char *colon = strchr(pair, ':');
    if (colon != NULL) siem_request_add_secret(request, colon + 1);
    OPENSSL_cleanse(pair, sizeof pair);
}

/* Basic (RFC 7617) or an API key. */
static siem_code add_authorization(const elastic_sink *elastic, siem_request *request,
                                   siem_error *err) {
    if (elastic->api_key != NULL) {
        note_key(request, siem_secret_text(elastic->api_key));
        siem_request_add_header(request, true, "Authorization: ApiKey %s",
                                siem_secret_text(elastic->api_key));
        return SIEM_OK;
    }
    if (elastic->user == NULL) return SIEM_OK;
    siem_buffer pair = {0}, encoded = {0};
    const char *password = siem_secret_text(elastic->password);
    (void)siem_buffer_reserve_secret(&pair, strlen(elastic->user) + strlen(password) + 1);
    siem_request_add_secret(request, password);
    siem_buffer_add(&pair, elastic->user, strlen(elastic->user));
    siem_buffer_add_char(&pair, ':');
    siem_buffer_add(&pair, password, strlen(password));
    bool room = siem_buffer_reserve(&encoded, 4 * (pair.size / 3 + 1) + 1) && !pair.failed;
    if (room) {
        (void)EVP_EncodeBlock((unsigned char *)encoded.bytes, (const unsigned char *)pair.bytes,
                              (int)pair.size);
        siem_request_add_header(request, true, "Authorization: Basic %s", encoded.bytes);
    }
    siem_buffer_free_secret(&pair);
    siem_buffer_free_secret(&encoded);
    return room ? SIEM_OK : siem_error_no_memory(err);
}

/* Adds the action of each record before its line. */
static siem_code add_actions(const elastic_sink *elastic, siem_document_ids *ids,
                             siem_parcel *parcel, siem_error *err) {
    siem_body *body = &parcel->body;
    size_t head_size = strlen(elastic->head);
    siem_body_reserve(body, parcel->count * action_size(elastic));
    for (size_t i = 0; i < parcel->count && !body->failed; i++) {
        siem_document_id id;
        size_t size;
        const char *document = siem_parcel_at(parcel, i, &size);
        const siem_item *item = &parcel->items[i];
        if (!siem_document_ids_make(ids, siem_batch_registry_id(item->batch, item->record),
                                    siem_batch_event_id(item->batch, item->record),
                                    siem_batch_part(item->batch, item->record), &id)) {
            return siem_error_no_memory(err);
        }
        siem_body_add_own(body, elastic->head, head_size);
        siem_body_add_own(body, id.text, SIEM_DOCUMENT_ID_SIZE);
        siem_body_add_own(body, ACTION_TAIL, sizeof ACTION_TAIL - 1);
        siem_body_add(body, document, size + 1);
    }
    return body->failed ? siem_error_no_memory(err) : SIEM_OK;
}

static siem_code frame(const siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    const elastic_sink *elastic = (const elastic_sink *)sink;
    siem_document_ids *ids = siem_document_ids_open(elastic->hash);
    siem_code rc = ids != NULL ? add_actions(elastic, ids, parcel, err) : siem_error_no_memory(err);
    siem_document_ids_close(ids);
    return rc;
}

static siem_code write_request(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                               siem_error *err) {
    const elastic_sink *elastic = (const elastic_sink *)sink;
    const siem_secret *secret = secret_of(elastic);
    parcel->credential = secret != NULL ? siem_secret_generation(secret) : 0;
    siem_request_set_url(request,
                         "%s%s?filter_path=errors,items.*.status,items.*.error,"
                         "items.*.failure_store",
                         elastic->url, elastic->bulk);
    siem_code rc = add_authorization(elastic, request, err);
    siem_request_add_header(request, false, "Content-Type: application/x-ndjson");
    siem_remote_expect_items(parcel, request);
    return rc;
}

/* ---- reading ---- */

/* A request that is refused as a whole: an answer without the target's own form of error is not
 * from the target. */
static void read_refusal(const elastic_sink *elastic, const siem_response *response,
                         const cJSON *body, siem_answer *answer) {
    if (strcmp(siem_elastic_error_type(body), "index_not_found_exception") == 0) {
        siem_answer_all(answer, SIEM_HOLD,
                        "HTTP %d: there is no data stream or index %s: create its template, or "
                        "correct namespace or index",
                        response->status, elastic->target);
    } else if ((response->status == 400 || response->status == 422) &&
               !siem_elastic_is_error(body)) {
        siem_answer_not_its_own(answer, response, "Elasticsearch or OpenSearch");
    }
}

static void read_response(siem_sink *sink, siem_parcel *parcel, const siem_response *response,
                          siem_answer *answer) {
    elastic_sink *elastic = (elastic_sink *)sink;
    siem_secret *secret = secret_of(elastic);
    siem_elastic_answer_http(answer, response);
    if (response->fault[0] != '\0') return;
    if (response->status == 401 && secret != NULL) siem_remote_renew(secret, parcel, answer);
    const siem_buffer *text = &response->body;
    if (response->status >= 200 && response->status < 300) {
        siem_elastic_read_items(text->bytes, text->size, answer);
    } else if (response->status >= 400) {
        cJSON *body = cJSON_ParseWithLength(text->bytes, text->size);
        read_refusal(elastic, response, body, answer);
        cJSON_Delete(body);
    }
}

/* ---- the set-up ---- */

static bool needs_look(siem_sink *sink) {
    return ((const elastic_sink *)sink)->setup.step != SIEM_ELASTIC_LOOKED;
}

static siem_code write_look(siem_sink *sink, siem_request *request, siem_error *err) {
    const elastic_sink *elastic = (const elastic_sink *)sink;
    siem_elastic_setup_write(&elastic->setup, request);
    return add_authorization(elastic, request, err);
}

static void read_look(siem_sink *sink, const siem_response *response, siem_answer *answer) {
    siem_elastic_setup_read(&((elastic_sink *)sink)->setup, response, answer);
}

/* ---- ping ---- */

static siem_code write_ping(siem_sink *sink, siem_request *request, siem_error *err) {
    const elastic_sink *elastic = (const elastic_sink *)sink;
    request->method = "GET";
    siem_request_set_url(request, "%s/", elastic->url);
    return add_authorization(elastic, request, err);
}

static void read_ping(siem_sink *sink, const siem_response *response, siem_answer *answer) {
    (void)sink;
    siem_elastic_answer_http(answer, response);
    if (response->fault[0] != '\0' || response->status != 200) return;
    cJSON *body = cJSON_ParseWithLength(response->body.bytes, response->body.size);
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(body, "version");
    if (cJSON_IsObject(version)) {
        siem_answer_all(answer, SIEM_DELIVERED, "%s %s, cluster %s",
                        siem_elastic_text(version, "distribution", "Elasticsearch"),
                        siem_elastic_text(version, "number", "?"),
                        siem_elastic_text(body, "cluster_name", "?"));
    } else {
        siem_answer_all(answer, SIEM_HOLD, "the server is not Elasticsearch: correct the URL");
    }
    cJSON_Delete(body);
}

/* ---- count ---- */

/* "Search API", by ids. An id can be in several backing indices of a data stream: as many hits. */
#define MOST_HITS  "10000"          /* index.max_result_window */
#define HITS_BYTES ((size_t)640000) /* that so many of {"_id":"..."} have, and two values each */

static siem_code write_count(siem_sink *sink, const siem_count *count, siem_request *request,
                             siem_error *err) {
    static const char head[] = "{\"size\":" MOST_HITS ",\"_source\":false,\"sort\":[\"_doc\"],"
                               "\"track_total_hits\":false,\"query\":{\"ids\":{\"values\":[";
    const elastic_sink *elastic = (const elastic_sink *)sink;
    siem_buffer *content = &request->content;
    siem_request_set_url(request,
                         "%s/%s/_search?filter_path=timed_out,_shards.failed,hits.hits._id",
                         elastic->url, elastic->target);
    siem_code rc = add_authorization(elastic, request, err);
    siem_document_ids *ids = rc == SIEM_OK ? siem_document_ids_open(elastic->hash) : NULL;
    bool made = ids != NULL;
    siem_request_add_header(request, false, "Content-Type: application/json");
    siem_buffer_add(content, head, sizeof head - 1);
    for (size_t i = 0; made && i < count->size; i++) {
        siem_document_id id;
        made = siem_document_ids_make(ids, count->registry_id, count->event_ids[i], 0, &id);
        if (i > 0) siem_buffer_add_char(content, ',');
        siem_buffer_add_char(content, '"');
        siem_buffer_add(content, id.text, SIEM_DOCUMENT_ID_SIZE);
        siem_buffer_add_char(content, '"');
    }
    siem_document_ids_close(ids);
    siem_buffer_add(content, "]}}}", 4);
    siem_request_use_content(request);
    request->answer_bytes += HITS_BYTES;
    return made || rc != SIEM_OK ? rc : siem_error_no_memory(err);
}

typedef struct counted_id {
    siem_document_id id;
    size_t event; /* its index among those that are asked for */
} counted_id;

static int compare_ids(const void *a, const void *b) {
    return strcmp(((const counted_id *)a)->id.text, ((const counted_id *)b)->id.text);
}

static int compare_with_id(const void *text, const void *counted) {
    return strcmp(text, ((const counted_id *)counted)->id.text);
}

/* Adds each hit to the count of its event. False without memory. */
static bool count_hits(const elastic_sink *elastic, const cJSON *hits, const siem_count *count) {
    size_t size = count->size;
    counted_id *wanted = calloc(size, sizeof *wanted);
    const cJSON *hit;
    siem_document_ids *ids = siem_document_ids_open(elastic->hash);
    bool made = wanted != NULL && ids != NULL;
    for (size_t i = 0; made && i < size; i++) {
        made =
            siem_document_ids_make(ids, count->registry_id, count->event_ids[i], 0, &wanted[i].id);
        wanted[i].event = i;
    }
    if (made) {
        qsort(wanted, size, sizeof *wanted, compare_ids);
        cJSON_ArrayForEach(hit, hits) {
            const counted_id *found = bsearch(siem_elastic_text(hit, "_id", ""), wanted, size,
                                              sizeof *wanted, compare_with_id);
            if (found != NULL) count->counts[found->event]++;
        }
    }
    siem_document_ids_close(ids);
    free(wanted);
    return made;
}

/* An answer without some shard counts nothing. */
static void read_count(siem_sink *sink, const siem_response *response, const siem_count *count,
                       siem_answer *answer) {
    siem_elastic_answer_http(answer, response);
    if (response->fault[0] != '\0' || response->status != 200) return;
    cJSON *body = cJSON_ParseWithLength(response->body.bytes, response->body.size);
    const cJSON *shards = cJSON_GetObjectItemCaseSensitive(body, "_shards");
    const cJSON *failed = cJSON_GetObjectItemCaseSensitive(shards, "failed");
    const cJSON *late = cJSON_GetObjectItemCaseSensitive(body, "timed_out");
    const cJSON *hits = cJSON_GetObjectItemCaseSensitive(body, "hits");
    if (!cJSON_IsNumber(failed) || !cJSON_IsBool(late)) {
        siem_answer_all(answer, SIEM_HOLD, "the answer is not that of _search: correct the URL");
    } else if (failed->valueint != 0 || cJSON_IsTrue(late)) {
        siem_answer_all(answer, SIEM_RETRY, "some shards did not answer");
    } else if (!count_hits((const elastic_sink *)sink,
                           cJSON_GetObjectItemCaseSensitive(hits, "hits"), count)) {
        siem_answer_all(answer, SIEM_RETRY, "not enough memory");
    }
    cJSON_Delete(body);
}

static const siem_protocol protocol = {.body_size = body_size,
                                       .frame = frame,
                                       .write = write_request,
                                       .read = read_response,
                                       .needs_prelude = needs_look,
                                       .write_prelude = write_look,
                                       .read_prelude = read_look,
                                       .write_ping = write_ping,
                                       .read_ping = read_ping,
                                       .write_count = write_count,
                                       .read_count = read_count};

/* ---- opening ---- */

static siem_code close_elastic(siem_sink *sink, siem_error *err) {
    elastic_sink *elastic = (elastic_sink *)sink;
    (void)err;
    siem_remote_close(&elastic->remote);
    siem_document_hash_close(elastic->hash);
    free(elastic->target);
    free(elastic->bulk);
    free(elastic->head);
    free(elastic);
    return SIEM_OK;
}

/* Which credentials are given: a key, or a user and a password. */
static siem_code check_credentials(const siem_options *given, siem_error *err) {
    static const char *const either[] = {"api_key", "user", "password", NULL};
    static const char *const both[] = {"user", "password", NULL};
    const char *user = siem_options_text(given, "user");
    if (siem_options_text(given, "api_key") != NULL && user != NULL) {
        return siem_error_of_options(err, SIEM_INVALID, either,
                                     "give either api_key, or user and password");
    }
    if ((user == NULL) != (siem_options_text(given, "password") == NULL)) {
        return siem_error_of_options(err, SIEM_INVALID, both, "user and password belong together");
    }
    if (user == NULL || strchr(user, ':') == NULL) return SIEM_OK;
    return siem_error_of_option(err, SIEM_INVALID, "user", "user: a name holds no ':' (RFC 7617)");
}

/* Lower case, and nothing that a URL or a pattern reads. */
static bool is_target(const char *text) {
    bool fits = strlen(text) < 256 && strchr("-_+.", text[0]) == NULL;
    for (const char *at = text; fits && *at != '\0'; at++) {
        fits = islower((unsigned char)*at) || isdigit((unsigned char)*at) ||
               strchr("-_.+", *at) != NULL;
    }
    return fits;
}

/* Three texts in one, or NULL without memory. */
static char *join(const char *first, const char *second, const char *third) {
    siem_buffer text = {0};
    siem_buffer_add(&text, first, strlen(first));
    siem_buffer_add(&text, second, strlen(second));
    siem_buffer_add(&text, third, strlen(third) + 1);
    if (!text.failed) return text.bytes;
    siem_buffer_free(&text);
    return NULL;
}

/* Names the index or data stream. */
static siem_code set_target(elastic_sink *elastic, const siem_options *given, siem_error *err) {
    static const char *const either[] = {"namespace", "index", NULL};
    static const char *const names[] = {"index", "namespace", NULL};
    if (elastic->index != NULL && siem_options_text(given, "namespace") != NULL) {
        return siem_error_of_options(err, SIEM_INVALID, either, "give either namespace or index");
    }
    if (strchr(elastic->namespace, '-') != NULL) {
        return siem_error_of_option(err, SIEM_INVALID, "namespace",
                                    "namespace holds no '-': it ends the name");
    }
    elastic->target = elastic->index != NULL
                          ? strdup(elastic->index)
                          : join("logs-oversight.beacon-", elastic->namespace, "");
    if (elastic->target == NULL) return siem_error_no_memory(err);
    if (is_target(elastic->target)) return SIEM_OK;
    return siem_error_of_options(err, SIEM_INVALID, names,
                                 "an index or namespace is made of a-z, 0-9 and - _ . and begins "
                                 "with a letter or digit");
}

/* Cuts the address of a node. Behind an index, _bulk would be that of another one than the options
 * name. */
static siem_code cut_node(char *url, siem_error *err) {
    bool is_bulk = strstr(url, "/_bulk") != NULL;
    siem_code rc = siem_remote_cut_base("url", url, "/_bulk", err);
    if (rc != SIEM_OK || !is_bulk || strchr(strstr(url, "://") + 3, '/') == NULL) return rc;
    return siem_error_of_options(err, SIEM_INVALID,
                                 (const char *const[]){"url", "namespace", "index", NULL},
                                 "url is that of a node: name the data stream by namespace or "
                                 "index");
}

/* Where documents are sent, and how an action begins. */
static siem_code set_path(elastic_sink *elastic, siem_error *err) {
    const char *path = elastic->bulk_path;
    if (path != NULL && (path[0] != '/' || strpbrk(path, "?#") != NULL)) {
        return siem_error_of_option(err, SIEM_INVALID, "bulk_path",
                                    "bulk_path is a path such as /_bulk");
    }
    siem_code rc = path != NULL ? siem_remote_check_word("bulk_path", path, err) : SIEM_OK;
    if (rc != SIEM_OK) return rc;
    elastic->bulk = path != NULL ? strdup(path) : join("/", elastic->target, "/_bulk");
    elastic->head = path != NULL
                        ? join("{\"create\":{\"_index\":\"", elastic->target, "\",\"_id\":\"")
                        : strdup("{\"create\":{\"_id\":\"");
    bool made = elastic->bulk != NULL && elastic->head != NULL;
    return made ? SIEM_OK : siem_error_no_memory(err);
}

static void set_setup(elastic_sink *elastic) {
    bool is_looked_at = !elastic->without_template && elastic->bulk_path == NULL;
    elastic->setup =
        (siem_elastic_setup){.url = elastic->url,
                             .target = elastic->target,
                             .any_kind = elastic->index != NULL,
                             .step = is_looked_at ? SIEM_ELASTIC_NAME : SIEM_ELASTIC_LOOKED};
}

static siem_code open_elastic(siem_sink **out, const siem_options *options, siem_error *err) {
    static const siem_remote_limits limits = {.body_bytes = BODY_BYTES, .takes_gzip = true};
    elastic_sink *elastic = calloc(1, sizeof *elastic);
    if (elastic == NULL) return siem_error_no_memory(err);
    elastic->remote.http.sink.kind = &siem_kind_elastic;
    elastic->remote.http.protocol = &protocol;
    siem_code rc = siem_remote_open(&elastic->remote, options, &limits, err);
    if (rc == SIEM_OK) rc = cut_node(elastic->url, err);
    if (rc == SIEM_OK) rc = check_credentials(options, err);
    if (rc == SIEM_OK) rc = siem_remote_open_secrets(&elastic->remote, options, err);
    if (rc == SIEM_OK) rc = set_target(elastic, options, err);
    if (rc == SIEM_OK) rc = set_path(elastic, err);
    if (rc == SIEM_OK) rc = siem_document_hash_open(&elastic->hash, err);
    if (rc == SIEM_OK) {
        set_setup(elastic);
        siem_remote_set_target(&elastic->remote, elastic->url);
    }
    if (rc == SIEM_OK) *out = &elastic->remote.http.sink;
    else (void)close_elastic(&elastic->remote.http.sink, NULL);
    return rc;
}

const siem_sink_kind siem_kind_elastic = {.name = "elastic",
                                          .summary = "Elasticsearch and OpenSearch, by _bulk",
                                          .format = "ecs",
                                          .options = options,
                                          .shared_options = siem_remote_options,
                                          .open = open_elastic,
                                          .accepts = SIEM_ACCEPTS_JSON,
                                          .can = SIEM_REJECTS | SIEM_STORES_ONCE | SIEM_COUNTS |
                                                 SIEM_PREVIEWS,
                                          .carrier = &siem_http_carrier,
                                          .close = close_elastic};

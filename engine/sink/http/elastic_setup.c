/* elastic_setup.c: checks that the data stream or index exists, or a template that makes it.
 *
 * "Resolve index API" and "Get index template API", which Elasticsearch has since 7.9 and
 * OpenSearch from the start. The first needs view_index_metadata, the second
 * manage_index_templates. */
#include "sink/http/elastic_setup.h"

#include "sink/http/elastic_items.h"

#include <string.h>

/* A data stream may have thousands of backing indices, a node as many templates. */
#define MOST_ANSWER ((size_t)1 << 20)

void siem_elastic_setup_write(const siem_elastic_setup *setup, siem_request *request) {
    request->method = "GET";
    request->answer_bytes = MOST_ANSWER;
    if (setup->step == SIEM_ELASTIC_NAME) {
        siem_request_set_url(request, "%s/_resolve/index/%s", setup->url, setup->target);
    } else {
        siem_request_set_url(request,
                             "%s/_index_template?filter_path=index_templates.name,"
                             "index_templates.index_template.index_patterns,"
                             "index_templates.index_template.priority,"
                             "index_templates.index_template.data_stream",
                             setup->url);
    }
}

/* ---- what has the name ---- */

/* An array of objects has one of that name. */
static bool has_name(const cJSON *body, const char *kind, const char *name) {
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(body, kind)) {
        if (strcmp(siem_elastic_text(one, "name", ""), name) == 0) return true;
    }
    return false;
}

static void read_name(siem_elastic_setup *setup, const cJSON *body, siem_answer *answer) {
    const char *name = setup->target;
    bool is_index = has_name(body, "indices", name), is_alias = has_name(body, "aliases", name);
    const char *kind = is_index ? "index" : "alias";
    setup->step = SIEM_ELASTIC_LOOKED;
    if (has_name(body, "data_streams", name)) {
        siem_answer_all(answer, SIEM_DELIVERED, "data stream %s", name);
    } else if ((is_index || is_alias) && setup->any_kind) {
        siem_answer_all(answer, SIEM_DELIVERED, "%s %s", kind, name);
    } else if (is_index || is_alias) {
        siem_answer_all(answer, SIEM_HOLD,
                        "%s is an %s, not a data stream, as a node makes it without the template: "
                        "delete it and create the template, or name it by index to use it as it is",
                        name, kind);
    } else {
        siem_answer_all(answer, SIEM_DELIVERED, "nothing is called %s", name);
        setup->step = SIEM_ELASTIC_TEMPLATES;
    }
}

/* ---- which template would be used ---- */

/* Whether a name matches a pattern, in which * is any characters. */
static bool matches(const char *pattern, const char *name) {
    const char *star = NULL, *from = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            from = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) { /* the last * is one more character */
            pattern = star + 1;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return *pattern == '\0';
}

static bool is_for(const cJSON *template, const char *name) {
    const cJSON *patterns = cJSON_GetObjectItemCaseSensitive(template, "index_patterns"), *pattern;
    if (cJSON_IsString(patterns)) return matches(patterns->valuestring, name);
    cJSON_ArrayForEach(pattern, patterns) {
        if (cJSON_IsString(pattern) && matches(pattern->valuestring, name)) return true;
    }
    return false;
}

static double priority_of(const cJSON *template) {
    const cJSON *priority = cJSON_GetObjectItemCaseSensitive(template, "priority");
    return cJSON_IsNumber(priority) ? priority->valuedouble : 0;
}

/* The template of the highest priority that is for the name, and its own name; or NULL. */
static const cJSON *find_template(const cJSON *body, const char *name, const char **called) {
    const cJSON *best = NULL, *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(body, "index_templates")) {
        const cJSON *template = cJSON_GetObjectItemCaseSensitive(one, "index_template");
        if (!is_for(template, name)) continue;
        if (best != NULL && priority_of(template) <= priority_of(best)) continue;
        best = template;
        *called = siem_elastic_text(one, "name", "?");
    }
    return best;
}

static void read_templates(siem_elastic_setup *setup, const cJSON *body, siem_answer *answer) {
    const char *called = "", *name = setup->target;
    const cJSON *template = find_template(body, name, &called);
    bool makes_stream = cJSON_HasObjectItem(template, "data_stream") != 0;
    setup->step = SIEM_ELASTIC_LOOKED;
    if (makes_stream || (template != NULL && setup->any_kind)) {
        siem_answer_all(answer, SIEM_DELIVERED, "template %s makes the %s %s", called,
                        makes_stream ? "data stream" : "index", name);
    } else if (template != NULL) {
        siem_answer_all(answer, SIEM_HOLD,
                        "template %s makes an index of %s, not a data stream: create the template "
                        "of examples/elastic/index-template.json with a higher priority",
                        called, name);
    } else if (setup->any_kind) {
        siem_answer_all(answer, SIEM_HOLD,
                        "there is no index %s, and no _index_template that makes one: create it "
                        "with its mappings, or give without_template, for those of a legacy "
                        "template or for guessed ones",
                        name);
    } else {
        siem_answer_all(answer, SIEM_HOLD,
                        "there is no data stream %s, and no template that makes one: curl -X PUT "
                        "%s/_index_template/oversight -H 'Content-Type: application/json' -d "
                        "@examples/elastic/index-template.json; or give without_template",
                        name, setup->url);
    }
}

/* ---- answers ---- */

/* The node did not come to look. */
static bool passes(const siem_answer *answer, const siem_response *response) {
    int status = response->status;
    return response->fault[0] != '\0' || status == 429 || (status >= 502 && status <= 504) ||
           (status < 300 && answer->outcomes[0].verdict == SIEM_RETRY);
}

/* False for a receiver that answers every request in the same way. */
static bool is_resolution(const cJSON *body) {
    return cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(body, "indices")) &&
           cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(body, "data_streams"));
}

static void read_body(siem_elastic_setup *setup, const cJSON *body, int status,
                      siem_answer *answer) {
    bool is_absent = setup->step == SIEM_ELASTIC_NAME && status == 404 &&
                     strcmp(siem_elastic_error_type(body), "index_not_found_exception") == 0;
    bool is_answer = status == 200 && cJSON_IsObject(body);
    if (setup->step == SIEM_ELASTIC_NAME) is_answer &= is_resolution(body);
    if (is_absent || (is_answer && setup->step == SIEM_ELASTIC_NAME)) {
        read_name(setup, is_absent ? NULL : body, answer);
    } else if (is_answer) {
        read_templates(setup, body, answer);
    } else {
        siem_answer_all(answer, SIEM_DELIVERED,
                        "whether %s is set up cannot be seen: HTTP %d to %s", setup->target, status,
                        setup->step == SIEM_ELASTIC_NAME ? "_resolve/index" : "_index_template");
        answer->remark = true;
        setup->step = SIEM_ELASTIC_LOOKED;
    }
    if (answer->outcomes[0].verdict == SIEM_HOLD) setup->step = SIEM_ELASTIC_NAME;
}

void siem_elastic_setup_read(siem_elastic_setup *setup, const siem_response *response,
                             siem_answer *answer) {
    siem_elastic_answer_http(answer, response);
    if (passes(answer, response)) return;
    cJSON *body = cJSON_ParseWithLength(response->body.bytes, response->body.size);
    read_body(setup, body, response->status, answer);
    cJSON_Delete(body);
}

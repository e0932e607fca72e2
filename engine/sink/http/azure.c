/* azure.c: Azure's Logs Ingestion API, for Microsoft Sentinel.
 *
 * "Logs Ingestion API in Azure Monitor": a JSON array a request (a bare object is answered 204 and
 * stored nowhere), 1 MB a call, 64 KB a field. Tokens: "OAuth 2.0 client credentials flow"; managed
 * identity: "How to use managed identities on an Azure VM to acquire an access token". */
#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"
#include "sink/http/remote.h"
#include "sink/kinds.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES    ((size_t)1048576)
#define FIELD_BYTES   ((size_t)65536)
#define LOGIN_URL     "https://login.microsoftonline.com"
#define IDENTITY_URL  "http://169.254.169.254"
#define SCOPE         "https%3A%2F%2Fmonitor.azure.com%2F.default"
#define RESOURCE      "https%3A%2F%2Fmonitor.azure.com"
#define RENEW_BEFORE  300.0 /* seconds before a token ends */
#define SHORTEST_LIFE 60.0
#define LONGEST_LIFE  86400.0

typedef struct azure_sink {
    siem_remote_sink remote;
    char *endpoint, *rule_id, *stream;
    char *tenant, *client_id, *login_url;
    siem_secret *client_secret;
    bool managed_identity;
    siem_secret *token;  /* NULL: none */
    double renew_at;     /* in seconds of siem_clock */
    unsigned generation; /* how many tokens there were */
} azure_sink;

static const siem_secret_form secret_form = {.word = true};

#define AT(member) offsetof(azure_sink, member)

static const siem_option_spec options[] = {
    {.name = "endpoint",
     .value = "URL",
     .required = true,
     .at = AT(endpoint),
     .help = "URL of the data collection endpoint or rule"},
    {.name = "rule_id",
     .value = "dcr-...",
     .required = true,
     .at = AT(rule_id),
     .help = "immutable id of the data collection rule"},
    {.name = "stream",
     .value = "NAME",
     .required = true,
     .at = AT(stream),
     .help = "stream of the rule: Custom-Oversight"},
    {.name = "tenant",
     .value = "ID",
     .at = AT(tenant),
     .help = "tenant (directory) of the application"},
    {.name = "client_id",
     .value = "ID",
     .at = AT(client_id),
     .help = "client id of the application, or of a user-assigned identity"},
    {.name = "client_secret",
     .kind = SIEM_OPTION_SECRET,
     .value = "SECRET",
     .form = &secret_form,
     .at = AT(client_secret),
     .help = "client secret of the application"},
    {.name = "managed_identity",
     .kind = SIEM_OPTION_FLAG,
     .at = AT(managed_identity),
     .help = "use the identity of this machine instead"},
    {.name = "login_url",
     .value = "URL",
     .at = AT(login_url),
     .help = "address that issues tokens (default: Azure's)"},
    {.name = "batch_bytes",
     .kind = SIEM_OPTION_BYTES,
     .value = "BYTES",
     .least = 1,
     .most = BODY_BYTES,
     .fallback = BODY_BYTES,
     .at = AT(remote.http.sink.pace.batch_bytes),
     .help = "bytes of a batch, after which it is sent"},
    {0},
};

/* ---- tokens ---- */

static bool needs_token(siem_sink *sink) {
    const azure_sink *azure = (const azure_sink *)sink;
    return azure->token == NULL || siem_clock() >= azure->renew_at;
}

static void forget_token(azure_sink *azure) {
    siem_secret_close(azure->token);
    azure->token = NULL;
}

/* Adds a value of a form (WHATWG URL, application/x-www-form-urlencoded). */
static void add_escaped(siem_buffer *form, const char *value) {
    static const char digits[] = "0123456789ABCDEF";
    for (const char *at = value; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (isalnum(c) || strchr("-._*", c) != NULL) {
            siem_buffer_add_char(form, *at);
        } else {
            char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
            siem_buffer_add(form, escape, 3);
        }
    }
}

/* The secret comes last, so that all before it can be shown. */
static void write_form(const azure_sink *azure, siem_request *request) {
    static const char head[] = "grant_type=client_credentials&scope=" SCOPE "&client_id=";
    siem_buffer *form = &request->content;
    const char *secret = siem_secret_text(azure->client_secret);
    /* Room for every character as an escape, so that growing leaves no copy of it. */
    (void)siem_buffer_reserve_secret(form, 512 + 3 * (strlen(secret) + strlen(azure->client_id)));
    siem_buffer_add(form, head, sizeof head - 1);
    add_escaped(form, azure->client_id);
    siem_buffer_add(form, "&client_secret=", 15);
    request->secret_body = true;
    request->secret_from = form->size;
    add_escaped(form, secret);
    siem_buffer_add_char(form, '\0');
    if (form->failed) return;
    siem_request_add_secret(request, secret);
    siem_request_add_secret(request, form->bytes + request->secret_from);
    form->size--; /* the NUL */
    siem_request_use_content(request);
}

static siem_code write_token(siem_sink *sink, siem_request *request, siem_error *err) {
    const azure_sink *azure = (const azure_sink *)sink;
    (void)err;
    if (azure->managed_identity) {
        request->method = "GET";
        request->direct = true; /* the address is of this machine: no proxy reaches it */
        siem_request_set_url(
            request, "%s/metadata/identity/oauth2/token?api-version=2018-02-01&resource=%s%s%s",
            azure->login_url, RESOURCE, azure->client_id != NULL ? "&client_id=" : "",
            azure->client_id != NULL ? azure->client_id : "");
        siem_request_add_header(request, false, "Metadata: true");
        return SIEM_OK;
    }
    siem_request_set_url(request, "%s/%s/oauth2/v2.0/token", azure->login_url, azure->tenant);
    siem_request_add_header(request, false, "Content-Type: application/x-www-form-urlencoded");
    write_form(azure, request);
    return SIEM_OK;
}

/* expires_in is a number, or as managed identities give it, a number as text. */
static double lifetime_of(const cJSON *body) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, "expires_in");
    double seconds = cJSON_IsString(item)   ? siem_number_read(item->valuestring, NULL)
                     : cJSON_IsNumber(item) ? item->valuedouble
                                            : 0;
    if (!(seconds > SHORTEST_LIFE)) return SHORTEST_LIFE; /* also what is not a number */
    return seconds < LONGEST_LIFE ? seconds : LONGEST_LIFE;
}

static void take_token(azure_sink *azure, const cJSON *body, siem_answer *answer) {
    siem_error err;
    const char *token =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "access_token"));
    if (token == NULL || *token == '\0' || strpbrk(token, "\r\n") != NULL) {
        siem_answer_all(answer, SIEM_RETRY, "the answer holds no access token");
        return;
    }
    double life = lifetime_of(body);
    forget_token(azure);
    azure->generation++;
    if (siem_secret_keep(&azure->token, "the access token", token, &err) != SIEM_OK) {
        siem_answer_all(answer, SIEM_RETRY, "%s", err.message);
        return;
    }
    azure->renew_at = siem_clock() + (life > 2 * RENEW_BEFORE ? life - RENEW_BEFORE : life / 2);
    siem_answer_all(answer, SIEM_DELIVERED, "a token for %d s", (int)life);
}

/* 400 and 401 of the login say that the credentials are wrong, in error_description. A secret that
 * is another one by now is tried at once. */
static void refuse_token(azure_sink *azure, const cJSON *body, siem_answer *answer) {
    siem_error err;
    const char *reason =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "error_description"));
    siem_answer_all(answer, SIEM_HOLD, "no token, HTTP %d: %.200s", answer->http_status,
                    reason != NULL ? reason : "correct tenant, client_id and client_secret");
    if (azure->client_secret == NULL) return;
    bool changed = false;
    if (siem_secret_reload(azure->client_secret, &changed, &err) != SIEM_OK) {
        siem_answer_add_reason(answer, err.message);
    } else if (changed) {
        answer->next = SIEM_RENEWED;
    }
}

static void read_token(siem_sink *sink, const siem_response *response, siem_answer *answer) {
    azure_sink *azure = (azure_sink *)sink;
    siem_answer_http(answer, response);
    if (response->fault[0] != '\0' || answer->outcomes[0].verdict == SIEM_RETRY) return;
    cJSON *body = cJSON_ParseWithLength(response->body.bytes, response->body.size);
    if (response->status == 200) take_token(azure, body, answer);
    else refuse_token(azure, body, answer);
    if (body != NULL) { /* cJSON's copy of the token */
        cJSON *token = cJSON_GetObjectItemCaseSensitive(body, "access_token");
        char *text = cJSON_GetStringValue(token);
        if (text != NULL) OPENSSL_cleanse(text, strlen(text));
    }
    OPENSSL_cleanse(response->body.bytes, response->body.size);
    cJSON_Delete(body);
}

/* ---- writing ---- */

static size_t body_size(const siem_sink *sink, size_t count, size_t bytes) {
    (void)sink;
    (void)count;
    return siem_frame_array_size(bytes);
}

static siem_code frame(const siem_sink *sink, siem_parcel *parcel, siem_error *err) {
    (void)sink;
    return siem_frame_array(parcel, err);
}

static siem_code write_request(siem_sink *sink, siem_parcel *parcel, siem_request *request,
                               siem_error *err) {
    const azure_sink *azure = (const azure_sink *)sink;
    (void)err;
    parcel->credential = azure->generation;
    siem_request_set_url(request, "%s/dataCollectionRules/%s/streams/%s?api-version=2023-01-01",
                         azure->endpoint, azure->rule_id, azure->stream);
    siem_request_add_header(request, true, "Authorization: Bearer %s",
                            azure->token != NULL ? siem_secret_text(azure->token) : "");
    siem_request_add_header(request, false, "Content-Type: application/json");
    return SIEM_OK;
}

/* A request that was not authorized is repeated with a new token. The token is fetched with the
 * secret read again, unless that has happened since the request was written. */
static void renew(azure_sink *azure, const siem_parcel *parcel, siem_answer *answer) {
    answer->next = SIEM_RENEWED;
    if (parcel->credential != azure->generation || azure->token == NULL) return;
    if (azure->client_secret != NULL) (void)siem_secret_reload(azure->client_secret, NULL, NULL);
    forget_token(azure);
}

/* What is wrong with a request as a whole: {"error": {"code": ...}}. */
static void read_refusal(const siem_response *response, siem_answer *answer) {
    char excerpt[200];
    cJSON *body = cJSON_ParseWithLength(response->body.bytes, response->body.size);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(body, "error");
    const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "code"));
    if (code == NULL) {
        siem_answer_not_its_own(answer, response, "Logs Ingestion");
    } else if (strcmp(code, "InvalidStream") == 0) {
        siem_answer_excerpt(response, excerpt);
        siem_answer_all(answer, SIEM_HOLD, "HTTP 400: correct the stream: %s", excerpt);
    }
    cJSON_Delete(body);
}

static void read_response(siem_sink *sink, siem_parcel *parcel, const siem_response *response,
                          siem_answer *answer) {
    azure_sink *azure = (azure_sink *)sink;
    siem_answer_http(answer, response);
    if (response->fault[0] != '\0') return;
    if (response->status == 401) renew(azure, parcel, answer);
    if (answer->next == SIEM_HALVE && response->status != 413) {
        read_refusal(response, answer);
    } else if (response->status == 403) {
        siem_answer_all(answer, SIEM_HOLD,
                        "HTTP 403: give the application the role Monitoring Metrics Publisher on "
                        "the rule; it takes up to 30 minutes to work");
    } else if (response->status != 204 && answer->outcomes[0].verdict == SIEM_DELIVERED) {
        siem_answer_all(answer, SIEM_RETRY,
                        "HTTP %d: the answer is not that of Logs Ingestion, which is 204",
                        response->status);
    }
}

static const siem_protocol protocol = {.body_size = body_size,
                                       .frame = frame,
                                       .write = write_request,
                                       .read = read_response,
                                       .needs_prelude = needs_token,
                                       .write_prelude = write_token,
                                       .read_prelude = read_token};

/* ---- opening ---- */

static siem_code close_azure(siem_sink *sink, siem_error *err) {
    azure_sink *azure = (azure_sink *)sink;
    (void)err;
    siem_remote_close(&azure->remote);
    forget_token(azure);
    free(azure);
    return SIEM_OK;
}

/* Checks what becomes part of a URL: letters, digits and - _ . only. */
static siem_code check_name(const char *name, const char *text, siem_error *err) {
    for (const char *at = text; text != NULL && *at != '\0'; at++) {
        if (isalnum((unsigned char)*at) || strchr("-_.", *at) != NULL) continue;
        return siem_error_of_option(err, SIEM_INVALID, name,
                                    "%s is made of letters, digits and - _ .", name);
    }
    return SIEM_OK;
}

static siem_code check_names(const azure_sink *azure, siem_error *err) {
    siem_code rc = check_name("rule_id", azure->rule_id, err);
    if (rc == SIEM_OK) rc = check_name("stream", azure->stream, err);
    if (rc == SIEM_OK) rc = check_name("tenant", azure->tenant, err);
    return rc == SIEM_OK ? check_name("client_id", azure->client_id, err) : rc;
}

static siem_code set_login(azure_sink *azure, siem_error *err) {
    if (azure->login_url == NULL) {
        azure->login_url = strdup(azure->managed_identity ? IDENTITY_URL : LOGIN_URL);
    }
    if (azure->login_url == NULL) return siem_error_no_memory(err);
    return siem_remote_cut_base("login_url", azure->login_url, NULL, err);
}

/* An application with its secret, or the identity of this machine. */
static siem_code check_credentials(const azure_sink *azure, bool has_secret, siem_error *err) {
    static const char *const needless[] = {"managed_identity", "tenant", "client_secret", NULL};
    static const char *const needed[] = {"tenant", "client_id", "client_secret", "managed_identity",
                                         NULL};
    bool all = azure->tenant != NULL && azure->client_id != NULL && has_secret;
    if (azure->managed_identity && (azure->tenant != NULL || has_secret)) {
        return siem_error_of_options(err, SIEM_INVALID, needless,
                                     "managed_identity needs neither tenant nor client_secret");
    }
    if (azure->managed_identity || all) return SIEM_OK;
    return siem_error_of_options(err, SIEM_INVALID, needed,
                                 "give tenant, client_id and client_secret, or managed_identity");
}

static siem_code open_azure(siem_sink **out, const siem_options *options, siem_error *err) {
    static const siem_remote_limits limits = {
        .body_bytes = BODY_BYTES, .field_bytes = FIELD_BYTES, .takes_gzip = true};
    azure_sink *azure = calloc(1, sizeof *azure);
    if (azure == NULL) return siem_error_no_memory(err);
    azure->remote.http.sink.kind = &siem_kind_azure;
    azure->remote.http.protocol = &protocol;
    siem_code rc = siem_remote_open(&azure->remote, options, &limits, err);
    if (rc == SIEM_OK) rc = siem_remote_cut_base("endpoint", azure->endpoint, NULL, err);
    if (rc == SIEM_OK) rc = check_names(azure, err);
    if (rc == SIEM_OK) rc = set_login(azure, err);
    if (rc == SIEM_OK) {
        bool has_secret = siem_options_text(options, "client_secret") != NULL;
        rc = check_credentials(azure, has_secret, err);
    }
    if (rc == SIEM_OK) rc = siem_remote_open_secrets(&azure->remote, options, err);
    if (rc == SIEM_OK) siem_remote_set_target(&azure->remote, azure->endpoint);
    if (rc == SIEM_OK) *out = &azure->remote.http.sink;
    else (void)close_azure(&azure->remote.http.sink, NULL);
    return rc;
}

/* A ping is the token alone: every request to the rule would store something. */
const siem_sink_kind siem_kind_azure = {.name = "azure",
                                        .summary = "Microsoft Sentinel by the Logs Ingestion API",
                                        .format = "sentinel",
                                        .options = options,
                                        .shared_options = siem_remote_options,
                                        .open = open_azure,
                                        .accepts = SIEM_ACCEPTS_JSON,
                                        .can = SIEM_REJECTS | SIEM_PREVIEWS,
                                        .carrier = &siem_http_carrier,
                                        .close = close_azure};

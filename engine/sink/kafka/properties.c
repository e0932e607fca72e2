/* properties.c: "NAME=VALUE", and what of it is a secret. */
#include "sink/kafka/properties.h"

#include "base/error.h"
#include "sink/http/exposure.h"
#include "sink/http/mask.h"

#include <stdlib.h>
#include <string.h>

static const siem_secret_form any_form = {.word = false};

/* Names of properties that hold a credential end so (librdkafka, CONFIGURATION.md). */
static const char *const secret_endings[] = {"password", "secret", "ssl.key.pem",
                                             "oauthbearer.config"};

static bool is_secret(const char *name) {
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof secret_endings / sizeof *secret_endings; i++) {
        size_t ending = strlen(secret_endings[i]);
        if (size >= ending && strcmp(name + size - ending, secret_endings[i]) == 0) return true;
    }
    return false;
}

/* Properties that have an option of their own, and those that would change what a delivery means.
 */
static const char *find_owner(const char *name) {
    static const char *const owners[][2] = {{"bootstrap.servers", "brokers"},
                                            {"metadata.broker.list", "brokers"},
                                            {"compression.codec", "compress"},
                                            {"compression.type", "compress"}};
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        if (strcmp(owners[i][0], name) == 0) return owners[i][1];
    }
    return NULL;
}

static siem_code open_secret(siem_kafka_property *property, siem_error *err) {
    siem_error failure;
    siem_code rc =
        siem_secret_open(&property->secret, property->name, &any_form, property->value, &failure);
    if (rc == SIEM_OK || rc == SIEM_NO_MEMORY) {
        return rc == SIEM_OK ? rc : siem_error_no_memory(err);
    }
    return siem_error_of_option(err, rc, "kafka", "kafka %s", failure.message);
}

static siem_code open_property(siem_kafka_property *property, const char *text, siem_error *err) {
    size_t size = strcspn(text, "=");
    if (size == 0 || text[size] == '\0') {
        return siem_error_of_option(err, SIEM_INVALID, "kafka",
                                    "kafka takes NAME=VALUE, a property of librdkafka");
    }
    property->name = strndup(text, size);
    property->value = strdup(text + size + 1);
    if (property->name == NULL || property->value == NULL) return siem_error_no_memory(err);
    const char *owner = find_owner(property->name);
    if (owner != NULL) {
        return siem_error_of_options(err, SIEM_INVALID, (const char *[]){"kafka", owner, NULL},
                                     "kafka %s: the option %s sets it", property->name, owner);
    }
    return is_secret(property->name) ? open_secret(property, err) : SIEM_OK;
}

siem_code siem_kafka_properties_open(siem_kafka_properties *out, const siem_texts *given,
                                     siem_error *err) {
    siem_code rc = SIEM_OK;
    out->list = calloc(given->count + 1, sizeof *out->list);
    if (out->list == NULL) return siem_error_no_memory(err);
    for (size_t i = 0; rc == SIEM_OK && i < given->count; i++) {
        rc = open_property(&out->list[out->count++], given->list[i], err);
    }
    return rc;
}

const char *siem_kafka_property_value(const siem_kafka_property *property) {
    return property->secret != NULL ? siem_secret_text(property->secret) : property->value;
}

const char *siem_kafka_property_exposed_file(const siem_kafka_property *property) {
    const char *path = property->secret != NULL ? siem_secret_file(property->value) : NULL;
    return path != NULL && siem_exposure_of(path) ? path : NULL;
}

bool siem_kafka_properties_renew(siem_kafka_properties *properties) {
    bool any = false;
    for (size_t i = 0; i < properties->count; i++) {
        bool changed = false;
        siem_secret *secret = properties->list[i].secret;
        if (secret != NULL) (void)siem_secret_reload(secret, &changed, NULL);
        any = any || changed;
    }
    return any;
}

void siem_kafka_properties_mask(const siem_kafka_properties *properties, char *text) {
    for (size_t i = 0; i < properties->count; i++) {
        const siem_secret *secret = properties->list[i].secret;
        if (secret != NULL) (void)siem_mask(siem_secret_text(secret), text, strlen(text));
    }
}

void siem_kafka_properties_close(siem_kafka_properties *properties) {
    for (size_t i = 0; i < properties->count; i++) {
        siem_kafka_property *property = &properties->list[i];
        siem_secret_close(property->secret);
        if (property->value != NULL) explicit_bzero(property->value, strlen(property->value));
        free(property->value);
        free(property->name);
    }
    free(properties->list);
    *properties = (siem_kafka_properties){0};
}

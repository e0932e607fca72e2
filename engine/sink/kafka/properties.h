/* properties.h: properties of librdkafka that an operator gives, and the secrets among them. */
#ifndef SIEM_KAFKA_PROPERTIES_H
#define SIEM_KAFKA_PROPERTIES_H

#include "base/secret.h"
#include "sink/options.h"

typedef struct siem_kafka_property {
    char *name, *value;
    siem_secret *secret; /* whose text is the value; NULL: it is none */
} siem_kafka_property;

/* All zero: there are none. */
typedef struct siem_kafka_properties {
    siem_kafka_property *list;
    size_t count;
} siem_kafka_properties;

/* Takes "NAME=VALUE" texts. The value of a password, a key or a client secret is one as
 * siem_secret_open has it. Errors: SIEM_INVALID for another text, or a property that an option of
 * the sink sets; those of siem_secret_open. */
siem_code siem_kafka_properties_open(siem_kafka_properties *out, const siem_texts *given,
                                     siem_error *err);

const char *siem_kafka_property_value(const siem_kafka_property *property);

/* The file of its secret, when other users can read or change it; or NULL. */
const char *siem_kafka_property_exposed_file(const siem_kafka_property *property);

/* Reads the secrets again. True when one of them is another one. What cannot be read stays. */
bool siem_kafka_properties_renew(siem_kafka_properties *properties);

/* Overwrites by "*" each place where a text holds a secret. */
void siem_kafka_properties_mask(const siem_kafka_properties *properties, char *text);

void siem_kafka_properties_close(siem_kafka_properties *properties);

#endif

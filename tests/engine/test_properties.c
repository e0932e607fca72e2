/* test_properties.c: properties of librdkafka, and the secrets among them. */
#include "sink/kafka/properties.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static siem_kafka_properties properties;

static siem_code open_texts(char **list, size_t count, siem_error *err) {
    const siem_texts given = {.list = list, .count = count};
    return siem_kafka_properties_open(&properties, &given, err);
}

static void write_secret(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_values(void **state) {
    (void)state;
    char *texts[] = {"client.id=a=b", "empty=", "sasl.username=file:/no/secret"};
    assert_ok(open_texts(texts, 3, &err));
    assert_int_equal(properties.count, 3);
    assert_string_equal(properties.list[0].name, "client.id");
    assert_string_equal(siem_kafka_property_value(&properties.list[0]), "a=b");
    assert_string_equal(siem_kafka_property_value(&properties.list[1]), "");
    assert_string_equal(siem_kafka_property_value(&properties.list[2]), "file:/no/secret");
    assert_null(siem_kafka_property_exposed_file(&properties.list[2]));
    assert_false(siem_kafka_properties_renew(&properties));
    siem_kafka_properties_close(&properties);
    assert_int_equal(properties.count, 0);
    assert_null(properties.list);
    siem_kafka_properties_close(&properties);
}

static void test_wrong(void **state) {
    (void)state;
    static const struct {
        char *text;
        const char *word, *option; /* beside kafka; NULL: none */
    } cases[] = {
        {"", "kafka takes NAME=VALUE", NULL},
        {"name", "kafka takes NAME=VALUE", NULL},
        {"=value", "kafka takes NAME=VALUE", NULL},
        {"bootstrap.servers=h", "the option brokers sets it", "brokers"},
        {"metadata.broker.list=h", "the option brokers sets it", "brokers"},
        {"compression.codec=lz4", "the option compress sets it", "compress"},
        {"compression.type=lz4", "the option compress sets it", "compress"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *texts[] = {cases[i].text};
        siem_error err = {0};
        assert_int_equal(open_texts(texts, 1, &err), SIEM_INVALID);
        test_has(err.message, cases[i].word);
        assert_string_equal(err.options[0], "kafka");
        if (cases[i].option != NULL) assert_string_equal(err.options[1], cases[i].option);
        siem_kafka_properties_close(&properties);
    }
}

/* The names of all that hold a credential. One is read when it is given, and named when that fails.
 */
static void test_secrets(void **state) {
    (void)state;
    static char *const texts[] = {"sasl.password=env:NO_SUCH_VARIABLE_HERE",
                                  "password=env:NO_SUCH_VARIABLE_HERE",
                                  "sasl.oauthbearer.client.secret=env:NO_SUCH_VARIABLE_HERE",
                                  "ssl.key.pem=env:NO_SUCH_VARIABLE_HERE",
                                  "sasl.oauthbearer.config=env:NO_SUCH_VARIABLE_HERE"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char name[64], *one[] = {texts[i]};
        siem_error err = {0};
        assert_int_equal(open_texts(one, 1, &err), SIEM_HELD);
        (void)snprintf(name, sizeof name, "kafka %.*s", (int)strcspn(texts[i], "="), texts[i]);
        test_has(err.message, name);
        assert_string_equal(err.options[0], "kafka");
        siem_kafka_properties_close(&properties);
    }
}

/* A secret in a file: its text is the value, is hidden, and is read again. */
static void test_renewed(void **state) {
    (void)state;
    const char *path = test_path("password");
    char text[200], shown[] = "login with t0ps3cret failed: t0ps3cret", plain[] = "client.id=x";
    write_secret(path, "t0ps3cret\n");
    (void)snprintf(text, sizeof text, "sasl.password=file:%s", path);
    char *texts[] = {plain, text, plain};
    siem_error err = {0};
    assert_int_equal(open_texts(texts, 3, &err), SIEM_OK);
    assert_string_equal(err.message, "");
    assert_string_equal(siem_kafka_property_value(&properties.list[1]), "t0ps3cret");
    siem_kafka_properties_mask(&properties, shown);
    assert_null(strstr(shown, "t0ps3cret"));
    test_has(shown, "login with *");
    assert_false(siem_kafka_properties_renew(&properties));
    write_secret(path, "an0ther0ne\n");
    assert_true(siem_kafka_properties_renew(&properties));
    assert_string_equal(siem_kafka_property_value(&properties.list[1]), "an0ther0ne");
    assert_int_equal(remove(path), 0);
    assert_false(siem_kafka_properties_renew(&properties)); /* the old one stays */
    assert_string_equal(siem_kafka_property_value(&properties.list[1]), "an0ther0ne");
    siem_kafka_properties_close(&properties);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

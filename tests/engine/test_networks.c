/* test_networks.c: which network an address is in: the narrowest one, in its own family. */
#include "enrich/networks.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

static uint32_t find(const siem_networks *networks, const char *text) {
    return siem_networks_find(networks, text, strlen(text));
}

static void test_find(void **state) {
    static const char *const added[] = {
        "10.0.0.0/8",    "10.1.0.0/16",        "10.1.2.3",    "128.0.0.0/1",
        "2001:db8::/32", "2001:db8:8000::/33", "2001:db8::1", "::ffff:192.0.2.0/120",
        "172.16.0.0/12", "172.16.0.1/32"};
    static const struct {
        const char *address;
        uint32_t id; /* its place among those, from 1 on; 0: in none */
    } cases[] = {
        {"10.0.0.0", 1},
        {"10.255.255.255", 1},
        {"10.1.255.255", 2},
        {"10.2.0.0", 1},
        {"10.1.2.3", 3},
        {"10.1.2.2", 2},
        {"9.255.255.255", 0},
        {"11.0.0.0", 0},
        {"127.255.255.255", 0},
        {"128.0.0.0", 4},
        {"255.255.255.255", 4},
        {"192.0.1.255", 4},
        {"192.0.2.0", 8},
        {"192.0.2.255", 8},
        {"172.16.0.1", 10},
        {"172.31.255.255", 9},
        {"::ffff:10.1.2.3", 3}, /* IPv4, written as IPv6 */
        {"::ffff:127.0.0.1", 0},
        {"::10.1.2.3", 0}, /* which this is not */
        {"2001:db8::", 5},
        {"2001:db8::1", 7},
        {"2001:db8:7fff::1", 5},
        {"2001:db8:8000::", 6},
        {"2001:db9::", 0},
        {"8000::", 0}, /* 128.0.0.0/1 is of the other family */
        {"", 0},
        {"10", 0},
        {"10.1.2.3 ", 0},
        {"10.1.2.3/32", 0},
        {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", 0},
    };
    siem_networks *networks;
    (void)state;
    assert_ok(siem_networks_open(&networks, &err));
    assert_int_equal(find(networks, "10.0.0.1"), 0);
    for (uint32_t i = 0; i < sizeof added / sizeof *added; i++) {
        assert_ok(siem_networks_add(networks, added[i], i + 1, &err));
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t id = find(networks, cases[i].address);
        if (id != cases[i].id) fail_msg("%s: %u", cases[i].address, id);
    }
    assert_int_equal(siem_networks_find(networks, "10.1.2.3\0.4", 10), 0);
    assert_int_equal(siem_networks_find(networks, "10.1.2.34", 8), 3);
    siem_networks_close(networks);
    siem_networks_close(NULL);
}

/* A network of no bits is its whole family. */
static void test_whole_family(void **state) {
    siem_networks *networks;
    (void)state;
    assert_ok(siem_networks_open(&networks, &err));
    assert_ok(siem_networks_add(networks, "0.0.0.0/0", 1, &err));
    assert_int_equal(find(networks, "1.2.3.4"), 1);
    assert_int_equal(find(networks, "::1"), 0);
    assert_ok(siem_networks_add(networks, "::/0", 2, &err));
    assert_int_equal(find(networks, "::1"), 2);
    siem_networks_close(networks);
    assert_ok(siem_networks_open(&networks, &err));
    assert_ok(siem_networks_add(networks, "::ffff:0.0.0.0/96", 3, &err));
    assert_int_equal(find(networks, "1.2.3.4"), 3);
    assert_int_equal(find(networks, "::1"), 0);
    siem_networks_close(networks);
    assert_ok(siem_networks_open(&networks, &err));
    assert_ok(siem_networks_add(networks, "0.0.0.0/1", 4, &err));
    assert_int_equal(find(networks, "1.2.3.4"), 4);
    assert_int_equal(find(networks, "::1"), 0);
    siem_networks_close(networks);
}

static void test_wrong(void **state) {
    static const struct {
        const char *network, *part;
    } wrong[] = {
        {"", "'' is not a network"},
        {"10.0.0.0/", "'10.0.0.0/' is not a network"},
        {"10.0.0.0/8x", "is not a network"},
        {"10.0.0.0/+8", "is not a network"},
        {"10.0.0.0/33", "is not a network"},
        {"10.0.0.0/4294967304", "is not a network"},
        {"10.0.0/8", "is not a network"},
        {"::/129", "is not a network"},
        {"::ffff:10.0.0.0/95", "is not a network"},
        {"::ffff:10.0.0.0/129", "is not a network"},
        {"10.0.0.1/31", "has bits set after its prefix"},
        {"10.0.0.0/6", "has bits set after its prefix"},
        {"2001:db8::1/127", "has bits set after its prefix"},
        {"192.0.2.0/24", "the network '192.0.2.0/24' comes twice"},
        {"::ffff:192.0.2.0/120", "comes twice"},
    };
    siem_networks *networks;
    (void)state;
    assert_ok(siem_networks_open(&networks, &err));
    assert_ok(siem_networks_add(networks, "192.0.2.0/24", 1, &err));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        siem_error err = {0};
        assert_int_equal(siem_networks_add(networks, wrong[i].network, 2, &err), SIEM_INVALID);
        if (strstr(err.message, wrong[i].part) == NULL) fail_msg("%s", err.message);
    }
    assert_int_equal(find(networks, "192.0.2.1"), 1);
    assert_int_equal(siem_networks_find(networks, "192.0.2.1\0x", 11), 0);
    siem_networks_close(networks);
}

/* More of them than fit in the memory that it begins with. */
static void test_many(void **state) {
    siem_networks *networks;
    char text[32];
    (void)state;
    assert_ok(siem_networks_open(&networks, &err));
    for (uint32_t i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "10.%u.%u.0/24", i / 256, i % 256);
        assert_ok(siem_networks_add(networks, text, i + 1, &err));
    }
    for (uint32_t i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "10.%u.%u.77", i / 256, i % 256);
        assert_int_equal(find(networks, text), i + 1);
    }
    siem_networks_close(networks);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find),
                                       cmocka_unit_test(test_whole_family),
                                       cmocka_unit_test(test_wrong), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* networks.c: a binary tree over the bits of addresses, one root a family. */
#include "enrich/networks.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Children are places in the list of nodes; 0 is none, as the roots are nobody's child. */
typedef struct node {
    uint32_t children[2];
    uint32_t id; /* of the network that ends here, or 0 */
} node;

struct siem_networks {
    node *nodes; /* the first two are the roots of IPv4 and IPv6 */
    uint32_t count, capacity;
};

typedef struct address {
    unsigned char bytes[16];
    unsigned bits; /* 32 or 128 */
} address;

/* IPv6 forms of IPv4 addresses (::ffff:192.0.2.1) are IPv4. */
static bool parse_address(address *out, const char *text, size_t size) {
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char copy[INET6_ADDRSTRLEN];
    if (size >= sizeof copy) return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (strlen(copy) != size) return false;
    out->bits = 32;
    if (inet_pton(AF_INET, copy, out->bytes) == 1) return true;
    if (inet_pton(AF_INET6, copy, out->bytes) != 1) return false;
    if (memcmp(out->bytes, mapped, sizeof mapped) == 0) {
        memmove(out->bytes, out->bytes + 12, 4);
    } else {
        out->bits = 128;
    }
    return true;
}

static unsigned bit_at(const address *a, unsigned bit) {
    return (unsigned)a->bytes[bit / 8] >> (7 - bit % 8) & 1U;
}

static uint32_t root_of(const address *a) {
    return a->bits == 32 ? 0 : 1;
}

/* Reads "address/prefix"; without a prefix, all bits. */
static bool parse_network(address *out, unsigned *prefix, const char *text) {
    const char *slash = strchr(text, '/');
    size_t size = slash != NULL ? (size_t)(slash - text) : strlen(text);
    char *end;
    if (!parse_address(out, text, size)) return false;
    *prefix = out->bits;
    if (slash == NULL) return true;
    if (slash[1] < '0' || slash[1] > '9') return false;
    unsigned long length = strtoul(slash + 1, &end, 10);
    bool was_mapped = out->bits == 32 && memchr(text, ':', size) != NULL;
    if (was_mapped) length = length >= 96 ? length - 96 : 129;
    *prefix = (unsigned)length;
    return *end == '\0' && length <= out->bits;
}

siem_code siem_networks_open(siem_networks **out, siem_error *err) {
    siem_networks *networks = calloc(1, sizeof *networks);
    *out = NULL;
    if (networks == NULL) return siem_error_no_memory(err);
    networks->capacity = 64;
    networks->count = 2;
    networks->nodes = calloc(networks->capacity, sizeof *networks->nodes);
    if (networks->nodes == NULL) {
        free(networks);
        return siem_error_no_memory(err);
    }
    *out = networks;
    return SIEM_OK;
}

/* The place of a new node, or 0 without memory. */
static uint32_t add_node(siem_networks *networks) {
    if (networks->count == networks->capacity) {
        uint32_t capacity = networks->capacity * 2;
        node *nodes = realloc(networks->nodes, capacity * sizeof *nodes);
        if (nodes == NULL) return 0;
        networks->nodes = nodes;
        networks->capacity = capacity;
    }
    networks->nodes[networks->count] = (node){0};
    return networks->count++;
}

siem_code siem_networks_add(siem_networks *networks, const char *text, uint32_t id,
                            siem_error *err) {
    address a;
    unsigned prefix;
    if (!parse_network(&a, &prefix, text)) {
        return siem_error_set(err, SIEM_INVALID, "'%s' is not a network, such as 192.0.2.0/24",
                              text);
    }
    for (unsigned bit = prefix; bit < a.bits; bit++) {
        if (bit_at(&a, bit) != 0) {
            return siem_error_set(err, SIEM_INVALID, "'%s' has bits set after its prefix", text);
        }
    }
    uint32_t at = root_of(&a);
    for (unsigned bit = 0; bit < prefix; bit++) {
        unsigned side = bit_at(&a, bit);
        if (networks->nodes[at].children[side] == 0) {
            uint32_t child = add_node(networks);
            if (child == 0) return siem_error_no_memory(err);
            networks->nodes[at].children[side] = child;
        }
        at = networks->nodes[at].children[side];
    }
    if (networks->nodes[at].id != 0) {
        return siem_error_set(err, SIEM_INVALID, "the network '%s' comes twice", text);
    }
    networks->nodes[at].id = id;
    return SIEM_OK;
}

uint32_t siem_networks_find(const siem_networks *networks, const char *text, size_t size) {
    address a;
    if (!parse_address(&a, text, size)) return 0;
    uint32_t at = root_of(&a), found = networks->nodes[at].id;
    for (unsigned bit = 0; bit < a.bits; bit++) {
        at = networks->nodes[at].children[bit_at(&a, bit)];
        if (at == 0) break;
        if (networks->nodes[at].id != 0) found = networks->nodes[at].id;
    }
    return found;
}

void siem_networks_close(siem_networks *networks) {
    if (networks == NULL) return;
    free(networks->nodes);
    free(networks);
}

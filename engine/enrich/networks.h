/* networks.h: IPv4 and IPv6 networks, and the longest one that holds an address. */
#ifndef SIEM_NETWORKS_H
#define SIEM_NETWORKS_H

#include <oversight/siem.h>

typedef struct siem_networks siem_networks;

siem_code siem_networks_open(siem_networks **out, siem_error *err);

/* Adds "192.0.2.0/24" (or a plain address) under an id of the caller's, 1 or more. Errors:
 * SIEM_INVALID for text that is not a network, has bits set after its prefix, or comes twice. */
siem_code siem_networks_add(siem_networks *networks, const char *text, uint32_t id,
                            siem_error *err);

/* The id of the longest network that holds the address; 0 when none does, or the text is not an
 * address. */
uint32_t siem_networks_find(const siem_networks *networks, const char *address, size_t size);

void siem_networks_close(siem_networks *networks);

#endif

/* metrics_clients.c: libmicrohttpd limits only the time in which a client does nothing: one that
 * sends a byte now and then would stay for ever. */
#include "program/metrics_clients.h"

#include "base/clock.h"
#include "program/microhttpd.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Of one network of IPv6 (/64), anyone can have any number of addresses. */
typedef struct peer {
    unsigned char prefix[8];
} peer;

typedef struct client {
    struct client *next;
    double since;
    int fd;
    bool ended; /* it was disconnected, and the daemon has not closed it yet */
    peer peer;
} client;

/* In the order of their coming, the latest one first. Only the daemon's thread knows them. */
static client *clients;

static peer peer_of(const struct sockaddr *address) {
    peer p = {{0}};
    if (address->sa_family == AF_INET) {
        memcpy(p.prefix, &((const struct sockaddr_in *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(p.prefix, &((const struct sockaddr_in6 *)address)->sin6_addr, sizeof p.prefix);
    }
    return p;
}

static void add(struct MHD_Connection *connection, void **state) {
    client *c = calloc(1, sizeof *c);
    int fd = siem_microhttpd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                 ->connect_fd;
    if (c == NULL) { /* nobody would measure its time */
        (void)shutdown(fd, SHUT_RDWR);
        return;
    }
    *c = (client){
        clients, siem_clock(), fd, false,
        peer_of(siem_microhttpd.get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
                    ->client_addr)};
    clients = *state = c;
}

static void remove_client(client *gone) {
    for (client **at = &clients; *at != NULL; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            break;
        }
    }
    free(gone);
}

void siem_metrics_clients_notify(void *context, struct MHD_Connection *connection, void **state,
                                 enum MHD_ConnectionNotificationCode code) {
    (void)context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        add(connection, state);
    } else {
        remove_client(*state);
        *state = NULL;
    }
}

/* The daemon sees the end of its stream, and closes it. */
static void disconnect(client *c) {
    (void)shutdown(c->fd, SHUT_RDWR);
    c->ended = true;
}

static size_t count_of(const peer *p) { /* NULL: of all */
    size_t count = 0;
    for (const client *c = clients; c != NULL; c = c->next) {
        bool fits = p == NULL || memcmp(c->peer.prefix, p->prefix, sizeof p->prefix) == 0;
        count += fits && !c->ended;
    }
    return count;
}

/* The first one that came of the peer that has the most. */
static client *most_dispensable(void) {
    client *found = NULL;
    size_t most = 0;
    for (client *c = clients; c != NULL; c = c->next) {
        size_t count = c->ended ? 0 : count_of(&c->peer);
        if (count > 0 && count >= most) { /* later in the list is earlier in time */
            most = count;
            found = c;
        }
    }
    return found;
}

int siem_metrics_clients_trim(void) {
    double now = siem_clock(), next = SIEM_CLIENT_SECONDS;
    for (client *c = clients; c != NULL; c = c->next) {
        double left = c->since + SIEM_CLIENT_SECONDS - now;
        if (!c->ended && left <= 0) disconnect(c);
        if (!c->ended && left < next) next = left;
    }
    for (size_t count = count_of(NULL); count > SIEM_CLIENTS; count--) {
        disconnect(most_dispensable());
    }
    return (int)ceil(next * 1e3);
}

/* metrics_clients.h: who is connected to the metrics server: a bounded number, each for a bounded
 * time.
 */
#ifndef SIEM_METRICS_CLIENTS_H
#define SIEM_METRICS_CLIENTS_H

#include <microhttpd.h>

#define SIEM_CLIENT_SECONDS 10 /* from its connecting to the end of its answer */
#define SIEM_CLIENTS        32

/* An MHD_NotifyConnectionCallback: records who comes and goes. */
void siem_metrics_clients_notify(void *context, struct MHD_Connection *connection, void **state,
                                 enum MHD_ConnectionNotificationCode code);

/* Disconnects those whose time is over, and while there are more than SIEM_CLIENTS, the one that
 * came first of the peer that has the most: no peer can keep another out. Returns the milliseconds
 * until the next one's time is over. Call it in the thread of the daemon. */
int siem_metrics_clients_trim(void);

#endif

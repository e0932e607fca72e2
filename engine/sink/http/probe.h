/* probe.h: requests outside of a delivery: whether a target is reachable and takes the credentials,
 * and how often it has events. */
#ifndef SIEM_PROBE_H
#define SIEM_PROBE_H

#include "sink/sink.h"

/* As siem_carrier has them, of a siem_remote_sink. */
siem_code siem_probe_ping(siem_sink *sink, char answer[200], siem_error *err);
siem_code siem_probe_count(siem_sink *sink, const siem_count *count, siem_error *err);

#endif

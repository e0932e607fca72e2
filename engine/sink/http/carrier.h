/* carrier.h: how parcels go over HTTP. */
#ifndef SIEM_CARRIER_H
#define SIEM_CARRIER_H

#include "sink/sink.h"

/* Of a siem_http_sink. */
extern const siem_carrier siem_http_carrier;

#endif

/* kinds.h: the kinds of sinks that siem_sink_open knows; one file each. */
#ifndef SIEM_KINDS_H
#define SIEM_KINDS_H

#include "sink/sink.h"

extern const siem_sink_kind siem_kind_http;
extern const siem_sink_kind siem_kind_splunk;
extern const siem_sink_kind siem_kind_elastic;
extern const siem_sink_kind siem_kind_sentinel;
extern const siem_sink_kind siem_kind_azure;
extern const siem_sink_kind siem_kind_kafka;

#endif

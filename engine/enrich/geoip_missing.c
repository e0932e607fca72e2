/* geoip_missing.c: a build without libmaxminddb. */
#include "enrich/geoip.h"

#include "base/error.h"
#include "base/feature.h"

siem_code siem_geoip_open(siem_geoip **out, const char *path, siem_error *err) {
    *out = NULL;
    (void)siem_feature_missing(err, "geoip");
    siem_error_prefix(err, "cannot open '%s'", path);
    return SIEM_INVALID;
}

/* Nobody has one. */
siem_code siem_geoip_find(siem_geoip *geoip, const char *address, siem_buffer *json,
                          siem_error *err) {
    (void)geoip, (void)address, (void)json;
    return siem_feature_missing(err, "geoip");
}

void siem_geoip_close(siem_geoip *geoip) {
    (void)geoip;
}

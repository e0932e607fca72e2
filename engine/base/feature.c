/* feature.c: the features there are; the build says which of them it has. */
#include "base/feature.h"

#include "base/error.h"

#include <ctype.h>
#include <string.h>

static const siem_feature features[] = {
    {"geoip", "libmaxminddb-dev", SIEM_HAS_GEOIP},
    {"gzip", "libdeflate-dev", SIEM_HAS_GZIP},
    {"kafka", "librdkafka-dev", SIEM_HAS_KAFKA},
    {"metrics", "libmicrohttpd-dev", SIEM_HAS_METRICS},
    {"zstd", "libzstd-dev", SIEM_HAS_ZSTD},
};

const siem_feature *siem_feature_at(size_t index) {
    return index < sizeof features / sizeof *features ? &features[index] : NULL;
}

siem_code siem_feature_missing(siem_error *err, const char *name) {
    const siem_feature *feature = features;
    char option[16] = "";
    while (strcmp(feature->name, name) != 0) feature++;
    for (size_t i = 0; name[i] != '\0'; i++) option[i] = (char)toupper((unsigned char)name[i]);
    return siem_error_set(err, SIEM_INVALID,
                          "this build omits the feature %s: install %s, and build it with "
                          "-DOVERSIGHT_%s=ON",
                          name, feature->package, option);
}

/* standing_missing.c: of a build without librdkafka. Nobody can be asked. */
#include "base/feature.h"
#include "topic/standing.h"

siem_code siem_standing_read(siem_partition **out, size_t *count, const siem_kafka_account *account,
                             const char *topic, siem_error *err) {
    (void)account, (void)topic;
    *out = NULL;
    *count = 0;
    return siem_feature_missing(err, "kafka");
}

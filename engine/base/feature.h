/* feature.h: features: what a build has from libraries that may be absent. */
#ifndef SIEM_FEATURE_H
#define SIEM_FEATURE_H

#include <oversight/siem.h>

/* The one message for a feature that this build omits: SIEM_INVALID, with the package that it is
 * built with. */
siem_code siem_feature_missing(siem_error *err, const char *name);

#endif

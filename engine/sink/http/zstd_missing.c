/* zstd_missing.c: a build without libzstd. */
#include "sink/http/compression.h"

const siem_compression siem_compression_zstd = {.name = "zstd", .most = 19};

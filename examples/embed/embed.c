/* embed.c: a C program that exports a registry through a format into a function of its own.
 * cc embed.c $(pkg-config --cflags --libs oversight-siem) && ./a.out REGISTRY FORMAT */
#include <errno.h>
#include <oversight/siem.h>
#include <stdio.h>
#include <string.h>

static siem_code print_batch(void *context, const siem_batch *batch, siem_outcome *outcomes,
                             siem_error *err) {
    size_t size;
    const char *lines = siem_batch_bytes(batch, &size);
    (void)context, (void)outcomes;
    if (fwrite(lines, 1, size, stdout) == size && fflush(stdout) == 0) return SIEM_OK;
    err->code = SIEM_IO;
    (void)snprintf(err->message, sizeof err->message, "cannot write records: %s", strerror(errno));
    return SIEM_IO;
}

static siem_code run(const char *path, const char *name, siem_error *err) {
    siem_registry_options source = {.path = path, .registry_id = "sample-registry"};
    siem_registry *registry = NULL;
    siem_format *format = NULL;
    siem_sink *sink = NULL;
    siem_export *job = NULL;
    siem_code rc = siem_registry_open(&registry, &source, err);
    if (rc == SIEM_OK) rc = siem_format_open(&format, name, NULL, 0, err);
    if (rc == SIEM_OK) rc = siem_sink_open_function(&sink, print_batch, NULL, NULL, err);
    if (rc == SIEM_OK) {
        siem_export_options options = {.mapping = siem_format_mapping(format), .sink = sink};
        rc = siem_export_open(&job, &options, err);
    }
    if (rc == SIEM_OK) rc = siem_export_run(job, registry, err);
    siem_export_close(job);
    siem_sink_close(sink, NULL);
    siem_format_close(format);
    siem_registry_close(registry);
    return rc;
}

int main(int count, char **arguments) {
    siem_error err = {0};
    if (count != 3) {
        fprintf(stderr, "usage: embed REGISTRY FORMAT\n");
        return 2;
    }
    if (run(arguments[1], arguments[2], &err) == SIEM_OK) return 0;
    fprintf(stderr, "embed: %s\n", err.message);
    return 1;
}

/* consume.c: what a topic of Kafka has, as records of a format on standard output; then how far the
 * group is. cc consume.c $(pkg-config --cflags --libs oversight-siem) && ./a.out BROKERS TOPIC
 * GROUP FORMAT */
#include <oversight/siem.h>
#include <stdio.h>

static siem_code export_topic(siem_source *source, const char *name, siem_error *err) {
    siem_format *format = NULL;
    siem_sink *sink = NULL;
    siem_export *job = NULL;
    siem_code rc = siem_format_open(&format, name, NULL, 0, err);
    if (rc == SIEM_OK) rc = siem_sink_open_stdout(&sink, err);
    if (rc == SIEM_OK) {
        siem_export_options options = {.mapping = siem_format_mapping(format), .sink = sink};
        rc = siem_export_open(&job, &options, err);
    }
    /* Up to the end; siem_export_consume continues with events that are added. */
    if (rc == SIEM_OK) rc = siem_export_drain(job, source, err);
    siem_export_close(job);
    siem_sink_close(sink, NULL);
    siem_format_close(format);
    return rc;
}

/* Offsets are committed by then: the next run continues after them. */
static siem_code print_partitions(siem_source *source, siem_error *err) {
    const siem_partition *partition;
    siem_code rc = siem_source_ask(source, err);
    for (size_t i = 0; (partition = siem_source_partition(source, i)) != NULL; i++) {
        fprintf(stderr, "partition %d: %lld message(s) left\n", (int)partition->number,
                (long long)partition->lag);
    }
    return rc;
}

static siem_code run(char **arguments, siem_error *err) {
    const siem_option options[] = {
        {"brokers", arguments[1]}, {"topic", arguments[2]}, {"group", arguments[3]}};
    siem_source *source = NULL;
    siem_code rc = siem_source_open(&source, "kafka", options, 3, err);
    if (rc == SIEM_OK) rc = export_topic(source, arguments[4], err);
    if (rc == SIEM_OK) rc = print_partitions(source, err);
    siem_source_close(source);
    return rc;
}

int main(int count, char **arguments) {
    siem_error err = {0};
    if (count != 5) {
        fprintf(stderr, "usage: consume BROKERS TOPIC GROUP FORMAT\n");
        return 2;
    }
    if (run(arguments, &err) == SIEM_OK) return 0;
    fprintf(stderr, "consume: %s\n", err.message);
    return 1;
}

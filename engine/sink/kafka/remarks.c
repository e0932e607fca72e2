/* remarks.c: a line that waits, and when lines of its kind were reported. */
#include "sink/kafka/remarks.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#define PAUSE 60.0 /* seconds between two lines of a facility */

void siem_kafka_remarks_open(siem_kafka_remarks *remarks) {
    *remarks = (siem_kafka_remarks){.count = 0};
    (void)pthread_mutex_init(&remarks->lock, NULL);
}

/* Notes that a facility is reported, unless it was within a minute. */
static bool is_due(siem_kafka_remarks *remarks, double now, const char *facility) {
    const size_t room = sizeof remarks->facilities[0].name;
    size_t known = remarks->count < SIEM_KAFKA_FACILITIES ? remarks->count : SIEM_KAFKA_FACILITIES;
    size_t i = 0;
    while (i < known && strncmp(remarks->facilities[i].name, facility, room - 1) != 0) i++;
    if (i < known && now - remarks->facilities[i].since < PAUSE) return false;
    if (i == known) i = remarks->count++ % SIEM_KAFKA_FACILITIES;
    (void)snprintf(remarks->facilities[i].name, room, "%s", facility);
    remarks->facilities[i].since = now;
    return true;
}

/* "[thrd:127.0.0.1:9092/1]: 127.0.0.1:9092/1: text": the thread says nothing more. */
static const char *skip_thread(const char *text) {
    const char *end = strncmp(text, "[thrd:", 6) == 0 ? strstr(text, "]: ") : NULL;
    return end != NULL ? end + 3 : text;
}

void siem_kafka_remarks_add(siem_kafka_remarks *remarks, double now, const char *facility,
                            const char *text) {
    (void)pthread_mutex_lock(&remarks->lock);
    if (remarks->text[0] == '\0' && is_due(remarks, now, facility)) {
        siem_utf8_line(remarks->text, sizeof remarks->text, skip_thread(text));
    }
    (void)pthread_mutex_unlock(&remarks->lock);
}

bool siem_kafka_remarks_take(siem_kafka_remarks *remarks, char text[SIEM_CAUSE_SIZE]) {
    (void)pthread_mutex_lock(&remarks->lock);
    memcpy(text, remarks->text, sizeof remarks->text);
    remarks->text[0] = '\0';
    (void)pthread_mutex_unlock(&remarks->lock);
    return text[0] != '\0';
}

void siem_kafka_remarks_close(siem_kafka_remarks *remarks) {
    (void)pthread_mutex_destroy(&remarks->lock);
}

/* compressors.c: a list of compressors that no thread uses, and a lock. */
#include "sink/http/compressors.h"

#include "base/error.h"

#include <pthread.h>
#include <stdlib.h>

/* A compressor, and room for a body as one piece, as libraries want it. */
typedef struct bench {
    siem_compressor *compressor;
    siem_buffer whole;
    struct bench *next;
} bench;

struct siem_compressors {
    const siem_compression *compression;
    int level;
    pthread_mutex_t lock;
    bench *idle; /* a list, of the lock */
};

static siem_code open_bench(bench **out, const siem_compressors *compressors, siem_error *err) {
    bench *opened = *out = calloc(1, sizeof *opened);
    if (opened == NULL) return siem_error_no_memory(err);
    siem_code rc = siem_compressor_open(&opened->compressor, compressors->compression,
                                        compressors->level, err);
    if (rc == SIEM_OK) return SIEM_OK;
    free(opened);
    return rc;
}

static siem_code take_bench(bench **out, siem_compressors *compressors, siem_error *err) {
    (void)pthread_mutex_lock(&compressors->lock);
    bench *taken = *out = compressors->idle;
    if (taken != NULL) compressors->idle = taken->next;
    (void)pthread_mutex_unlock(&compressors->lock);
    return taken != NULL ? SIEM_OK : open_bench(out, compressors, err);
}

static void give_bench(siem_compressors *compressors, bench *given) {
    (void)pthread_mutex_lock(&compressors->lock);
    given->next = compressors->idle;
    compressors->idle = given;
    (void)pthread_mutex_unlock(&compressors->lock);
}

siem_code siem_compressors_open(siem_compressors **out, const siem_compression *compression,
                                int level, siem_error *err) {
    bench *first;
    siem_compressors *compressors = *out = calloc(1, sizeof *compressors);
    if (compressors == NULL) return siem_error_no_memory(err);
    compressors->compression = compression;
    compressors->level = level;
    (void)pthread_mutex_init(&compressors->lock, NULL);
    siem_code rc = open_bench(&first, compressors, err);
    if (rc == SIEM_OK) {
        give_bench(compressors, first);
    } else {
        siem_compressors_close(compressors);
        *out = NULL;
    }
    return rc;
}

const char *siem_compressors_encoding(const siem_compressors *compressors) {
    return compressors->compression->name;
}

/* All pieces as one: where they are, if there is but one. */
static siem_piece join(bench *at, const siem_body *body) {
    siem_piece_reader reader = {body->pieces, body->pieces + body->count, 0};
    if (body->count == 1) return body->pieces[0];
    at->whole.size = 0; /* nothing is copied when it grows */
    if (at->whole.capacity < body->size && !siem_buffer_set_capacity(&at->whole, body->size)) {
        return (siem_piece){NULL, 0};
    }
    at->whole.size = siem_piece_read(&reader, at->whole.bytes, body->size);
    return (siem_piece){at->whole.bytes, at->whole.size};
}

siem_code siem_compressors_run(siem_compressors *compressors, siem_body *body, siem_error *err) {
    siem_buffer out = {0};
    bench *at;
    siem_code rc = take_bench(&at, compressors, err);
    if (rc != SIEM_OK) return rc;
    const siem_piece whole = join(at, body);
    rc = whole.bytes != NULL
             ? siem_compressor_run(at->compressor, &out, whole.bytes, whole.size, err)
             : siem_error_no_memory(err);
    give_bench(compressors, at);
    if (rc == SIEM_OK) {
        (void)siem_buffer_set_capacity(&out, out.size);
        siem_body_replace(body, &out, siem_compressors_encoding(compressors));
        if (body->failed) rc = siem_error_no_memory(err);
    }
    siem_buffer_free(&out);
    return rc;
}

void siem_compressors_rest(siem_compressors *compressors) {
    (void)pthread_mutex_lock(&compressors->lock);
    bench *at = compressors->idle;
    compressors->idle = NULL;
    (void)pthread_mutex_unlock(&compressors->lock);
    while (at != NULL) {
        bench *next = at->next;
        siem_compressor_close(at->compressor);
        siem_buffer_free(&at->whole);
        free(at);
        at = next;
    }
}

void siem_compressors_close(siem_compressors *compressors) {
    if (compressors == NULL) return;
    siem_compressors_rest(compressors);
    (void)pthread_mutex_destroy(&compressors->lock);
    free(compressors);
}

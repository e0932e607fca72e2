/* nearest.c: the distance of two names, in steps of a letter each. */
#include "base/nearest.h"

#include <stdbool.h>
#include <string.h>

/* A longer name is none that was mistyped. */
#define LONGEST 100

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t most(size_t a, size_t b) {
    return a < b ? b : a;
}

static char lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* How many letters to add, remove, change or swap to make one of the other. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size) {
    size_t rows[3][LONGEST + 1]; /* of the matrix: this one and the two before it */
    for (size_t j = 0; j <= b_size; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t cost = lower(a[i - 1]) != lower(b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + cost);
            bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

void siem_nearest_offer(siem_nearest *nearest, const char *known) {
    size_t size = strlen(nearest->name), known_size = strlen(known);
    if (size > LONGEST || known_size > LONGEST) return;
    size_t steps = distance(nearest->name, size, known, known_size);
    if (3 * steps > most(most(size, known_size), 3)) return;
    if (nearest->best != NULL && steps >= nearest->steps) return;
    nearest->best = known;
    nearest->steps = steps;
}

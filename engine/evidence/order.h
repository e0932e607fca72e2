/* order.h: finds the numbers of a growing sequence that are out of place. */
#ifndef SIEM_ORDER_H
#define SIEM_ORDER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct siem_order_item {
    int64_t number, id;
} siem_order_item;

/* All zero is one that saw none. */
typedef struct siem_order {
    siem_order_item before, last; /* the last two that are in their place, as far as is known */
    bool has_before, has_last;
} siem_order;

/* Adds the next number. True when a number is out of place: this one, or the one before, which came
 * too early. Of two exchanged numbers it finds both, or one when they are neighbours; the second
 * one that it finds is the number between them when there is only one. */
bool siem_order_see(siem_order *order, siem_order_item next, siem_order_item *misplaced);

#endif

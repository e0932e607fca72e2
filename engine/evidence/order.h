/* order.h: which numbers of a sequence are not in their place, where all of them should grow. */
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
    int count;                    /* how many of them there are, up to 2 */
} siem_order;

/* Sees the next number. True when one is out of its place: that one, or the one before it, which
 * came too early. Of two that were exchanged, both are found, or one when they are neighbours. */
bool siem_order_see(siem_order *order, siem_order_item next, siem_order_item *misplaced);

#endif

/* order.c: a number that is below the last one either came late, or the last one came early. */
#include "evidence/order.h"

bool siem_order_see(siem_order *order, siem_order_item next, siem_order_item *misplaced) {
    if (order->count == 0 || next.number > order->last.number) {
        order->before = order->last;
        order->last = next;
        if (order->count < 2) order->count++;
        return false;
    }
    bool last_came_early = order->count == 1 || next.number > order->before.number;
    *misplaced = last_came_early ? order->last : next;
    if (last_came_early) order->last = next;
    return true;
}

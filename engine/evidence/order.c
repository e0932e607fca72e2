/* order.c: a number that is below the last one either came late, or the last one came early. */
#include "evidence/order.h"

bool siem_order_see(siem_order *order, siem_order_item next, siem_order_item *misplaced) {
    if (!order->has_last || next.number > order->last.number) {
        order->before = order->last;
        order->has_before = order->has_last;
        order->last = next;
        order->has_last = true;
        return false;
    }
    bool last_came_early = !order->has_before || next.number > order->before.number;
    *misplaced = last_came_early ? order->last : next;
    if (last_came_early) order->last = next;
    return true;
}

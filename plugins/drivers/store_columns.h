/* store_columns.h - the columns of a search, in the order in which store_fill_dispatch() reads them. For store*.c only. */
#ifndef DRIVERS_STORE_COLUMNS_H
#define DRIVERS_STORE_COLUMNS_H
#include "store.h"

#define LIVE "IN ('ASSIGNED', 'AT_SHOP', 'PICKED_UP', 'ARRIVED')"
#define DISPATCH_COLUMNS                                                                                               \
    "p.order_id, p.vendor_id, p.customer_id, p.number, p.trip_m, p.cash_due, p.search, p.round, p.tries, "             \
    "p.vendor_name, p.vendor_address, p.customer_name, p.landmark, p.status, p.latitude, p.longitude, "                \
    "p.to_latitude, p.to_longitude"
#define DISPATCH_WIDTH 18

void store_fill_dispatch(const struct wk_rows *rows, size_t r, size_t at, struct dispatch_row *p);
const char *store_zone(struct wk_call *call);
#endif

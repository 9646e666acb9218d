/* quote.h - what an order costs: distance, delivery fee, tax, total. Pure arithmetic in minor units; the shown parts always sum to the total. */
#ifndef ORDERS_QUOTE_H
#define ORDERS_QUOTE_H
#include <wakala/money.h>

struct quote_rules { /* a tenant's settings */
    int64_t fee_base, fee_per_km, fee_included_m, fee_free_from, tax_ppm;
};
struct quote_line {
    int64_t price, quantity;
    int64_t amount, tax; /* filled */
};
struct quote {
    int64_t subtotal, delivery_fee, tax, total;
};

/* Great circle in metres, rounded to whole metres. */
int64_t geo_metres(double lat1, double lon1, double lat2, double lon2);
/* A place a person can be at: finite, in range, not 0,0. */
bool geo_is_valid(double latitude, double longitude);
/* Straight metres to metres by road: streets are about 1.3 times longer. */
int64_t geo_road(int64_t straight_m);
/* Base up to the included distance, then per started kilometre. */
int64_t quote_fee(const struct quote_rules *rules, int64_t road_m, int64_t subtotal);
/* Parts per million of an amount, rounded half up. */
int64_t quote_tax(int64_t amount, int64_t ppm);
/* Fills the lines' amounts and taxes and the sums. False: an amount is out of range. */
bool quote_make(const struct quote_rules *rules, struct quote_line *lines, size_t n, bool is_delivery, int64_t road_m, struct quote *out);
#endif

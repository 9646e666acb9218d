#include "quote.h"
#include <math.h>

bool geo_is_valid(double latitude, double longitude)
{
    return isfinite(latitude) && isfinite(longitude) && fabs(latitude) <= 90 && fabs(longitude) <= 180 &&
           !(fabs(latitude) < 1e-9 && fabs(longitude) < 1e-9); /* 0,0 is what broken phones send */
}

int64_t geo_metres(double lat1, double lon1, double lat2, double lon2)
{
    static const double radius = 6371008.8, rad = 3.14159265358979323846 / 180;
    double dlat = (lat2 - lat1) * rad / 2, dlon = (lon2 - lon1) * rad / 2;
    double h = sin(dlat) * sin(dlat) + cos(lat1 * rad) * cos(lat2 * rad) * sin(dlon) * sin(dlon);

    return (int64_t)llround(2 * radius * asin(sqrt(h > 1 ? 1 : h)));
}

int64_t geo_road(int64_t straight_m) { return (straight_m * 13 + 9) / 10; }

int64_t quote_fee(const struct quote_rules *rules, int64_t road_m, int64_t subtotal)
{
    int64_t beyond = road_m - rules->fee_included_m;

    if (rules->fee_free_from > 0 && subtotal >= rules->fee_free_from)
        return 0;
    return rules->fee_base + (beyond > 0 ? (beyond + 999) / 1000 * rules->fee_per_km : 0);
}

int64_t quote_tax(int64_t amount, int64_t ppm)
{
    return (int64_t)(((__int128)amount * ppm + 500000) / 1000000);
}

bool quote_make(const struct quote_rules *rules, struct quote_line *lines, size_t n, bool is_delivery, int64_t road_m, struct quote *out)
{
    *out = (struct quote){0};
    for (size_t i = 0; i < n; i++) {
        struct quote_line *l = &lines[i];

        if (l->price < 0 || l->price > WK_MONEY_MAX || l->quantity < 1 || l->quantity > 1000 ||
            !wk_money_mul(l->price, l->quantity, &l->amount))
            return false;
        l->tax = quote_tax(l->amount, rules->tax_ppm); /* rounded once per line: the sum of lines is the sum shown */
        if (!wk_money_add(out->subtotal, l->amount, &out->subtotal) || !wk_money_add(out->tax, l->tax, &out->tax))
            return false;
    }
    out->delivery_fee = is_delivery ? quote_fee(rules, road_m, out->subtotal) : 0;
    return wk_money_add(out->subtotal, out->delivery_fee, &out->total) && wk_money_add(out->total, out->tax, &out->total);
}

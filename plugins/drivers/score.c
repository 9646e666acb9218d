#include "score.h"
#include <math.h>
#include <stdlib.h>

static const double deg = 3.14159265358979323846 / 180, earth = 6371008.8;

static double clamp(double v) { return v < 0 ? 0 : v > 1 ? 1 : v; }

double part_distance(int64_t distance_m, int64_t radius_m)
{
    return radius_m > 0 ? clamp(1 - (double)distance_m / (double)radius_m) : 0;
}

double part_availability(int64_t active_jobs, int64_t max_jobs, int64_t idle_s)
{
    double jobs = max_jobs > 0 ? clamp((double)active_jobs / (double)max_jobs) : 1;

    return 0.6 * (1 - jobs) + 0.4 * clamp((double)idle_s / (30 * 60));
}

/* good of all, with ten more at the mean; the mean itself of `base` when nobody has a record yet. */
static double rate(int64_t good, int64_t all, double mean) { return ((double)good + 10 * mean) / ((double)all + 10); }
static double mean_of(int64_t good, int64_t all, double base) { return all > 0 ? clamp((double)good / (double)all) : base; }

double part_performance(const struct record *own, const struct record *tenant)
{
    double acceptance = rate(own->accepted, own->answered, mean_of(tenant->accepted, tenant->answered, 0.8));
    double completion = rate(own->completed, own->accepted, mean_of(tenant->completed, tenant->accepted, 0.9));
    double on_time = rate(own->on_time, own->completed, mean_of(tenant->on_time, tenant->completed, 0.9));
    double stars = (double)own->rating_sum / 5;
    double mean_stars = tenant->rating_count > 0 ? clamp((double)tenant->rating_sum / 5 / (double)tenant->rating_count) : 0.8;
    double rating = (stars + 10 * mean_stars) / ((double)own->rating_count + 10);

    return clamp((clamp(acceptance) + clamp(completion) + clamp(on_time) + clamp(rating)) / 4);
}

double part_cost(int64_t fee, int64_t fee_min, int64_t fee_max)
{
    return fee_max > fee_min ? clamp(1 - (double)(fee - fee_min) / (double)(fee_max - fee_min)) : 1;
}

static int by_score(const void *x, const void *y)
{
    const struct candidate *a = x, *b = y;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->distance_m != b->distance_m)
        return a->distance_m < b->distance_m ? -1 : 1;
    if (a->idle_s != b->idle_s)
        return a->idle_s > b->idle_s ? -1 : 1;
    return memcmp(&a->id, &b->id, sizeof a->id);
}

void score_all(struct candidate *list, size_t n, int64_t radius_m, const struct record *tenant, const struct weights *w)
{
    int64_t low = INT64_MAX, high = INT64_MIN;

    for (size_t i = 0; i < n; i++) {
        low = list[i].fee < low ? list[i].fee : low;
        high = list[i].fee > high ? list[i].fee : high;
    }
    for (size_t i = 0; i < n; i++) {
        struct candidate *c = &list[i];

        c->distance_part = part_distance(c->distance_m, radius_m);
        c->availability_part = part_availability(c->active_jobs, c->max_jobs, c->idle_s);
        c->performance_part = part_performance(&c->record, tenant);
        c->cost_part = part_cost(c->fee, low, high);
        c->score = ((double)w->distance * c->distance_part + (double)w->availability * c->availability_part +
                    (double)w->performance * c->performance_part + (double)w->cost * c->cost_part) / 100;
    }
    qsort(list, n, sizeof *list, by_score);
}

int64_t pay_of(const struct pay_rules *r, int64_t to_shop_m, int64_t trip_m)
{
    /* One rounding, half up: metres times the rate per kilometre. Both are bounded by the radius and the settings. */
    int64_t pay = r->base + (place_road(to_shop_m) * r->per_km_pickup + trip_m * r->per_km_trip + 500) / 1000;

    return pay < r->floor ? r->floor : pay;
}

int64_t place_metres(double lat1, double lon1, double lat2, double lon2)
{
    double a = sin((lat2 - lat1) * deg / 2), b = sin((lon2 - lon1) * deg / 2);
    double h = a * a + cos(lat1 * deg) * cos(lat2 * deg) * b * b;

    return (int64_t)llround(2 * earth * asin(sqrt(h > 1 ? 1 : h)));
}

int64_t place_road(int64_t straight_m) { return (straight_m * 13 + 9) / 10; }

bool place_is_valid(double latitude, double longitude)
{
    return isfinite(latitude) && isfinite(longitude) && fabs(latitude) <= 90 && fabs(longitude) <= 180 &&
           !(fabs(latitude) < 1e-9 && fabs(longitude) < 1e-9);
}

struct place_box place_box(double latitude, double longitude, int64_t radius_m)
{
    double up = (double)radius_m / earth / deg, narrow = cos((fabs(latitude) + up) * deg), side;
    struct place_box box = {latitude - up, latitude + up, -180, 180};

    if (fabs(latitude) + up >= 89)
        return box;
    side = up / narrow;
    if (longitude - side >= -180 && longitude + side <= 180) {
        box.west = longitude - side;
        box.east = longitude + side;
    }
    return box;
}

/* Drop currency letters, marks and spaces around the number; false when something else is there. */
static bool strip(const char *text, char *out, size_t size)
{
    size_t o = 0;
    bool is_over = false; /* letters came after the number: "3 or 4" is no amount */

    for (const char *p = text; *p; p++) {
        bool is_letter = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || *p == '$' || (unsigned char)*p >= 0x80;

        is_over = is_over || (is_letter && o);
        if (is_letter || *p == ' ' || *p == '\'' || *p == '\n')
            continue;
        if (is_over || o + 1 >= size || !((*p >= '0' && *p <= '9') || *p == '.' || *p == ','))
            return false;
        out[o++] = *p;
    }
    out[o] = '\0';
    return o > 0;
}

bool money_parse(const char *text, uint32_t exponent, int64_t *minor)
{
    char t[32], *mark;
    int64_t value = 0;
    size_t after = 0, decimals = 0;

    if (!text || !strip(text, t, sizeof t))
        return false;
    mark = strrchr(t, '.');
    if (!mark || (strrchr(t, ',') && strrchr(t, ',') > mark))
        mark = strrchr(t, ',');
    if (mark) {
        after = strlen(mark + 1);
        if (after >= 1 && after <= exponent && strchr(t, *mark) == mark)
            decimals = after; /* "18.50", "18,5" */
        else if (after != 3)
            return false; /* "1,20,5": not a group either */
    }
    for (const char *p = t; *p; p++) {
        if (p == mark && decimals)
            continue;
        if (*p == '.' || *p == ',') {
            if (p == t || strspn(p + 1, "0123456789") != 3)
                return false; /* a group has three digits */
            continue;
        }
        value = value * 10 + (*p - '0');
        if (value > WK_MONEY_MAX)
            return false;
    }
    for (size_t i = decimals; i < exponent; i++)
        if ((value *= 10) > WK_MONEY_MAX)
            return false;
    *minor = value;
    return value > 0;
}

/* score.h - who is asked first: distance 0.4, availability 0.3, performance 0.2, cost 0.1, each part between 0 and 1. Pure. */
#ifndef DRIVERS_SCORE_H
#define DRIVERS_SCORE_H
#include <wakala/money.h>

struct record { /* what a driver did, or all of a tenant's drivers together */
    int64_t answered, accepted, completed, on_time, rating_sum, rating_count;
};
struct candidate {
    struct wk_uuid id, user;
    const char *name;
    int64_t distance_m; /* straight */
    int64_t active_jobs, max_jobs, idle_s;
    struct record record;
    int64_t fee;
    /* filled by score_all */
    double distance_part, availability_part, performance_part, cost_part, score;
};
struct weights { /* percent */
    int64_t distance, availability, performance, cost;
};
struct pay_rules { /* minor units */
    int64_t base, per_km_pickup, per_km_trip, floor;
};

double part_distance(int64_t distance_m, int64_t radius_m);
double part_availability(int64_t active_jobs, int64_t max_jobs, int64_t idle_s);
/* The mean of four rates (acceptance, completion, on time, rating), each weighed with ten jobs at the tenant's mean: a new driver starts at
 * the mean and neither starves nor shines. */
double part_performance(const struct record *own, const struct record *tenant);
double part_cost(int64_t fee, int64_t fee_min, int64_t fee_max);
/* Fills parts and scores and sorts: score, then distance, then longest idle, then id. */
void score_all(struct candidate *list, size_t n, int64_t radius_m, const struct record *tenant, const struct weights *weights);
/* What a driver earns: base, kilometres to the shop and of the trip, by road. */
int64_t pay_of(const struct pay_rules *rules, int64_t to_shop_m, int64_t trip_m);
/* Great circle in metres; by road streets are about 1.3 times longer. */
int64_t place_metres(double lat1, double lon1, double lat2, double lon2);
int64_t place_road(int64_t straight_m);
bool place_is_valid(double latitude, double longitude);
struct place_box {
    double south, north, west, east;
};
/* A box that holds the circle. Near the poles and across 180 degrees it holds the whole band. */
struct place_box place_box(double latitude, double longitude, int64_t radius_m);

/* "150", "R150.50", "1,200", "1 200", "18,50" to minor units: 1 .. WK_MONEY_MAX. False: not an amount. */
bool money_parse(const char *text, uint32_t exponent, int64_t *minor);
#endif

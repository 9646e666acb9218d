/* store.h - rows of drivers, searches, offers, deliveries. The only file with this plugin's SQL. */
#ifndef DRIVERS_STORE_H
#define DRIVERS_STORE_H
#include <wakala/db.h>
#include <wakala/service/drivers.h>
#include <wakala/service/orders.h>
#include "score.h"

struct driver_row {
    struct wk_driver d;
    const char *status; /* pending approved blocked */
    int64_t cash_held, answered, accepted, completed, gave_back, earned_today;
    bool has_fresh_position;
};
struct dispatch_row {
    struct wk_uuid order, vendor, customer;
    int64_t number, trip_m, cash_due, search, round, tries;
    const char *vendor_name, *vendor_address, *customer_name, *landmark, *status;
    double latitude, longitude, to_latitude, to_longitude;
};
struct offer_row {
    struct wk_uuid id, order, driver;
    struct dispatch_row p;
    int64_t round, distance_m, fee;
    const char *status, *expires; /* "12:40" in the tenant's zone */
    bool is_open;  /* pending, of the current round, not expired by the database's clock */
    bool has_slot; /* the driver may take one more */
};
struct delivery_row {
    struct wk_delivery v;
    struct dispatch_row p;
    struct wk_driver d;
    int64_t cash_collected; /* -1: not yet */
    bool is_quiet; /* nothing was heard of the driver for the time asked about */
};
#define MIN_US INT64_C(60000000)

bool store_driver_of_user(struct wk_call *call, const struct wk_uuid *user, int64_t fresh_ms, struct driver_row *row, bool *found,
                          struct wk_err *err);
bool store_driver(struct wk_call *call, const struct wk_uuid *id, struct driver_row *row, bool *found, struct wk_err *err);
bool store_is_delivering(struct wk_call *call, const struct wk_uuid *user, bool *yes, struct wk_err *err);
/* Queued. Online with a position, or offline. */
bool store_online(struct wk_call *call, const struct wk_uuid *driver, bool online, double latitude, double longitude, struct wk_err *err);

bool store_dispatch(struct wk_call *call, const struct wk_uuid *order, struct dispatch_row *row, bool *found, struct wk_err *err);
/* Begin a search or begin it again; *begun false while one is open. search, round and tries are filled. */
bool store_search_begin(struct wk_call *call, struct dispatch_row *row, bool *begun, struct wk_err *err);
/* The round is over: only for the current one, when early only if no offer of it is pending. Its pending offers expire. */
bool store_round_end(struct wk_call *call, const struct wk_uuid *order, int64_t search, int64_t round, bool early, bool *ended,
                     struct wk_err *err);
bool store_search_state(struct wk_call *call, const struct wk_uuid *order, const char *status, int64_t tries, struct wk_err *err);
/* Nearest first, at most `max`. */
bool store_candidates(struct wk_call *call, const struct dispatch_row *p, int64_t radius_m, int64_t fresh_ms, int64_t cash_limit,
                      int64_t offers_max, size_t max, struct candidate **list, size_t *n, struct wk_err *err);
bool store_mean(struct wk_call *call, struct record *mean, struct wk_err *err);
/* Queued: the offers of a round, valid for ttl_ms of the database's clock. ids[i] belongs to list[i]. */
bool store_offers(struct wk_call *call, const struct dispatch_row *p, const struct candidate *list, const struct wk_uuid *ids, size_t n,
                  int64_t ttl_ms, struct wk_err *err);
bool store_exhausted_near(struct wk_call *call, double latitude, double longitude, int64_t radius_m, struct wk_uuid *orders, size_t max,
                          size_t *n, struct wk_err *err);

/* The offer if it is this person's. */
bool store_offer(struct wk_call *call, const struct wk_uuid *id, const struct wk_uuid *user, struct offer_row *row, bool *found,
                 struct wk_err *err);
/* After the order's own row: search, offer, driver slot, delivery, siblings, in one statement. *won false: one of them said no. */
bool store_accept(struct wk_call *call, const struct offer_row *offer, const struct wk_uuid *delivery, int64_t due_s, bool *won,
                  bool *is_full, struct wk_err *err);
bool store_decline(struct wk_call *call, const struct wk_uuid *offer, const struct wk_uuid *driver, bool *declined, struct wk_err *err);
/* Pending offers of a driver who has no slot left; the orders that lost one. */
bool store_withdraw_full(struct wk_call *call, const struct wk_uuid *driver, struct wk_rows **rows, struct wk_err *err);
/* The order needs no driver any more: search closed, pending offers withdrawn. Queued. */
bool store_close(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
/* The shop delivers itself: a driver row for its person, a delivery. */
bool store_self_delivery(struct wk_call *call, const struct wk_uuid *order, const struct wk_uuid *user, const char *name,
                         const struct wk_uuid *driver, const struct wk_uuid *delivery, int64_t due_s, bool *won, struct wk_err *err);

bool store_delivery(struct wk_call *call, const struct wk_uuid *id, int64_t quiet_ms, struct delivery_row *row, bool *found,
                    struct wk_err *err);
bool store_live_of_driver(struct wk_call *call, const struct wk_uuid *driver, struct delivery_row **rows, size_t *n, struct wk_err *err);
bool store_delivery_of_order(struct wk_call *call, const struct wk_uuid *order, struct delivery_row *row, bool *found, struct wk_err *err);
/* Compare-and-set on the status; *moved (may be NULL: then it must) tells. */
bool store_delivery_status(struct wk_call *call, const struct wk_uuid *id, const char *from, const char *to, bool *moved, struct wk_err *err);
/* The goods left the shop; the live delivery of the order, if it was not told so yet. */
bool store_picked_up(struct wk_call *call, const struct wk_uuid *order, struct wk_uuid *delivery, struct wk_uuid *user, bool *moved,
                     struct wk_err *err);
/* Queued: cash taken once; the driver holds it. */
bool store_cash(struct wk_call *call, const struct wk_uuid *delivery, int64_t amount, struct wk_err *err);
/* The live delivery of an order ends as DELIVERED or FAILED; the slot is free again. *ended false: there was none. */
bool store_delivery_end(struct wk_call *call, const struct wk_uuid *order, const char *status, const char *reason, bool given_back,
                        struct wk_uuid *user, bool *ended, struct wk_err *err);
#endif

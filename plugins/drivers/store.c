#include <wakala/json.h>
#include "store_columns.h"

/* Straight metres between a driver and ($1, $2). Only rows of the box get here. */
#define HAVERSINE                                                                                                      \
    "(2 * 6371008.8 * asin(sqrt(least(1.0::double precision, "                                                         \
    "power(sin(radians(d.latitude - $1::double precision) / 2), 2) + cos(radians($1::double precision)) "              \
    "* cos(radians(d.latitude)) * power(sin(radians(d.longitude - $2::double precision) / 2), 2)))))::bigint"

WK_SQL(driver_of_user,
       "SELECT d.id, d.user_id, d.online, d.name, d.vehicle, d.plate, d.active_jobs, d.max_jobs, d.status, d.cash_held, d.answered, "
       "d.accepted, d.completed, d.gave_back, COALESCE((SELECT sum(v.fee)::bigint FROM drivers_delivery v WHERE v.driver_id = d.id "
       "AND v.status = 'DELIVERED' AND v.assigned_at > (SELECT wakala.now()) - interval '24 hours'), 0), "
       "COALESCE(d.position_at > (SELECT wakala.now()) - $2::bigint * interval '1 millisecond', false) "
       "FROM drivers_driver d WHERE d.user_id = $1::uuid");
WK_SQL(driver_is_delivering, "SELECT 1 FROM drivers_driver WHERE user_id = $1::uuid AND active_jobs > 0");
WK_SQL(driver_by_id, "SELECT d.id, d.user_id, d.online, d.name, d.vehicle, d.plate, d.active_jobs, d.max_jobs, d.status, d.cash_held, "
                     "d.answered, d.accepted, d.completed, d.gave_back, 0, false FROM drivers_driver d WHERE d.id = $1::uuid");
WK_SQL(driver_online,
       "UPDATE drivers_driver SET online = true, latitude = $2::double precision, longitude = $3::double precision, "
       "position_at = wakala.now(), idle_since = CASE WHEN online THEN idle_since ELSE wakala.now() END "
       "WHERE id = $1::uuid AND status = 'approved'");
WK_SQL(driver_offline, "UPDATE drivers_driver SET online = false WHERE id = $1::uuid");
WK_SQL(dispatch_by_order, "SELECT " DISPATCH_COLUMNS " FROM drivers_dispatch p WHERE p.order_id = $1::uuid");
WK_SQL(dispatch_begin,
       "INSERT INTO drivers_dispatch AS p (order_id, number, vendor_id, vendor_name, vendor_address, customer_id, customer_name, "
       "latitude, longitude, to_latitude, to_longitude, landmark, trip_m, cash_due) VALUES ($1::uuid, $2::bigint, $3::uuid, $4::text, "
       "$5::text, $6::uuid, $7::text, $8::double precision, $9::double precision, $10::double precision, $11::double precision, "
       "$12::text, $13::bigint, $14::bigint) ON CONFLICT (tenant_id, order_id) DO UPDATE SET search = p.search + 1, "
       "round = p.round + 1, tries = 1, status = 'OPEN', cash_due = excluded.cash_due, updated_at = wakala.now() "
       "WHERE p.status <> 'OPEN' RETURNING p.search, p.round, p.tries");
WK_SQL(dispatch_round_end,
       "WITH p AS (UPDATE drivers_dispatch SET round = round + 1, tries = tries + 1, updated_at = wakala.now() "
       "WHERE order_id = $1::uuid AND search = $2::bigint AND round = $3::bigint AND status = 'OPEN' AND (NOT $4::boolean OR NOT EXISTS "
       "(SELECT FROM drivers_offer x WHERE x.order_id = $1::uuid AND x.round = $3::bigint AND x.status = 'PENDING')) "
       "RETURNING order_id), "
       "o AS (UPDATE drivers_offer t SET status = 'EXPIRED' FROM p WHERE t.order_id = p.order_id AND t.status = 'PENDING') "
       "SELECT order_id FROM p");
WK_SQL(dispatch_state, "UPDATE drivers_dispatch SET status = $2::text, tries = $3::bigint, updated_at = wakala.now() "
                       "WHERE order_id = $1::uuid AND status = 'OPEN'");
/* The box first (index), then the circle, then the nearest; only those few are asked about their offers. */
WK_SQL(dispatch_candidates,
       "WITH clock AS (SELECT wakala.now() AS now), near AS MATERIALIZED (SELECT d.id, d.user_id, d.name, " HAVERSINE " AS distance, "
       "d.active_jobs, d.max_jobs, extract(epoch FROM clock.now - d.idle_since)::bigint AS idle, d.answered, d.accepted, d.completed, "
       "d.on_time, d.rating_sum, d.rating_count, clock.now FROM drivers_driver d, clock WHERE d.online AND d.status = 'approved' "
       "AND d.latitude >= $3::double precision AND d.latitude <= $4::double precision AND d.longitude >= $5::double precision "
       "AND d.longitude <= $6::double precision AND d.position_at > clock.now - $7::bigint * interval '1 millisecond' "
       "AND d.active_jobs < d.max_jobs AND ($8::bigint = 0 OR d.cash_held + $8::bigint <= $9::bigint) "
       "AND " HAVERSINE " <= $10::bigint AND NOT EXISTS (SELECT FROM drivers_offer o WHERE o.order_id = $11::uuid "
       "AND o.driver_id = d.id AND (o.search = $12::bigint OR o.status = 'GIVEN_BACK')) ORDER BY distance, d.id LIMIT $13::bigint) "
       "SELECT n.id, n.user_id, n.name, n.distance, n.active_jobs, n.max_jobs, n.idle, n.answered, n.accepted, n.completed, n.on_time, "
       "n.rating_sum, n.rating_count FROM near n WHERE (SELECT count(*) FROM drivers_offer o WHERE o.driver_id = n.id "
       "AND o.status = 'PENDING' AND o.expires_at > n.now) < $14::bigint");
WK_SQL(dispatch_mean, "SELECT answered, accepted, completed, on_time, rating_sum, rating_count FROM drivers_mean "
                      "WHERE name = 'all' AND made_at > (SELECT wakala.now()) - interval '1 hour'");
WK_SQL(dispatch_mean_make,
       "INSERT INTO drivers_mean (name, answered, accepted, completed, on_time, rating_sum, rating_count) "
       "SELECT 'all', COALESCE(sum(answered), 0)::bigint, COALESCE(sum(accepted), 0)::bigint, COALESCE(sum(completed), 0)::bigint, "
       "COALESCE(sum(on_time), 0)::bigint, COALESCE(sum(rating_sum), 0)::bigint, COALESCE(sum(rating_count), 0)::bigint "
       "FROM drivers_driver ON CONFLICT (tenant_id, name) DO UPDATE SET answered = excluded.answered, accepted = excluded.accepted, "
       "completed = excluded.completed, on_time = excluded.on_time, rating_sum = excluded.rating_sum, "
       "rating_count = excluded.rating_count, made_at = wakala.now() "
       "RETURNING answered, accepted, completed, on_time, rating_sum, rating_count");
WK_SQL(dispatch_offers,
       "INSERT INTO drivers_offer (id, order_id, driver_id, search, round, distance_m, distance_part, availability_part, "
       "performance_part, cost_part, score, fee, expires_at) SELECT t.id, $1::uuid, t.driver, $2::bigint, $3::bigint, t.distance, "
       "t.p_distance, t.p_availability, t.p_performance, t.p_cost, t.score, t.fee, wakala.now() + $4::bigint * interval '1 millisecond' "
       "FROM jsonb_to_recordset($5::jsonb) AS t(id uuid, driver uuid, distance bigint, p_distance double precision, "
       "p_availability double precision, p_performance double precision, p_cost double precision, score double precision, fee bigint)");
WK_SQL(dispatch_exhausted_near,
       "SELECT order_id FROM drivers_dispatch WHERE status = 'EXHAUSTED' AND latitude >= $1::double precision "
       "AND latitude <= $2::double precision AND longitude >= $3::double precision AND longitude <= $4::double precision LIMIT $5::bigint");

void store_fill_dispatch(const struct wk_rows *rows, size_t r, size_t at, struct dispatch_row *p)
{
    memset(p, 0, sizeof *p);
    p->order = wk_rows_id(rows, r, at);
    p->vendor = wk_rows_id(rows, r, at + 1);
    p->customer = wk_rows_id(rows, r, at + 2);
    p->number = wk_rows_int(rows, r, at + 3);
    p->trip_m = wk_rows_int(rows, r, at + 4);
    p->cash_due = wk_rows_int(rows, r, at + 5);
    p->search = wk_rows_int(rows, r, at + 6);
    p->round = wk_rows_int(rows, r, at + 7);
    p->tries = wk_rows_int(rows, r, at + 8);
    p->vendor_name = wk_rows_text(rows, r, at + 9);
    p->vendor_address = wk_rows_text(rows, r, at + 10);
    p->customer_name = wk_rows_text(rows, r, at + 11);
    p->landmark = wk_rows_text(rows, r, at + 12);
    p->status = wk_rows_text(rows, r, at + 13);
    p->latitude = wk_rows_double(rows, r, at + 14);
    p->longitude = wk_rows_double(rows, r, at + 15);
    p->to_latitude = wk_rows_double(rows, r, at + 16);
    p->to_longitude = wk_rows_double(rows, r, at + 17);
}

const char *store_zone(struct wk_call *call)
{
    const struct wk_tenant *t = wk_tenant(call);

    return t && t->timezone && *t->timezone ? t->timezone : "UTC";
}

static void fill_driver(const struct wk_rows *rows, struct driver_row *row)
{
    *row = (struct driver_row){
        .d = {.size = sizeof row->d, .id = wk_rows_id(rows, 0, 0), .user = wk_rows_id(rows, 0, 1), .is_online = wk_rows_bool(rows, 0, 2),
              .name = wk_rows_text(rows, 0, 3), .vehicle = wk_rows_text(rows, 0, 4), .plate = wk_rows_text(rows, 0, 5),
              .active_jobs = (uint32_t)wk_rows_int(rows, 0, 6), .max_jobs = (uint32_t)wk_rows_int(rows, 0, 7)},
        .status = wk_rows_text(rows, 0, 8),
        .cash_held = wk_rows_int(rows, 0, 9),
        .answered = wk_rows_int(rows, 0, 10),
        .accepted = wk_rows_int(rows, 0, 11),
        .completed = wk_rows_int(rows, 0, 12),
        .gave_back = wk_rows_int(rows, 0, 13),
        .earned_today = wk_rows_int(rows, 0, 14),
        .has_fresh_position = wk_rows_bool(rows, 0, 15),
    };
}

bool store_driver_of_user(struct wk_call *call, const struct wk_uuid *user, int64_t fresh_ms, struct driver_row *row, bool *found,
                          struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &driver_of_user, WK_ARGS(wk_id(user), wk_int(fresh_ms)), &rows, err))
        return false;
    *found = wk_rows_count(rows) == 1;
    if (*found)
        fill_driver(rows, row);
    return true;
}

bool store_is_delivering(struct wk_call *call, const struct wk_uuid *user, bool *yes, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &driver_is_delivering, WK_ARGS(wk_id(user)), &rows, err))
        return false;
    *yes = wk_rows_count(rows) > 0;
    return true;
}

bool store_driver(struct wk_call *call, const struct wk_uuid *id, struct driver_row *row, bool *found, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &driver_by_id, WK_ARGS(wk_id(id)), &rows, err))
        return false;
    *found = wk_rows_count(rows) == 1;
    if (*found)
        fill_driver(rows, row);
    return true;
}

bool store_online(struct wk_call *call, const struct wk_uuid *driver, bool online, double latitude, double longitude, struct wk_err *err)
{
    return online ? wk_db_queue(call, &driver_online, WK_ARGS(wk_id(driver), wk_double(latitude), wk_double(longitude)), 1,
                                "driver.not_approved", err)
                  : wk_db_queue(call, &driver_offline, WK_ARGS(wk_id(driver)), 1, "driver.not_found", err);
}

bool store_dispatch(struct wk_call *call, const struct wk_uuid *order, struct dispatch_row *row, bool *found, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &dispatch_by_order, WK_ARGS(wk_id(order)), &rows, err))
        return false;
    *found = wk_rows_count(rows) == 1;
    if (*found)
        store_fill_dispatch(rows, 0, 0, row);
    return true;
}

bool store_search_begin(struct wk_call *call, struct dispatch_row *p, bool *begun, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &dispatch_begin,
                     WK_ARGS(wk_id(&p->order), wk_int(p->number), wk_id(&p->vendor), wk_text(p->vendor_name), wk_text(p->vendor_address),
                             wk_id(&p->customer), wk_text(p->customer_name), wk_double(p->latitude), wk_double(p->longitude),
                             wk_double(p->to_latitude), wk_double(p->to_longitude), wk_text(p->landmark), wk_int(p->trip_m),
                             wk_int(p->cash_due)),
                     &rows, err))
        return false;
    *begun = wk_rows_count(rows) == 1;
    if (*begun) {
        p->search = wk_rows_int(rows, 0, 0);
        p->round = wk_rows_int(rows, 0, 1);
        p->tries = wk_rows_int(rows, 0, 2);
        p->status = "OPEN";
    }
    return true;
}

bool store_round_end(struct wk_call *call, const struct wk_uuid *order, int64_t search, int64_t round, bool early, bool *ended,
                     struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &dispatch_round_end, WK_ARGS(wk_id(order), wk_int(search), wk_int(round), wk_bool(early)), &rows, err))
        return false;
    *ended = wk_rows_count(rows) == 1;
    return true;
}

bool store_search_state(struct wk_call *call, const struct wk_uuid *order, const char *status, int64_t tries, struct wk_err *err)
{
    return wk_db_queue(call, &dispatch_state, WK_ARGS(wk_id(order), wk_text(status), wk_int(tries)), 1, "db.conflict", err);
}

bool store_candidates(struct wk_call *call, const struct dispatch_row *p, int64_t radius_m, int64_t fresh_ms, int64_t cash_limit,
                      int64_t offers_max, size_t max, struct candidate **list, size_t *n, struct wk_err *err)
{
    struct place_box box = place_box(p->latitude, p->longitude, radius_m);
    struct wk_rows *rows;

    if (!wk_db_read(call, &dispatch_candidates,
                    WK_ARGS(wk_double(p->latitude), wk_double(p->longitude), wk_double(box.south), wk_double(box.north),
                            wk_double(box.west), wk_double(box.east), wk_int(fresh_ms), wk_int(p->cash_due), wk_int(cash_limit),
                            wk_int(radius_m), wk_id(&p->order), wk_int(p->search), wk_int((int64_t)max), wk_int(offers_max)),
                    &rows, err))
        return false;
    *n = wk_rows_count(rows);
    *list = wk_alloc(call, (*n + 1) * sizeof **list);
    if (!*list)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "candidates");
    for (size_t i = 0; i < *n; i++)
        (*list)[i] = (struct candidate){
            .id = wk_rows_id(rows, i, 0), .user = wk_rows_id(rows, i, 1), .name = wk_rows_text(rows, i, 2),
            .distance_m = wk_rows_int(rows, i, 3), .active_jobs = wk_rows_int(rows, i, 4), .max_jobs = wk_rows_int(rows, i, 5),
            .idle_s = wk_rows_int(rows, i, 4) ? 0 : wk_rows_int(rows, i, 6),
            .record = {wk_rows_int(rows, i, 7), wk_rows_int(rows, i, 8), wk_rows_int(rows, i, 9), wk_rows_int(rows, i, 10),
                       wk_rows_int(rows, i, 11), wk_rows_int(rows, i, 12)}};
    return true;
}

bool store_mean(struct wk_call *call, struct record *mean, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &dispatch_mean, WK_NO_ARGS, &rows, err))
        return false;
    if (!wk_rows_count(rows) && !wk_db_write(call, &dispatch_mean_make, WK_NO_ARGS, &rows, err))
        return false;
    *mean = (struct record){wk_rows_int(rows, 0, 0), wk_rows_int(rows, 0, 1), wk_rows_int(rows, 0, 2), wk_rows_int(rows, 0, 3),
                            wk_rows_int(rows, 0, 4), wk_rows_int(rows, 0, 5)};
    return true;
}

bool store_offers(struct wk_call *call, const struct dispatch_row *p, const struct candidate *list, const struct wk_uuid *ids, size_t n,
                  int64_t ttl_ms, struct wk_err *err)
{
    json_t *offers = json_array();
    const char *text;

    for (size_t i = 0; i < n; i++) {
        char id[WK_UUID_TEXT], driver[WK_UUID_TEXT];
        const struct candidate *c = &list[i];

        (void)json_array_append_new(
            offers, json_pack("{s:s,s:s,s:I,s:f,s:f,s:f,s:f,s:f,s:I}", "id", wk_uuid_text(&ids[i], id), "driver",
                              wk_uuid_text(&c->id, driver), "distance", (json_int_t)c->distance_m, "p_distance", c->distance_part,
                              "p_availability", c->availability_part, "p_performance", c->performance_part, "p_cost", c->cost_part,
                              "score", c->score, "fee", (json_int_t)c->fee));
    }
    if (json_array_size(offers) != n) {
        json_decref(offers);
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "offers");
    }
    text = wk_json_text(call, offers, NULL);
    return text ? wk_db_queue(call, &dispatch_offers,
                              WK_ARGS(wk_id(&p->order), wk_int(p->search), wk_int(p->round), wk_int(ttl_ms), wk_text(text)), (int64_t)n,
                              "db.conflict", err)
                : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "offers");
}

bool store_exhausted_near(struct wk_call *call, double latitude, double longitude, int64_t radius_m, struct wk_uuid *orders, size_t max,
                          size_t *n, struct wk_err *err)
{
    struct place_box box = place_box(latitude, longitude, radius_m);
    struct wk_rows *rows;

    if (!wk_db_read(call, &dispatch_exhausted_near,
                    WK_ARGS(wk_double(box.south), wk_double(box.north), wk_double(box.west), wk_double(box.east), wk_int((int64_t)max)),
                    &rows, err))
        return false;
    *n = wk_rows_count(rows) < max ? wk_rows_count(rows) : max;
    for (size_t i = 0; i < *n; i++)
        orders[i] = wk_rows_id(rows, i, 0);
    return true;
}

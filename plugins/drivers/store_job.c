/* store_job.c - offers answered and deliveries: the second half of store.h. */
#include "store_columns.h"

WK_SQL(offer_of_user,
       "SELECT o.id, o.order_id, o.driver_id, o.round, o.distance_m, o.fee, o.status, "
       "to_char(o.expires_at AT TIME ZONE $3::text, 'HH24:MI'), o.status = 'PENDING' AND o.round = p.round AND p.status = 'OPEN' "
       "AND o.expires_at > wakala.now(), d.active_jobs < d.max_jobs AND d.status = 'approved', " DISPATCH_COLUMNS " "
       "FROM drivers_offer o JOIN drivers_driver d ON d.tenant_id = o.tenant_id AND d.id = o.driver_id "
       "JOIN drivers_dispatch p ON p.tenant_id = o.tenant_id AND p.order_id = o.order_id "
       "WHERE o.id = $1::uuid AND d.user_id = $2::uuid");
/* The order's own row is locked already. Each part depends on the one before: one no and nothing after it happens. */
WK_SQL(offer_accept,
       "WITH p AS (UPDATE drivers_dispatch SET status = 'ASSIGNED', updated_at = wakala.now() "
       "WHERE order_id = $1::uuid AND status = 'OPEN' AND round = $2::bigint RETURNING order_id, cash_due), "
       "o AS (UPDATE drivers_offer t SET status = 'ACCEPTED', answered_at = wakala.now() FROM p WHERE t.id = $3::uuid "
       "AND t.order_id = p.order_id AND t.driver_id = $4::uuid AND t.status = 'PENDING' AND t.round = $2::bigint "
       "AND t.expires_at > wakala.now() RETURNING t.driver_id, t.fee), "
       "d AS (UPDATE drivers_driver t SET active_jobs = t.active_jobs + 1, answered = t.answered + 1, accepted = t.accepted + 1 FROM o "
       "WHERE t.id = o.driver_id AND t.active_jobs < t.max_jobs AND t.status = 'approved' RETURNING t.id, t.active_jobs >= t.max_jobs AS is_full), "
       "v AS (INSERT INTO drivers_delivery (id, order_id, driver_id, fee, cash_due, due_at) SELECT $5::uuid, p.order_id, d.id, o.fee, "
       "p.cash_due, wakala.now() + $6::bigint * interval '1 second' FROM p, o, d), "
       "s AS (UPDATE drivers_offer t SET status = 'REJECTED' FROM p, d WHERE t.order_id = p.order_id AND t.id <> $3::uuid "
       "AND t.status = 'PENDING') SELECT d.is_full FROM d");
WK_SQL(offer_decline,
       "WITH o AS (UPDATE drivers_offer SET status = 'DECLINED', answered_at = wakala.now() WHERE id = $1::uuid AND driver_id = $2::uuid "
       "AND status = 'PENDING' RETURNING driver_id) "
       "UPDATE drivers_driver t SET answered = t.answered + 1 FROM o WHERE t.id = o.driver_id");
WK_SQL(offer_withdraw_full,
       "UPDATE drivers_offer o SET status = 'WITHDRAWN', answered_at = wakala.now() FROM drivers_driver d WHERE d.id = $1::uuid "
       "AND d.active_jobs >= d.max_jobs AND o.driver_id = d.id AND o.status = 'PENDING' RETURNING o.order_id, o.search, o.round");
WK_SQL(dispatch_close,
       "WITH p AS (UPDATE drivers_dispatch SET status = 'CLOSED', updated_at = wakala.now() WHERE order_id = $1::uuid RETURNING order_id) "
       "UPDATE drivers_offer t SET status = 'WITHDRAWN' FROM p WHERE t.order_id = p.order_id AND t.status = 'PENDING'");
WK_SQL(delivery_by_shop,
       "WITH p AS (UPDATE drivers_dispatch SET status = 'ASSIGNED', updated_at = wakala.now() "
       "WHERE order_id = $1::uuid AND status <> 'ASSIGNED' RETURNING order_id, cash_due), "
       "s AS (UPDATE drivers_offer t SET status = 'REJECTED' FROM p WHERE t.order_id = p.order_id AND t.status = 'PENDING'), "
       "d AS (INSERT INTO drivers_driver AS t (id, user_id, name, vehicle, status, max_jobs, active_jobs) "
       "SELECT $4::uuid, $2::uuid, $3::text, 'own', 'approved', 20, 1 FROM p "
       "ON CONFLICT (tenant_id, user_id) DO UPDATE SET active_jobs = t.active_jobs + 1 RETURNING t.id), "
       "v AS (INSERT INTO drivers_delivery (id, order_id, driver_id, fee, cash_due, due_at) SELECT $5::uuid, p.order_id, d.id, 0, "
       "p.cash_due, wakala.now() + $6::bigint * interval '1 second' FROM p, d) SELECT id FROM d");

#define DELIVERY_COLUMNS                                                                                               \
    "v.id, v.order_id, v.driver_id, v.status, v.fee, v.cash_due, COALESCE(v.cash_collected, -1), d.user_id, d.name, "   \
    "d.vehicle, d.plate, "
#define DELIVERY_JOIN                                                                                                  \
    "drivers_delivery v JOIN drivers_driver d ON d.tenant_id = v.tenant_id AND d.id = v.driver_id "                    \
    "JOIN drivers_dispatch p ON p.tenant_id = v.tenant_id AND p.order_id = v.order_id "
WK_SQL(delivery_by_id,
       "SELECT " DELIVERY_COLUMNS "greatest(v.updated_at, COALESCE(d.position_at, v.updated_at)) < wakala.now() - $2::bigint * "
       "interval '1 millisecond', " DISPATCH_COLUMNS " FROM " DELIVERY_JOIN "WHERE v.id = $1::uuid");
WK_SQL(delivery_live_of_driver,
       "SELECT " DELIVERY_COLUMNS "false, " DISPATCH_COLUMNS " FROM " DELIVERY_JOIN
       "WHERE v.driver_id = $1::uuid AND v.status " LIVE " ORDER BY v.assigned_at LIMIT 10");
WK_SQL(delivery_of_order,
       "SELECT " DELIVERY_COLUMNS "false, " DISPATCH_COLUMNS " FROM " DELIVERY_JOIN
       "WHERE v.order_id = $1::uuid ORDER BY v.status " LIVE " DESC, v.assigned_at DESC LIMIT 1");
WK_SQL(delivery_status,
       "UPDATE drivers_delivery SET status = $3::text, updated_at = wakala.now(), "
       "picked_up_at = CASE WHEN $3::text = 'PICKED_UP' THEN wakala.now() ELSE picked_up_at END WHERE id = $1::uuid AND status = $2::text");
WK_SQL(delivery_picked_up,
       "UPDATE drivers_delivery v SET status = 'PICKED_UP', picked_up_at = wakala.now(), updated_at = wakala.now() FROM drivers_driver d "
       "WHERE v.order_id = $1::uuid AND v.status IN ('ASSIGNED', 'AT_SHOP') AND d.id = v.driver_id RETURNING v.id, d.user_id");
WK_SQL(delivery_cash,
       "WITH v AS (UPDATE drivers_delivery SET cash_collected = $2::bigint, updated_at = wakala.now() WHERE id = $1::uuid "
       "AND cash_collected IS NULL RETURNING driver_id), "
       "d AS (UPDATE drivers_driver t SET cash_held = t.cash_held + $2::bigint FROM v WHERE t.id = v.driver_id RETURNING t.id) "
       "SELECT wakala.expect((SELECT count(*) FROM d), 1, 'db.conflict')");
/* A delivery that failed also spends the driver's offer: the next search for this order leaves that driver out. */
WK_SQL(delivery_end,
       "WITH e AS (UPDATE drivers_delivery SET status = $2::text, reason = $3::text, ended_at = wakala.now(), updated_at = wakala.now() "
       "WHERE order_id = $1::uuid AND status " LIVE " RETURNING driver_id, order_id, due_at), "
       "d AS (UPDATE drivers_driver t SET active_jobs = t.active_jobs - 1, completed = t.completed + ($2::text = 'DELIVERED')::int, "
       "on_time = t.on_time + ($2::text = 'DELIVERED' AND wakala.now() <= e.due_at)::int, gave_back = t.gave_back + ($4::boolean)::int, "
       "idle_since = wakala.now() FROM e WHERE t.id = e.driver_id RETURNING t.user_id), "
       "o AS (UPDATE drivers_offer t SET status = 'GIVEN_BACK' FROM e WHERE $2::text = 'FAILED' AND t.order_id = e.order_id "
       "AND t.driver_id = e.driver_id AND t.status = 'ACCEPTED'), "
       "p AS (UPDATE drivers_dispatch t SET status = 'CLOSED', updated_at = wakala.now() FROM e WHERE t.order_id = e.order_id "
       "AND t.status = 'ASSIGNED') SELECT user_id FROM d");

bool store_offer(struct wk_call *call, const struct wk_uuid *id, const struct wk_uuid *user, struct offer_row *row, bool *found,
                 struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &offer_of_user, WK_ARGS(wk_id(id), wk_id(user), wk_text(store_zone(call))), &rows, err))
        return false;
    *found = wk_rows_count(rows) == 1;
    if (!*found)
        return true;
    *row = (struct offer_row){.id = wk_rows_id(rows, 0, 0), .order = wk_rows_id(rows, 0, 1), .driver = wk_rows_id(rows, 0, 2),
                              .round = wk_rows_int(rows, 0, 3), .distance_m = wk_rows_int(rows, 0, 4), .fee = wk_rows_int(rows, 0, 5),
                              .status = wk_rows_text(rows, 0, 6), .expires = wk_rows_text(rows, 0, 7), .is_open = wk_rows_bool(rows, 0, 8),
                              .has_slot = wk_rows_bool(rows, 0, 9)};
    store_fill_dispatch(rows, 0, 10, &row->p);
    return true;
}

bool store_accept(struct wk_call *call, const struct offer_row *offer, const struct wk_uuid *delivery, int64_t due_s, bool *won,
                  bool *is_full, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &offer_accept,
                     WK_ARGS(wk_id(&offer->order), wk_int(offer->round), wk_id(&offer->id), wk_id(&offer->driver), wk_id(delivery),
                             wk_int(due_s)),
                     &rows, err))
        return false;
    *won = wk_rows_count(rows) == 1;
    *is_full = *won && wk_rows_bool(rows, 0, 0);
    return true;
}

bool store_decline(struct wk_call *call, const struct wk_uuid *offer, const struct wk_uuid *driver, bool *declined, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &offer_decline, WK_ARGS(wk_id(offer), wk_id(driver)), &rows, err))
        return false;
    *declined = wk_rows_affected(rows) == 1;
    return true;
}

bool store_withdraw_full(struct wk_call *call, const struct wk_uuid *driver, struct wk_rows **rows, struct wk_err *err)
{
    return wk_db_write(call, &offer_withdraw_full, WK_ARGS(wk_id(driver)), rows, err);
}

bool store_close(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    return wk_db_queue(call, &dispatch_close, WK_ARGS(wk_id(order)), -1, NULL, err);
}

bool store_self_delivery(struct wk_call *call, const struct wk_uuid *order, const struct wk_uuid *user, const char *name,
                         const struct wk_uuid *driver, const struct wk_uuid *delivery, int64_t due_s, bool *won, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &delivery_by_shop,
                     WK_ARGS(wk_id(order), wk_id(user), wk_text(name), wk_id(driver), wk_id(delivery), wk_int(due_s)), &rows, err))
        return false;
    *won = wk_rows_count(rows) == 1;
    return true;
}

static void fill(const struct wk_rows *rows, size_t r, struct delivery_row *row)
{
    *row = (struct delivery_row){
        .v = {.size = sizeof row->v, .id = wk_rows_id(rows, r, 0), .order = wk_rows_id(rows, r, 1), .driver = wk_rows_id(rows, r, 2),
              .status = wk_rows_text(rows, r, 3), .fee = wk_rows_int(rows, r, 4), .cash_due = wk_rows_int(rows, r, 5)},
        .d = {.size = sizeof row->d, .id = wk_rows_id(rows, r, 2), .user = wk_rows_id(rows, r, 7), .name = wk_rows_text(rows, r, 8),
              .vehicle = wk_rows_text(rows, r, 9), .plate = wk_rows_text(rows, r, 10)},
        .cash_collected = wk_rows_int(rows, r, 6),
        .is_quiet = wk_rows_bool(rows, r, 11),
    };
    store_fill_dispatch(rows, r, 12, &row->p);
}

bool store_delivery(struct wk_call *call, const struct wk_uuid *id, int64_t quiet_ms, struct delivery_row *row, bool *found,
                    struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &delivery_by_id, WK_ARGS(wk_id(id), wk_int(quiet_ms)), &rows, err))
        return false;
    *found = wk_rows_count(rows) == 1;
    if (*found)
        fill(rows, 0, row);
    return true;
}

bool store_live_of_driver(struct wk_call *call, const struct wk_uuid *driver, struct delivery_row **list, size_t *n, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &delivery_live_of_driver, WK_ARGS(wk_id(driver)), &rows, err))
        return false;
    *n = wk_rows_count(rows);
    *list = wk_alloc(call, (*n + 1) * sizeof **list);
    if (!*list)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "deliveries");
    for (size_t i = 0; i < *n; i++)
        fill(rows, i, &(*list)[i]);
    return true;
}

bool store_delivery_of_order(struct wk_call *call, const struct wk_uuid *order, struct delivery_row *row, bool *found, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &delivery_of_order, WK_ARGS(wk_id(order)), &rows, err))
        return false;
    *found = wk_rows_count(rows) == 1;
    if (*found)
        fill(rows, 0, row);
    return true;
}

bool store_delivery_status(struct wk_call *call, const struct wk_uuid *id, const char *from, const char *to, bool *moved, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!moved) /* it must work: queued */
        return wk_db_queue(call, &delivery_status, WK_ARGS(wk_id(id), wk_text(from), wk_text(to)), 1, "db.conflict", err);
    if (!wk_db_write(call, &delivery_status, WK_ARGS(wk_id(id), wk_text(from), wk_text(to)), &rows, err))
        return false;
    *moved = wk_rows_affected(rows) == 1;
    return true;
}

bool store_picked_up(struct wk_call *call, const struct wk_uuid *order, struct wk_uuid *delivery, struct wk_uuid *user, bool *moved,
                     struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &delivery_picked_up, WK_ARGS(wk_id(order)), &rows, err))
        return false;
    *moved = wk_rows_count(rows) == 1;
    if (*moved) {
        *delivery = wk_rows_id(rows, 0, 0);
        *user = wk_rows_id(rows, 0, 1);
    }
    return true;
}

bool store_cash(struct wk_call *call, const struct wk_uuid *delivery, int64_t amount, struct wk_err *err)
{
    return wk_db_queue(call, &delivery_cash, WK_ARGS(wk_id(delivery), wk_int(amount)), -1, NULL, err);
}

bool store_delivery_end(struct wk_call *call, const struct wk_uuid *order, const char *status, const char *reason, bool given_back,
                        struct wk_uuid *user, bool *ended, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &delivery_end, WK_ARGS(wk_id(order), wk_text(status), wk_text(reason), wk_bool(given_back)), &rows, err))
        return false;
    *ended = wk_rows_count(rows) == 1;
    if (*ended)
        *user = wk_rows_id(rows, 0, 0);
    return true;
}

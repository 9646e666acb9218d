/* flush.c - many requests, one trip: events once per dedupe key, statuses merged by rank, quarantine; all or nothing. */
#include "inbox/internal.h"
#include "inbox/statements.h"
#include "call/call.h"
#include "fiber/fault.h"
#include "fiber/fiber.h"
#include "guard/alerts.h"
#include "observe/log.h"
#include <stdlib.h>

enum { REPEATS_US = 1000000, ALERT_US = 10000000 };

/* None of them may be on its way to another server, or there already. */
static const struct wk_stmt q_enter = {"wakala", "host", "inbox_enter", "SELECT wakala.enter_all($1::uuid[])", false};
static const struct wk_stmt q_new = {"wakala", "host", "inbox_new", WK_INBOX_NEW_SQL, false};
static const struct wk_stmt q_known = {"wakala", "host", "inbox_known", WK_INBOX_KNOWN_SQL, false};
/* A message is found by our own id when it came back, else by the channel's. 'failed' counts only below 'delivered', whichever came first. */
static const struct wk_stmt q_statuses = {"wakala", "host", "inbox_statuses",
    "WITH i AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int2[], $5::int4[]) AS t(tenant_id, id, wamid, rank, code)), "
    "a AS (SELECT tenant_id, id, max(wamid) AS wamid, max(rank) AS rank, bool_or(rank = 0) AS failed, max(code) FILTER (WHERE rank = 0) AS code "
    "FROM i WHERE id IS NOT NULL GROUP BY 1, 2), "
    "b AS (SELECT tenant_id, wamid, max(rank) AS rank, bool_or(rank = 0) AS failed, max(code) FILTER (WHERE rank = 0) AS code "
    "FROM i WHERE id IS NULL GROUP BY 1, 2), "
    "ua AS (UPDATE wakala.outbound o SET rank = greatest(o.rank, a.rank), wamid = coalesce(o.wamid, a.wamid), "
    "error_code = coalesce(a.code, o.error_code), state = CASE WHEN greatest(o.rank, a.rank) >= 2 THEN 'sent' WHEN a.failed THEN 'failed' "
    "WHEN a.rank > 0 AND o.state = 'sending' THEN 'sent' ELSE o.state END "
    "FROM a WHERE o.tenant_id = a.tenant_id AND o.id = a.id RETURNING o.id, o.tenant_id), "
    "ub AS (UPDATE wakala.outbound o SET rank = greatest(o.rank, b.rank), error_code = coalesce(b.code, o.error_code), "
    "state = CASE WHEN greatest(o.rank, b.rank) >= 2 THEN 'sent' WHEN b.failed THEN 'failed' ELSE o.state END "
    "FROM b WHERE o.wamid = b.wamid AND o.tenant_id = b.tenant_id RETURNING o.wamid, o.tenant_id), "
    "o AS (SELECT tenant_id, wamid, id::text AS callback, rank, code FROM a WHERE NOT EXISTS (SELECT FROM ua WHERE ua.id = a.id AND ua.tenant_id = a.tenant_id) "
    "UNION ALL SELECT tenant_id, wamid, NULL, rank, code FROM b WHERE NOT EXISTS (SELECT FROM ub WHERE ub.wamid = b.wamid AND ub.tenant_id = b.tenant_id)) "
    "INSERT INTO wakala.orphan_status (tenant_id, wamid, callback, rank, error_code) SELECT tenant_id, wamid, callback, rank, code FROM o", false};
static const struct wk_stmt q_quarantine = {"wakala", "host", "inbox_quarantine",
    "INSERT INTO wakala.quarantine (channel, address, why, body) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])", false};

static void columns_reset(struct columns *c)
{
    barray_reset(&c->seen, WK_OID_UUID), barray_reset(&c->sorted, WK_OID_UUID), barray_reset(&c->tenant, WK_OID_UUID);
    barray_reset(&c->cls, WK_OID_INT2), barray_reset(&c->lane, WK_OID_INT2), barray_reset(&c->version, WK_OID_INT2);
    barray_reset(&c->id, WK_OID_UUID), barray_reset(&c->type, WK_OID_TEXT), barray_reset(&c->key, WK_OID_TEXT);
    barray_reset(&c->payload, WK_OID_TEXT), barray_reset(&c->trace, WK_OID_TEXT);
    barray_reset(&c->s_tenant, WK_OID_UUID), barray_reset(&c->s_callback, WK_OID_UUID), barray_reset(&c->s_message, WK_OID_TEXT);
    barray_reset(&c->s_rank, WK_OID_INT2), barray_reset(&c->s_error, WK_OID_INT4);
    barray_reset(&c->q_channel, WK_OID_TEXT), barray_reset(&c->q_address, WK_OID_TEXT), barray_reset(&c->q_why, WK_OID_TEXT);
    barray_reset(&c->q_body, WK_OID_BYTEA);
    barray_reset(&c->f_tenant, WK_OID_UUID);
    memset(c->lanes, 0, sizeof c->lanes);
    c->repeats = 0;
}

/* {"message":{..},"contact":{..}}: raw values of the channel under the names it gave them. */
static void put_payload(struct barray *a, const struct wk_item *it)
{
    size_t len = 2, names[WK_COUNT(it->payload)] = {0};
    bool is_first = true;
    char *to;

    for (size_t i = 0; i < WK_COUNT(it->payload); i++) {
        if (!it->payload[i].len)
            continue;
        names[i] = strlen(it->payload_name[i]);
        len += names[i] + 3 + it->payload[i].len + !is_first;
        is_first = false;
    }
    if (!(to = barray_space(a, len)))
        return;
    *to++ = '{';
    is_first = true;
    for (size_t i = 0; i < WK_COUNT(it->payload); i++) {
        if (!it->payload[i].len)
            continue;
        if (!is_first)
            *to++ = ',';
        is_first = false;
        *to++ = '"';
        memcpy(to, it->payload_name[i], names[i]);
        to += names[i];
        *to++ = '"', *to++ = ':';
        memcpy(to, it->payload[i].data, it->payload[i].len);
        to += it->payload[i].len;
    }
    *to = '}';
}

/* Many rows are of few tenants: those that came last are remembered. */
static void put_tenant(struct flusher *f, const struct wk_uuid *tenant)
{
    for (size_t i = 0; i < WK_COUNT(f->known); i++)
        if (wk_uuid_equal(&f->known[i], tenant))
            return;
    f->known[f->columns.f_tenant.n % WK_COUNT(f->known)] = *tenant;
    barray_put(&f->columns.f_tenant, tenant->b, 16);
}

/* All but the body. */
static void quarantine(struct columns *c, const char *channel, struct wk_span address, const char *why)
{
    barray_put(&c->q_channel, channel, strlen(channel));
    barray_put(&c->q_address, address.data ? address.data : "", address.len);
    barray_put(&c->q_why, why, strlen(why));
    c->last_channel = channel;
    c->last_address = address;
    c->last_why = why;
}

static bool read_uuid(struct wk_span s, struct wk_uuid *id)
{
    char text[WK_UUID_TEXT] = "";

    if (s.len != sizeof text - 1)
        return false;
    memcpy(text, s.data, s.len);
    return wk_uuid_parse(text, id);
}

/* Has it a payload, and all of it under names? */
static bool is_named(const struct wk_item *it)
{
    bool any = false;

    for (size_t i = 0; i < WK_COUNT(it->payload); i++) {
        any |= it->payload[i].len > 0;
        if (it->payload[i].len && !it->payload_name[i])
            return false;
    }
    return any;
}

static void put_row(struct flusher *f, const struct request *r, const struct row *row)
{
    struct columns *c = &f->columns;
    const struct wk_item *it = &row->item;
    struct wk_uuid id;

    if (row->is_quarantine) {
        quarantine(c, r->hook->inbox->channel, it->address, it->why ? it->why : "unknown address");
        if (r->n == 1 || (!is_named(it) && !it->payload[0].len)) /* alone in its post: as it came, byte by byte */
            barray_put(&c->q_body, r->body, r->body_len);
        else if (is_named(it)) /* as the event would have it */
            put_payload(&c->q_body, it);
        else
            barray_put(&c->q_body, it->payload[0].data, it->payload[0].len);
    } else if (it->kind == WK_ITEM_STATUS) {
        put_tenant(f, &row->tenant);
        barray_put(&c->s_tenant, row->tenant.b, 16);
        if (read_uuid(it->callback, &id)) /* else it is not of our making */
            barray_put(&c->s_callback, id.b, 16);
        else
            barray_null(&c->s_callback);
        barray_put(&c->s_message, it->message_id.data, it->message_id.len);
        barray_int2(&c->s_rank, (int)it->rank);
        barray_int4(&c->s_error, it->error_code);
    } else if (row->is_repeat) {
        c->repeats++;
    } else {
        put_tenant(f, &row->tenant);
        wk_uuid7(wk_dbserver_now_us(&f->room->engine->server[f->server]), &id);
        barray_put(&c->seen, row->seen.b, 16), barray_put(&c->tenant, row->tenant.b, 16);
        barray_int2(&c->cls, (int)row->type->priority), barray_int2(&c->lane, (int)row->lane);
        barray_int2(&c->version, (int)row->type->version), barray_put(&c->id, id.b, 16);
        barray_put(&c->type, row->type->name, strlen(row->type->name));
        barray_put(&c->key, it->key.data, it->key.len);
        put_payload(&c->payload, it);
        if (r->trace[0])
            barray_put(&c->trace, r->trace, strlen(r->trace));
        else
            barray_null(&c->trace);
        c->lanes[row->type->priority % WK_SHARE_CLASSES] |= UINT64_C(1) << row->lane;
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    int order = memcmp(x->row->seen.b, y->row->seen.b, sizeof x->row->seen.b);

    return order ? order : (x->n > y->n) - (x->n < y->n);
}

/* The keys in order, each once; what repeats one of them is not stored again. */
static bool sort_keys(struct flusher *f, struct request **requests, size_t n)
{
    struct barray *sorted = &f->columns.sorted;
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; requests[i]->x && !requests[i]->is_again && !requests[i]->is_whole_bad && k < requests[i]->n; k++) {
            struct row *row = &requests[i]->rows[k];

            if (row->server != f->server || row->is_quarantine || row->item.kind == WK_ITEM_STATUS)
                continue;
            if (count == f->keyed_room) {
                size_t room = count ? 2 * count : 256;
                struct keyed *more = reallocarray(f->keyed, room, sizeof *more);

                if (!more)
                    return false;
                f->keyed = more;
                f->keyed_room = room;
            }
            f->keyed[count] = (struct keyed){row, count};
            count++;
        }
    if (count)
        qsort(f->keyed, count, sizeof *f->keyed, compare_keys);
    for (size_t i = 0; i < count; i++) {
        struct row *row = f->keyed[i].row;

        row->is_repeat = i && wk_uuid_equal(&row->seen, &f->keyed[i - 1].row->seen);
        if (!row->is_repeat)
            barray_put(sorted, row->seen.b, 16);
    }
    return true;
}

/* Did the server refuse what the request says (a value that does not fit, a row that is too large), rather than being unable to take
 * anything (no partition, no space, no right)? */
static bool is_refusal(const struct wk_exec *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (items[i].state == WK_EXEC_FAILED)
            return !strncmp(items[i].sqlstate, "22", 2) || !strncmp(items[i].sqlstate, "54", 2);
    return false;
}

static bool has_no_memory(const struct columns *c)
{
    for (const struct barray *a = &c->seen; a <= &c->f_tenant; a++)
        if (a->is_broken) /* one array shorter than the others would pair the wrong things */
            return true;
    return false;
}

/* Somebody should look: a number that is not entered, or a sender that speaks another language. One line for many. */
static void alert(struct flusher *f)
{
    struct wk_inbox_room *room = f->room;
    const struct columns *c = &f->columns;
    int64_t now = wk_mono_us();
    char address[64], masked[64]; /* of some channels it is a phone number */

    room->unsaid += c->q_body.n;
    if (!room->unsaid || now < room->next_alert_us)
        return;
    (void)snprintf(address, sizeof address, "%.*s", (int)c->last_address.len, c->last_address.data ? c->last_address.data : "");
    wk_log_line(WK_ERROR, NULL, "%llu updates went into quarantine (table wakala.quarantine holds them whole); the last: channel %s, address %s, %s. "
                                "wakala tenant address list names the addresses that are known", (unsigned long long)room->unsaid, c->last_channel,
                *address ? wk_mask_text(masked, sizeof masked, address) : "not given", c->last_why);
    wk_alert_raise(room->engine->share, WK_SEVERITY_WARNING, c->last_channel ? c->last_channel : "inbox", "updates went into quarantine");
    room->unsaid = 0;
    room->next_alert_us = now + ALERT_US;
}

static void count(struct flusher *f, uint64_t stored)
{
    const struct columns *c = &f->columns;
    struct wk_inbox_stats *stats = &f->room->stats;

    stats->duplicates += c->repeats + c->seen.n - stored;
    stats->updates += c->repeats + c->seen.n;
    stats->statuses += c->s_rank.n;
    stats->quarantined += c->q_body.n;
    stats->flushes++;
    alert(f);
}

static bool send_flush(struct flusher *f, int64_t until_us, bool *is_refused, struct wk_err *err)
{
    struct columns *c = &f->columns;
    struct barray *events[] = {&c->sorted, &c->cls, &c->lane, &c->version, &c->id, &c->tenant, &c->type, &c->key, &c->payload, &c->trace};
    struct barray *statuses[] = {&c->s_tenant, &c->s_callback, &c->s_message, &c->s_rank, &c->s_error};
    struct barray *bad[] = {&c->q_channel, &c->q_address, &c->q_why, &c->q_body};
    struct wk_arg ae[WK_COUNT(events)], as[WK_COUNT(statuses)], aq[WK_COUNT(bad)], who = barray_arg(&c->f_tenant);
    bool ask_first = wk_mono_us() < f->repeats_until_us;
    struct wk_exec items[4];
    size_t n = 0;
    WK_AUTO(wk_conn) conn = NULL;

    if (ask_first)
        events[0] = &c->seen;
    for (size_t i = 0; i < WK_COUNT(events); i++)
        ae[i] = barray_arg(events[i]);
    for (size_t i = 0; i < WK_COUNT(statuses); i++)
        as[i] = barray_arg(statuses[i]);
    for (size_t i = 0; i < WK_COUNT(bad); i++)
        aq[i] = barray_arg(bad[i]);
    if (has_no_memory(c))
        return wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "inbox flush");
    if (c->f_tenant.n)
        items[n++] = (struct wk_exec){.stmt = &q_enter, .args = &who, .nargs = 1};
    if (c->seen.n)
        items[n++] = (struct wk_exec){.stmt = ask_first ? &q_known : &q_new, .args = ae, .nargs = WK_COUNT(ae)};
    if (c->s_rank.n)
        items[n++] = (struct wk_exec){.stmt = &q_statuses, .args = as, .nargs = WK_COUNT(as)};
    if (c->q_body.n)
        items[n++] = (struct wk_exec){.stmt = &q_quarantine, .args = aq, .nargs = WK_COUNT(aq)};
    if (!n) {
        count(f, 0);
        return true;
    }
    conn = wk_db_acquire(f->room->engine->server[f->server].db, WK_DB_HOST, 0, NULL, until_us, err);
    if (!conn)
        return false;
    wk_fault_point("inbox.flush");
    if (!wk_conn_exec(conn, items, n, WK_EXEC_SYNC, until_us, err)) {
        *is_refused = is_refusal(items, n);
        return false;
    }
    wk_fault_point("inbox.flushed");
    count(f, c->seen.n ? (uint64_t)wk_result_affected(items[1].result) : 0);
    wk_exec_clear(items, n);
    return true;
}

static void put_rows(struct flusher *f, struct request **requests, size_t n)
{
    struct columns *c = &f->columns;

    memset(f->known, 0, sizeof f->known);
    for (size_t i = 0; i < n; i++) {
        struct request *r = requests[i];

        if (!r->x) { /* it has had its 503 meanwhile, and its body is gone */
            r->is_stored = false;
            continue;
        }
        if (r->is_again)
            continue;
        if (r->is_whole_bad && !f->server) {
            quarantine(c, r->hook->inbox->channel, (struct wk_span){0}, r->why);
            barray_put(&c->q_body, r->body, r->body_len);
        }
        for (size_t k = 0; !r->is_whole_bad && k < r->n; k++)
            if (r->rows[k].server == f->server)
                put_row(f, r, &r->rows[k]);
    }
}

/* False: nothing of these is stored (or it is not known). */
static bool try_flush(struct flusher *f, struct request **requests, size_t n, int64_t until_us, bool *is_refused, struct wk_err *err)
{
    struct wk_engine *engine = f->room->engine;
    struct columns *c = &f->columns;

    columns_reset(c);
    if (!sort_keys(f, requests, n))
        return wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "inbox flush");
    put_rows(f, requests, n);
    for (int tries = 0; tries < 4; tries++) {
        if (send_flush(f, until_us, is_refused, err)) {
            for (unsigned cls = 0; cls < WK_SHARE_CLASSES; cls++)
                if (c->lanes[cls] && engine->published)
                    engine->published(engine->published_arg, f->server, cls, c->lanes[cls]);
            return true;
        }
        if (wk_err_is(err, "db.unique")) /* somebody sends again; where one does, more will */
            f->repeats_until_us = wk_mono_us() + REPEATS_US;
        else if (!wk_err_is(err, "db.conflict"))
            break;
    }
    return false;
}

static bool shares_tenant(const struct request *a, const struct request *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (!a->rows[i].is_quarantine && !b->rows[k].is_quarantine && wk_uuid_equal(&a->rows[i].tenant, &b->rows[k].tenant))
                return true;
    return false;
}

/* Who came later does not overtake one of the same tenant that begins again. */
static void hold_back(struct wk_inbox_room *room, struct request **requests, size_t n)
{
    for (size_t i = 0; room->held && i < n; i++)
        for (const struct request *r = room->first; r && r != requests[i] && !requests[i]->is_again; r = r->next)
            if (r->is_again && shares_tenant(r, requests[i]))
                request_hold(room, requests[i]);
}

static void failed(struct request **requests, size_t n)
{
    for (size_t i = 0; i < n; i++)
        requests[i]->is_stored = false;
}

/* What the server refuses, and what is of a tenant that is moving, is looked for by halves; the rest goes in. Refused alone: to quarantine, whole. */
void flush_requests(struct flusher *f, struct request **requests, size_t n, int64_t until_us, struct wk_err *err)
{
    bool is_refused = false, is_moving;

    hold_back(f->room, requests, n);
    if (try_flush(f, requests, n, until_us, &is_refused, err))
        return;
    is_moving = wk_err_is(err, "tenant.moving");
    if (n > 1 && (is_refused || is_moving)) {
        flush_requests(f, requests, n / 2, until_us, err);
        flush_requests(f, requests + n / 2, n - n / 2, until_us, err);
    } else if (is_moving) {
        request_hold(f->room, requests[0]);
    } else if (is_refused && !requests[0]->is_whole_bad) {
        requests[0]->is_whole_bad = true;
        requests[0]->why = "refused by the database";
        if (f->server)
            request_hold(f->room, requests[0]);
        else if (!try_flush(f, requests, 1, until_us, &is_refused, err))
            failed(requests, 1);
    } else {
        failed(requests, n);
    }
}

/* park.c - failed events and those of their key behind them, in wakala.parked; the dead letters. */
#include "event/internal.h"
#include "event/text.h"
#include "fiber/fiber.h"
#include "observe/log.h"
#include <openssl/rand.h>
#include <stdlib.h>

/* Parked or buried, the event is marked like a handled one: the cursor may not have passed it when the lane changes hands, and the next
 * owner would take it from the log a second time. The mark is also the fence: who finds it set is late, because another owner has handled or
 * parked the event, and adds nothing. From its parked row on, the row itself is the fence. */
static const struct wk_stmt q_park = {"wakala", "host", "park",
    "WITH m AS (INSERT INTO wakala.mark (name, class, lane, seq) VALUES ($1, $2, $3, $5) ON CONFLICT DO NOTHING RETURNING 1) "
    "INSERT INTO wakala.parked (name, class, lane, xid, seq, tenant_id, key, attempts, next_at, first_at, last_at, code, error) "
    "SELECT $1, $2, $3, $4::text::xid8, $5, $6, $7, $8, $9, CASE WHEN $8 > 0 THEN wakala.now() END, CASE WHEN $8 > 0 THEN wakala.now() END, "
    "$10, $11 FROM m ON CONFLICT DO NOTHING", false};
static const struct wk_stmt q_bury = {"wakala", "host", "bury",
    "WITH p AS (DELETE FROM wakala.parked WHERE name = $1 AND seq = $4 RETURNING first_at), "
    "m AS (INSERT INTO wakala.mark (name, class, lane, seq) SELECT $1, $2, $3, $4 WHERE $13 ON CONFLICT DO NOTHING RETURNING 1) "
    "INSERT INTO wakala.dead (name, class, lane, seq, event_id, tenant_id, type, key, payload, attempts, code, error, first_at, xid) "
    "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, coalesce((SELECT first_at FROM p), wakala.now()), $14::text::xid8 "
    "WHERE EXISTS (SELECT FROM p) OR EXISTS (SELECT FROM m)", false};
static const struct wk_stmt q_next = {"wakala", "host", "parked_next",
    "SELECT p.attempts, coalesce((extract(epoch FROM p.next_at) * 1000000)::bigint, 0), p.xid, p.seq, e.id, "
    "(extract(epoch FROM e.at) * 1000000)::bigint, e.version, e.type, e.payload, coalesce(e.trace, ''), p.is_asked "
    "FROM wakala.parked p JOIN wakala.event e ON e.class = p.class AND e.lane = p.lane AND e.xid = p.xid AND e.seq = p.seq "
    "WHERE p.class = $1 AND p.lane = $2 AND p.name = $3 AND p.tenant_id = $4 AND p.key = $5 ORDER BY p.xid, p.seq LIMIT 1", false};
static const struct wk_stmt q_unpark = {"wakala", "host", "unpark", "DELETE FROM wakala.parked WHERE name = $1 AND seq = $2", false};
static const struct wk_stmt q_postpone = {"wakala", "host", "postpone", "UPDATE wakala.parked SET next_at = $3 WHERE name = $1 AND seq = $2", false};
static const struct wk_stmt q_failed = {"wakala", "host", "parked_failed",
    "UPDATE wakala.parked SET next_at = $3, attempts = $4, first_at = coalesce(first_at, wakala.now()), last_at = wakala.now(), code = $5, error = $6 "
    "WHERE name = $1 AND seq = $2", false};
static const struct wk_stmt q_load = {"wakala", "host", "parked_load",
    "SELECT name, class, lane, tenant_id, key, coalesce((extract(epoch FROM min(next_at)) * 1000000)::bigint, 0) "
    "FROM wakala.parked WHERE lane = ANY ($1::int2[]) GROUP BY 1, 2, 3, 4, 5", false};

/* 1 s, 5 s, 25 s, with up to a quarter of jitter so that a herd does not come back together. */
int64_t backoff_us(uint32_t attempts)
{
    int64_t us = 1000000;
    uint16_t r = 0;

    for (uint32_t i = 1; i < attempts && i < 6; i++)
        us *= 5;
    (void)RAND_bytes((unsigned char *)&r, sizeof r);
    return us + us / 4 * r / 65535;
}

bool park_event(struct wk_log *log, const struct subscriber *s, const struct entry *e, uint32_t attempts, int64_t next_us,
                const struct wk_err *why, struct wk_err *err)
{
    char xid[24];
    struct wk_arg args[] = {wk_text(s->name), wk_int(e->cls), wk_int(e->lane), wk_text(xid), wk_int(e->at.seq), wk_id(&e->tenant),
                            wk_text(e->event.key), wk_int(attempts), next_us ? wk_time(next_us) : wk_null(),
                            wk_text(why ? why->code : NULL), wk_text(why ? why->msg : NULL)};
    struct wk_exec item = {.stmt = &q_park, .args = args, .nargs = WK_COUNT(args)};
    bool ok;

    (void)snprintf(xid, sizeof xid, "%llu", (unsigned long long)e->at.xid);
    ok = log_exec(log, &item, 1, err);
    wk_exec_clear(&item, 1);
    log->stats.parked += ok;
    return ok;
}

bool bury_event(struct wk_log *log, const struct subscriber *s, const struct wk_uuid *tenant, const struct wk_event *event, uint64_t xid, unsigned cls,
                unsigned lane, uint32_t attempts, const struct wk_err *why, bool is_first, struct wk_err *err)
{
    char xid_text[24];
    struct wk_arg args[] = {wk_text(s->name), wk_int(cls), wk_int(lane), wk_int(event->seq), wk_id(&event->id), wk_id(tenant),
                            wk_text(event->type), wk_text(event->key), wk_text(event->payload), wk_int(attempts),
                            wk_text(why->code ? why->code : "unknown"), wk_text(why->msg), wk_bool(is_first), wk_text(xid_text)};
    struct wk_exec item = {.stmt = &q_bury, .args = args, .nargs = WK_COUNT(args)};
    struct wk_log_fields fields = {.hook = s->name, .trace_id = event->trace_id, .err = why};
    bool ok;

    (void)snprintf(xid_text, sizeof xid_text, "%llu", (unsigned long long)xid);
    ok = log_exec(log, &item, 1, err);
    wk_exec_clear(&item, 1);
    if (ok) {
        if (log->engine->share && wk_err_is(why, "plugin.crashed"))
            wk_share_poison_forget(log->engine->share, &event->id); /* not before it lies in the dead letters */
        log->stats.dead++;
        if (!wk_err_is(why, "event.expired")) /* that was said */
            alert_of(log, WK_SEVERITY_ERROR, s->name, event->type, "there are new dead letters");
        wk_log_line(WK_ERROR, &fields, "event %s is a dead letter after %u attempts: wakala dead list", event->type, attempts);
    }
    return ok;
}

/* One parked event as its handler sees it. */
struct parked {
    uint32_t attempts;
    int64_t next_us;
    uint64_t xid;
    bool is_asked;
    struct wk_event event;
};
static void read_parked(struct parked *p, const struct wk_result *r, const char *key)
{
    *p = (struct parked){.attempts = (uint32_t)wk_result_int(r, 0, 0), .next_us = wk_result_int(r, 0, 1),
                         .xid = strtoull(wk_result_text(r, 0, 2, NULL), NULL, 10), .is_asked = *wk_result_text(r, 0, 10, NULL) == 't'};
    p->event = (struct wk_event){.size = sizeof p->event, .version = (uint32_t)wk_result_int(r, 0, 6), .seq = wk_result_int(r, 0, 3),
                                 .type = wk_result_text(r, 0, 7, NULL), .key = key, .at_us = wk_result_int(r, 0, 5),
                                 .attempt = p->attempts + 1, .trace_id = wk_result_text(r, 0, 9, NULL)};
    p->event.payload = wk_result_text(r, 0, 8, &p->event.payload_len);
    (void)wk_uuid_parse(wk_result_text(r, 0, 4, NULL), &p->event.id);
}

static bool drop_parked(struct wk_log *log, const struct subscriber *s, int64_t seq, struct wk_err *err)
{
    struct wk_arg args[] = {wk_text(s->name), wk_int(seq)};
    struct wk_exec item = {.stmt = &q_unpark, .args = args, .nargs = 2};
    bool ok = log_exec(log, &item, 1, err);

    wk_exec_clear(&item, 1);
    return ok;
}

/* `why` NULL: wk_later, not a failure. A row that is gone was handled by another owner: nothing to do. */
static bool postpone(struct wk_log *log, struct keyq *q, int64_t seq, uint32_t attempts, int64_t next_us, const struct wk_err *why, struct wk_err *err)
{
    struct wk_arg args[] = {wk_text(log->sub[q->sub].name), wk_int(seq), wk_time(next_us), wk_int(attempts), wk_text(why ? why->code : NULL),
                            wk_text(why ? why->msg : NULL)};
    struct wk_exec item = {.stmt = why ? &q_failed : &q_postpone, .args = args, .nargs = why ? 6 : 3};
    bool ok = log_exec(log, &item, 1, err);

    wk_exec_clear(&item, 1);
    if (ok) /* else it is due again in half a second, and the row says the same */
        q->next_us = next_us;
    return ok;
}

/* Run the oldest parked event of this key if it is due; true: look again (now, or when q->next_us says). */
bool parked_work(struct wk_log *log, struct keyq *q)
{
    const struct subscriber *s = &log->sub[q->sub];
    struct wk_arg args[] = {wk_int(q->cls), wk_int(q->lane), wk_text(s->name), wk_id(&q->tenant), wk_text(q->key)};
    struct wk_exec item = {.stmt = &q_next, .args = args, .nargs = WK_COUNT(args)};
    int64_t now = wk_dbserver_now_us(log->server), later = 0;
    struct parked p;
    struct work work = {.tenant = &q->tenant, .cls = q->cls, .lane = q->lane, .is_parked = true};
    struct wk_err err = {0}, why = {0};
    bool more = true, ok = true;

    q->next_us = now + 500000; /* when the database is away */
    if (!log_exec(log, &item, 1, &err))
        return true;
    if (!wk_result_rows(item.result)) {
        q->next_us = 0;
        wk_exec_clear(&item, 1);
        return false;
    }
    read_parked(&p, item.result, q->key);
    if (p.next_us > now) {
        q->next_us = p.next_us;
        wk_exec_clear(&item, 1);
        return more;
    }
    work.event = &p.event;
    work.xid = p.xid;
    work.is_asked = p.is_asked;
    switch (log_handle(log, s, &work, &later, &why)) {
    case HANDLED_DONE:
        ok = drop_parked(log, s, p.event.seq, &err);
        q->next_us = ok ? 0 : q->next_us;
        break;
    case HANDLED_MARKED: /* its commit removed the row */
        q->next_us = 0;
        break;
    case HANDLED_LATER:
        (void)postpone(log, q, p.event.seq, p.attempts, later, NULL, &err);
        break;
    case HANDLED_AGAIN:
    case HANDLED_STOPPED:
        break;
    case HANDLED_FAILED:
    case HANDLED_DEAD:
        log->stats.failed++;
        if (why.cls == WK_BUSINESS || why.cls == WK_SECURITY || wk_err_is(&why, "plugin.crashed") || p.attempts + 1 >= TRIES) {
            ok = bury_event(log, s, &q->tenant, &p.event, p.xid, q->cls, q->lane, p.attempts + 1, &why, false, &err);
            q->next_us = ok ? 0 : q->next_us;
        } else {
            (void)postpone(log, q, p.event.seq, p.attempts + 1, wk_dbserver_now_us(log->server) + backoff_us(p.attempts + 1), &why, &err);
        }
        break;
    }
    wk_exec_clear(&item, 1);
    return more;
}

/* Keys of these lanes that have parked rows: their new events queue behind. */
bool parked_load(struct wk_log *log, uint64_t lanes, struct wk_err *err)
{
    struct text list;
    struct wk_arg arg;
    struct wk_exec item = {.stmt = &q_load, .args = &arg, .nargs = 1};
    bool ok;

    text_init(&list);
    for (unsigned l = 0; l < WK_LANES; l++)
        if (lanes & UINT64_C(1) << l)
            text_item(&list, "%u", l);
    arg = wk_text(text_array(&list));
    ok = log_exec(log, &item, 1, err);
    for (size_t i = 0; ok && i < wk_result_rows(item.result); i++) {
        const char *name = wk_result_text(item.result, i, 0, NULL);
        struct wk_uuid tenant;
        struct keyq *q;

        (void)wk_uuid_parse(wk_result_text(item.result, i, 3, NULL), &tenant);
        for (uint32_t s = 0; s < log->subs; s++) {
            if (strcmp(log->sub[s].name, name))
                continue;
            q = keyq_get(log, s, &tenant, wk_result_text(item.result, i, 4, NULL), (unsigned)wk_result_int(item.result, i, 1),
                         (unsigned)wk_result_int(item.result, i, 2));
            if (!q) {
                ok = wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "parked keys");
                break;
            }
            if (!q->is_blocked) {
                q->is_blocked = true;
                log->stats.blocked_keys++;
                if (q->state == KEYQ_IDLE)
                    q->state = KEYQ_WAITING;
            }
            q->next_us = wk_result_int(item.result, i, 5);
        }
    }
    wk_exec_clear(&item, 1);
    text_finish(&list);
    return ok;
}

/* probe - a plugin for the system tests: publishes on request, records what it handles, and misbehaves on demand. Never shipped. */
#include <wakala/json.h>
#include <unistd.h>
#include <wakala/plugin.h>
#include <wakala/service/quota.h>

WK_SQL(probe_record, "INSERT INTO probe_seen (sub, event_id, key, n, attempt) VALUES ($1, $2, $3, $4, $5)");
WK_SQL(probe_none, "UPDATE probe_seen SET n = 0 WHERE false");
WK_SQL(probe_count, "SELECT sub, count(*), count(DISTINCT event_id) FROM probe_seen GROUP BY sub ORDER BY sub");
WK_SQL(probe_keep, "INSERT INTO probe_kept (k, n) VALUES ($1, $2) ON CONFLICT (tenant_id, k) DO UPDATE SET n = excluded.n");
WK_SQL_CACHED(probe_kept, 60, "kept", "SELECT k, n FROM probe_kept WHERE k = $1");
WK_SQL(probe_out_of_order, "SELECT count(*) FROM (SELECT n, lag(n) OVER (PARTITION BY sub, key ORDER BY id) AS before FROM probe_seen) t WHERE n < before");

static bool enter(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *text = wk_http_param(http, "tenant");
    struct wk_uuid id;

    if (!text || !wk_uuid_parse(text, &id))
        return wk_fail(err, WK_BUSINESS, "probe.tenant", "tenant: a UUID");
    return wk_enter_tenant(call, &id, err);
}

static int64_t number(struct wk_http *http, const char *name, int64_t fallback)
{
    const char *text = wk_http_query(http, name);

    return text ? strtoll(text, NULL, 10) : fallback;
}

/* POST /probe/{tenant}/publish?type=probe.work&n=10&first=0&keys=3&key=NAME&fail=0&first_fails=0&later_ms=0&sleep_ms=0: n events in one transaction.
 * Handlers of an event with later_ms answer wk_later() until that time has come; with sleep_ms they take so long. */
static bool publish(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *type = wk_http_query(http, "type");
    const char *key = wk_http_query(http, "key");
    int64_t n = number(http, "n", 1), first = number(http, "first", 0), keys = number(http, "keys", 1), later_ms = number(http, "later_ms", 0),
            sleep_ms = number(http, "sleep_ms", 0), fail = number(http, "fail", 0), first_fails = number(http, "first_fails", 0),
            until = later_ms ? wk_now(call) + later_ms * 1000 : 0;

    if (!enter(call, http, err))
        return false;
    for (int64_t i = first; i < first + n; i++)
        if (!wk_publish_json(call, type ? type : "probe.work", key ? key : wk_printf(call, "k%lld", (long long)(i % keys)),
                             json_pack("{s:I, s:I, s:I, s:I}", "n", (json_int_t)i, "sleep_ms", (json_int_t)sleep_ms, "fail",
                                       (json_int_t)(i == first || !first_fails ? fail : 0), "until", (json_int_t)until), err))
            return false;
    return wk_http_reply(http, 202, "text/plain", "published\n", 10, err);
}

static bool timer(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *type = wk_http_query(http, "type"), *name = wk_http_query(http, "name");

    return enter(call, http, err) &&
           (number(http, "lazy", 0) ? wk_schedule_lazy : wk_schedule)(call, "timer", name ? name : "t", wk_now(call) + number(http, "in_ms", 1000) * 1000,
                                                                      type ? type : "probe.work", "{\"n\":0,\"fail\":0}", 16, err) &&
           wk_http_reply(http, 202, "text/plain", "scheduled\n", 10, err);
}

static bool counts(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_query q[] = {{.sql = &probe_count}, {.sql = &probe_out_of_order}};
    json_t *out, *subs;

    if (!enter(call, http, err) || !wk_db_read_all(call, q, 2, err))
        return false;
    subs = json_object();
    for (size_t i = 0; i < wk_rows_count(q[0].rows); i++)
        json_object_set_new(subs, wk_rows_text(q[0].rows, i, 0), json_pack("[I, I]", (json_int_t)wk_rows_int(q[0].rows, i, 1), (json_int_t)wk_rows_int(q[0].rows, i, 2)));
    out = json_pack("{s:o, s:I}", "seen", subs, "out_of_order", (json_int_t)wk_rows_int(q[1].rows, 0, 0));
    return wk_http_reply_json(call, http, 200, out, err);
}

/* POST /probe/{tenant}/keep?k=a&n=1: a row, and what the cache has of such rows is old. GET .../kept?k=a: "n of the row, process, hits of its own". */
static bool keep(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    return enter(call, http, err) && wk_db_queue(call, &probe_keep, WK_ARGS(wk_text(wk_http_query(http, "k")), wk_int(number(http, "n", 0))), 1, NULL, err) &&
           wk_cache_invalidate(call, "kept", err) && wk_http_reply(http, 200, "text/plain", "kept\n", 5, err);
}
/* POST /probe/{tenant}/take?quota=products&n=1&k=a&fail=0: so many of a quota, and a row that must be there as often; fail=1: and then it fails. */
static bool take(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *k = wk_http_query(http, "k");

    return enter(call, http, err) &&
           (!k || wk_db_queue(call, &probe_keep, WK_ARGS(wk_text(k), wk_int(1)), 1, NULL, err)) &&
           wk_quota_take(call, wk_http_query(http, "quota"), number(http, "n", 1), err) &&
           (number(http, "fail", 0) ? wk_fail(err, WK_BUSINESS, "probe.asked_to_fail", "failing as asked, after the quota was taken")
                                    : wk_http_reply(http, 200, "text/plain", "taken\n", 6, err));
}
/* GET /probe/{tenant}/used?quota=products: "used limit" */
static bool used(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    int64_t n, limit;
    const char *text;

    if (!enter(call, http, err) || !wk_quota_used(call, wk_http_query(http, "quota"), &n, &limit, err))
        return false;
    text = wk_printf(call, "%lld %lld", (long long)n, (long long)limit);
    return text && wk_http_reply(http, 200, "text/plain", text, strlen(text), err);
}
static bool kept(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_rows *rows;
    const char *text;

    if (!enter(call, http, err) || !wk_db_read(call, &probe_kept, WK_ARGS(wk_text(wk_http_query(http, "k"))), &rows, err))
        return false;
    text = wk_printf(call, "%s %d", wk_rows_count(rows) ? wk_rows_text(rows, 0, 1) : "none", (int)getpid());
    return text && wk_http_reply(http, 200, "text/plain", text, strlen(text), err);
}

/* GET /probe/{tenant}/dear?key=k&ms=50: a value whose making takes that long and is counted (wakala_probe_loads). */
static bool make_dear(struct wk_call *call, void *arg, struct wk_span *value, struct wk_err *err)
{
    wk_count(call, "loads", 1);
    if (!wk_sleep(call, *(uint32_t *)arg, err))
        return false;
    value->data = wk_printf(call, "made by %d", (int)getpid());
    value->len = value->data ? strlen(value->data) : 0;
    return value->data || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "value");
}
static bool dear(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *key = wk_http_query(http, "key");
    struct wk_cache_spec spec = {.size = sizeof spec, .lifetime_s = 60, .ns = "dear", .key = key, .key_len = strlen(key), .tags = "dear"};
    uint32_t ms = (uint32_t)number(http, "ms", 50);
    struct wk_span value;

    return enter(call, http, err) && wk_cache_get(call, &spec, make_dear, &ms, &value, err) &&
           wk_http_reply(http, 200, "text/plain", value.data, value.len, err);
}

static bool hello(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call;
    return wk_http_reply(http, 200, "text/plain", "hello\n", 6, err);
}

static bool who(struct wk_call *call, struct wk_http *http, struct wk_err *err) /* GET /probe/pid: which process answers */
{
    const char *text = wk_printf(call, "%d", (int)getpid());

    return text && wk_http_reply(http, 200, "text/plain", text, strlen(text), err);
}

static bool sleep_route(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    return wk_sleep(call, (uint32_t)number(http, "ms", 100), err) && wk_http_reply(http, 200, "text/plain", "slept\n", 6, err);
}

static bool echo(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_span piece;

    if (!wk_http_begin(http, 200, "application/octet-stream", err))
        return false;
    do {
        if (!wk_http_body_next(call, http, &piece, err) || (piece.len && !wk_http_write(call, http, piece.data, piece.len, err)))
            return false;
    } while (piece.len);
    return true;
}

/* GET /probe/stream?fail=0: a streamed answer of three pieces; fail=1: it fails after two. */
static bool stream(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    if (!wk_http_begin(http, 200, "text/plain", err) || !wk_http_write(call, http, "one\n", 4, err) || !wk_http_write(call, http, "two\n", 4, err))
        return false;
    if (number(http, "fail", 0))
        return wk_fail(err, WK_TRANSIENT, "probe.asked", "failing as asked, in mid-stream");
    return wk_http_write(call, http, "three\n", 6, err);
}

static bool drip(struct wk_call *call, struct wk_http *http, struct wk_err *err) /* writes until the client has left */
{
    if (!wk_http_begin(http, 200, "text/plain", err))
        return false;
    while (wk_http_write(call, http, "drop\n", 5, err) && wk_sleep(call, 20, err))
        ;
    return false;
}

static bool conflict(struct wk_call *call, struct wk_http *http, struct wk_err *err) /* reads its body, then asks to run again */
{
    struct wk_span piece;
    size_t all = 0;

    do {
        if (!wk_http_body_next(call, http, &piece, err))
            return false;
        all += piece.len;
    } while (piece.len);
    return all ? wk_fail(err, WK_TRANSIENT, "db.conflict", "somebody was faster") : wk_http_reply(http, 200, "text/plain", "an empty body\n", 14, err);
}

/* POST /probe/{tenant}/write-fails: answers 200, and its commit fails. */
static bool write_fails(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    return enter(call, http, err) && wk_db_queue(call, &probe_none, WK_NO_ARGS, 1, "probe.nothing", err) &&
           wk_http_set_header(http, "X-Probe-Route", "set", err) && wk_http_reply(http, 200, "text/plain", "done\n", 5, err);
}

/* POST /probe/{tenant}/once?key=NAME&fail=0: "first" or "again"; fail: after that it rolls back. */
static bool once(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    bool first = false;

    if (!enter(call, http, err) || !wk_once(call, wk_http_query(http, "key"), &first, err))
        return false;
    if (number(http, "fail", 0))
        return wk_fail(err, WK_BUSINESS, "probe.nothing", "failing as asked");
    return wk_http_reply(http, 200, "text/plain", first ? "first" : "again", 5, err);
}

/* GET /probe/{tenant}/timers: name, type and time of each, one per line. */
static bool timers(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_timer t[4];
    const char *text = "";
    size_t n;

    if (!enter(call, http, err) || !wk_timers(call, "timer", t, 4, &n, err))
        return false;
    for (size_t i = 0; i < n && i < 4 && text; i++)
        text = wk_printf(call, "%s%s %s %lld\n", text, t[i].name, t[i].type, (long long)t[i].due_us);
    return text && wk_http_reply(http, 200, "text/plain", text, strlen(text), err);
}

static enum wk_verdict before(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call;
    return wk_http_set_header(http, "X-Probe-Before", "set", err) ? WK_DECLINED : WK_FAILED;
}
/* What it sees before the commit; with ?sealed= it queues a row of that key. */
static bool seal(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *key = wk_http_query(http, "sealed");
    struct wk_uuid id = wk_new_id(call);

    return wk_http_set_header(http, "X-Probe-Sealed", wk_printf(call, "%s %d %zu %s", wk_http_route(http)->path, wk_http_status(http), wk_http_answer(http).len,
                                                                wk_http_answer_header(http, "content-type")), err) &&
           (!key || wk_db_queue(call, &probe_record, WK_ARGS(wk_text("sealed"), wk_id(&id), wk_text(key), wk_int(0), wk_int(1)), -1, NULL, err));
}
static void after(struct wk_call *call, struct wk_http *http)
{
    (void)wk_http_set_header(http, "X-Probe-After", wk_printf(call, "%d", wk_http_status(http)), NULL);
}

/* --- misbehaviour --- */
static volatile int sink;

static bool crash(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    volatile int *nowhere = NULL;

    (void)call, (void)http, (void)err;
    return *nowhere == 42;
}
static bool loop(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call, (void)http, (void)err;
    while (sink >= 0)
        sink = (sink + 1) & 0xffff;
    return false;
}
static int deep(int n)
{
    volatile char frame[4096];

    frame[0] = (char)n;
    sink += frame[0];
    return n ? deep(n - 1) + frame[0] : 0;
}
static bool overflow(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call, (void)http, (void)err;
    return deep(1000000) == 42;
}
static bool leak(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    char *lost = malloc(1 << 20);

    (void)call;
    if (lost)
        memset(lost, 1, 1 << 20);
    sink += lost ? lost[4711] : 0;
    return wk_http_reply(http, 200, "text/plain", "leaked\n", 7, err);
}
static bool wait_in_tx(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid id = wk_new_id(call);

    return enter(call, http, err) &&
           wk_db_write(call, &probe_record, WK_ARGS(wk_text("tx"), wk_id(&id), wk_text("k"), wk_int(0), wk_int(1)), NULL, err) && wk_sleep(call, 1, err);
}

static bool handle(struct wk_call *call, const struct wk_event *event, const char *sub, struct wk_err *err)
{
    json_t *payload = wk_json_parse(call, event->payload, event->payload_len, err);

    if (!payload)
        return false;
    if (event->attempt <= wk_json_int(payload, "fail", 0))
        return wk_fail(err, WK_TRANSIENT, "probe.asked", "failing as asked, attempt %u", event->attempt);
    if (wk_json_int(payload, "until", 0) > wk_now(call))
        return wk_later(call, wk_json_int(payload, "until", 0), err);
    if (wk_json_int(payload, "sleep_ms", 0) && !wk_sleep(call, (uint32_t)wk_json_int(payload, "sleep_ms", 0), err))
        return false;
    return wk_db_queue(call, &probe_record, WK_ARGS(wk_text(sub), wk_id(&event->id), wk_text(event->key), wk_int(wk_json_int(payload, "n", 0)),
                                                    wk_int(event->attempt)), -1, NULL, err);
}
static bool on_a(struct wk_call *call, const struct wk_event *e, struct wk_err *err) { return handle(call, e, "a", err); }
static bool on_b(struct wk_call *call, const struct wk_event *e, struct wk_err *err) { return handle(call, e, "b", err); }
static bool on_nothing(struct wk_call *call, const struct wk_event *e, struct wk_err *err)
{
    (void)call, (void)e, (void)err;
    return true;
}
static bool on_poison(struct wk_call *call, const struct wk_event *e, struct wk_err *err)
{
    (void)e;
    return crash(call, NULL, err);
}

/* POST /probe/{tenant}/apart?key=k&fail=1: a row that stands, one of the transaction, and a line of the audit. */
static bool apart(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *key = wk_http_query(http, "key");
    struct wk_uuid id = wk_new_id(call), other = wk_new_id(call);

    return enter(call, http, err) && wk_db_apart(call, &probe_record, WK_ARGS(wk_text("apart"), wk_id(&id), wk_text(key), wk_int(0), wk_int(1)), NULL, err) &&
           wk_db_queue(call, &probe_record, WK_ARGS(wk_text("call"), wk_id(&other), wk_text(key), wk_int(0), wk_int(1)), -1, NULL, err) &&
           wk_audit(call, "probe.apart", key, "{\"n\":1}", err) &&
           (number(http, "fail", 0) ? wk_fail(err, WK_BUSINESS, "probe.nothing", "as asked") : wk_http_reply(http, 200, "text/plain", "done\n", 5, err));
}

static const struct wk_route routes[] = {
    {WK_GET, "/probe/hello", WK_PUBLIC, hello, 0, 0, 0}, {WK_GET, "/probe/sleep", WK_PUBLIC, sleep_route, 0, 0, 0},
    {WK_GET, "/probe/pid", WK_PUBLIC, who, 0, 0, 0},
    {WK_POST, "/probe/echo", WK_PUBLIC, echo, WK_ROUTE_PIECES, 0, 64 << 20},
    {WK_GET, "/probe/stream", WK_PUBLIC, stream, 0, 0, 0}, {WK_GET, "/probe/drip", WK_PUBLIC, drip, 0, 0, 0},
    {WK_POST, "/probe/conflict", WK_PUBLIC, conflict, WK_ROUTE_PIECES, 0, 0}, {WK_POST, "/probe/{tenant}/write-fails", WK_PUBLIC, write_fails, 0, 0, 0},
    {WK_POST, "/probe/{tenant}/publish", WK_PUBLIC, publish, 0, 0, 0}, {WK_POST, "/probe/{tenant}/timer", WK_PUBLIC, timer, 0, 0, 0},
    {WK_POST, "/probe/{tenant}/once", WK_PUBLIC, once, 0, 0, 0}, {WK_GET, "/probe/{tenant}/timers", WK_PUBLIC, timers, 0, 0, 0},
    {WK_GET, "/probe/{tenant}/counts", WK_PUBLIC, counts, 0, 0, 0}, {WK_POST, "/probe/{tenant}/wait-in-tx", WK_PUBLIC, wait_in_tx, 0, 0, 0},
    {WK_POST, "/probe/{tenant}/keep", WK_PUBLIC, keep, 0, 0, 0}, {WK_GET, "/probe/{tenant}/kept", WK_PUBLIC, kept, 0, 0, 0},
    {WK_POST, "/probe/{tenant}/take", WK_PUBLIC, take, 0, 0, 0}, {WK_GET, "/probe/{tenant}/used", WK_PUBLIC, used, 0, 0, 0},
    {WK_GET, "/probe/{tenant}/dear", WK_PUBLIC, dear, 0, 0, 0}, {WK_POST, "/probe/{tenant}/apart", WK_PUBLIC, apart, 0, 0, 0},
    {WK_POST, "/probe/crash", WK_PUBLIC, crash, 0, 0, 0}, {WK_POST, "/probe/loop", WK_PUBLIC, loop, 0, 0, 0},
    {WK_POST, "/probe/overflow", WK_PUBLIC, overflow, 0, 0, 0}, {WK_POST, "/probe/leak", WK_PUBLIC, leak, 0, 0, 0}, {0}};
static const struct wk_filter filters[] = {{"marks", WK_PHASE_EDGE, 0, 0, before, after, seal}, {0}};
static const struct wk_event_type events[] = {
    {"probe.work", WK_NORMAL, 1, 0, "the key asked for", "probe.json", "work for a and b"},
    {"probe.high", WK_HIGH, 1, 0, "the key asked for", "probe.json", "work of the high class"},
    {"probe.low", WK_LOW, 1, 0, "the key asked for", "probe.json", "work of the low class"},
    {"probe.light", WK_NORMAL, 1, 0, "the key asked for", "probe.json", "four subscribers that write nothing"},
    {"probe.short", WK_NORMAL, 1, 60, "the key asked for", "probe.json", "worth acting on for a minute"},
    {"probe.lone", WK_NORMAL, 1, 0, "the key asked for", "probe.json", "one subscriber that writes nothing"},
    {"probe.poison", WK_NORMAL, 1, 0, "the key asked for", "probe.json", "ends whoever handles it"}, {0}};
static const struct wk_sub subs[] = {{"a", "probe.work", WK_FROM_START, 0, on_a}, {"b", "probe.work", WK_FROM_START, 0, on_b},
                                     {"high", "probe.high", WK_FROM_START, 0, on_a}, {"low", "probe.low", WK_FROM_START, 0, on_a},
                                     {"light1", "probe.light", WK_FROM_START, 0, on_nothing}, {"light2", "probe.light", WK_FROM_START, 0, on_nothing},
                                     {"light3", "probe.light", WK_FROM_START, 0, on_nothing}, {"light4", "probe.light", WK_FROM_START, 0, on_nothing},
                                     {"lone", "probe.lone", WK_FROM_START, 0, on_nothing},
                                     {"short", "probe.short", WK_FROM_START, 0, on_a}, {"poison", "probe.poison", WK_FROM_START, 0, on_poison}, {0}};
static const struct wk_error_type errors[] = {
    WK_ERROR_TRANSIENT("probe.asked", "It was asked to fail."),
    WK_ERROR_BUSINESS("probe.nothing", 422, "There was nothing to change.", "It was asked to fail when it commits."),
    WK_ERROR_BUSINESS("probe.asked_to_fail", 409, "It was asked to fail.", "It was asked to fail."),
    WK_ERROR_REFUSAL("probe.tenant", 400, "That is no tenant.", "The message says what is wanted."),
    {0},
};
WK_PLUGIN("probe", "1.0.0", .needs = "quota/1?", .errors = errors, .summary = "Publishes, records and misbehaves for the system tests", .routes = routes, .filters = filters, .events = events, .subscriptions = subs);

/* badbus - a bus/1 that confirms everything and then loses, repeats and reorders, drops its connection and begins new rounds: what the host's positions
 * must make good. For hosts of one worker: it carries inside the process. Never shipped. */
#include <stdlib.h>
#include <wakala/service/bus.h>
#include <wakala/plugin.h>

struct parcel {
    struct parcel *next;
    struct wk_bus_record record;
};
static struct parcel *first, *shown;
static void (*wake)(void *arg);
static void *wake_arg;
static unsigned seed;
static uint64_t the_round = 1, done, receipts, reports, own_lanes;
static struct wk_bus_report totals;

static const struct wk_setting settings[] = {WK_SETTING_INT("seed", "1", 0, 1000000000, WK_SCOPE_HOST, "of its dice"), {0}};

static bool happens(unsigned of_thousand) { return (unsigned)rand_r(&seed) % 1000 < of_thousand; }

static char *copy(const char *text, size_t len)
{
    char *to = malloc(len + 1);

    if (!to)
        abort();
    memcpy(to, text, len);
    to[len] = '\0';
    return to;
}

static void drop(struct parcel *p)
{
    free((char *)(uintptr_t)p->record.type);
    free((char *)(uintptr_t)p->record.key);
    free((char *)(uintptr_t)p->record.trace_id);
    free((char *)(uintptr_t)p->record.payload);
    free(p);
}
static void drop_all(struct parcel **list)
{
    while (*list) {
        struct parcel *p = *list;

        *list = p->next;
        drop(p);
    }
}

/* Mostly behind all others; now and then many places before. */
static void put(const struct wk_bus_record *r)
{
    struct parcel *p = calloc(1, sizeof *p), **at = &first;
    unsigned n = 0, stop;

    if (!p)
        abort();
    p->record = *r;
    p->record.type = copy(r->type, strlen(r->type));
    p->record.key = copy(r->key, strlen(r->key));
    p->record.trace_id = copy(r->trace_id, strlen(r->trace_id));
    p->record.payload = copy(r->payload, r->payload_len);
    p->record.receipt = ++receipts;
    stop = happens(100) ? (unsigned)rand_r(&seed) % 50 : UINT32_MAX;
    while (*at && n++ < stop)
        at = &(*at)->next;
    p->next = *at;
    *at = p;
}

static bool start(struct wk_plugin *plugin, void (*tell)(void *arg), void *arg, struct wk_err *err)
{
    (void)plugin, (void)err;
    wake = tell;
    wake_arg = arg;
    wake(wake_arg);
    return true;
}
static void stop(struct wk_plugin *plugin)
{
    (void)plugin;
    drop_all(&first);
    drop_all(&shown);
}
static void report(struct wk_plugin *plugin, struct wk_bus_report *out)
{
    uint32_t size = out->size;
    bool is_down = ++reports % 500 < 2;

    (void)plugin;
    *out = totals;
    out->size = size;
    out->is_up = out->may_publish = !is_down;
    out->round = the_round;
    out->done = done;
    if (is_down) {
        (void)snprintf(out->reason, sizeof out->reason, "it felt like it");
        wake(wake_arg);
    }
}
static void relay(struct wk_plugin *plugin, bool on)
{
    (void)plugin, (void)on;
    the_round++;
    done = 0;
}
static size_t publish(struct wk_plugin *plugin, uint64_t of_round, const struct wk_bus_record *records, size_t n)
{
    size_t take = of_round == the_round ? (size_t)rand_r(&seed) % (n + 1) : 0;

    (void)plugin;
    for (size_t i = 0; i < take; i++) {
        done++;
        totals.published++, totals.confirmed++;
        if (happens(40))
            continue; /* lost */
        for (int copies = happens(50) ? 2 : 1; copies; copies--)
            put(&records[i]);
        if (happens(4)) { /* a lost connection: all that is under way, and whatever was confirmed and not yet told */
            drop_all(&first);
            the_round++;
            done = 0;
            break;
        }
    }
    wake(wake_arg);
    return take;
}
static void own(struct wk_plugin *plugin, uint64_t lanes)
{
    (void)plugin;
    own_lanes = lanes;
}
static size_t take(struct wk_plugin *plugin, struct wk_bus_record *out, size_t max)
{
    struct parcel **end = &shown;
    size_t n = 0;

    (void)plugin;
    drop_all(&shown);
    while (first && n < max) {
        struct parcel *p = first;

        first = p->next;
        p->next = NULL;
        if (!(own_lanes >> p->record.lane & 1)) {
            drop(p);
            continue;
        }
        *end = p;
        end = &p->next;
        out[n++] = p->record;
        totals.delivered++;
    }
    return n;
}
static void settle(struct wk_plugin *plugin, unsigned cls, unsigned lane, uint64_t receipt)
{
    (void)plugin, (void)cls, (void)lane;
    if (receipt > receipts)
        abort(); /* nobody got that one */
}

static struct wk_bus service = {.head = {.size = sizeof service, .version = 1}, .start = start, .stop = stop, .report = report, .relay = relay,
                                .publish = publish, .own = own, .take = take, .settle = settle};
static const struct wk_provide provides[] = {{WK_BUS, &service.head}, {0}};

static bool badbus_open(struct wk_plugin *plugin, struct wk_err *err)
{
    (void)err;
    seed = (unsigned)wk_plugin_setting_int(plugin, "seed");
    return true;
}

WK_PLUGIN("badbus", "1.0.0", .summary = "Loses, repeats and reorders", .settings = settings, .provides = provides, .open = badbus_open);

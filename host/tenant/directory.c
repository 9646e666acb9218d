/* directory.c - the snapshot: flat arrays over what each server said, texts in their results, two hash tables. */
#include "tenant/directory.h"
#include "db/db.h"
#include "db/server.h"
#include "fiber/fiber.h"
#include <stdlib.h>

enum { MAIN_US = 5000000, OTHERS_US = 2000000 }; /* how long a server is waited for */

enum { TENANTS, ADDRESSES, SETTINGS, SECRETS, MOVED, READS };
struct part { /* what one server said last; shared by the snapshots that are made of it */
    size_t refs;
    struct wk_result *read[READS]; /* the texts of the snapshot live in them */
    struct gone { /* who has left, by id */
        struct wk_uuid tenant;
        const char *to;
    } *gone;
    size_t n_gone;
};
struct value { /* sorted by (tenant, plugin, key) */
    struct wk_uuid tenant;
    const char *plugin, *key;
    const char *text;      /* a setting */
    const uint8_t *sealed; /* a secret */
    size_t sealed_len;
};
struct place {
    const char *channel, *text; /* address or account */
    size_t tenant;              /* index */
    bool is_shared;             /* an account of several tenants: it tells none */
};
struct table { /* open addressing over places */
    struct place **slots;
    size_t mask;
};
struct wk_snapshot {
    size_t refs, tenants, values, places;
    struct wk_tenant_ref *tenant; /* sorted by id */
    struct value *value;
    struct place *place, *account;
    struct table by_address, by_account;
    struct part *part[WK_SERVERS]; /* NULL: that server has not answered yet */
    unsigned parts;
    char **texts; /* id_text of each tenant */
    uint8_t **blobs;
};
struct wk_directory {
    struct wk_snapshot *now;
};

static const struct wk_stmt q_tenants = {"wakala", "host", "directory_tenants",
    "SELECT id, name, tier, status, language, currency, currency_exponent, timezone, schema_name, shard, is_ready, coalesce(comes_from, ''), since_xid "
    "FROM wakala.tenant WHERE is_ready OR comes_from IS NOT NULL ORDER BY id", false};
static const struct wk_stmt q_addresses = {"wakala", "host", "directory_addresses",
    "SELECT channel, address, account, tenant_id FROM wakala.address ORDER BY channel, address", false};
static const struct wk_stmt q_settings = {"wakala", "host", "directory_settings",
    "SELECT tenant_id, plugin, key, value FROM wakala.tenant_setting ORDER BY tenant_id, plugin, key", false};
static const struct wk_stmt q_secrets = {"wakala", "host", "directory_secrets",
    "SELECT tenant_id, plugin, key, encode(sealed, 'hex') FROM wakala.tenant_secret ORDER BY tenant_id, plugin, key", false};
static const struct wk_stmt q_moved = {"wakala", "host", "directory_moved", "SELECT tenant_id, server FROM wakala.moved ORDER BY 1", false};

static void part_unref(struct part *p)
{
    if (!p || --p->refs)
        return;
    for (size_t i = 0; i < READS; i++)
        wk_result_free(p->read[i]);
    free(p->gone);
    free(p);
}

static void snapshot_destroy(struct wk_snapshot *s)
{
    if (!s)
        return;
    for (size_t i = 0; s->blobs && i < s->values; i++)
        free(s->blobs[i]);
    for (size_t i = 0; s->texts && i < s->tenants; i++)
        free(s->texts[i]);
    for (unsigned i = 0; i < s->parts; i++)
        part_unref(s->part[i]);
    free(s->blobs);
    free(s->texts);
    free(s->tenant);
    free(s->value);
    free(s->place);
    free(s->account);
    free(s->by_address.slots);
    free(s->by_account.slots);
    free(s);
}

static void snapshot_unref(struct wk_snapshot *s)
{
    if (s && --s->refs == 0)
        snapshot_destroy(s);
}

static size_t hash_place(const char *channel, const char *text, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (; *channel; channel++)
        h = (h ^ (unsigned char)*channel) * UINT64_C(1099511628211);
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return (size_t)(h ^ h >> 32);
}

static bool table_fill(struct table *t, struct place *places, size_t n)
{
    size_t size = 16;

    while (size < 2 * n)
        size *= 2;
    t->mask = size - 1;
    t->slots = calloc(size, sizeof *t->slots);
    if (!t->slots)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t at = hash_place(places[i].channel, places[i].text, strlen(places[i].text)) & t->mask;

        while (t->slots[at] && (strcmp(t->slots[at]->channel, places[i].channel) != 0 || strcmp(t->slots[at]->text, places[i].text) != 0))
            at = (at + 1) & t->mask;
        if (!t->slots[at])
            t->slots[at] = &places[i];
        else if (t->slots[at]->tenant != places[i].tenant) /* whose it is, only an address says */
            t->slots[at]->is_shared = true;
    }
    return true;
}

static const struct place *table_find(const struct table *t, const char *channel, const char *text, size_t len)
{
    if (!t->slots)
        return NULL;
    for (size_t at = hash_place(channel, text, len) & t->mask; t->slots[at]; at = (at + 1) & t->mask) {
        const struct place *p = t->slots[at];

        if (!strcmp(p->channel, channel) && strlen(p->text) == len && !memcmp(p->text, text, len))
            return p;
    }
    return NULL;
}

static int by_id(const void *a, const void *b) { return memcmp(a, b, sizeof(struct wk_uuid)); }
static int by_tenant(const void *a, const void *b)
{
    return by_id(&((const struct wk_tenant_ref *)a)->tenant.id, &((const struct wk_tenant_ref *)b)->tenant.id);
}

static struct wk_tenant_ref *find(const struct wk_snapshot *s, const struct wk_uuid *id)
{
    size_t lo = 0, hi = s ? s->tenants : 0;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = by_id(id, &s->tenant[mid].tenant.id);

        if (!c)
            return &s->tenant[mid];
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

/* Where a tenant went from a server; NULL: it did not leave. */
static const char *left_to(const struct part *p, const struct wk_uuid *id)
{
    const struct gone *g = p && p->n_gone ? bsearch(id, p->gone, p->n_gone, sizeof *p->gone, by_id) : NULL;

    return g ? g->to : NULL;
}

/* Is it served here? Who has left is not; who has arrived is from the moment that its old server says so, whatever could still be written here. */
static bool is_here(const struct wk_snapshot *s, const struct wk_dbserver *servers, unsigned server, size_t row, const struct wk_uuid *id)
{
    const struct wk_result *r = s->part[server]->read[TENANTS];
    const char *from = wk_result_text(r, row, 11, NULL);

    if (left_to(s->part[server], id))
        return false;
    if (*wk_result_text(r, row, 10, NULL) == 't')
        return true;
    for (unsigned i = 0; i < s->parts; i++) {
        const char *to = strcmp(servers[i].name, from) != 0 ? NULL : left_to(s->part[i], id);

        if (to && !strcmp(to, servers[server].name))
            return true;
    }
    return false;
}

static bool read_tenants(struct wk_snapshot *s, const struct wk_dbserver *servers)
{
    size_t most = 1;

    for (unsigned p = 0; p < s->parts; p++)
        most += s->part[p] ? wk_result_rows(s->part[p]->read[TENANTS]) : 0;
    s->tenant = calloc(most, sizeof *s->tenant);
    s->texts = calloc(most, sizeof *s->texts);
    if (!s->tenant || !s->texts)
        return false;
    for (unsigned p = 0; p < s->parts; p++)
        for (size_t i = 0; s->part[p] && i < wk_result_rows(s->part[p]->read[TENANTS]); i++) {
            const struct wk_result *r = s->part[p]->read[TENANTS];
            struct wk_tenant_ref *t = &s->tenant[s->tenants];
            struct wk_uuid id;

            (void)wk_uuid_parse(wk_result_text(r, i, 0, NULL), &id);
            if (!is_here(s, servers, p, i, &id))
                continue;
            if (!(s->texts[s->tenants] = malloc(WK_UUID_TEXT)))
                return false;
            t->snapshot = s;
            t->server = p;
            t->tenant = (struct wk_tenant){.size = sizeof t->tenant, .shard = (uint32_t)wk_result_int(r, i, 9), .id = id,
                                           .id_text = wk_uuid_text(&id, s->texts[s->tenants]), .name = wk_result_text(r, i, 1, NULL),
                                           .tier = wk_result_text(r, i, 2, NULL), .status = wk_result_text(r, i, 3, NULL),
                                           .language = wk_result_text(r, i, 4, NULL), .currency = wk_result_text(r, i, 5, NULL),
                                           .currency_exponent = (uint32_t)wk_result_int(r, i, 6), .timezone = wk_result_text(r, i, 7, NULL)};
            t->schema = wk_result_text(r, i, 8, NULL);
            t->is_arriving = *wk_result_text(r, i, 10, NULL) != 't';
            t->since_xid = strtoull(wk_result_text(r, i, 12, NULL), NULL, 10);
            s->tenants++;
        }
    if (s->parts > 1 && s->tenants)
        qsort(s->tenant, s->tenants, sizeof *s->tenant, by_tenant);
    return true;
}

static bool read_places(struct wk_snapshot *s)
{
    size_t most = 1;

    for (unsigned p = 0; p < s->parts; p++)
        most += s->part[p] ? wk_result_rows(s->part[p]->read[ADDRESSES]) : 0;
    s->place = calloc(most, sizeof *s->place);
    s->account = calloc(most, sizeof *s->account);
    if (!s->place || !s->account)
        return false;
    for (unsigned p = 0; p < s->parts; p++)
        for (size_t i = 0; s->part[p] && i < wk_result_rows(s->part[p]->read[ADDRESSES]); i++) {
            const struct wk_result *r = s->part[p]->read[ADDRESSES];
            struct wk_uuid id;
            struct wk_tenant_ref *t = wk_uuid_parse(wk_result_text(r, i, 3, NULL), &id) ? find(s, &id) : NULL;

            if (!t || t->server != p) /* made between the two reads: the notification brings us back; or it has left */
                continue;
            s->place[s->places] = (struct place){wk_result_text(r, i, 0, NULL), wk_result_text(r, i, 1, NULL), (size_t)(t - s->tenant), false};
            s->account[s->places] = (struct place){wk_result_text(r, i, 0, NULL), wk_result_text(r, i, 2, NULL), (size_t)(t - s->tenant), false};
            s->places++;
        }
    return table_fill(&s->by_address, s->place, s->places) && table_fill(&s->by_account, s->account, s->places);
}

static uint8_t *unhex(const char *hex, size_t *len)
{
    size_t n = strlen(hex) / 2;
    uint8_t *out = malloc(n + 1);

    for (size_t i = 0; out && i < n; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};

        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    *len = n;
    return out;
}

static int compare_values(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    int c = by_id(&x->tenant, &y->tenant);

    if (!c)
        c = strcmp(x->plugin, y->plugin);
    return c ? c : strcmp(x->key, y->key);
}

static bool read_values(struct wk_snapshot *s)
{
    size_t most = 1;

    for (unsigned p = 0; p < s->parts; p++)
        for (unsigned k = SETTINGS; k <= SECRETS; k++)
            most += s->part[p] ? wk_result_rows(s->part[p]->read[k]) : 0;
    s->value = calloc(most, sizeof *s->value);
    s->blobs = calloc(most, sizeof *s->blobs);
    if (!s->value || !s->blobs)
        return false;
    for (unsigned p = 0; p < s->parts; p++)
        for (unsigned k = SETTINGS; s->part[p] && k <= SECRETS; k++)
            for (size_t i = 0; i < wk_result_rows(s->part[p]->read[k]); i++) {
                const struct wk_result *r = s->part[p]->read[k];
                struct value *v = &s->value[s->values];
                const struct wk_tenant_ref *t;

                (void)wk_uuid_parse(wk_result_text(r, i, 0, NULL), &v->tenant);
                t = find(s, &v->tenant);
                if (!t || t->server != p)
                    continue;
                v->plugin = wk_result_text(r, i, 1, NULL);
                v->key = wk_result_text(r, i, 2, NULL);
                if (k == SETTINGS)
                    v->text = wk_result_text(r, i, 3, NULL);
                else if (!(v->sealed = s->blobs[s->values] = unhex(wk_result_text(r, i, 3, NULL), &v->sealed_len)))
                    return false;
                s->values++;
            }
    if (s->values)
        qsort(s->value, s->values, sizeof *s->value, compare_values);
    for (size_t i = 0; i < s->values; i++) {
        struct wk_tenant_ref *t = find(s, &s->value[i].tenant);

        if (!t->value_count++)
            t->first_value = i;
    }
    return true;
}

static struct part *read_part(struct wk_db *db, int64_t until_us, struct wk_err *err)
{
    struct wk_exec items[READS] = {[TENANTS] = {.stmt = &q_tenants}, [ADDRESSES] = {.stmt = &q_addresses}, [SETTINGS] = {.stmt = &q_settings},
                                   [SECRETS] = {.stmt = &q_secrets}, [MOVED] = {.stmt = &q_moved}};
    struct wk_conn *conn = wk_db_acquire(db, WK_DB_HOST, 0, NULL, until_us, err);
    struct part *p;
    bool ok;

    if (!conn)
        return NULL;
    ok = wk_conn_exec(conn, items, READS, WK_EXEC_SYNC, until_us, err);
    wk_db_release(conn);
    if (!ok)
        return NULL;
    p = calloc(1, sizeof *p);
    if (p)
        p->gone = calloc(wk_result_rows(items[MOVED].result) + 1, sizeof *p->gone);
    if (!p || !p->gone) {
        wk_exec_clear(items, READS);
        free(p);
        wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "tenant directory");
        return NULL;
    }
    p->refs = 1;
    for (size_t i = 0; i < READS; i++)
        p->read[i] = items[i].result;
    for (; p->n_gone < wk_result_rows(p->read[MOVED]); p->n_gone++) {
        (void)wk_uuid_parse(wk_result_text(p->read[MOVED], p->n_gone, 0, NULL), &p->gone[p->n_gone].tenant);
        p->gone[p->n_gone].to = wk_result_text(p->read[MOVED], p->n_gone, 1, NULL);
    }
    return p;
}

bool wk_directory_read(const struct wk_directory *dir, const struct wk_dbserver *servers, unsigned n, struct wk_snapshot **out, struct wk_err *err)
{
    struct wk_snapshot *s = calloc(1, sizeof *s);
    struct wk_err why = {0};
    bool ok = true;

    *out = NULL;
    if (!s)
        return wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "tenant directory");
    s->refs = 1;
    s->parts = n;
    for (unsigned p = 0; p < n; p++) {
        s->part[p] = read_part(servers[p].db, wk_mono_us() + (p ? OTHERS_US : MAIN_US), &why);
        if (s->part[p])
            continue;
        *err = why;
        if (n > 1)
            (void)snprintf(err->msg, sizeof err->msg, "server %s: %.150s", servers[p].name, why.msg);
        ok = false;
        if (dir->now && dir->now->part[p]) {
            s->part[p] = dir->now->part[p];
            s->part[p]->refs++;
        }
    }
    if (!s->part[0] || !read_tenants(s, servers) || !read_places(s) || !read_values(s)) {
        ok = s->part[0] ? wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "tenant directory") : false;
        snapshot_destroy(s);
        return ok;
    }
    *out = s;
    return ok;
}

uint32_t wk_directory_arrivals(const struct wk_directory *dir, const struct wk_snapshot *next)
{
    uint32_t servers = 0;

    for (size_t i = 0; next && next->parts > 1 && dir->now && i < next->tenants; i++) {
        const struct wk_tenant_ref *was = find(dir->now, &next->tenant[i].tenant.id);

        if (!was || was->server != next->tenant[i].server)
            servers |= UINT32_C(1) << next->tenant[i].server;
    }
    return servers;
}

void wk_directory_use(struct wk_directory *dir, struct wk_snapshot *next)
{
    if (!next)
        return;
    snapshot_unref(dir->now);
    dir->now = next;
}

void wk_snapshot_drop(struct wk_snapshot *snapshot) { snapshot_unref(snapshot); }

bool wk_directory_load(struct wk_directory *dir, const struct wk_dbserver *servers, unsigned n, struct wk_err *err)
{
    struct wk_snapshot *next;
    bool ok = wk_directory_read(dir, servers, n, &next, err);

    wk_directory_use(dir, next);
    return ok;
}

struct wk_directory *wk_directory_create(struct wk_err *err)
{
    struct wk_directory *dir = calloc(1, sizeof *dir);

    if (!dir)
        wk_fail(err, WK_SYSTEM, "host.no_memory", "tenant directory");
    return dir;
}

void wk_directory_destroy(struct wk_directory *dir)
{
    if (dir)
        snapshot_unref(dir->now);
    free(dir);
}

bool wk_directory_is_loaded(const struct wk_directory *dir) { return dir->now != NULL; }
bool wk_directory_has(const struct wk_directory *dir, unsigned server) { return dir->now && server < dir->now->parts && dir->now->part[server]; }

bool wk_directory_is_whole(const struct wk_directory *dir)
{
    for (unsigned i = 0; dir->now && i < dir->now->parts; i++)
        if (!dir->now->part[i])
            return false;
    return dir->now != NULL;
}

bool wk_directory_has_left(const struct wk_directory *dir, unsigned server, const struct wk_uuid *tenant)
{
    return wk_directory_has(dir, server) && left_to(dir->now->part[server], tenant);
}

const struct wk_tenant_ref *wk_directory_find(const struct wk_directory *dir, const struct wk_uuid *tenant) { return find(dir->now, tenant); }

const struct wk_tenant_ref *wk_directory_by_address(const struct wk_directory *dir, const char *channel, const char *address, size_t len)
{
    const struct place *p = dir->now ? table_find(&dir->now->by_address, channel, address, len) : NULL;

    return p ? &dir->now->tenant[p->tenant] : NULL;
}

const struct wk_tenant_ref *wk_directory_by_account(const struct wk_directory *dir, const char *channel, const char *account, size_t len)
{
    const struct place *p = dir->now && len ? table_find(&dir->now->by_account, channel, account, len) : NULL;

    return p && !p->is_shared ? &dir->now->tenant[p->tenant] : NULL;
}

bool wk_directory_is_shared(const struct wk_directory *dir, const char *channel, const char *account, size_t len)
{
    const struct place *p = dir->now && len ? table_find(&dir->now->by_account, channel, account, len) : NULL;

    return p && p->is_shared;
}

void wk_directory_each(const struct wk_directory *dir, void (*visit)(const struct wk_tenant_ref *ref, void *arg), void *arg)
{
    for (size_t i = 0; dir->now && i < dir->now->tenants; i++)
        visit(&dir->now->tenant[i], arg);
}

const struct wk_tenant_ref *wk_tenant_take(const struct wk_tenant_ref *ref)
{
    if (ref)
        ref->snapshot->refs++;
    return ref;
}

void wk_tenant_drop(const struct wk_tenant_ref *ref)
{
    if (ref)
        snapshot_unref(ref->snapshot);
}

const char *wk_tenant_address_of(const struct wk_tenant_ref *ref, const char *channel)
{
    const struct wk_snapshot *s = ref->snapshot;

    for (size_t i = 0; i < s->places; i++) /* seldom asked: no index of its own */
        if (s->place[i].tenant == (size_t)(ref - s->tenant) && !strcmp(s->place[i].channel, channel))
            return s->place[i].text;
    return NULL;
}

/* A setting or a secret: both may have the same name, and neither hides the other. */
static const struct value *value_of(const struct wk_tenant_ref *ref, const char *plugin, const char *key, bool is_secret)
{
    for (size_t i = 0; ref && i < ref->value_count; i++) {
        const struct value *v = &ref->snapshot->value[ref->first_value + i];

        if (!v->sealed == !is_secret && !strcmp(v->plugin, plugin) && !strcmp(v->key, key))
            return v;
    }
    return NULL;
}

const char *wk_tenant_value(const struct wk_tenant_ref *ref, const char *plugin, const char *key)
{
    const struct value *v = value_of(ref, plugin, key, false);

    return v ? v->text : NULL;
}

bool wk_tenant_has(const struct wk_tenant_ref *ref, const char *plugin)
{
    const char *own = ref ? wk_tenant_value(ref, plugin, "enabled") : NULL;

    return !own || strcmp(own, "false") != 0;
}

const uint8_t *wk_tenant_sealed(const struct wk_tenant_ref *ref, const char *plugin, const char *key, size_t *len)
{
    const struct value *v = value_of(ref, plugin, key, true);

    *len = v && v->sealed ? v->sealed_len : 0;
    return v ? v->sealed : NULL;
}

/* directory.c - the snapshot: flat arrays, texts in one arena-like block, two hash tables. */
#include "tenant/directory.h"
#include "db/db.h"
#include "fiber/fiber.h"
#include <stdlib.h>

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
    struct wk_result *kept[4]; /* the texts live in the results */
    char **texts;              /* id_text of each tenant */
    uint8_t **blobs;
};
struct wk_directory {
    struct wk_snapshot *now;
};

static const struct wk_stmt q_tenants = {"wakala", "host", "directory_tenants",
    "SELECT id, name, tier, status, language, currency, currency_exponent, timezone, schema_name, shard FROM wakala.tenant WHERE is_ready ORDER BY id", false};
static const struct wk_stmt q_addresses = {"wakala", "host", "directory_addresses",
    "SELECT channel, address, account, tenant_id FROM wakala.address ORDER BY channel, address", false};
static const struct wk_stmt q_settings = {"wakala", "host", "directory_settings",
    "SELECT tenant_id, plugin, key, value FROM wakala.tenant_setting ORDER BY tenant_id, plugin, key", false};
static const struct wk_stmt q_secrets = {"wakala", "host", "directory_secrets",
    "SELECT tenant_id, plugin, key, encode(sealed, 'hex') FROM wakala.tenant_secret ORDER BY tenant_id, plugin, key", false};

static void snapshot_destroy(struct wk_snapshot *s)
{
    if (!s)
        return;
    for (size_t i = 0; s->blobs && i < s->values; i++)
        free(s->blobs[i]);
    for (size_t i = 0; s->texts && i < s->tenants; i++)
        free(s->texts[i]);
    for (size_t i = 0; i < WK_COUNT(s->kept); i++)
        wk_result_free(s->kept[i]);
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

static bool read_tenants(struct wk_snapshot *s, const struct wk_result *r)
{
    s->tenants = wk_result_rows(r);
    s->tenant = calloc(s->tenants + 1, sizeof *s->tenant);
    s->texts = calloc(s->tenants + 1, sizeof *s->texts);
    if (!s->tenant || !s->texts)
        return false;
    for (size_t i = 0; i < s->tenants; i++) {
        struct wk_tenant_ref *t = &s->tenant[i];

        (void)wk_uuid_parse(wk_result_text(r, i, 0, NULL), &t->tenant.id);
        if (!(s->texts[i] = malloc(WK_UUID_TEXT)))
            return false;
        t->snapshot = s;
        t->tenant = (struct wk_tenant){.size = sizeof t->tenant, .shard = (uint32_t)wk_result_int(r, i, 9), .id = t->tenant.id,
                                       .id_text = wk_uuid_text(&t->tenant.id, s->texts[i]), .name = wk_result_text(r, i, 1, NULL),
                                       .tier = wk_result_text(r, i, 2, NULL), .status = wk_result_text(r, i, 3, NULL),
                                       .language = wk_result_text(r, i, 4, NULL), .currency = wk_result_text(r, i, 5, NULL),
                                       .currency_exponent = (uint32_t)wk_result_int(r, i, 6), .timezone = wk_result_text(r, i, 7, NULL)};
        t->schema = wk_result_text(r, i, 8, NULL);
    }
    return true;
}

static bool read_places(struct wk_snapshot *s, const struct wk_result *r)
{
    size_t n = wk_result_rows(r);

    s->place = calloc(n + 1, sizeof *s->place);
    s->account = calloc(n + 1, sizeof *s->account);
    if (!s->place || !s->account)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct wk_uuid id;
        struct wk_tenant_ref *t = wk_uuid_parse(wk_result_text(r, i, 3, NULL), &id) ? find(s, &id) : NULL;

        if (!t) /* made between the two reads: the notification brings us back */
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

static bool read_values(struct wk_snapshot *s, const struct wk_result *settings, const struct wk_result *secrets)
{
    size_t a = wk_result_rows(settings), b = wk_result_rows(secrets);

    s->value = calloc(a + b + 1, sizeof *s->value);
    s->blobs = calloc(a + b + 1, sizeof *s->blobs);
    if (!s->value || !s->blobs)
        return false;
    for (size_t i = 0; i < a + b; i++) {
        const struct wk_result *r = i < a ? settings : secrets;
        size_t row = i < a ? i : i - a;
        struct value *v = &s->value[i];

        (void)wk_uuid_parse(wk_result_text(r, row, 0, NULL), &v->tenant);
        v->plugin = wk_result_text(r, row, 1, NULL);
        v->key = wk_result_text(r, row, 2, NULL);
        s->values++;
        if (i < a)
            v->text = wk_result_text(r, row, 3, NULL);
        else if (!(v->sealed = s->blobs[i] = unhex(wk_result_text(r, row, 3, NULL), &v->sealed_len)))
            return false;
    }
    qsort(s->value, s->values, sizeof *s->value, compare_values);
    for (size_t i = 0; i < s->values; i++) {
        struct wk_tenant_ref *t = find(s, &s->value[i].tenant);

        if (t && !t->value_count++)
            t->first_value = i;
    }
    return true;
}

bool wk_directory_load(struct wk_directory *dir, struct wk_db *db, int64_t until_us, struct wk_err *err)
{
    struct wk_exec items[4] = {{.stmt = &q_tenants}, {.stmt = &q_addresses}, {.stmt = &q_settings}, {.stmt = &q_secrets}};
    struct wk_conn *conn = wk_db_acquire(db, WK_DB_HOST, 0, NULL, until_us, err);
    struct wk_snapshot *s;
    bool ok;

    if (!conn)
        return false;
    ok = wk_conn_exec(conn, items, WK_COUNT(items), WK_EXEC_SYNC, until_us, err);
    wk_db_release(conn);
    if (!ok)
        return false;
    s = calloc(1, sizeof *s);
    for (size_t i = 0; i < WK_COUNT(items); i++) {
        if (s)
            s->kept[i] = items[i].result;
        else
            wk_result_free(items[i].result);
    }
    if (!s || !read_tenants(s, s->kept[0]) || !read_places(s, s->kept[1]) || !read_values(s, s->kept[2], s->kept[3])) {
        snapshot_destroy(s);
        return wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "tenant directory");
    }
    s->refs = 1;
    snapshot_unref(dir->now);
    dir->now = s;
    return true;
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

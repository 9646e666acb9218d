/* fake_host.h - a host table for tests of plugins: memory, scripted query results, and a record of everything that was sent, queued and
 * published. Include it in one .c per program. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <wakala/json.h>
#include <wakala/plugin.h>

#define FAKE_COLUMNS 24
#define FAKE_ROWS 16
#define FAKE_KEPT 32

struct wk_call {
    void *blocks[4096];
    size_t block_count;
    void (*defer_fn[64])(void *);
    void *defer_arg[64];
    size_t defer_count;
};
struct wk_rows {
    size_t count, columns;
    const char *cell[FAKE_ROWS][FAKE_COLUMNS];
};

struct fake_statement { /* one that the plugin ran or queued */
    char name[40];
    char arg[20][4096]; /* "\1" = NULL */
    size_t args;
    int64_t expect;
    bool is_queued;
};
struct fake_message {
    enum wk_outgoing_type type;
    char text[8192], button[64], to[64], template_name[64], parameter[256];
    char id[10][256], title[10][128], description[10][256], section[10][64];
    size_t options;
    bool is_reply;
};
struct fake_event {
    char type[64], key[64], json[4096];
};

static struct fake {
    struct wk_call call;
    int64_t now;
    unsigned ids;
    struct wk_tenant tenant;
    struct fake_statement ran[FAKE_KEPT];
    size_t ran_count;
    struct fake_message sent[FAKE_KEPT];
    size_t sent_count;
    struct fake_event events[FAKE_KEPT];
    size_t event_count;
    unsigned invalidated; /* calls of wk_cache_invalidate() */
    char invalidated_pattern[80];
    int frames;
    const void *owner;
    const void *off; /* the plugin that the tenant has not */
    /* What a statement answers; NULL: no rows. */
    struct wk_rows *(*answer)(const char *statement, const struct wk_arg *args, size_t n);
    const char *setting[8][2];
    const struct wk_plugin_desc *plugins[4];
    const struct wk_plugin_desc *plugin; /* for open() */
} fake;

static void *fake_alloc(struct wk_call *call, size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);

    assert_true(call->block_count < 4096);
    return call->blocks[call->block_count++] = p;
}
static bool fake_defer(struct wk_call *call, void (*fn)(void *), void *arg)
{
    assert_true(call->defer_count < 64);
    call->defer_fn[call->defer_count] = fn;
    call->defer_arg[call->defer_count++] = arg;
    return true;
}
/* Everything of the call is gone, as when a hook has returned. */
static inline void fake_call_end(void)
{
    while (fake.call.defer_count) {
        fake.call.defer_count--;
        fake.call.defer_fn[fake.call.defer_count](fake.call.defer_arg[fake.call.defer_count]);
    }
    while (fake.call.block_count)
        free(fake.call.blocks[--fake.call.block_count]);
    assert_int_equal(fake.frames, 0);
}
static const struct wk_tenant *fake_tenant(struct wk_call *call)
{
    (void)call;
    return &fake.tenant;
}
static int64_t fake_now(struct wk_call *call)
{
    (void)call;
    return fake.now;
}
static struct wk_uuid fake_new_id(struct wk_call *call)
{
    struct wk_uuid id = {{0}};

    (void)call;
    id.b[0] = 1;
    id.b[15] = (uint8_t)++fake.ids;
    return id;
}
static void fake_log(struct wk_call *call, enum wk_level level, const char *text)
{
    (void)call;
    (void)level;
    (void)text;
}
static const char *fake_trace(struct wk_call *call)
{
    (void)call;
    return "0123456789abcdef0123456789abcdef";
}
static const char *fake_setting_text(struct wk_call *call, const char *key)
{
    (void)call;
    for (size_t i = 0; i < 8 && fake.setting[i][0]; i++)
        if (!strcmp(fake.setting[i][0], key))
            return fake.setting[i][1];
    return "";
}
static int64_t fake_setting_int(struct wk_call *call, const char *key) { return strtoll(fake_setting_text(call, key), NULL, 10); }

static void fake_arg_text(const struct wk_arg *a, char *out, size_t size)
{
    char id[WK_UUID_TEXT];

    switch (a->type) {
    case WK_ARG_NULL:
        (void)snprintf(out, size, "\1");
        break;
    case WK_ARG_TEXT:
        (void)snprintf(out, size, "%s", a->text);
        break;
    case WK_ARG_UUID:
        (void)snprintf(out, size, "%s", wk_uuid_text(a->uuid, id));
        break;
    case WK_ARG_BOOL:
        (void)snprintf(out, size, "%s", a->i ? "t" : "f");
        break;
    case WK_ARG_DOUBLE:
        (void)snprintf(out, size, "%g", a->d);
        break;
    default:
        (void)snprintf(out, size, "%lld", (long long)a->i);
    }
}
static void fake_record(const struct wk_sql *sql, const struct wk_arg *args, size_t n, int64_t expect, bool is_queued)
{
    struct fake_statement *s = &fake.ran[fake.ran_count++];

    assert_true(fake.ran_count <= FAKE_KEPT && n <= 20);
    *s = (struct fake_statement){.args = n, .expect = expect, .is_queued = is_queued};
    (void)snprintf(s->name, sizeof s->name, "%s", sql->name);
    for (size_t i = 0; i < n; i++)
        fake_arg_text(&args[i], s->arg[i], sizeof s->arg[i]);
}
static bool fake_db_run(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows,
                        struct wk_err *err)
{
    static struct wk_rows none;
    struct wk_rows *answer = fake.answer ? fake.answer(sql->name, args, n) : NULL;

    (void)call;
    (void)err;
    fake_record(sql, args, n, -1, false);
    if (rows)
        *rows = answer ? answer : &none;
    return true;
}
static bool fake_db_queue(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, int64_t expect,
                          const char *otherwise, struct wk_err *err)
{
    (void)call;
    (void)otherwise;
    (void)err;
    fake_record(sql, args, n, expect, true);
    return true;
}
static size_t fake_rows_count(const struct wk_rows *rows) { return rows->count; }
static const char *fake_rows_text(const struct wk_rows *rows, size_t row, size_t column, size_t *len)
{
    const char *text = row < rows->count && column < FAKE_COLUMNS ? rows->cell[row][column] : NULL;

    if (len)
        *len = text ? strlen(text) : 0;
    return text;
}
static int64_t fake_rows_affected(const struct wk_rows *rows) { return (int64_t)rows->count; }
static bool fake_publish(struct wk_call *call, const char *type, const char *key, const char *json, size_t len, struct wk_err *err)
{
    struct fake_event *e = &fake.events[fake.event_count++];

    (void)call;
    (void)len;
    (void)err;
    assert_true(fake.event_count <= FAKE_KEPT);
    (void)snprintf(e->type, sizeof e->type, "%s", type);
    (void)snprintf(e->key, sizeof e->key, "%s", key);
    (void)snprintf(e->json, sizeof e->json, "%s", json);
    return true;
}
static void fake_copy(char *out, size_t size, const char *text) { (void)snprintf(out, size, "%s", text ? text : ""); }
static bool fake_keep(const struct wk_outgoing *m, bool is_reply, const char *to)
{
    struct fake_message *s = &fake.sent[fake.sent_count++];

    assert_true(fake.sent_count <= FAKE_KEPT && m->option_count <= 10);
    memset(s, 0, sizeof *s);
    s->type = m->type;
    s->is_reply = is_reply;
    s->options = m->option_count;
    fake_copy(s->text, sizeof s->text, m->text);
    fake_copy(s->button, sizeof s->button, m->button);
    fake_copy(s->to, sizeof s->to, to);
    fake_copy(s->template_name, sizeof s->template_name, m->template_name);
    fake_copy(s->parameter, sizeof s->parameter, m->parameter_count ? m->parameters[0] : NULL);
    for (size_t i = 0; i < m->option_count; i++) {
        fake_copy(s->id[i], sizeof s->id[i], m->options[i].id);
        fake_copy(s->title[i], sizeof s->title[i], m->options[i].title);
        fake_copy(s->description[i], sizeof s->description[i], m->options[i].description);
        fake_copy(s->section[i], sizeof s->section[i], m->options[i].section);
    }
    return true;
}
static bool fake_reply(struct wk_call *call, const struct wk_outgoing *m, struct wk_err *err)
{
    (void)call;
    (void)err;
    return fake_keep(m, true, NULL);
}
static bool fake_send(struct wk_call *call, const char *channel, const char *address, const char *to, const struct wk_outgoing *m,
                      struct wk_err *err)
{
    char where[64];

    (void)call;
    (void)err;
    (void)snprintf(where, sizeof where, "%s/%s/%s", channel, address, to);
    return fake_keep(m, false, where);
}
static const void *fake_find_service(const char *interface)
{
    for (size_t p = 0; p < 4 && fake.plugins[p]; p++)
        for (const struct wk_provide *x = fake.plugins[p]->provides; x && x->interface; x++)
            if (!strcmp(x->interface, interface))
                return x->service;
    return NULL;
}
static const void *fake_service(struct wk_call *call, const char *interface, const char *provider, struct wk_err *err)
{
    const void *found = fake_find_service(interface);

    (void)call;
    (void)provider;
    if (!found)
        (void)wk_fail(err, WK_SYSTEM, "service.missing", "%s", interface);
    return found;
}
static const void *fake_open_service(struct wk_plugin *plugin, const char *interface, struct wk_err *err)
{
    (void)plugin;
    return fake_service(NULL, interface, NULL, err);
}
static void *fake_frame_enter(struct wk_call *call, const void *self)
{
    (void)call;
    fake.frames++;
    fake.owner = self;
    return &fake;
}
static void fake_frame_leave(struct wk_call *call, void *frame)
{
    (void)call;
    assert_ptr_equal(frame, &fake);
    fake.frames--;
}
static void *fake_json_parse(struct wk_call *call, const char *text, size_t len, struct wk_err *err)
{
    json_error_t why;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);

    if (!json)
        (void)wk_fail(err, WK_BUSINESS, "json.syntax", "%s", why.text);
    else
        (void)fake_defer(call, wk_json_drop, json);
    return json;
}
static bool fake_cache_invalidate(struct wk_call *call, const char *pattern, struct wk_err *err)
{
    (void)call;
    (void)err;
    fake.invalidated++;
    (void)snprintf(fake.invalidated_pattern, sizeof fake.invalidated_pattern, "%s", pattern);
    return true;
}
static void fake_count(struct wk_plugin *plugin, struct wk_call *call, const char *metric, int64_t by)
{
    (void)plugin;
    (void)call;
    (void)metric;
    (void)by;
}

static void fake_error_told(struct wk_call *call, const struct wk_err *err, const char *language, struct wk_told *told)
{
    char *text = (char *)fake_alloc(call, 100);

    assert_string_equal(language, "en");
    (void)snprintf(text, 100, "told: %s", err->code);
    told->text = text;
    told->reference = err->cls == WK_BUSINESS ? NULL : "01234567";
}

static bool fake_is_on(struct wk_call *call, const struct wk_plugin *plugin)
{
    (void)call;
    return !fake.off || fake.off != plugin;
}

static const struct wk_host fake_table = {
    .size = sizeof fake_table, .abi_major = 1, .alloc = fake_alloc, .defer = fake_defer, .tenant = fake_tenant, .now_us = fake_now,
    .new_id = fake_new_id, .log = fake_log, .trace_id = fake_trace, .setting_text = fake_setting_text, .setting_int = fake_setting_int,
    .db_read = fake_db_run, .db_write = fake_db_run, .db_queue = fake_db_queue, .rows_count = fake_rows_count,
    .rows_text = fake_rows_text, .rows_affected = fake_rows_affected, .publish = fake_publish, .reply = fake_reply, .send = fake_send,
    .service = fake_service, .open_service = fake_open_service, .frame_enter = fake_frame_enter, .frame_leave = fake_frame_leave,
    .json_parse = fake_json_parse, .count = fake_count, .error_told = fake_error_told, .cache_invalidate = fake_cache_invalidate,
    .is_on = fake_is_on,
};

static void fake_start(void)
{
    memset(&fake, 0, sizeof fake);
    fake.now = INT64_C(1790000000000000);
    fake.tenant = (struct wk_tenant){.size = sizeof fake.tenant, .name = "Mama's Shop", .language = "en", .currency = "ZAR",
                                     .currency_exponent = 2, .timezone = "Africa/Johannesburg"};
    wk_host = &fake_table;
}
/* Forget what was said and run so far. */
static inline void fake_forget(void) { fake.ran_count = fake.sent_count = fake.event_count = 0; }
static inline const struct fake_statement *fake_ran(const char *name) /* the last one of that name; NULL: none */
{
    for (size_t i = fake.ran_count; i-- > 0;)
        if (!strcmp(fake.ran[i].name, name))
            return &fake.ran[i];
    return NULL;
}
#endif

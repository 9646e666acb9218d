/* desc.c - is a descriptor what the contract says? Every table is walked once, before any hook can run.
 * Rows of the tables are frozen in ABI 1.x (their stride is part of it); the descriptor itself may be shorter than this host's. */
#include "plugin/loader.h"
#define ROWS_MAX 1024 /* past this a table has lost its {0} */
#define DESC_SIZE_1_0 152
_Static_assert(sizeof(struct wk_plugin_desc) >= DESC_SIZE_1_0, "the descriptor only grows");

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

struct check { /* one table's walk */
    const char *plugin;
    const char *table;
    struct wk_err *err;
};

static bool bad(const struct check *c, const char *row, const char *why)
{
    return wk_fail(c->err, WK_SYSTEM, "plugin.descriptor", "%s: %s \"%.60s\": %s", c->plugin, c->table, row ? row : "(no name)", why);
}

static bool in_bounds(const struct check *c, size_t n)
{
    return n < ROWS_MAX || wk_fail(c->err, WK_SYSTEM, "plugin.descriptor", "%s: more than %d rows in its table of %ss: does it end with {0}?",
                                   c->plugin, ROWS_MAX, c->table);
}

static bool is_made_of(const char *text, const char *allowed, size_t max)
{
    size_t n = text ? strspn(text, allowed) : 0;

    return n > 0 && n <= max && text[n] == '\0';
}

/* "catalog/1": lower case, digits and _, a version from 1. */
static bool is_interface(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && strchr(LOWER DIGITS "_", text[n]))
        n++;
    if (n == 0 || n > 31 || n + 2 > len || n + 4 < len || text[n] != '/' || text[n + 1] == '0')
        return false;
    for (size_t i = n + 1; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

/* "order.created": at least two words of [a-z0-9_] joined by dots. `star`: the last word may be "*", or all of it. */
static bool is_event_name(const char *text, bool star)
{
    size_t words = 0, len = text ? strlen(text) : 0;

    if (len == 0 || len > 100)
        return false;
    if (star && !strcmp(text, "*"))
        return true;
    for (const char *p = text;; p++) {
        size_t n = strspn(p, LOWER DIGITS "_");

        words++;
        if (star && words > 1 && !strcmp(p, "*"))
            return true;
        if (n == 0 || (p[n] && p[n] != '.'))
            return false;
        p += n;
        if (!*p)
            return words > 1;
    }
}

/* Begins with '/', parameters are whole segments {name}; at the end also {name*}, the rest, for routes, and {name?},
 * which may be missing, for inboxes: `last` is '*' or '?'. */
static bool is_path(const char *path, char last)
{
    if (!path || *path != '/' || strlen(path) > 200)
        return false;
    for (const char *p = path + 1; *p;) {
        size_t n = strcspn(p, "/");

        if (n == 0)
            return false;
        if (*p == '{') {
            size_t name = strspn(p + 1, LOWER DIGITS "_");
            bool is_open = p[1 + name] == last;

            if (name == 0 || p[1 + name + is_open] != '}' || n != name + 2 + is_open || (is_open && p[n]))
                return false;
        } else if (strspn(p, LOWER DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~:@") < n) {
            return false;
        }
        p += n;
        if (*p == '/')
            p++;
    }
    return true;
}

static bool check_needs(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "need", err};

    for (const char *p = d->needs; p && *p;) {
        size_t n = strcspn(p, " ");
        bool is_optional = n && p[n - 1] == '?';

        if (n && !is_interface(p, n - is_optional))
            return bad(&c, p, "allowed: interface/version, such as \"catalog/1 loyalty/1?\"");
        p += n + strspn(p + n, " ");
    }
    return true;
}

static bool is_permission(const char *p)
{
    return p && (!strcmp(p, WK_PUBLIC) || !strcmp(p, WK_AUTHENTICATED) || (is_made_of(p, LOWER DIGITS "_.", 100) && strchr(p, '.')));
}

bool wk_route_check(const char *plugin, const struct wk_route *r, struct wk_err *err)
{
    struct check c = {plugin, "route", err};

    if (!is_path(r->path, '*'))
        return bad(&c, r->path, "is not a path such as \"/v1/orders/{id}\" or \"/files/{rest*}\"");
    if (!((r->method >= WK_GET && r->method <= WK_HEAD_) || r->method == WK_ANY))
        return bad(&c, r->path, "unknown method");
    if (!is_permission(r->permission))
        return bad(&c, r->path, "names no permission: WK_PERM(\"orders.read\"), WK_AUTHENTICATED or WK_PUBLIC");
    if (!r->run)
        return bad(&c, r->path, "has no function");
    if (r->flags & ~(uint32_t)(WK_ROUTE_PIECES | WK_ROUTE_CACHE | WK_ROUTE_OWN | WK_ROUTE_ALWAYS))
        return bad(&c, r->path, "has a flag this host does not know");
    if ((r->flags & WK_ROUTE_CACHE) && r->method != WK_GET)
        return bad(&c, r->path, "WK_ROUTE_CACHE is for GET alone");
    return true;
}

static bool check_routes(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "route", err};

    for (const struct wk_route *r = d->routes; r && r->method; r++) {
        if (!in_bounds(&c, (size_t)(r - d->routes)) || !wk_route_check(d->name, r, err))
            return false;
        for (const struct wk_route *q = d->routes; q < r; q++)
            if (!strcmp(q->path, r->path) && q->method == r->method)
                return bad(&c, r->path, "stands twice with the same method");
    }
    return true;
}

static bool check_route_tags(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "tags of the route", err};

    for (const struct wk_route_tags *t = d->route_tags; t && t->path; t++) {
        bool is_there = false;

        if (!in_bounds(&c, (size_t)(t - d->route_tags)))
            return false;
        for (const struct wk_route *r = d->routes; r && r->method; r++)
            is_there = is_there || !strcmp(r->path, t->path);
        if (!is_there)
            return bad(&c, t->path, "is no route of this plugin");
        if (!is_made_of(t->tags, LOWER DIGITS "_.- ", 500))
            return bad(&c, t->path, "tags are made of a-z, 0-9, _ . -, separated by blanks");
    }
    return true;
}

static bool check_filters(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "filter", err};

    for (const struct wk_filter *f = d->filters; f && f->name; f++) {
        if (!in_bounds(&c, (size_t)(f - d->filters)))
            return false;
        if (!is_made_of(f->name, LOWER DIGITS "-_", 40))
            return bad(&c, f->name, "its name may hold a-z, 0-9, - and _ only");
        if (f->phase < WK_PHASE_EDGE || f->phase > WK_PHASE_CACHE)
            return bad(&c, f->name, "unknown phase");
        if (!f->before && !f->after && !f->seal)
            return bad(&c, f->name, "has neither before nor after nor seal");
        for (const struct wk_filter *g = d->filters; g < f; g++)
            if (!strcmp(g->name, f->name))
                return bad(&c, f->name, "stands twice");
    }
    return true;
}

static bool check_subs(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "subscription", err};

    for (const struct wk_sub *s = d->subscriptions; s && s->name; s++) {
        if (!in_bounds(&c, (size_t)(s - d->subscriptions)))
            return false;
        if (!is_made_of(s->name, LOWER DIGITS "-_", 60))
            return bad(&c, s->name, "its name may hold a-z, 0-9, - and _ only");
        if (!is_event_name(s->pattern, true))
            return bad(&c, s->name, "its pattern is neither an event type nor a prefix such as \"order.*\"");
        if (s->from != WK_FROM_NOW && s->from != WK_FROM_START)
            return bad(&c, s->name, "unknown start");
        if (!s->run)
            return bad(&c, s->name, "has no function");
        for (const struct wk_sub *t = d->subscriptions; t < s; t++)
            if (!strcmp(t->name, s->name))
                return bad(&c, s->name, "stands twice; the name owns the cursor");
    }
    return true;
}

static bool check_events(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "event type", err};

    for (const struct wk_event_type *e = d->events; e && e->name; e++) {
        if (!in_bounds(&c, (size_t)(e - d->events)))
            return false;
        if (!is_event_name(e->name, false))
            return bad(&c, e->name, "is not two or more words of a-z, 0-9 and _ joined by dots");
        if (e->priority < WK_HIGH || e->priority > WK_LOW)
            return bad(&c, e->name, "unknown priority");
        if (e->version < 1 || e->ttl_s < 0)
            return bad(&c, e->name, "its version begins at 1 and its ttl at 0");
        if (!e->key || !*e->key || !e->summary || !*e->summary)
            return bad(&c, e->name, "lacks its key (what orders it) or its summary (what it is)");
        if (e->schema && (strchr(e->schema, '/') || !strstr(e->schema, ".json")))
            return bad(&c, e->name, "its schema is the name of a .json file below events/, without a folder");
        for (const struct wk_event_type *g = d->events; g < e; g++)
            if (!strcmp(g->name, e->name))
                return bad(&c, e->name, "stands twice");
    }
    return true;
}

static bool check_provides(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "service", err};

    for (const struct wk_provide *p = d->provides; p && p->interface; p++) {
        if (!in_bounds(&c, (size_t)(p - d->provides)))
            return false;
        if (!is_interface(p->interface, strlen(p->interface)))
            return bad(&c, p->interface, "is not an interface with its version, such as \"catalog/1\"");
        if (!p->service || p->service->size < sizeof *p->service)
            return bad(&c, p->interface, "its struct says no size: .head = {.size = sizeof(struct ...), .version = ...}");
        if (p->service->version != (uint32_t)strtoul(strchr(p->interface, '/') + 1, NULL, 10))
            return bad(&c, p->interface, "its struct says another version");
        for (const struct wk_provide *q = d->provides; q < p; q++)
            if (!strcmp(q->interface, p->interface) || q->service == p->service)
                return bad(&c, p->interface, "is provided twice, or shares its struct");
    }
    return true;
}

static bool check_inboxes(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "inbox", err};

    for (const struct wk_inbox *i = d->inboxes; i && i->path; i++) {
        if (!in_bounds(&c, (size_t)(i - d->inboxes)))
            return false;
        if (!is_path(i->path, '?'))
            return bad(&c, i->path, "is not a path such as \"/webhooks/whatsapp/{app?}\"");
        if (!is_made_of(i->channel, LOWER DIGITS "-_", 31))
            return bad(&c, i->path, "names no channel");
        if (!i->body_max || i->body_max > 64u * 1024 * 1024)
            return bad(&c, i->path, "body_max must be set, 64 MiB at most");
        if (!i->verify || !i->split)
            return bad(&c, i->path, "needs verify and split");
        for (const struct wk_inbox *j = d->inboxes; j < i; j++)
            if (!strcmp(j->path, i->path))
                return bad(&c, i->path, "stands twice");
    }
    return true;
}

static bool check_sql(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "statement", err};

    if (!d->sql_begin != !d->sql_end || d->sql_end < d->sql_begin)
        return bad(&c, "wk_sql", "the list has no end");
    for (const struct wk_sql *const *s = d->sql_begin; s < d->sql_end; s++) {
        if (!*s || !(*s)->name || !(*s)->text || !*(*s)->text)
            return bad(&c, *s ? (*s)->name : NULL, "has no text");
        for (const struct wk_sql *const *t = d->sql_begin; t < s; t++)
            if (!strcmp((*t)->name, (*s)->name))
                return bad(&c, (*s)->name, "stands twice; the name is the prepared statement's");
    }
    return true;
}

static bool is_code(const char *code)
{
    const char *dot = strchr(code, '.');

    return is_made_of(code, LOWER DIGITS "-_.", 64) && dot && dot != code && dot[1];
}

static bool check_errors(const struct wk_plugin_desc *d, struct wk_err *err)
{
    struct check c = {d->name, "error code", err};

    for (const struct wk_error_type *e = d->errors; e && e->code; e++) {
        if (!in_bounds(&c, (size_t)(e - d->errors)))
            return false;
        if (!is_code(e->code))
            return bad(&c, e->code, "is not \"<plugin>.<what>\" of a-z, 0-9, - and _");
        if (e->cls < WK_TRANSIENT || e->cls > WK_SECURITY)
            return bad(&c, e->code, "unknown class");
        if (e->status < 400 || e->status > 599)
            return bad(&c, e->code, "its HTTP status is none of an error, 400 to 599");
        if (e->cls == WK_SECURITY && e->status != 401 && e->status != 403 && e->status != 404)
            return bad(&c, e->code, "SECURITY answers 401, 403 or 404");
        if (!e->cure || !*e->cure)
            return bad(&c, e->code, "lacks its cure (what it means and what to do)");
        if (e->cls == WK_BUSINESS && (!e->text || !*e->text || strlen(e->text) > 1024))
            return bad(&c, e->code, "lacks its text (1 to 1024 bytes, what a person reads)");
        if (e->cls != WK_BUSINESS && (e->text || e->flags))
            return bad(&c, e->code, "only BUSINESS has a text or flags: the other classes have one sentence each");
        if (e->flags & ~WK_ERROR_MESSAGE)
            return bad(&c, e->code, "has a flag this host does not know");
        for (const struct wk_error_type *g = d->errors; g < e; g++)
            if (!strcmp(g->code, e->code))
                return bad(&c, e->code, "stands twice");
    }
    return true;
}

static bool check_identity(const struct wk_plugin_desc *d, const char *name, const char *version, struct wk_err *err)
{
    struct check c = {name, "descriptor", err};

    if (d->size < DESC_SIZE_1_0)
        return bad(&c, "size", "shorter than ABI 1.0's: build it with the SDK's headers");
    if (d->abi_major != WK_ABI_MAJOR || d->abi_minor > WK_ABI_MINOR)
        return bad(&c, "abi", "another ABI than this host's, and than its note says");
    if (!d->name || strcmp(d->name, name) != 0 || !d->version || strcmp(d->version, version) != 0)
        return bad(&c, d->name, "name and version are not those of its note");
    if (!is_made_of(name, LOWER DIGITS "-", 31) || name[0] < 'a' || name[0] > 'z')
        return bad(&c, name, "a name is [a-z][a-z0-9-]*, 31 characters at most");
    if (!strcmp(name, "host") || !strcmp(name, "wakala"))
        return bad(&c, name, "this name is the host's own");
    if (!d->summary || !*d->summary)
        return bad(&c, "summary", "one sentence is missing");
    return d->host || bad(&c, "host", "has no place for the host's table: use WK_PLUGIN");
}

bool wk_desc_check(const struct wk_plugin_desc *desc, const char *name, const char *version, struct wk_err *err)
{
    struct wk_err why = {0};

    if (!check_identity(desc, name, version, err))
        return false;
    if (!wk_schema_check(desc->settings, &why))
        return wk_fail(err, WK_SYSTEM, "plugin.descriptor", "%s: %s", name, why.msg);
    return check_needs(desc, err) && check_routes(desc, err) && check_filters(desc, err) && check_subs(desc, err) &&
           check_events(desc, err) && check_provides(desc, err) && check_inboxes(desc, err) && check_sql(desc, err) && check_errors(desc, err) &&
           check_route_tags(desc, err);
}

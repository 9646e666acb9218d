/* router.c - the trie. A lookup visits each node at most once, so backtracking is bounded by the number of routes. */
#include "router.h"
#include <ctype.h>
#include <stdlib.h>
#include "target.h"

struct route {
    struct route *next; /* other methods of the same node */
    char method[16];
    char *pattern, *owner;
    void *data;
    size_t n_names;
    char *names[WK_ROUTE_MAX_PARAMS]; /* of its parameters, in order; {a} and {b} share a node */
};
struct node {
    char *literal;            /* NULL for a parameter */
    struct node **children;   /* literals, sorted */
    size_t n_children;
    struct node *param;       /* any one non-empty segment */
    struct route *routes;     /* the path ends here */
    struct route *wildcard;   /* "*" from here on */
};
struct wk_router {
    struct node root;
    struct route **all; /* in order of adding */
    size_t n_all;
};

struct wk_router *wk_router_create(struct wk_err *err)
{
    struct wk_router *r = calloc(1, sizeof *r);

    if (!r)
        wk_fail(err, WK_SYSTEM, "router.no_memory", "the router");
    return r;
}

static void free_route(struct route *route)
{
    if (!route)
        return;
    for (size_t i = 0; i < route->n_names; i++)
        free(route->names[i]);
    free(route->pattern);
    free(route->owner);
    free(route);
}

static void free_below(struct node *node)
{
    for (size_t i = 0; i < node->n_children; i++) {
        free_below(node->children[i]);
        free(node->children[i]);
    }
    if (node->param) {
        free_below(node->param);
        free(node->param);
    }
    free(node->children);
    free(node->literal);
}

void wk_router_destroy(struct wk_router *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_all; i++)
        free_route(r->all[i]);
    free(r->all);
    free_below(&r->root);
    free(r);
}

/* --- adding ------------------------------------------------------------------------------------------------------------ */
static bool is_literal(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr("-._~!$&'()+,;=:@", s[i]))
            return false;
    return !(len == 1 && s[0] == '.') && !(len == 2 && s[0] == '.' && s[1] == '.');
}

static bool is_param(const char *s, size_t len)
{
    if (len < 3 || s[0] != '{' || s[len - 1] != '}')
        return false;
    for (size_t i = 1; i + 1 < len; i++)
        if (!islower((unsigned char)s[i]) && !isdigit((unsigned char)s[i]) && s[i] != '_')
            return false;
    return true;
}

static bool add_name(struct route *route, const char *name, size_t len)
{
    for (size_t i = 0; i < route->n_names; i++)
        if (strlen(route->names[i]) == len && !memcmp(route->names[i], name, len))
            return false;
    if (route->n_names == WK_ROUTE_MAX_PARAMS || !(route->names[route->n_names] = strndup(name, len)))
        return false;
    route->n_names++;
    return true;
}

static int compare(const struct node *child, const char *s, size_t len)
{
    int c = strncmp(child->literal, s, len);

    return c ? c : child->literal[len] != '\0';
}

/* The child of that name, or where it belongs. */
static bool find_literal(const struct node *node, const char *s, size_t len, size_t *at)
{
    size_t lo = 0, hi = node->n_children;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = compare(node->children[mid], s, len);

        if (!c) {
            *at = mid;
            return true;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *at = lo;
    return false;
}

static struct node *need_literal(struct node *node, const char *s, size_t len)
{
    struct node **grown, *child;
    size_t at;

    if (find_literal(node, s, len, &at))
        return node->children[at];
    if (!(child = calloc(1, sizeof *child)) || !(child->literal = strndup(s, len)) ||
        !(grown = realloc(node->children, (node->n_children + 1) * sizeof *grown))) {
        if (child)
            free(child->literal);
        free(child);
        return NULL;
    }
    memmove(grown + at + 1, grown + at, (node->n_children - at) * sizeof *grown);
    grown[at] = child;
    node->children = grown;
    node->n_children++;
    return child;
}

/* Walk the pattern, making nodes; *wild tells whether it ends in "*". NULL = malformed. */
static struct node *place(struct wk_router *r, struct route *route, bool *wild)
{
    struct node *node = &r->root;
    const char *p = route->pattern;

    *wild = false;
    for (size_t n = 0; *p == '/'; n++) {
        const char *s = p + 1, *end = strchr(s, '/');
        size_t len = end ? (size_t)(end - s) : strlen(s);

        if (n == WK_ROUTE_MAX_SEGMENTS)
            return NULL;
        p = s + len;
        if (len == 1 && *s == '*') {
            *wild = true;
            return *p || !add_name(route, "*", 1) ? NULL : node;
        }
        if (is_param(s, len)) {
            if (!add_name(route, s + 1, len - 2))
                return NULL;
            if (!node->param)
                node->param = calloc(1, sizeof *node);
            node = node->param;
        } else if ((len || !*p) && is_literal(s, len)) { /* empty only at the end: "/a/" */
            node = need_literal(node, s, len);
        } else {
            return NULL;
        }
        if (!node)
            return NULL;
    }
    return *p || p == route->pattern ? NULL : node;
}

static struct route *make_route(const char *method, const char *pattern, const char *owner, void *data)
{
    struct route *route = calloc(1, sizeof *route);

    if (!route)
        return NULL;
    (void)snprintf(route->method, sizeof route->method, "%s", method);
    route->pattern = strdup(pattern);
    route->owner = strdup(owner);
    route->data = data;
    if (route->pattern && route->owner)
        return route;
    free_route(route);
    return NULL;
}

static bool is_method(const char *method)
{
    size_t len = strlen(method);

    return len && len < sizeof((struct route *)0)->method && strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == len;
}

static struct route *of_method(struct route *list, const char *method)
{
    while (list && strcmp(list->method, method) != 0)
        list = list->next;
    return list;
}

bool wk_router_add(struct wk_router *r, const char *method, const char *pattern, const char *owner, void *data,
                   struct wk_err *err)
{
    struct route *route = make_route(method, pattern, owner, data), **list, *other, **grown;
    struct node *node;
    bool wild;

    if (!route)
        return wk_fail(err, WK_SYSTEM, "router.no_memory", "%s %s", method, pattern);
    node = is_method(method) ? place(r, route, &wild) : NULL;
    if (!node) {
        free_route(route);
        return wk_fail(err, WK_SYSTEM, "router.pattern",
                       "%s: route \"%s %s\": a path is /literal/{name}/*, at most %d segments and %d different names, * only last",
                       owner, method, pattern, WK_ROUTE_MAX_SEGMENTS, WK_ROUTE_MAX_PARAMS);
    }
    list = wild ? &node->wildcard : &node->routes;
    if ((other = of_method(*list, method))) {
        free_route(route);
        return wk_fail(err, WK_SYSTEM, "router.duplicate", "%s %s of %s is already answered by %s (%s)", method, pattern, owner,
                       other->owner, other->pattern);
    }
    if (!(grown = realloc(r->all, (r->n_all + 1) * sizeof *grown))) {
        free_route(route);
        return wk_fail(err, WK_SYSTEM, "router.no_memory", "%s %s", method, pattern);
    }
    r->all = grown;
    r->all[r->n_all++] = route;
    route->next = *list;
    *list = route;
    return true;
}

/* --- finding ----------------------------------------------------------------------------------------------------------- */
struct search {
    const char *method;
    struct wk_route_match *match;
    struct wk_span segments[WK_ROUTE_MAX_SEGMENTS + 1]; /* decoded, in match->text */
    size_t rest[WK_ROUTE_MAX_SEGMENTS + 1];             /* where each starts in the raw path */
    size_t n;
    size_t values[WK_ROUTE_MAX_PARAMS]; /* segments that parameters took on the way here */
    size_t n_values;
    struct wk_span path;
};

static void allow(struct wk_route_match *m, const char *method)
{
    size_t len = strlen(m->allow), need = strlen(method);

    for (const char *p = m->allow; (p = strstr(p, method)); p += need)
        if ((p == m->allow || p[-1] == ' ') && (p[need] == ',' || !p[need]))
            return;
    if (len + need + 3 < sizeof m->allow)
        (void)snprintf(m->allow + len, sizeof m->allow - len, "%s%s", len ? ", " : "", method);
}

/* The route of this list for the method; otherwise note what would be allowed. */
static const struct route *choose(const struct search *s, struct route *list)
{
    struct route *route = of_method(list, s->method);

    if (!route && !strcmp(s->method, "HEAD"))
        route = of_method(list, "GET");
    if (route)
        return route;
    for (route = list; route; route = route->next) {
        allow(s->match, route->method);
        if (!strcmp(route->method, "GET"))
            allow(s->match, "HEAD");
    }
    return NULL;
}

static const struct route *walk(struct search *s, const struct node *node, size_t i)
{
    const struct route *found = NULL;
    size_t at;

    if (i == s->n)
        return choose(s, node->routes);
    if (find_literal(node, s->segments[i].data, s->segments[i].len, &at) &&
        strlen(node->children[at]->literal) == s->segments[i].len)
        found = walk(s, node->children[at], i + 1);
    if (!found && node->param && s->segments[i].len && s->n_values < WK_ROUTE_MAX_PARAMS) {
        s->values[s->n_values++] = i;
        found = walk(s, node->param, i + 1);
        if (!found)
            s->n_values--;
    }
    if (!found && node->wildcard && s->n_values < WK_ROUTE_MAX_PARAMS && (found = choose(s, node->wildcard)))
        s->values[s->n_values++] = i;
    return found;
}

/* Cut at the raw slashes first, decode then: an escaped slash stays inside its segment. */
static bool split(struct search *s)
{
    const char *end = s->path.data + s->path.len, *p = s->path.data;
    char *out = s->match->text;

    if (!s->path.len || *p != '/' || s->path.len > WK_ROUTE_PATH_MAX)
        return false;
    while (p < end) {
        const char *seg = p + 1, *slash = memchr(seg, '/', (size_t)(end - seg));
        size_t len;

        if (s->n == WK_ROUTE_MAX_SEGMENTS + 1)
            return false;
        p = slash ? slash : end;
        if (!wk_http_decode_segment((struct wk_span){seg, (size_t)(p - seg)}, out, &len))
            return false;
        s->rest[s->n] = (size_t)(seg - s->path.data);
        s->segments[s->n++] = (struct wk_span){out, len};
        out += len + 1;
    }
    return true;
}

static void fill(struct search *s, const struct route *route)
{
    struct wk_route_match *m = s->match;

    m->data = route->data;
    m->pattern = route->pattern;
    m->n_params = s->n_values;
    for (size_t i = 0; i < s->n_values; i++) {
        struct wk_span seg = s->segments[s->values[i]];

        m->params[i] = (struct wk_route_param){route->names[i], seg};
        if (route->names[i][0] == '*') { /* the last one: its text takes the place of its segments */
            size_t from = s->rest[s->values[i]], len;

            (void)wk_http_decode_path((struct wk_span){s->path.data + from, s->path.len - from}, m->text + (seg.data - m->text), &len);
            m->params[i].value.len = len;
        }
    }
}

enum wk_route_found wk_router_find(const struct wk_router *r, const char *method, struct wk_span path,
                                   struct wk_route_match *match)
{
    struct search s = {.method = method, .match = match, .path = path};
    const struct route *route;

    match->data = NULL;
    match->pattern = NULL;
    match->n_params = 0;
    match->allow[0] = '\0';
    if (!split(&s))
        return WK_ROUTE_BAD_PATH;
    route = walk(&s, &r->root, 0);
    if (!route)
        return match->allow[0] ? WK_ROUTE_NO_METHOD : WK_ROUTE_NO_PATH;
    fill(&s, route);
    return WK_ROUTE_OK;
}

struct wk_span wk_route_param(const struct wk_route_match *match, const char *name)
{
    for (size_t i = 0; i < match->n_params; i++)
        if (!strcmp(match->params[i].name, name))
            return match->params[i].value;
    return (struct wk_span){NULL, 0};
}

void wk_router_each(const struct wk_router *r,
                    void (*visit)(const char *method, const char *pattern, const char *owner, void *data, void *arg), void *arg)
{
    for (size_t i = 0; i < r->n_all; i++)
        visit(r->all[i]->method, r->all[i]->pattern, r->all[i]->owner, r->all[i]->data, arg);
}

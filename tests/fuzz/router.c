/* router.c - lines: "+METHOD /pattern" adds a route, "METHOD /path" looks one up, any other line is read as a form.
 * Checked: what a lookup returns lies in its own buffer, is terminated, and holds no control byte and no "..". */
#include <http/router.h>
#include <http/target.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                                                                          \
    do {                                                                                                                      \
        if (!(claim))                                                                                                         \
            abort();                                                                                                          \
    } while (0)

static void check_text(const char *s, size_t len, bool is_path)
{
    CHECK(s[len] == '\0' && strlen(s) == len);
    for (size_t i = 0; i < len; i++)
        CHECK((unsigned char)s[i] >= 0x20 || (!is_path && (s[i] == '\t' || s[i] == '\r' || s[i] == '\n')));
    if (is_path)
        CHECK(strcmp(s, "..") != 0 && !strstr(s, "/../") && strncmp(s, "../", 3) != 0);
}

static void look_up(const struct wk_router *r, const char *method, struct wk_span path)
{
    static struct wk_route_match m;

    if (wk_router_find(r, method, path, &m) != WK_ROUTE_OK)
        return;
    CHECK(m.pattern && m.n_params <= WK_ROUTE_MAX_PARAMS);
    for (size_t i = 0; i < m.n_params; i++) {
        CHECK(m.params[i].value.data >= m.text && m.params[i].value.data + m.params[i].value.len < m.text + sizeof m.text);
        check_text(m.params[i].value.data, m.params[i].value.len, true);
    }
}

static void form(struct wk_span text)
{
    struct wk_form_field fields[WK_HTTP_MAX_PARAMS];
    char *buf = malloc(3 * text.len + 2), *out = malloc(text.len + 1);
    size_t len;
    int n = wk_form_decode(text, fields, WK_HTTP_MAX_PARAMS, buf, 3 * text.len + 2);

    for (int i = 0; i < n; i++) {
        check_text(fields[i].name.data, fields[i].name.len, false);
        check_text(fields[i].value.data, fields[i].value.len, false);
    }
    if (wk_http_decode_path(text, out, &len))
        check_text(out, len, true);
    free(buf);
    free(out);
}

static void line(struct wk_router *r, const char *p, size_t len)
{
    const char *space = memchr(p, ' ', len);
    char method[16], pattern[512];
    bool add = len && *p == '+';
    size_t n = space ? (size_t)(space - p) - add : 0;

    if (!space || n >= sizeof method) {
        form((struct wk_span){p, len});
        return;
    }
    memcpy(method, p + add, n);
    method[n] = '\0';
    len -= (size_t)(space + 1 - p);
    if (!add) {
        char *path = malloc(len ? len : 1); /* exact, so that reading behind it is seen */

        memcpy(path, space + 1, len);
        look_up(r, method, (struct wk_span){path, len});
        free(path);
    } else if (len < sizeof pattern) {
        memcpy(pattern, space + 1, len);
        pattern[len] = '\0';
        (void)wk_router_add(r, method, pattern, "fuzz", NULL, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data, *end = p + size;
    WK_AUTO(wk_router) r = wk_router_create(NULL);

    (void)wk_router_add(r, "GET", "/v1/orders/{id}/items/{item}", "fuzz", NULL, NULL);
    (void)wk_router_add(r, "GET", "/{a}/{b}/*", "fuzz", NULL, NULL);
    (void)wk_router_add(r, "POST", "/v1/*", "fuzz", NULL, NULL);
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));

        line(r, p, (size_t)((lf ? lf : end) - p));
        p = lf ? lf + 1 : end;
    }
    return 0;
}

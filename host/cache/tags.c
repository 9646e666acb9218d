/* tags.c - what a value depends on, as cells of this machine. Every value has two tags that nobody named: all of its tenant, and its namespace. */
#include "cache/internal.h"
#include "share/share.h"

#include <stdio.h>
#include <string.h>

static bool is_word(const char *text, size_t len)
{
    return len > 0 && len <= TAG_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.-") >= len;
}

bool wk_cache_is_pattern(const char *pattern)
{
    size_t len = strlen(pattern);

    if (!strcmp(pattern, "*"))
        return true;
    if (len > 2 && !strcmp(pattern + len - 2, ":*"))
        len -= 2;
    return is_word(pattern, len);
}

static uint32_t cell_of(const struct wk_uuid *tenant, const char *tag)
{
    char both[sizeof tenant->b + TAG_MAX + 4];
    size_t len = strlen(tag);

    memcpy(both, tenant->b, sizeof tenant->b);
    memcpy(both + sizeof tenant->b, tag, len);
    return wk_share_tag_cell(both, sizeof tenant->b + len);
}

static void add(const struct wk_cache_ask *ask, struct tags *out, const char *text, size_t len, const char *behind)
{
    char *to = out->text[out->n];

    (void)snprintf(to, sizeof out->text[0], "%.*s%s", (int)len, text, behind);
    out->cell[out->n++] = cell_of(ask->tenant, to);
}

bool tags_read(const struct wk_cache_ask *ask, struct tags *out, struct wk_err *err)
{
    size_t len;

    out->n = 0;
    if (!is_word(ask->ns, strlen(ask->ns)))
        return wk_fail(err, WK_SYSTEM, "cache.tags", "namespace \"%.70s\": a-z, 0-9, _ . - and at most %d bytes", ask->ns, TAG_MAX);
    add(ask, out, "*", 1, "");
    add(ask, out, ask->ns, strlen(ask->ns), ":*");
    for (const char *p = ask->tags ? ask->tags : ""; *(p += strspn(p, " ")); p += len) {
        len = strcspn(p, " ");
        if (!is_word(p, len) || out->n == WK_CACHE_TAGS)
            return wk_fail(err, WK_SYSTEM, "cache.tags", "tags \"%.70s\": at most %d, each of a-z, 0-9, _ . - and at most %d bytes", ask->tags,
                           WK_CACHE_TAGS - 2, TAG_MAX);
        add(ask, out, p, len, "");
    }
    return true;
}

void cells_read(const struct wk_cache *cache, const struct tags *tags, struct seen_cells *out)
{
    for (unsigned i = 0; i < tags->n; i++)
        out->version[i] = wk_share_cell(cache->conf.share, tags->cell[i]);
}

void cell_change(struct wk_cache *cache, const struct wk_uuid *tenant, const char *pattern)
{
    wk_share_cell_bump(cache->conf.share, cell_of(tenant, pattern));
}

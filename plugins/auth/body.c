#include "body.h"

#include <errno.h>
#include "roles.h"

json_t *body_read(struct wk_call *call, struct wk_http *http, const char *allowed, struct wk_err *err)
{
    struct wk_span text = wk_http_body(http);
    json_t *body = wk_json_parse(call, text.data, text.len, err), *value;
    const char *member;

    if (!body)
        return NULL;
    if (!json_is_object(body)) {
        wk_fail(err, WK_BUSINESS, "auth.body", "a JSON object is wanted");
        return NULL;
    }
    json_object_foreach(body, member, value)
        if (!role_list_has(allowed, member, strlen(member))) {
            wk_fail(err, WK_BUSINESS, "auth.body", "\"%.60s\" is no member of this; allowed are: %s", member, allowed);
            return NULL;
        }
    return body;
}

const char *body_text(const json_t *body, const char *member, size_t min, size_t max, struct wk_err *err)
{
    const json_t *value = json_object_get(body, member);
    size_t n = 0;

    if (!value && !min)
        return NULL;
    for (const char *p = json_is_string(value) ? json_string_value(value) : ""; *p; p++) /* characters: jansson lets only UTF-8 through */
        n += (*p & 0xc0) != 0x80;
    if (json_is_string(value) && n >= min && n <= max)
        return json_string_value(value);
    wk_fail(err, WK_BUSINESS, "auth.body", "\"%s\": a text of %zu to %zu characters is wanted", member, min, max);
    return NULL;
}

bool body_id(const json_t *body, const char *member, struct wk_uuid *out, struct wk_err *err)
{
    const char *text = json_string_value(json_object_get(body, member));

    return (text && wk_uuid_parse(text, out)) || wk_fail(err, WK_BUSINESS, "auth.body", "\"%s\": a UUID is wanted", member);
}

const char *body_phone(struct wk_call *call, const json_t *body, struct wk_err *err)
{
    const char *text = body_text(body, "phone", 1, 40, err);
    char *digits = text ? wk_strdup(call, "0123456789abcde") : NULL; /* room for 15 */
    size_t n = 0;

    if (!text)
        return NULL;
    if (!digits) {
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a number");
        return NULL;
    }
    for (const char *p = text; *p; p++) {
        if (strchr(" -()", *p) || (*p == '+' && p == text))
            continue;
        if (*p < '0' || *p > '9' || n == 15)
            n = 16;
        if (n == 16)
            break;
        digits[n++] = *p;
    }
    if (n < 8 || n > 15) {
        wk_fail(err, WK_BUSINESS, "auth.body", "\"phone\": an international number of 8 to 15 digits is wanted");
        return NULL;
    }
    digits[n] = '\0';
    return digits;
}

bool page_limit(struct wk_http *http, int64_t *limit, struct wk_err *err)
{
    const char *text = wk_http_query(http, "limit");
    char *end;

    *limit = PAGE_DEFAULT;
    if (!text)
        return true;
    errno = 0;
    *limit = strtoll(text, &end, 10);
    return (!errno && end != text && !*end && *limit >= 1 && *limit <= PAGE_MAX) || wk_fail(err, WK_BUSINESS, "auth.parameter", "limit: 1 to %d", PAGE_MAX);
}

bool page_after_id(struct wk_http *http, struct wk_uuid *after, struct wk_err *err)
{
    const char *text = wk_http_query(http, "after");

    return !text || wk_uuid_parse(text, after) || wk_fail(err, WK_BUSINESS, "auth.parameter", "after: what \"next\" of the page before said");
}

bool page_reply(struct wk_call *call, struct wk_http *http, const struct wk_rows *rows, int64_t limit,
                json_t *(*shown)(struct wk_call *call, const struct wk_rows *rows, size_t row), struct wk_err *err)
{
    size_t n = wk_rows_count(rows), max = (size_t)limit;
    json_t *items = json_array();

    for (size_t i = 0; i < n && i < max; i++)
        (void)json_array_append_new(items, shown(call, rows, i));
    return wk_http_reply_json(call, http, 200, json_pack("{s:o, s:s?}", "items", items, "next", n > max ? wk_rows_text(rows, max - 1, 0) : NULL), err);
}

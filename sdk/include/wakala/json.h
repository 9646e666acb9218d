/* json.h - JSON with bounds: jansson values that live as long as the call. Include it only in plugins that link jansson. */
#ifndef WAKALA_JSON_H
#define WAKALA_JSON_H
#include <jansson.h>
#include <wakala/event.h>
#include <wakala/http.h>

#define WK_JSON_DEPTH 64 /* nesting allowed in text from outside */

/* For wk_defer(). */
static inline void wk_json_drop(void *json) { json_decref((json_t *)json); }

/* Parse text from outside: at most WK_JSON_DEPTH levels, no duplicate keys, valid UTF-8, no NUL escapes. The value is released when the call ends.
 * NULL and json.syntax / json.depth (BUSINESS) with line and column. Does not suspend. */
static inline json_t *wk_json_parse(struct wk_call *call, const char *text, size_t len, struct wk_err *err)
{
    return (json_t *)wk_host->json_parse(call, text, len, err);
}
/* Text of a value in the call's memory; NULL without memory. Takes over the reference to `json`. */
static inline const char *wk_json_text(struct wk_call *call, json_t *json, size_t *len)
{
    char *dumped = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    const char *text = dumped ? wk_strdup(call, dumped) : NULL;

    if (len)
        *len = text ? strlen(text) : 0;
    free(dumped);
    json_decref(json);
    return text;
}
/* A member of an object, or `fallback` when it is absent or of another type. The text is borrowed from the value. */
static inline const char *wk_json_string(const json_t *object, const char *key, const char *fallback)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : fallback;
}
static inline int64_t wk_json_int(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *v = json_object_get(object, key);

    return json_is_integer(v) ? (int64_t)json_integer_value(v) : fallback;
}
/* wk_publish with a jansson value; takes over the reference to `payload`, also when it fails (NULL: call.memory_limit, TRANSIENT). */
static inline bool wk_publish_json(struct wk_call *call, const char *type, const char *key, json_t *payload, struct wk_err *err)
{
    size_t len;
    const char *text = wk_json_text(call, payload, &len);

    return text ? wk_publish(call, type, key, text, len, err)
                : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "payload of %s", type);
}
/* Answer with a JSON document; takes over the reference to `body`. */
static inline bool wk_http_reply_json(struct wk_call *call, struct wk_http *http, int status, json_t *body, struct wk_err *err)
{
    size_t len;
    const char *text = wk_json_text(call, body, &len);

    return text ? wk_http_reply(http, status, "application/json", text, len, err)
                : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "JSON body");
}
#endif

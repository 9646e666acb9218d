#include "call/told.h"
#include "observe/log.h"
#include "observe/metric.h"
#include <ctype.h>

enum { REFERENCE = 8 };

/* A plugin without our build's check may use what nobody lists. Codes are static text, so the pointer is kept. */
static void note_unlisted(const struct wk_err *err, const struct wk_error_hook *listed)
{
    static const char *noted[64];
    struct wk_log_fields fields = {.plugin = listed ? listed->plugin->name : NULL, .err = err};
    size_t i = 0;

    wk_metric_add(wk_metric(WK_COUNTER, "wakala_errors_unlisted_total", NULL, "Errors whose code the catalogue lacks, or has with another class."), 1);
    for (; i < WK_COUNT(noted) && noted[i]; i++)
        if (!strcmp(noted[i], err->code))
            return;
    if (i < WK_COUNT(noted))
        noted[i] = err->code;
    wk_log_line(WK_WARN, &fields, "error code %s is %s: list it in .errors of its plugin", err->code,
                listed ? "listed with another class" : "not in the catalogue");
}

const struct wk_error_hook *wk_error_look(const struct wk_registry *registry, const struct wk_err *err)
{
    const struct wk_error_hook *hook = wk_registry_error(registry, err->code);

    if (hook && hook->type->cls == err->cls)
        return hook;
    if (err->code)
        note_unlisted(err, hook);
    return NULL;
}

static int status_of(const struct wk_error_hook *hook, enum wk_class cls)
{
    static const int by_class[] = {500, 503, 422, 500, 403};

    return hook ? hook->type->status : (size_t)cls < WK_COUNT(by_class) ? by_class[cls] : 500;
}

/* Whose sentence it is: the code's own, or its class's. Another tenant's id and nobody's look the same. */
static const struct wk_error_hook *speaker(const struct wk_registry *registry, const struct wk_error_hook *hook, enum wk_class cls)
{
    if (cls == WK_BUSINESS)
        return hook;
    if (cls != WK_SECURITY)
        return wk_registry_error(registry, WK_TOLD_SYSTEM);
    return wk_registry_error(registry, hook && hook->type->status == 404 ? "tenant.unknown" : WK_TOLD_SECURITY);
}

void wk_call_error_told(struct wk_call *call, const struct wk_err *err, const char *language, struct wk_told *told)
{
    const struct wk_registry *registry = call->engine->registry;
    const struct wk_error_hook *hook = wk_error_look(registry, err), *says = speaker(registry, hook, err->cls);
    struct wk_told full = {.size = told->size, .status = status_of(hook, err->cls)};
    size_t size = told->size < sizeof full ? told->size : sizeof full;

    if (!language && call->tenant)
        language = call->tenant->tenant.language;
    full.code = says ? says->type->code : err->code ? err->code : WK_TOLD_SYSTEM;
    full.text = says ? wk_error_text(says, language) : "That is not possible.";
    if (err->cls != WK_BUSINESS && full.status != 404) /* 404: not even a reference may tell them apart */
        full.reference = wk_strndup(call, call->trace.trace_id, REFERENCE);
    else if (!hook || hook->type->flags & WK_ERROR_MESSAGE)
        full.message = wk_strdup(call, err->msg);
    memcpy(told, &full, size);
}

const char *wk_told_language(struct wk_call *call, const struct wk_err *err, const char *header)
{
    const struct wk_registry *registry = call->engine->registry;
    const struct wk_error_hook *says = speaker(registry, wk_error_look(registry, err), err->cls);
    size_t len;

    for (const char *p = header; says && p && *p; p += strcspn(p, ","), p += *p == ',') {
        char tag[12];

        p += strspn(p, " \t");
        len = strcspn(p, "-;, \t");
        for (size_t i = 0; i < len && i < sizeof tag; i++)
            tag[i] = (char)tolower((unsigned char)p[i]);
        if (len && len < sizeof tag && wk_error_has_language(says, tag, len))
            return wk_strndup(call, tag, len);
    }
    return NULL;
}

/* service.h - typed interfaces between plugins: named with a version, provided by one or several plugins, chosen by config.
 *
 * An interface is a struct that begins with struct wk_service_head and only grows at the end. Callers use the inline wrappers of
 * service/<name>.h, which enter and leave the provider's frame: settings, secrets, logs and blame are then the provider's. The call, its tenant and its
 * transaction stay the caller's: a service called inside a transaction takes part in it.
 *
 * Structs that begin with `size`: who makes one sets it to its own sizeof; who fills one that somebody else made writes at most `size` bytes; who
 * reads one looks at no member behind `size`. Results live until the call ends. */
#ifndef WAKALA_SERVICE_H
#define WAKALA_SERVICE_H
#include <wakala/call.h>

struct wk_service_head {
    uint32_t size;    /* sizeof the provider's interface struct */
    uint32_t version; /* the 1 of "catalog/1" */
    const void *self; /* filled by the host: the provider's frame */
};

struct wk_provide {
    const char *interface; /* "catalog/1"; NULL ends the table */
    struct wk_service_head *service; /* static, writable: the host fills self */
};

/* The chosen provider of "name/1" (provider NULL), or a named one. NULL and service.missing (SYSTEM), naming who could provide it. Valid as long as the
 * worker lives. Does not suspend. */
static inline const void *wk_service(struct wk_call *call, const char *interface, const char *provider, struct wk_err *err)
{
    return wk_host->service(call, interface, provider, err);
}
/* The same in open(), for interfaces listed in `needs`: their providers are open already. */
static inline const void *wk_open_service(struct wk_plugin *plugin, const char *interface, struct wk_err *err)
{
    return wk_host->open_service(plugin, interface, err);
}
/* Names of all enabled providers of an interface, sorted: at most `max` into `names` (static text); returns how many there are. Does not suspend. */
static inline size_t wk_service_names(const char *interface, const char **names, size_t max)
{
    return wk_host->service_names(interface, names, max);
}
/* Does the provider's struct reach to byte `end`? */
static inline bool wk_service_has(const struct wk_service_head *head, size_t end) { return head && head->size >= end; }

/* Body of a wrapper: looks the interface up, checks that the provider has `member`, runs `member` in its frame, yields `failed` otherwise. */
#define WK_SERVICE_CALL(type, interface, provider, member, failed, result_type, call, err, ...)                        \
    do {                                                                                                               \
        const struct type *s_ = (const struct type *)wk_service(call, interface, provider, err);                       \
        if (!s_)                                                                                                       \
            return failed;                                                                                             \
        if (!wk_service_has(&s_->head, offsetof(struct type, member) + sizeof s_->member) || !s_->member) {            \
            (void)wk_fail(err, WK_SYSTEM, "service.too_old", "%s has no %s", interface, #member);                      \
            return failed;                                                                                             \
        }                                                                                                              \
        void *frame_ = wk_host->frame_enter(call, s_->head.self);                                                      \
        result_type r_ = s_->member(__VA_ARGS__);                                                                      \
        wk_host->frame_leave(call, frame_);                                                                            \
        return r_;                                                                                                     \
    } while (0)
#endif

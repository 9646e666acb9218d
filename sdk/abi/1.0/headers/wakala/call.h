/* call.h - the call: one piece of work (request, message, event) with its tenant, memory, deadline and one transaction.
 * Every hook gets its call first. Memory and every pointer the SDK returns live until the hook has returned, unless the text
 * says otherwise. A call is used by the fiber that got it, by nobody else. */
#ifndef WAKALA_CALL_H
#define WAKALA_CALL_H
#include <stdarg.h>
#include <stdio.h>
#include <wakala/abi.h>

enum wk_verdict { /* what a hook that chooses answers */
    WK_FAILED = -1, /* err is filled; the call's transaction is rolled back */
    WK_DECLINED = 0, /* not mine: ask the next one in the chain */
    WK_HANDLED = 1,  /* done: the chain stops */
};

struct wk_tenant { /* lives as long as the call; every pointer is set */
    uint32_t size;
    uint32_t shard; /* 1..32 */
    struct wk_uuid id;
    const char *id_text;  /* lower-case UUID */
    const char *name;
    const char *tier;     /* basic | premium | enterprise */
    const char *status;   /* active | suspended | trial */
    const char *language; /* en sw zu af fr pcm: default of its customers */
    const char *currency; /* ISO 4217 */
    uint32_t currency_exponent; /* digits after the point: ZAR 2, UGX 0 */
    const char *timezone; /* IANA name */
};

struct wk_principal { /* who asks; all zero before IDENTITY and inside events */
    uint32_t size;
    struct wk_uuid tenant; /* nil: platform */
    const char *subject;   /* user or key id */
    const char *role;      /* admin owner staff vendor driver agent */
    const char *permissions; /* space-separated; "*" = all */
    const char *credential;  /* id of the token's session or of the API key: what limits and "sign out" name; NULL: none */
};

/* Memory of the call; zeroed, aligned for any type. NULL past the call's limit (setting host.call_memory_max). */
static inline void *wk_alloc(struct wk_call *call, size_t bytes) { return wk_host->alloc(call, bytes); }

/* Run fn(arg) when the call ends, whatever way it ends (also a cancel); last deferred runs first. fn must not suspend or use the call.
 * False without memory: then fn will not run. */
static inline bool wk_defer(struct wk_call *call, void (*fn)(void *arg), void *arg)
{
    return wk_host->defer(call, fn, arg);
}

/* printf into the call's memory. NULL without memory. */
WK_PRINTF(2, 3)
static inline char *wk_printf(struct wk_call *call, const char *fmt, ...)
{
    va_list ap;
    int n;
    char *text;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    text = n < 0 ? NULL : (char *)wk_alloc(call, (size_t)n + 1);
    if (text) {
        va_start(ap, fmt);
        (void)vsnprintf(text, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    return text;
}

/* Copies in the call's memory, NUL-terminated. NULL without memory. */
static inline char *wk_strndup(struct wk_call *call, const char *text, size_t len)
{
    char *copy = (char *)wk_alloc(call, len + 1);

    if (copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}
static inline char *wk_strdup(struct wk_call *call, const char *text) { return wk_strndup(call, text, strlen(text)); }

/* Whose data this call sees, and who asks. Neither suspends; both live as long as the call. wk_principal() is never NULL. */
static inline const struct wk_tenant *wk_tenant(struct wk_call *call) { return wk_host->tenant(call); } /* NULL: none */
static inline const struct wk_principal *wk_principal(struct wk_call *call) { return wk_host->principal(call); }
/* The tenant's first address on a channel ("whatsapp": a phone_number_id), for what begins on our side. NULL: it has none. Does not suspend. */
static inline const char *wk_tenant_address(struct wk_call *call, const char *channel) { return wk_host->tenant_address(call, channel); }
/* Copied. Only the provider of identity/1 may call it, in phase IDENTITY (else call.not_identity, SYSTEM), before any write. Somebody of the platform
 * (tenant nil) leaves the tenant that the call was in: they name another later. */
static inline bool wk_set_principal(struct wk_call *call, const struct wk_principal *who, struct wk_err *err)
{
    return wk_host->set_principal(call, who, err);
}
/* Give a call without a tenant its tenant, before its first write. May suspend. tenant.unknown (BUSINESS, answered as 404) when there is none;
 * call.tenant_fixed (SECURITY) when the call has another; tenant.foreign (SECURITY, told as tenant.unknown) when the principal belongs to another. */
static inline bool wk_enter_tenant(struct wk_call *call, const struct wk_uuid *tenant, struct wk_err *err)
{
    return wk_host->enter_tenant(call, tenant, err);
}

/* Has the call's tenant this plugin? What a tenant lacks ("features" of its config) is not asked for its messages, events and routes; for who keeps other
 * plugins' hooks in tables of its own. True without a tenant. Does not suspend. */
static inline bool wk_is_on(struct wk_call *call, const struct wk_plugin *plugin) { return wk_host->is_on(call, plugin); }

/* Who changed what, for `wakala audit`: one row of the call's transaction, with its tenant, principal and trace. action "user.role_changed", object the id it
 * was done to, detail_json {"from": .., "to": ..} or NULL; never a secret, phone numbers masked. Does not suspend; errors as of wk_db_queue(). */
static inline bool wk_audit(struct wk_call *call, const char *action, const char *object, const char *detail_json, struct wk_err *err)
{
    return wk_host->audit(call, action, object, detail_json, err);
}

/* The time that decides: the database's clock in microseconds since 1970 UTC, never the machine's. */
static inline int64_t wk_now(struct wk_call *call) { return wk_host->now_us(call); }
/* Milliseconds until this call is cut off, 0 when its time is over. Does not suspend. */
static inline int64_t wk_left_ms(struct wk_call *call) { return wk_host->left_ms(call); }
/* Suspend. call.wait_in_tx (SYSTEM) while the call's transaction is open; call.cancelled, call.deadline (TRANSIENT). */
static inline bool wk_sleep(struct wk_call *call, uint32_t ms, struct wk_err *err)
{
    return wk_host->sleep_ms(call, ms, err);
}
/* Random bytes fit for keys and codes. host.random (SYSTEM). Does not suspend. */
static inline bool wk_random(struct wk_call *call, void *out, size_t bytes, struct wk_err *err)
{
    return wk_host->random_bytes(call, out, bytes, err);
}
static inline struct wk_uuid wk_new_id(struct wk_call *call) { return wk_host->new_id(call); } /* UUIDv7; no wait */

/* One JSON log line with trace, tenant, plugin and hook; cut at 1,023 bytes. Never a secret; mask phone numbers with wk_mask(). Does not suspend. */
WK_PRINTF(3, 4)
static inline void wk_log(struct wk_call *call, enum wk_level level, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    wk_host->log(call, level, text);
}
/* "12025550101" -> "*******0101" in the call's memory: how phone numbers and user ids appear in logs. */
static inline const char *wk_mask(struct wk_call *call, const char *text)
{
    size_t n = strlen(text), keep = n > 8 ? 4 : 0;
    char *out = wk_strdup(call, text);

    if (!out)
        return "*";
    memset(out, '*', n - keep);
    return out;
}
static inline const char *wk_trace_id(struct wk_call *call) { return wk_host->trace_id(call); } /* 32 hex digits */
/* What the plugin's open() kept with wk_set_state(); never suspends. */
static inline void *wk_state(struct wk_call *call) { return wk_host->state(call); }
#endif

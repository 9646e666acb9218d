/* inbox.h - durable webhooks: verify the raw bytes, split, store, 200. The host does the storing; a channel or gateway says how.
 * Both functions run on the loop, cannot suspend, get no call, and must be fast: they are the hot path. */
#ifndef WAKALA_INBOX_H
#define WAKALA_INBOX_H
#include <wakala/abi.h>

struct wk_webhook { /* one POST, borrowed for the time of the call */
    uint32_t size;
    uint32_t reserved;
    struct wk_plugin *plugin;
    const char *app;     /* {app} or {account} of the path, decoded, "" when absent */
    const char *body;
    size_t body_len;
    const void *request; /* for header() */
    const char *(*header)(const struct wk_webhook *hook, const char *name, size_t *len); /* NULL: absent; not NUL-terminated */
    const char *(*query)(const struct wk_webhook *hook, const char *name); /* decoded, NUL-terminated, NULL: absent */
};

enum wk_item_kind {
    WK_ITEM_MESSAGE = 1, /* becomes an event of `event_type`, once per dedupe key */
    WK_ITEM_STATUS,      /* merged into the outbound message by rank */
    WK_ITEM_OTHER,       /* other fields of the channel: stored as an event, once per dedupe key */
    WK_ITEM_BAD,         /* cannot be understood: quarantine, with `why` */
};
struct wk_item { /* one update; spans point into the body */
    uint32_t size;
    enum wk_item_kind kind;
    const char *event_type;   /* static text */
    struct wk_span address;   /* our side (phone_number_id, account): finds the tenant */
    struct wk_span account;   /* fallback for the tenant (WABA id) when address is empty */
    struct wk_span dedupe;    /* unique inside (channel, address); <= 512 bytes */
    struct wk_span key;       /* orders it: the user key or the reference */
    int64_t at_s;             /* the channel's own time, seconds since 1970; 0: unknown */
    struct wk_span payload[4]; /* raw JSON values put under payload_name[i] of the event's payload; empty: left out */
    const char *payload_name[4];
    /* WK_ITEM_STATUS */
    struct wk_span message_id, callback; /* the channel's id, our own id if it came back */
    uint32_t rank;            /* 1 sent 2 delivered 3 read 4 played; 0 failed */
    int32_t error_code;
    const char *why;          /* WK_ITEM_BAD, static text */
};
struct wk_split { /* the host's receiver; call add for each update, in order; false: stop, memory */
    uint32_t size;
    uint32_t reserved;
    bool (*add)(struct wk_split *to, const struct wk_item *item);
};
enum wk_authentic {
    WK_FORGED = 0,    /* wrong signature, or none where there must be one: answered 401, stored nowhere */
    WK_AUTHENTIC = 1,
    WK_UNSIGNED = 2,  /* the sender signs nothing: stored all the same, so whoever reads it asks before believing it */
};

/* For verify(): the secret `key` (a setting of the plugin) of the tenant that `address` of `channel` belongs to, else the conf's; NUL-terminated, to
 * be wiped by who asked. Taken from memory, one decryption. False: setting.no_secret (SYSTEM), secret.key (SYSTEM), secret.size (SYSTEM),
 * secret.forged (SECURITY); nothing may then pass as authentic. */
static inline bool wk_webhook_secret(const struct wk_webhook *hook, const char *channel, const char *address, const char *key, char *out,
                                     size_t size, struct wk_err *err)
{
    return wk_host->webhook_secret(hook->plugin, channel, address, key, out, size, err);
}

struct wk_inbox {
    const char *path;    /* "/webhooks/whatsapp/{app?}", "/webhooks/payments/<gateway>/{account}"; NULL ends the table */
    const char *channel; /* "whatsapp", a gateway's name: part of every dedupe key; static text. `wakala tenant address` binds its addresses */
    uint64_t body_max;   /* bytes; longer is answered 413. The whole must be answered within 2.5 s, else 503 and nothing is stored */
    /* Over the raw bytes, before anything is read out of them; err (may be left alone) goes to the log. */
    enum wk_authentic (*verify)(const struct wk_webhook *hook, struct wk_err *err);
    /* False only when the body is not even the channel's envelope: the whole body then goes to quarantine. */
    bool (*split)(const struct wk_webhook *hook, struct wk_split *to, struct wk_err *err);
    /* GET on the same path (subscription handshake): the text to answer with 200, NULL for 403. May be NULL. */
    const char *(*handshake)(const struct wk_webhook *hook);
};
#endif

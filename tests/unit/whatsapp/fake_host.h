/* fake_host.h - as much of a host as the plugin's parts need in a test: memory, JSON, settings, a clock, a scripted database and network.
 * One call at a time. Every allocation is its own, so that a sanitizer sees each overrun. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H
#include <wakala/plugin.h>

extern const struct wk_plugin_desc wakala_plugin; /* the plugin under test */

enum { FAKE_ANSWERS = 64, FAKE_LOG = 64 };

struct fake_row { /* the one row of wakala.outbound that a sender's test is about */
    bool is_there;
    char state[16], wamid[300];
    int rank, attempts, error_code;
    int64_t sent_us; /* 0: no attempt is under way */
};

struct fake {
    int64_t now_us, slept_us;
    int64_t later_us; /* what wk_later() was asked; 0: nothing */
    struct fake_row row, committed; /* as the transaction sees it; as a crash would leave it */
    bool in_tx, db_fails, step_fails;
    unsigned steps, writes, queued;
    unsigned trips; /* of this call: to the database and back */
    /* the network: answers in order, then the last again */
    struct { enum wk_sent sent; int status; const char *body; } answers[FAKE_ANSWERS];
    size_t answer_count, fetches;
    char url[512], body[8192], authorization[256];
    bool was_committed_sending; /* at the moment of the call to Meta */
    void (*on_fetch)(void);     /* e.g. a status that comes before the answer */
    void (*on_step)(void);      /* just before what is queued reaches the database */
    /* what the call did */
    char published_type[64], published_key[256], published[1024];
    unsigned publishes, errors_logged;
    char log[FAKE_LOG][1100];
    unsigned logged;
    const char *secret;
    int64_t target_wait_ms; /* the breaker's */
    bool is_held_back;      /* wk_fetch() is refused by the guards, for 3 s */
};
extern struct fake fake;

struct wk_call *fake_begin(void); /* a new call; the fake's state stays */
struct wk_call *fake_call(void);  /* the same call again: a second fiber of the worker */
bool fake_commit(struct wk_err *err); /* what the host does when a handler succeeds */
void fake_rollback(void);             /* and when it fails */
void fake_end(void);              /* frees the call's memory */
void fake_reset(void);            /* as new: the clock at 2026-01-01 */
void fake_set(const char *key, const char *value); /* a setting; NULL: the plugin's own default */

/* Items that a split gave, copied. */
struct fake_item {
    struct wk_item item;
    char address[80], account[80], dedupe[600], key[300], message_id[300], callback[600];
    char *payload[WK_COUNT(((struct wk_item *)0)->payload)];
};
struct fake_items {
    struct wk_split to;
    struct fake_item *all;
    size_t count, cap, stop_at; /* stop_at: refuse after so many; 0: never */
};
void fake_items_init(struct fake_items *items);
void fake_items_free(struct fake_items *items);
/* The payload as the host would store it: {"name":value,...}; freed by the caller. */
char *fake_payload(const struct fake_item *item);

char *fake_read(const char *path, size_t *len); /* a whole file below the source folder; freed by the caller */
#endif

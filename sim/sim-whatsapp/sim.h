/* sim.h - what the parts of the plugin share: its state, the tenant everything belongs to, the queue of webhooks. */
#ifndef SIM_H
#define SIM_H
#include <wakala/json.h>
#include <wakala/plugin.h>
#include "limits.h"
#include "numbers.h"
#include "rules.h"
#include "shapes.h"
#include "validate.h"

/* Calls need a tenant for SQL; the simulator's own database has this one. */
#define SIM_TENANT "00000000-0000-4000-8000-000000000001"
#define SIM_EVENT "sim.webhook"
enum { SIM_STIR = 256 };

struct sim_batch;
struct sim { /* wk_state(); one worker, so what is counted here is exact */
    struct sim_numbers *numbers;
    struct sim_limits *limits;
    struct sim_rules rules;
    bool are_rules_known;     /* false: still in the database only */
    uint32_t stirred[SIM_STIR]; /* counts messages stored, by person: what long polls look at */
    struct sim_batch *forming;  /* posts that still take updates */
};

/* --- state.c --- */
/* Every route begins here: the tenant, and the rules read once. */
struct sim *sim_enter(struct wk_call *call, struct wk_err *err);
bool sim_rules_store(struct wk_call *call, struct sim *sim, struct wk_err *err); /* queued on the call */
uint32_t *sim_stirred(struct sim *sim, const char *person);
/* {"error":"..."} for the routes that are ours, not Meta's. */
bool sim_reply_error(struct wk_call *call, struct wk_http *http, int status, const char *text, struct wk_err *err);
const char *sim_new_wamid(struct wk_call *call, const char *person, bool is_inbound, struct wk_err *err);
/* Headers and body of one signed post. `secret` NULL: unsigned. True: *status is what came back, 0 when nothing did. */
bool sim_post(struct wk_call *call, const char *body, size_t len, const char *secret, int *status, struct wk_err *err);

/* --- deliver.c --- */
struct sim_delivery {
    const char *key;       /* orders it */
    const char *address, *id;
    bool is_status;
    const json_t *contact, *body; /* contact may be NULL */
    int64_t due_us;
    int64_t copies;
};
/* Queue it on the call; leaves with the commit. */
bool sim_deliver_later(struct wk_call *call, const struct sim_delivery *d, struct wk_err *err);
bool sim_on_webhook(struct wk_call *call, const struct wk_event *event, struct wk_err *err);

/* --- the routes --- */
bool sim_route_send(struct wk_call *call, struct wk_http *http, struct wk_err *err);     /* graph.c */
bool sim_route_say(struct wk_call *call, struct wk_http *http, struct wk_err *err);      /* say.c */
bool sim_route_messages(struct wk_call *call, struct wk_http *http, struct wk_err *err); /* control.c */
bool sim_route_rules(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool sim_route_rules_reset(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool sim_route_rules_show(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool sim_route_webhook(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool sim_route_stats(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool sim_route_page(struct wk_call *call, struct wk_http *http, struct wk_err *err);     /* page.c */
bool sim_route_script(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool sim_route_style(struct wk_call *call, struct wk_http *http, struct wk_err *err);
#endif

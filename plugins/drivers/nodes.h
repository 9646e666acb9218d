/* nodes.h - what this plugin's nodes and subscriptions share. Context keys begin with "d."; every choice carries the id of what it is about. */
#ifndef DRIVERS_NODES_H
#define DRIVERS_NODES_H
#include <wakala/event.h>
#include <wakala/metric.h>
#include <wakala/service/catalog.h>
#include <wakala/service/flow.h>
#include <wakala/service/payments.h>
#include "store.h"

#define KEY_JOB "d.job"     /* the delivery a driver is at */
#define KEY_OFFER "d.offer" /* the offer a driver looks at */
#define KEY_ORDER "d.order" /* V9: the order a shop looks at */
#define DONE(expr) ((expr) ? WK_HANDLED : WK_FAILED)

WK_PRINTF(4, 5) bool sayf(struct wk_call *call, struct wk_turn *turn, struct wk_err *err, const char *fmt, ...);
const char *amount(struct wk_call *call, int64_t minor);
/* "3.4 km" */
const char *km(struct wk_call *call, int64_t metres);
/* "Sipho, motorbike, ABC 123" */
const char *courier(struct wk_call *call, const struct wk_driver *d);
/* The first characters of a text, never half of one, on one line. */
const char *cut(struct wk_call *call, const char *text, size_t max_chars);
/* The id at the head of a push's argument or of a context value; *rest: what follows a space. */
bool node_id(struct wk_call *call, struct wk_turn *turn, const char *key, struct wk_uuid *id, const char **rest);
bool go_id(struct wk_call *call, struct wk_turn *turn, const char *key, const struct wk_uuid *id, const char *node, struct wk_err *err);
bool push_id(struct wk_call *call, const struct wk_uuid *user, const char *node, const struct wk_uuid *id, const char *more,
             struct wk_err *err);

/* dispatch.c */
bool dispatch_start(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
/* Publish drivers.search: look (again) for a driver in the order's own lane. */
bool dispatch_ask(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
/* Publish drivers.round: the round may be over. */
bool dispatch_round_may_end(struct wk_call *call, const struct wk_uuid *order, int64_t search, int64_t round, struct wk_err *err);
bool on_search(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
bool on_round(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
bool on_full(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
/* follow.c */
bool on_order(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
bool on_silent(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
bool follow_watch(struct wk_call *call, const struct delivery_row *job, int step, struct wk_err *err);
/* To the person who answers for the shop; quietly nothing when there is none. */
bool push_shop(struct wk_call *call, const struct wk_uuid *vendor, const char *node, const struct wk_uuid *id, const char *more,
               struct wk_err *err);
/* nodes_job.c */
/* The node of a job's status: D5 D6 D7 D8 D8P. */
const char *job_node(const struct delivery_row *job);
bool show_job(struct wk_call *call, struct wk_turn *turn, const struct delivery_row *job, struct wk_err *err);

extern const struct wk_node nodes_desk[], nodes_offer[], nodes_job[];
#endif

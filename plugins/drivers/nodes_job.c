/* nodes_job.c - one job from the offer to the door: D5 to the shop, D6 pickup code, D7 on the way, D8 cash, then the PIN. */
#include <wakala/setting.h>
#include "nodes.h"

const char *job_node(const struct delivery_row *job)
{
    const char *s = job->v.status;

    if (!strcmp(s, "ASSIGNED"))
        return "D5";
    if (!strcmp(s, "AT_SHOP"))
        return "D6";
    if (!strcmp(s, "PICKED_UP"))
        return "D7";
    if (!strcmp(s, "ARRIVED"))
        return job->v.cash_due && job->cash_collected < 0 ? "D8" : "D8P";
    return "D0";
}

static const char *to_shop(struct wk_call *call, const struct dispatch_row *p)
{
    return wk_printf(call, "Order #%lld: go to %s%s%s.\nhttps://maps.google.com/?q=%.6f,%.6f", (long long)p->number, p->vendor_name,
                     *p->vendor_address ? ", " : "", p->vendor_address, p->latitude, p->longitude);
}

static const char *to_customer(struct wk_call *call, const struct delivery_row *job)
{
    const struct dispatch_row *p = &job->p;

    return wk_printf(call, "Order #%lld: deliver to %s%s%s.\nhttps://maps.google.com/?q=%.6f,%.6f%s%s%s", (long long)p->number,
                     *p->customer_name ? p->customer_name : "the customer", *p->landmark ? ", " : "", p->landmark, p->to_latitude,
                     p->to_longitude, job->v.cash_due ? "\nCollect " : "", job->v.cash_due ? amount(call, job->v.cash_due) : "",
                     job->v.cash_due ? " in cash." : "");
}

/* What the job's status asks of the driver. */
bool show_job(struct wk_call *call, struct wk_turn *turn, const struct delivery_row *job, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *node = job_node(job), *text;

    (void)wk_uuid_text(&job->v.id, id);
    if (!strcmp(node, "D5")) {
        text = to_shop(call, &job->p);
        return text ? wk_turn_menu(call, turn, text, NULL,
                                   (const struct wk_choice[]){{.action = "here", .arg = id, .title = "I'm here", .node = "D5"},
                                                              {.action = "problem", .arg = id, .title = "Problem", .node = "D5"},
                                                              {.action = "back", .arg = id, .title = "Give back job", .node = "D5"}},
                                   3, err)
                    : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "D5");
    }
    if (!strcmp(node, "D6"))
        return wk_turn_say(call, turn, "Ask the shop for the pickup code and type it here.", err);
    if (!strcmp(node, "D7")) {
        text = to_customer(call, job);
        return text ? wk_turn_menu(call, turn, text, NULL,
                                   (const struct wk_choice[]){{.action = "arrived", .arg = id, .title = "Arrived", .node = "D7"},
                                                              {.action = "call", .arg = id, .title = "Call customer", .node = "D7"},
                                                              {.action = "problem", .arg = id, .title = "Problem", .node = "D7"}},
                                   3, err)
                    : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "D7");
    }
    if (!strcmp(node, "D8")) {
        text = wk_printf(call, "Collected %s?", amount(call, job->v.cash_due));
        return text ? wk_turn_menu(call, turn, text, NULL,
                                   (const struct wk_choice[]){{.action = "yes", .arg = id, .title = "Yes", .node = "D8"},
                                                              {.action = "other", .arg = id, .title = "Different amount", .node = "D8"},
                                                              {.action = "refused", .arg = id, .title = "Refused", .node = "D8"}},
                                   3, err)
                    : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "D8");
    }
    if (!strcmp(node, "D8P"))
        return wk_turn_say(call, turn, "Enter the customer's 4-digit PIN.", err);
    return wk_turn_say(call, turn, "This job is closed.", err);
}

static bool own_job(struct wk_call *call, struct wk_turn *turn, const struct wk_uuid *id, struct delivery_row *job, bool *found,
                    struct wk_err *err)
{
    if (!store_delivery(call, id, 0, job, found, err))
        return false;
    *found = *found && wk_uuid_equal(&job->d.user, wk_turn_user(call, turn));
    return true;
}

/* Make the job's node the current one and show it. */
static bool open_job(struct wk_call *call, struct wk_turn *turn, const struct delivery_row *job, struct wk_err *err)
{
    char id[WK_UUID_TEXT];

    return wk_turn_set(call, turn, KEY_JOB, wk_uuid_text(&job->v.id, id), err) && wk_turn_stay(call, turn, job_node(job)) &&
           show_job(call, turn, job, err);
}

/* show() of D5 to D8P: the status decides what is seen. "<delivery> remind" asks a silent driver. */
static bool job_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct delivery_row job;
    struct wk_uuid id;
    const char *rest;
    bool found;

    if (!node_id(call, turn, KEY_JOB, &id, &rest))
        return wk_turn_go(call, turn, "D0", err);
    if (!own_job(call, turn, &id, &job, &found, err))
        return false;
    if (!found)
        return wk_turn_say(call, turn, "No job just now.", err);
    if (!strcmp(rest, "remind") && !wk_turn_say(call, turn, "Still on your way to the shop? Without an answer the job goes to somebody else.", err))
        return false;
    return wk_turn_is_push(call, turn) ? show_job(call, turn, &job, err) : open_job(call, turn, &job, err);
}

static bool give_back(struct wk_call *call, struct wk_turn *turn, const struct delivery_row *job, struct wk_err *err)
{
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_DRIVER, .order = job->v.order, .actor_id = &job->v.driver,
                           .to = "READY_FOR_PICKUP", .reason = "the driver gave the job back"};
    struct wk_err no = {0};
    struct wk_uuid user;
    char order[WK_UUID_TEXT];
    bool ended;

    if (!wk_orders_move(call, &move, NULL, &no))
        return wk_err_is(&no, "order.invalid_transition") ? wk_turn_say(call, turn, "You have the goods: this job can't be given back.", err)
                                                          : wk_fail(err, no.cls, no.code, "%s", no.msg);
    return store_delivery_end(call, &job->v.order, "FAILED", "given back", true, &user, &ended, err) &&
           wk_unschedule(call, wk_uuid_text(&job->v.order, order), "silent", err) &&
           wk_turn_say(call, turn, "OK, somebody else will take it.", err) && wk_turn_stay(call, turn, "D0");
}

static enum wk_verdict d5_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct delivery_row job;
    struct wk_uuid id;
    char order[WK_UUID_TEXT];
    bool found;

    (void)is_current; /* the delivery's status decides */
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!own_job(call, turn, &id, &job, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (!strcmp(action, "back") && (!strcmp(job.v.status, "ASSIGNED") || !strcmp(job.v.status, "AT_SHOP")))
        return DONE(give_back(call, turn, &job, err));
    if (strcmp(job.v.status, "ASSIGNED")) /* an old button: where the job is now */
        return DONE(open_job(call, turn, &job, err));
    if (!strcmp(action, "problem"))
        return DONE(wk_turn_menu(call, turn, "If you can't make it, give the job back: somebody else will take it.", NULL,
                                 (const struct wk_choice[]){{.action = "back", .arg = arg, .title = "Give back job", .node = "D5"},
                                                            {.action = "show", .arg = arg, .title = "Go on", .node = "D5"}},
                                 2, err));
    if (!strcmp(action, "show"))
        return DONE(open_job(call, turn, &job, err));
    if (strcmp(action, "here"))
        return WK_DECLINED;
    job.v.status = "AT_SHOP";
    return DONE(store_delivery_status(call, &id, "ASSIGNED", "AT_SHOP", NULL, err) &&
                wk_unschedule(call, wk_uuid_text(&job.v.order, order), "silent", err) && open_job(call, turn, &job, err));
}

/* A typed code against the one of `kind`. *right; the words about a wrong one are said here. */
static bool try_code(struct wk_call *call, struct wk_turn *turn, const struct delivery_row *job, const char *kind, const char *code,
                     const char *locked, bool *right, struct wk_err *err)
{
    struct wk_err wrong = {0};
    uint32_t left = 0;

    *right = false;
    if (!wk_orders_check_code(call, &job->v.order, kind, code, &left, &wrong))
        return wk_err_is(&wrong, "order.no_code") ? wk_turn_say(call, turn, "The code is still on its way. Try again in a moment.", err)
                                                  : wk_fail(err, wrong.cls, wrong.code, "%s", wrong.msg);
    *right = left == UINT32_MAX; /* what the orders plugin says for the right code */
    if (*right)
        return true;
    return left ? sayf(call, turn, err, "That code is wrong. %u tries left.", left) : wk_turn_say(call, turn, locked, err);
}

/* Four letters or digits, spaces and dashes aside; anything else is no try. */
static bool code_of(const char *text, bool digits_only, char out[5])
{
    size_t n = 0;

    for (const char *p = text ? text : ""; *p; p++) {
        bool is_digit = *p >= '0' && *p <= '9', is_letter = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z');

        if (*p == ' ' || *p == '-')
            continue;
        if (n == 4 || !(is_digit || (is_letter && !digits_only)))
            return false;
        out[n++] = *p;
    }
    out[n] = '\0';
    return n == 4;
}

static bool heard_job(struct wk_call *call, struct wk_turn *turn, const char *status, struct delivery_row *job, bool *found, struct wk_err *err)
{
    struct wk_uuid id;
    const char *text = wk_turn_get(call, turn, KEY_JOB);

    *found = false;
    if (!text || !wk_uuid_parse(text, &id))
        return true;
    return own_job(call, turn, &id, job, found, err) && ((*found = *found && !strcmp(job->v.status, status)), true);
}

static enum wk_verdict d6_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_DRIVER, .to = "IN_TRANSIT"};
    struct delivery_row job;
    struct wk_err no = {0};
    char code[5];
    bool found, right;

    if (!code_of(message->text, false, code))
        return WK_DECLINED;
    if (!heard_job(call, turn, "AT_SHOP", &job, &found, err))
        return WK_FAILED;
    if (!found)
        return DONE(wk_turn_go(call, turn, "D0J", err));
    if (!try_code(call, turn, &job, "pickup", code, "Too many wrong codes. Ask the shop to tap Handed over.", &right, err))
        return WK_FAILED;
    if (!right)
        return WK_HANDLED;
    move.order = job.v.order;
    move.actor_id = &job.v.driver;
    if (!wk_orders_move(call, &move, NULL, &no)) {
        if (!wk_err_is(&no, "order.invalid_transition"))
            return DONE(wk_fail(err, no.cls, no.code, "%s", no.msg));
        return DONE(wk_turn_say(call, turn, "The shop has just closed this step. Look at your current job.", err)); /* handed over, or cancelled */
    }
    job.v.status = "PICKED_UP";
    return DONE(store_delivery_status(call, &job.v.id, "AT_SHOP", "PICKED_UP", NULL, err) && open_job(call, turn, &job, err));
}

static const struct {
    const char *code, *title, *words;
} problem_table[] = {
    {"find", "Can't find it", "the driver can't find the address"}, {"absent", "Customer absent", "the customer is not there"},
    {"accident", "Accident", "the driver had an accident"},         {"damaged", "Package damaged", "the goods are damaged"},
    {"other", "Other", "the driver reports a problem"},
};

static bool d7p_menu(struct wk_call *call, struct wk_turn *turn, const char *arg, struct wk_err *err)
{
    struct wk_choice c[WK_COUNT(problem_table) + 1];
    size_t n = 0;

    for (; n < WK_COUNT(problem_table); n++)
        c[n] = (struct wk_choice){.action = problem_table[n].code, .arg = arg, .title = problem_table[n].title, .node = "D7"};
    c[n++] = (struct wk_choice){.action = "show", .arg = arg, .title = "Go on", .node = "D7"};
    return wk_turn_menu(call, turn, "What is wrong?", "Choose", c, n, err);
}

static bool report(struct wk_call *call, struct wk_turn *turn, const struct delivery_row *job, const char *words, struct wk_err *err)
{
    return push_shop(call, &job->p.vendor, "V9R", &job->v.order, words, err) &&
           sayf(call, turn, err, "I told %s. Keep the goods safe; they decide what happens next.", job->p.vendor_name);
}

static enum wk_verdict d7_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct delivery_row job;
    struct wk_uuid id;
    bool found;

    (void)is_current;
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!own_job(call, turn, &id, &job, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (strcmp(job.v.status, "PICKED_UP") && strcmp(job.v.status, "ARRIVED"))
        return DONE(open_job(call, turn, &job, err));
    if (!strcmp(action, "problem"))
        return DONE(d7p_menu(call, turn, arg, err));
    if (!strcmp(action, "call")) /* numbers stay private: the customer is called here */
        return DONE(push_id(call, &job.p.customer, "D7N", &job.v.order, NULL, err) &&
                    wk_turn_say(call, turn, "I asked the customer to look out for you.", err));
    for (size_t i = 0; i < WK_COUNT(problem_table); i++)
        if (!strcmp(action, problem_table[i].code))
            return DONE(report(call, turn, &job, problem_table[i].words, err));
    if (!strcmp(action, "arrived") && !strcmp(job.v.status, "PICKED_UP")) {
        if (!store_delivery_status(call, &id, "PICKED_UP", "ARRIVED", NULL, err))
            return WK_FAILED;
        job.v.status = "ARRIVED";
    }
    return DONE(open_job(call, turn, &job, err));
}

/* The customer is asked to look out; what they answer is theirs. */
static bool d7n_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct delivery_row job;
    struct wk_uuid id;
    bool found;

    if (!node_id(call, turn, KEY_ORDER, &id, NULL))
        return wk_turn_go(call, turn, "T1", err);
    if (!store_delivery_of_order(call, &id, &job, &found, err))
        return false;
    return !found || sayf(call, turn, err, "%s is looking for you with order #%lld. Please look out for them.", courier(call, &job.d),
                          (long long)job.p.number);
}

/* Cash is recorded in a turn of its own, before the PIN: if the phone dies at the door, the money is known. Idempotent per delivery. */
static bool collect(struct wk_call *call, struct wk_turn *turn, struct delivery_row *job, int64_t got, struct wk_err *err)
{
    struct wk_payment payment = {.size = sizeof payment};
    char id[WK_UUID_TEXT];
    const char *key = wk_printf(call, "job-%s", wk_uuid_text(&job->v.id, id));

    if (!key)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "D8");
    if (!wk_payments_of_order(call, &job->v.order, &payment, err))
        return false;
    if (!strcmp(payment.status, "due")) {
        payment.size = sizeof payment;
        if (!store_cash(call, &job->v.id, got, err) ||
            !wk_payments_collect(call, &job->v.order, &job->d.user, got, key, &payment, err))
            return false;
        wk_count(call, "collected", 1);
    }
    job->cash_collected = payment.collected;
    if (payment.collected != job->v.cash_due &&
        !sayf(call, turn, err, "Noted: %s of %s.", amount(call, payment.collected), amount(call, job->v.cash_due)))
        return false;
    return open_job(call, turn, job, err);
}

/* "<delivery>" or "<delivery>:<minor units>" of a button. */
static bool cash_arg(const char *arg, struct wk_uuid *id, int64_t *got)
{
    char text[WK_UUID_TEXT], *end;

    *got = 0;
    if (strlen(arg) < 36)
        return false;
    memcpy(text, arg, 36);
    text[36] = '\0';
    if (!wk_uuid_parse(text, id))
        return false;
    if (!arg[36])
        return true;
    *got = arg[36] == ':' ? strtoll(arg + 37, &end, 10) : 0;
    return *got > 0 && *got <= WK_MONEY_MAX && !*end;
}

static enum wk_verdict d8_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct delivery_row job;
    struct wk_uuid id;
    int64_t got;
    bool found;

    (void)is_current;
    if (!cash_arg(arg, &id, &got))
        return WK_DECLINED;
    if (!own_job(call, turn, &id, &job, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (strcmp(job_node(&job), "D8"))
        return DONE(open_job(call, turn, &job, err));
    if (!strcmp(action, "yes"))
        return DONE(collect(call, turn, &job, job.v.cash_due, err));
    if (!strcmp(action, "got") && got)
        return DONE(collect(call, turn, &job, got, err));
    if (!strcmp(action, "other"))
        return DONE(go_id(call, turn, KEY_JOB, &id, "D8A", err));
    return strcmp(action, "refused") ? WK_DECLINED : DONE(report(call, turn, &job, "the customer refused it at the door", err));
}

static bool d8a_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    return wk_turn_say(call, turn, "How much did you collect? Type the amount, e.g. 50 or 50.50.", err);
}

static enum wk_verdict d8a_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    const struct wk_tenant *t = wk_tenant(call);
    struct delivery_row job;
    struct wk_choice c[] = {{.action = "got", .title = "Yes", .node = "D8"}, {.action = "other", .title = "No", .node = "D8"}};
    char id[WK_UUID_TEXT];
    int64_t got;
    const char *text;
    bool found;

    if (!message->text || !money_parse(message->text, t ? t->currency_exponent : 2, &got))
        return WK_DECLINED;
    if (!heard_job(call, turn, "ARRIVED", &job, &found, err))
        return WK_FAILED;
    if (!found)
        return DONE(wk_turn_go(call, turn, "D0J", err));
    c[1].arg = wk_uuid_text(&job.v.id, id);
    c[0].arg = wk_printf(call, "%s:%lld", id, (long long)got);
    text = wk_printf(call, "You collected %s, right?", amount(call, got));
    return DONE(c[0].arg && text ? wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err)
                                 : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "D8"));
}

static enum wk_verdict d8p_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_DRIVER, .to = "DELIVERED"};
    struct delivery_row job;
    struct wk_err no = {0};
    struct wk_uuid user;
    char pin[5];
    bool found, right, ended;

    if (!code_of(message->text, true, pin))
        return WK_DECLINED;
    if (!heard_job(call, turn, "ARRIVED", &job, &found, err))
        return WK_FAILED;
    if (!found)
        return DONE(wk_turn_go(call, turn, "D0J", err));
    if (!strcmp(job_node(&job), "D8")) /* the cash comes first */
        return DONE(open_job(call, turn, &job, err));
    if (!try_code(call, turn, &job, "delivery", pin, "Too many wrong PINs. The customer can get a new one under Track order.", &right, err))
        return WK_FAILED;
    if (!right)
        return WK_HANDLED;
    move.order = job.v.order;
    move.actor_id = &job.v.driver;
    if (!wk_orders_move(call, &move, NULL, &no))
        return DONE(wk_err_is(&no, "order.invalid_transition") ? wk_turn_say(call, turn, "This job was closed meanwhile.", err)
                                                               : wk_fail(err, no.cls, no.code, "%s", no.msg));
    wk_count(call, "delivered", 1);
    return DONE(store_delivery_end(call, &job.v.order, "DELIVERED", "", false, &user, &ended, err) &&
                sayf(call, turn, err, "Delivered. Order #%lld is done; you earned %s.", (long long)job.p.number, amount(call, job.v.fee)) &&
                wk_turn_stay(call, turn, "D0"));
}

/* D5X: a job ended without the driver. "<order or delivery> <why>". */
static bool d5x_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct dispatch_row p;
    struct wk_uuid id;
    const char *why;
    bool found;

    if (!node_id(call, turn, KEY_ORDER, &id, &why))
        return wk_turn_go(call, turn, "D0", err);
    if (!store_dispatch(call, &id, &p, &found, err))
        return false;
    if (!found)
        return true;
    if (!strcmp(why, "cancelled"))
        return sayf(call, turn, err, "Order #%lld was cancelled. If you have the goods, bring them back to %s.", (long long)p.number,
                    p.vendor_name);
    if (!strcmp(why, "delivered"))
        return sayf(call, turn, err, "Order #%lld is closed as delivered.", (long long)p.number);
    return sayf(call, turn, err, "Order #%lld is no longer yours.", (long long)p.number);
}

/* D0J: the jobs a driver has. */
static bool d0j_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct driver_row driver;
    struct delivery_row *jobs;
    struct wk_choice c[10];
    size_t n = 0;
    bool found;

    if (!store_driver_of_user(call, wk_turn_user(call, turn), 0, &driver, &found, err) ||
        (found && !store_live_of_driver(call, &driver.d.id, &jobs, &n, err)))
        return false;
    if (!n)
        return wk_turn_say(call, turn, "No job just now.", err) && wk_turn_stay(call, turn, "D0");
    if (n == 1)
        return open_job(call, turn, &jobs[0], err);
    for (size_t i = 0; i < n; i++) {
        char id[WK_UUID_TEXT];

        c[i] = (struct wk_choice){.action = "open", .arg = wk_strdup(call, wk_uuid_text(&jobs[i].v.id, id)),
                                  .title = wk_printf(call, "#%lld – %s", (long long)jobs[i].p.number, jobs[i].p.vendor_name),
                                  .description = !strcmp(job_node(&jobs[i]), "D7") ? "on the way to the customer" : "open"};
        if (!c[i].arg || !c[i].title)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "D0J");
    }
    return wk_turn_menu(call, turn, "Your jobs", "Choose", c, n, err);
}

static enum wk_verdict d0j_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct delivery_row job;
    struct wk_uuid id;
    bool found;

    (void)is_current;
    if (!strcmp(action, "show"))
        return DONE(wk_turn_go(call, turn, "D0J", err));
    if (strcmp(action, "open") || !wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!own_job(call, turn, &id, &job, &found, err))
        return WK_FAILED;
    return found ? DONE(open_job(call, turn, &job, err)) : WK_DECLINED;
}

#define JOB_NODE(n, ...) {.name = n, .state = WK_DRIVER_FLOW, .is_busy = true, .show = job_show, __VA_ARGS__}
const struct wk_node nodes_job[] = {
    {.name = "D0J", .state = WK_DRIVER_FLOW, .show = d0j_show, .choose = d0j_choose},
    JOB_NODE("D5", .choose = d5_choose),
    JOB_NODE("D6", .expect = WK_EXPECT_PIN, .choose = d5_choose, .hear = d6_hear),
    JOB_NODE("D7", .choose = d7_choose),
    JOB_NODE("D8", .choose = d8_choose),
    {.name = "D8A", .state = WK_DRIVER_FLOW, .expect = WK_EXPECT_NUMBER, .is_busy = true, .show = d8a_show, .choose = d8_choose, .hear = d8a_hear},
    JOB_NODE("D8P", .expect = WK_EXPECT_PIN, .choose = d8_choose, .hear = d8p_hear),
    {.name = "D5X", .state = WK_DRIVER_FLOW, .show = d5x_show},
    {.name = "D7N", .state = WK_ORDER_TRACKING, .show = d7n_show},
    {0},
};

/* nodes_desk.c - D0 the driver's desk, D2 going online with a position. */
#include <wakala/setting.h>
#include "nodes.h"

static bool own_driver(struct wk_call *call, struct wk_turn *turn, struct driver_row *row, bool *found, struct wk_err *err)
{
    return store_driver_of_user(call, wk_turn_user(call, turn), wk_setting_ms(call, "position_fresh"), row, found, err);
}

static bool no_driver(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_tenant *t = wk_tenant(call);

    return sayf(call, turn, err, "You are not registered as a driver yet. Please ask %s to add you.", t && t->name ? t->name : "us") &&
           wk_turn_go(call, turn, "G2", err);
}

static bool d0_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[5];
    struct driver_row d;
    const char *text;
    bool found;

    if (!own_driver(call, turn, &d, &found, err))
        return false;
    if (!found)
        return no_driver(call, turn, err);
    c[0] = d.d.is_online ? (struct wk_choice){.action = "offline", .title = "Go offline"} : (struct wk_choice){.action = "online", .title = "Go online"};
    c[1] = (struct wk_choice){.action = "where", .title = "Update location"};
    c[2] = (struct wk_choice){.action = "job", .title = "Current job"};
    c[3] = (struct wk_choice){.action = "earn", .title = "Earnings"};
    c[4] = (struct wk_choice){.action = "cash", .title = "Cash to settle"};
    text = wk_printf(call, "Driver desk – you are %s.%s", d.d.is_online ? "online" : "offline",
                     d.d.is_online && !d.has_fresh_position ? " Your position is old: update it to get jobs." : "");
    return text ? wk_turn_menu(call, turn, text, "Choose", c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "D0");
}

static enum wk_verdict d0_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct driver_row d;
    bool found;

    (void)arg;
    (void)is_current;
    if (!strcmp(action, "online") || !strcmp(action, "where"))
        return DONE(wk_turn_go(call, turn, "D2", err));
    if (!strcmp(action, "job"))
        return DONE(wk_turn_go(call, turn, "D0J", err));
    if (!strcmp(action, "open"))
        return DONE(wk_turn_go(call, turn, "D0", err));
    if (!own_driver(call, turn, &d, &found, err))
        return WK_FAILED;
    if (!found)
        return DONE(no_driver(call, turn, err));
    if (!strcmp(action, "offline"))
        return DONE(store_online(call, &d.d.id, false, 0, 0, err) &&
                    wk_turn_say(call, turn, "You are offline. Jobs you have go on.", err) && wk_turn_stay(call, turn, "D0"));
    if (!strcmp(action, "earn"))
        return DONE(sayf(call, turn, err, "Last 24 hours: %s. Jobs done in all: %lld, given back: %lld.", amount(call, d.earned_today),
                         (long long)d.completed, (long long)d.gave_back));
    if (!strcmp(action, "cash"))
        return DONE(sayf(call, turn, err, "You hold %s in cash for us.", amount(call, d.cash_held)));
    return WK_DECLINED;
}

static bool d2_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct driver_row d;
    bool found;

    if (!own_driver(call, turn, &d, &found, err))
        return false;
    if (!found)
        return no_driver(call, turn, err);
    if (strcmp(d.status, "approved"))
        return wk_turn_say(call, turn, !strcmp(d.status, "pending") ? "Your registration is still being checked. We'll tell you."
                                                                     : "Your account is blocked. Please talk to us first.", err) &&
               wk_turn_stay(call, turn, "D0");
    if (d.cash_held >= wk_setting_int(call, "cash_limit"))
        return sayf(call, turn, err, "You hold %s in cash. Please hand it in first, then go online.", amount(call, d.cash_held)) &&
               wk_turn_stay(call, turn, "D0");
    return wk_turn_ask_location(call, turn, "Share your location to start.", err);
}

static enum wk_verdict d2_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    const struct wk_choice c[] = {{.action = "offline", .title = "Go offline", .node = "D0"},
                                  {.action = "where", .title = "Update location", .node = "D0"}};
    struct wk_uuid orders[5];
    struct driver_row d;
    size_t n;
    bool found;

    if (message->type != WK_MSG_LOCATION)
        return WK_DECLINED;
    if (!place_is_valid(message->latitude, message->longitude))
        return DONE(wk_turn_say(call, turn, "That pin has no place in it. Please try once more.", err) && wk_turn_go(call, turn, "D2", err));
    if (!own_driver(call, turn, &d, &found, err))
        return WK_FAILED;
    if (!found || strcmp(d.status, "approved") || d.cash_held >= wk_setting_int(call, "cash_limit"))
        return DONE(wk_turn_go(call, turn, "D2", err)); /* which says why not */
    /* Orders that found nobody so far look again now. */
    if (!store_exhausted_near(call, message->latitude, message->longitude, 2 * wk_setting_int(call, "radius_m"), orders, WK_COUNT(orders), &n, err) ||
        !store_online(call, &d.d.id, true, message->latitude, message->longitude, err))
        return WK_FAILED;
    for (size_t i = 0; i < n; i++)
        if (!dispatch_ask(call, &orders[i], err))
            return WK_FAILED;
    return DONE(wk_turn_stay(call, turn, "D0") &&
                wk_turn_menu(call, turn, d.d.is_online ? "Location updated." : "You are online. I'll send you jobs nearby.", NULL, c,
                             WK_COUNT(c), err));
}

const struct wk_node nodes_desk[] = {
    {.name = "D0", .state = WK_DRIVER_FLOW, .show = d0_show, .choose = d0_choose},
    {.name = "D2", .state = WK_DRIVER_FLOW, .expect = WK_EXPECT_LOCATION, .show = d2_show, .hear = d2_hear},
    {0},
};

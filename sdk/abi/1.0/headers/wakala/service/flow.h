/* service/flow.h - flow/1: dialogue nodes. The conversation owns states, turns, menus and the language; other plugins bring nodes.
 *
 * A turn is one inbound message (or one push) in one person's conversation: loaded before, saved after, all inside the call. Nodes say things, keep
 * context and choose the next node; texts and options become buttons, lists or numbered menus there, never here. */
#ifndef WAKALA_SERVICE_FLOW_H
#define WAKALA_SERVICE_FLOW_H
#include <wakala/message.h>
#include <wakala/service.h>

#define WK_FLOW "flow/1"
struct wk_notice; /* service/notify.h */
struct wk_turn; /* one conversation in one call; valid until the node's function returns */

enum wk_state { WK_IDLE, WK_GREETING, WK_INTENT_DETECTION, WK_CUSTOMER_FLOW, WK_VENDOR_FLOW, WK_DRIVER_FLOW, WK_ORDER_TRACKING,
                WK_SUPPORT, WK_ERROR_STATE };
enum wk_expect { /* how the person's words are read at this node before hear() */
    WK_EXPECT_ANY = 0,  /* digits choose an option of the last menu */
    WK_EXPECT_NUMBER,   /* digits are a number, not a menu choice */
    WK_EXPECT_TEXT,     /* everything is free text: no menu choice, no intent detection, no search */
    WK_EXPECT_LOCATION,
    WK_EXPECT_PIN,      /* as TEXT, and never logged */
};
struct wk_node {
    const char *name; /* "C6": unique over all plugins; NULL ends a table */
    enum wk_state state;
    enum wk_expect expect;
    bool is_busy; /* no automatic switch to another role here (C11-C16, V6, D4-D8) */
    /* Say what this node says. Runs when the node is entered and when it is asked again. May suspend. */
    bool (*show)(struct wk_call *call, struct wk_turn *turn, struct wk_err *err);
    /* A choice: a tapped button or row, or its number. `arg` is the part after the action, "" when there is none. `is_current` tells
     * whether the menu it came from is still the last one: an old choice that changes something must be checked against the database.
     * DECLINED: "that choice has expired" and the current view. May suspend. */
    enum wk_verdict (*choose)(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                              struct wk_err *err);
    /* Words, a number or a location. DECLINED: intents, search, then the error ladder. May be NULL. May suspend. */
    enum wk_verdict (*hear)(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err);
};
/* A menu entry for greeting menus and the home of a role. */
struct wk_entry {
    const char *menu;  /* "more", "vendor", "driver", "customer"; NULL ends a table */
    const char *node, *action, *title;
    const char *role;  /* shown only to people who have it; NULL: everybody */
    int32_t order;
    const char *label; /* the intent that leads here ("VENDOR"); NULL: none */
};

struct wk_choice { /* an option of a menu; id = "node|action|arg" is made by the turn */
    const char *action, *arg, *title;
    const char *description; /* lists only */
    const char *section;
    const char *node; /* NULL: the node that shows it */
};

struct wk_flow {
    struct wk_service_head head;
    bool (*add_nodes)(struct wk_plugin *plugin, const struct wk_node *nodes, struct wk_err *err);
    bool (*add_entries)(struct wk_plugin *plugin, const struct wk_entry *entries, struct wk_err *err);
    /* Free text that no node wanted (step 9): first registered handler that HANDLEs wins. */
    bool (*set_search)(struct wk_plugin *plugin, enum wk_verdict (*search)(struct wk_call *call, struct wk_turn *turn, const char *text,
                                                                           struct wk_err *err), struct wk_err *err);
    /* the turn */
    const struct wk_uuid *(*user)(struct wk_turn *turn);
    const char *(*user_name)(struct wk_turn *turn);
    const char *(*language)(struct wk_turn *turn);
    const char *(*node)(struct wk_turn *turn);
    bool (*is_push)(struct wk_turn *turn);
    bool (*has_role)(struct wk_turn *turn, const char *role);
    const char *(*get)(struct wk_turn *turn, const char *key);
    bool (*set)(struct wk_call *call, struct wk_turn *turn, const char *key, const char *value, struct wk_err *err);
    bool (*say)(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err);
    bool (*menu)(struct wk_call *call, struct wk_turn *turn, const char *text, const char *open_with,
                 const struct wk_choice *choices, size_t n, struct wk_err *err);
    bool (*ask_location)(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err);
    bool (*go)(struct wk_call *call, struct wk_turn *turn, const char *node, struct wk_err *err);
    bool (*stay)(struct wk_turn *turn, const char *node);
    /* outside a turn */
    bool (*push)(struct wk_call *call, const struct wk_uuid *user, const char *node, const char *arg, struct wk_err *err);
    bool (*grant_role)(struct wk_call *call, const struct wk_uuid *user, const char *role, bool has, struct wk_err *err);
    bool (*find_user)(struct wk_call *call, const char *user_key, const char *name, struct wk_uuid *user, struct wk_err *err);
    bool (*tell)(struct wk_call *call, const struct wk_notice *notice, struct wk_err *err);
    bool (*look_user)(struct wk_call *call, const struct wk_message *message, struct wk_uuid *user, bool *found, struct wk_err *err);
};

/* In open(): tables are static and stay where they are. flow.duplicate_node (SYSTEM) names both owners. */
static inline bool wk_flow_add(struct wk_plugin *plugin, const struct wk_node *nodes, const struct wk_entry *entries, struct wk_err *err)
{
    const struct wk_flow *f = (const struct wk_flow *)wk_open_service(plugin, WK_FLOW, err);

    return f && (!nodes || f->add_nodes(plugin, nodes, err)) && (!entries || f->add_entries(plugin, entries, err));
}
/* In open(): who answers free text that no node and no intent wanted. */
static inline bool wk_flow_set_search(struct wk_plugin *plugin, enum wk_verdict (*search)(struct wk_call *, struct wk_turn *,
                                                                                         const char *, struct wk_err *), struct wk_err *err)
{
    const struct wk_flow *f = (const struct wk_flow *)wk_open_service(plugin, WK_FLOW, err);

    return f && f->set_search(plugin, search, err);
}
/* The functions of a turn need no frame: they are cheap and blame stays with the node. None but wk_turn_go() (its node's
 * show() may) suspends; what they return lives as long as the turn. */
static inline const struct wk_flow *wk_flow_of(struct wk_call *call) { return (const struct wk_flow *)wk_service(call, WK_FLOW, NULL, NULL); }
static inline const struct wk_uuid *wk_turn_user(struct wk_call *call, struct wk_turn *turn) { return wk_flow_of(call)->user(turn); }
static inline const char *wk_turn_user_name(struct wk_call *call, struct wk_turn *turn) { return wk_flow_of(call)->user_name(turn); }
static inline const char *wk_turn_language(struct wk_call *call, struct wk_turn *turn) { return wk_flow_of(call)->language(turn); }
static inline bool wk_turn_has_role(struct wk_call *call, struct wk_turn *turn, const char *role) { return wk_flow_of(call)->has_role(turn, role); }
/* True when the node is shown by wk_flow_push(): say it, but the person may be in the middle of something else. */
static inline bool wk_turn_is_push(struct wk_call *call, struct wk_turn *turn) { return wk_flow_of(call)->is_push(turn); }
/* Context of the conversation: short strings kept between turns (<= 64 keys, <= 2 KiB each); NULL value removes. For show() after a
 * push, key "arg" is the push's argument. */
static inline const char *wk_turn_get(struct wk_call *call, struct wk_turn *turn, const char *key) { return wk_flow_of(call)->get(turn, key); }
static inline bool wk_turn_set(struct wk_call *call, struct wk_turn *turn, const char *key, const char *value, struct wk_err *err)
{
    return wk_flow_of(call)->set(call, turn, key, value, err);
}
/* Say a text. At most two messages leave in one turn: texts before a menu are joined with it. */
static inline bool wk_turn_say(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err)
{
    return wk_flow_of(call)->say(call, turn, text, err);
}
/* Say a text with 1..3 buttons (open_with NULL) or a list of up to 10 rows (open_with = what opens it). Becomes the last menu: its options
 * are also chosen by number. Titles longer than allowed are cut on a character boundary with an ellipsis. */
static inline bool wk_turn_menu(struct wk_call *call, struct wk_turn *turn, const char *text, const char *open_with,
                                const struct wk_choice *choices, size_t n, struct wk_err *err)
{
    return wk_flow_of(call)->menu(call, turn, text, open_with, choices, n, err);
}
/* Say a text with the channel's way to send a place. */
static inline bool wk_turn_ask_location(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err)
{
    return wk_flow_of(call)->ask_location(call, turn, text, err);
}
/* Enter a node: it becomes the current one and is shown. */
static inline bool wk_turn_go(struct wk_call *call, struct wk_turn *turn, const char *node, struct wk_err *err)
{
    return wk_flow_of(call)->go(call, turn, node, err);
}
/* Make a node the current one without showing it. */
static inline bool wk_turn_stay(struct wk_call *call, struct wk_turn *turn, const char *node) { return wk_flow_of(call)->stay(turn, node); }

/* Show `node` to another person in their own lane, after this call's commit; their current node stays. `arg` reaches show() as context
 * "arg". Queued, does not suspend. */
static inline bool wk_flow_push(struct wk_call *call, const struct wk_uuid *user, const char *node, const char *arg, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_flow, WK_FLOW, NULL, push, false, bool, call, err, call, user, node, arg, err);
}
/* Say a notice to a person in their own lane; service/notify.h is who merges, paces and decides. Queued, does not suspend. */
static inline bool wk_flow_tell(struct wk_call *call, const struct wk_notice *notice, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_flow, WK_FLOW, NULL, tell, false, bool, call, err, call, notice, err);
}
/* Give or take a role ("vendor", "driver", "staff"). Writes in the call's transaction. May suspend. */
static inline bool wk_flow_grant_role(struct wk_call *call, const struct wk_uuid *user, const char *role, bool has, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_flow, WK_FLOW, NULL, grant_role, false, bool, call, err, call, user, role, has, err);
}
/* Who wrote a message; *found false when nobody known did, and nothing is made. May suspend. */
static inline bool wk_flow_look_user(struct wk_call *call, const struct wk_message *message, struct wk_uuid *user, bool *found, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_flow, WK_FLOW, NULL, look_user, false, bool, call, err, call, message, user, found, err);
}
/* The user behind a channel's user key (phone or business-scoped id), made if new. May suspend, writes. */
static inline bool wk_flow_find_user(struct wk_call *call, const char *user_key, const char *name, struct wk_uuid *user, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_flow, WK_FLOW, NULL, find_user, false, bool, call, err, call, user_key, name, user, err);
}
#endif

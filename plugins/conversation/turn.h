/* turn.h - one conversation in one call: what was loaded, what nodes said and changed, what will be saved.
 * Everything lives in the call's memory. Nodes see it as an opaque struct wk_turn through service/flow.h. */
#ifndef CONVERSATION_TURN_H
#define CONVERSATION_TURN_H
#include "registry.h"

#define TURN_STACK 20      /* nodes that BACK remembers */
#define TURN_KEYS 64       /* context of a conversation */
#define TURN_VALUE_MAX 2048
#define TURN_CHOICES 100   /* options one menu may bring; ten are shown at a time */
#define TURN_SAID 16       /* things said in one turn, before they are joined into two messages */
#define TURN_DEPTH 8       /* nodes that enter each other */
#define SHOW_ACTION "show" /* like the empty action: enter the node, its choose() is not asked */
#define MORE_ACTION "~more" /* the tenth row of a longer list, ours whatever the node */

struct turn_choice {
    const char *node, *action, *arg, *title, *description, *section; /* none NULL but the last two */
};
struct turn_menu {
    int64_t version;  /* the conversation's version that sent it: 0 = no menu */
    const char *node; /* who said it */
    const char *text, *open_with; /* open_with NULL: buttons */
    size_t offset;    /* first choice shown */
    struct turn_choice *choices;
    size_t count;
};
enum said_kind { SAID_TEXT = 1, SAID_MENU, SAID_LOCATION };
struct said {
    enum said_kind kind;
    const char *text; /* MENU: turn->menu's */
};
struct turn_value {
    const char *key, *value;
};

struct wk_turn {
    struct wk_call *call;
    /* the person */
    struct wk_uuid user;
    const char *name, *language, *roles; /* name may be NULL; roles space-separated */
    int64_t opted_out_us;                /* 0: gets offers */
    bool is_muted;                       /* said STOP twice: only answered */
    /* where they are */
    const char *channel, *address, *user_key;
    int64_t last_inbound_us;
    /* the conversation */
    int64_t version; /* as loaded; saved as version + 1 */
    const char *node; /* NULL: idle */
    const char *stack[TURN_STACK];
    size_t depth;
    struct turn_value values[TURN_KEYS];
    size_t value_count;
    struct turn_menu menu;
    int misses, typed_numbers;
    bool is_plain, is_greeted;
    /* what must be written beside the state */
    bool is_new_user, is_new_state, is_user_stored, is_user_changed;
    const char *new_bsuid, *new_phone; /* aliases to link to this user */
    bool is_phone_moved;               /* the phone led to somebody else before */
    /* this turn */
    bool is_push, is_forced_plain, is_menu_said;
    const char *push_arg;
    const char *start_node; /* as loaded */
    const char *running;    /* the node whose function runs */
    int entered;
    struct said said[TURN_SAID];
    size_t said_count;
    struct wk_turn *next; /* turns of this worker, for services that get a call only */
};

/* The turn that runs in this call, NULL outside one. */
struct wk_turn *turn_of(struct wk_call *call);
void turn_begin(struct wk_turn *turn); /* register; turn->call is set */
void turn_end(struct wk_turn *turn);

const char *turn_get(struct wk_turn *turn, const char *key);
bool turn_set(struct wk_call *call, struct wk_turn *turn, const char *key, const char *value, struct wk_err *err);
bool turn_has_role(struct wk_turn *turn, const char *role);
bool roles_has(const char *roles, const char *role);

/* Context as a JSON object and back; what cannot be read is left out. */
const char *turn_values_json(struct wk_turn *turn);
bool turn_values_read(struct wk_turn *turn, const char *json, struct wk_err *err);
const char *turn_menu_json(struct wk_turn *turn); /* "" when there is none */
bool turn_menu_read(struct wk_turn *turn, const char *json, struct wk_err *err);
const char *turn_stack_text(struct wk_turn *turn);
void turn_stack_read(struct wk_turn *turn, const char *text);

/* Enter a node: it becomes the current one and is shown, in its owner's frame. BACK, MENU and HELP are words for nodes, too. */
bool turn_go(struct wk_call *call, struct wk_turn *turn, const char *node, struct wk_err *err);
bool turn_stay(struct wk_turn *turn, const char *node);
bool turn_back(struct wk_turn *turn, struct wk_err *err);
bool turn_show_again(struct wk_turn *turn, struct wk_err *err); /* the current node; idle: the welcome */
enum wk_verdict turn_choose(struct wk_turn *turn, const char *node, const char *action, const char *arg, bool is_current,
                            struct wk_err *err);
enum wk_verdict turn_node_hears(struct wk_turn *turn, const struct wk_message *message, struct wk_err *err);
enum wk_verdict turn_search(struct wk_turn *turn, const char *text, struct wk_err *err);
#endif

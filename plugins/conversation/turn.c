/* turn.c - context, history and the running of nodes. What is said: out.c. What is stored: store.c. */
#include "turn.h"

#include <wakala/json.h>
#include <wakala/plugin.h>

static struct wk_turn *turns; /* a handful: one per fiber that is in a turn */

struct wk_turn *turn_of(struct wk_call *call)
{
    for (struct wk_turn *t = turns; t; t = t->next)
        if (t->call == call)
            return t;
    return NULL;
}

void turn_begin(struct wk_turn *turn)
{
    turn->next = turns;
    turns = turn;
}

void turn_end(struct wk_turn *turn)
{
    for (struct wk_turn **at = &turns; *at; at = &(*at)->next)
        if (*at == turn) {
            *at = turn->next;
            return;
        }
}

/* Context. */

const char *turn_get(struct wk_turn *turn, const char *key)
{
    if (turn->is_push && !strcmp(key, "arg"))
        return turn->push_arg;
    for (size_t i = 0; i < turn->value_count; i++)
        if (!strcmp(turn->values[i].key, key))
            return turn->values[i].value;
    return NULL;
}

bool turn_set(struct wk_call *call, struct wk_turn *turn, const char *key, const char *value, struct wk_err *err)
{
    size_t i = 0;
    const char *copy = NULL;

    if (turn->is_push && !strcmp(key, "arg"))
        return wk_fail(err, WK_SYSTEM, "flow.bad_key", "\"arg\" is the push's argument");
    if (!*key || strlen(key) > 64)
        return wk_fail(err, WK_SYSTEM, "flow.bad_key", "a key has 1 to 64 bytes");
    while (i < turn->value_count && strcmp(turn->values[i].key, key) != 0)
        i++;
    if (!value) {
        if (i < turn->value_count)
            turn->values[i] = turn->values[--turn->value_count];
        return true;
    }
    if (strlen(value) > TURN_VALUE_MAX)
        return wk_fail(err, WK_BUSINESS, "flow.value_too_long", "context \"%s\" has more than %d bytes", key, TURN_VALUE_MAX);
    if (i == TURN_KEYS)
        return wk_fail(err, WK_SYSTEM, "flow.context_full", "no room for context \"%s\": %d keys are kept", key, TURN_KEYS);
    copy = wk_strdup(call, value);
    if (!copy || (i == turn->value_count && !(turn->values[i].key = wk_strdup(call, key))))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "context");
    turn->values[i].value = copy;
    turn->value_count += i == turn->value_count;
    return true;
}

bool roles_has(const char *roles, const char *role)
{
    size_t len = strlen(role);

    for (const char *p = roles; len && (p = strstr(p, role)); p += len)
        if ((p == roles || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
            return true;
    return false;
}

bool turn_has_role(struct wk_turn *turn, const char *role) { return roles_has(turn->roles, role); }

/* As text, for the row. */

const char *turn_values_json(struct wk_turn *turn)
{
    json_t *object = json_object();

    for (size_t i = 0; object && i < turn->value_count; i++)
        (void)json_object_set_new(object, turn->values[i].key, json_string(turn->values[i].value));
    return wk_json_text(turn->call, object, NULL);
}

bool turn_values_read(struct wk_turn *turn, const char *json, struct wk_err *err)
{
    json_t *object = wk_json_parse(turn->call, json, strlen(json), err), *value;
    const char *key;

    if (!object)
        return false;
    json_object_foreach(object, key, value)
        if (json_is_string(value) && turn->value_count < TURN_KEYS) /* borrowed: lives until the call ends */
            turn->values[turn->value_count++] = (struct turn_value){key, json_string_value(value)};
    return true;
}

static json_t *choice_json(const struct turn_choice *c)
{
    return json_pack("[sssss?s?]", c->node, c->action, c->arg, c->title, c->description, c->section);
}

const char *turn_menu_json(struct wk_turn *turn)
{
    const struct turn_menu *m = &turn->menu;
    bool has_more = m->count > 10; /* only a list that goes on needs its texts again */
    json_t *choices, *menu;

    if (!m->version)
        return "";
    choices = json_array();
    for (size_t i = 0; choices && i < m->count; i++) {
        struct turn_choice c = m->choices[i];

        if (!has_more)
            c.description = c.section = NULL;
        (void)json_array_append_new(choices, choice_json(&c));
    }
    menu = json_pack("{sIssss?ss?sIso}", "v", (json_int_t)m->version, "n", m->node, "t", has_more ? m->text : NULL, "o", m->open_with,
                     "f", (json_int_t)m->offset, "c", choices);
    return wk_json_text(turn->call, menu, NULL);
}

bool turn_menu_read(struct wk_turn *turn, const char *json, struct wk_err *err)
{
    json_t *root, *choices, *row;
    size_t i;

    memset(&turn->menu, 0, sizeof turn->menu);
    if (!json || !*json)
        return true;
    root = wk_json_parse(turn->call, json, strlen(json), err);
    choices = json_object_get(root, "c");
    if (!root)
        return false;
    turn->menu = (struct turn_menu){.version = wk_json_int(root, "v", 0), .node = wk_json_string(root, "n", ""),
                                    .text = wk_json_string(root, "t", ""), .open_with = wk_json_string(root, "o", NULL),
                                    .offset = (size_t)wk_json_int(root, "f", 0)};
    turn->menu.choices = (struct turn_choice *)wk_alloc(turn->call, (json_array_size(choices) + 1) * sizeof *turn->menu.choices);
    if (!turn->menu.choices)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "menu");
    json_array_foreach(choices, i, row) {
        const char *part[6];

        for (size_t k = 0; k < 6; k++)
            part[k] = json_string_value(json_array_get(row, k));
        if (part[0] && part[1] && part[2] && part[3])
            turn->menu.choices[turn->menu.count++] = (struct turn_choice){part[0], part[1], part[2], part[3], part[4], part[5]};
    }
    if (turn->menu.offset >= turn->menu.count)
        turn->menu.offset = 0;
    return true;
}

const char *turn_stack_text(struct wk_turn *turn)
{
    const char *text = "";

    for (size_t i = 0; text && i < turn->depth; i++)
        text = wk_printf(turn->call, "%s%s%s", text, i ? " " : "", turn->stack[i]);
    return text;
}

void turn_stack_read(struct wk_turn *turn, const char *text)
{
    char *copy = wk_strdup(turn->call, text), *rest = NULL;

    if (!copy)
        return; /* BACK then leads to the welcome: no reason to fail the turn */
    for (char *name = strtok_r(copy, " ", &rest); name && turn->depth < TURN_STACK; name = strtok_r(NULL, " ", &rest))
        turn->stack[turn->depth++] = name;
}

/* Nodes. */

static void remember(struct wk_turn *turn, const char *leaving)
{
    if (!leaving || turn->is_push || (turn->depth && !strcmp(turn->stack[turn->depth - 1], leaving)))
        return;
    if (turn->depth == TURN_STACK) {
        memmove(turn->stack, turn->stack + 1, (TURN_STACK - 1) * sizeof *turn->stack);
        turn->depth--;
    }
    turn->stack[turn->depth++] = leaving;
}

static bool show(struct wk_turn *turn, const struct registry_node *target, struct wk_err *err)
{
    const char *before = turn->running;
    void *frame;
    bool ok;

    if (turn->entered == TURN_DEPTH)
        return wk_fail(err, WK_SYSTEM, "flow.loop", "nodes enter each other without end, at %s", target->node->name);
    turn->entered++;
    turn->running = target->node->name;
    frame = wk_host->frame_enter(turn->call, target->owner);
    ok = target->node->show(turn->call, turn, err);
    wk_host->frame_leave(turn->call, frame);
    turn->running = before;
    turn->entered--;
    return ok;
}

static const char *alias(const char *node) { return !strcmp(node, "MENU") ? "G2" : !strcmp(node, "HELP") ? "S1" : node; }

bool turn_go(struct wk_call *call, struct wk_turn *turn, const char *name, struct wk_err *err)
{
    const struct registry_node *target;

    (void)call;
    if (!strcmp(name, "BACK"))
        return turn_back(turn, err);
    name = alias(name);
    target = registry_find(name);
    if (!target)
        return wk_fail(err, WK_SYSTEM, "flow.unknown_node", "nobody brought a node %s", name);
    if (!wk_is_on(turn->call, target->owner)) { /* of a plugin that this tenant has not: the menu, which does not show it */
        name = "G2";
        target = registry_find(name);
        if (!target)
            return wk_fail(err, WK_SYSTEM, "flow.unknown_node", "nobody brought a node %s", name);
    }
    if (!strcmp(name, "G2") && !turn->is_push)
        turn->depth = 0; /* the top: nothing lies behind it */
    else if (turn->node && strcmp(turn->node, name) != 0 && !turn->entered) /* a node that leads on while it is shown is no place to go back to */
        remember(turn, turn->node);
    turn->node = target->node->name;
    return show(turn, target, err);
}

bool turn_stay(struct wk_turn *turn, const char *name)
{
    const struct registry_node *target = registry_find(alias(name));

    if (!target || turn->is_push)
        return target != NULL; /* a push leaves people where they are */
    if (turn->node && strcmp(turn->node, target->node->name) != 0)
        remember(turn, turn->node);
    turn->node = target->node->name;
    return true;
}

bool turn_back(struct wk_turn *turn, struct wk_err *err)
{
    while (turn->depth) {
        const char *name = turn->stack[--turn->depth];
        const struct registry_node *target = registry_node_of(turn->call, name);

        if (target && (!turn->node || strcmp(name, turn->node) != 0)) {
            turn->node = target->node->name;
            return show(turn, target, err);
        }
    }
    return turn_go(turn->call, turn, "G2", err);
}

bool turn_show_again(struct wk_turn *turn, struct wk_err *err)
{
    const struct registry_node *current = registry_find(turn->node);

    return current ? show(turn, current, err) : turn_go(turn->call, turn, "G2", err);
}

enum wk_verdict turn_choose(struct wk_turn *turn, const char *name, const char *action, const char *arg, bool is_current,
                            struct wk_err *err)
{
    const struct registry_node *target = registry_node_of(turn->call, alias(name));
    const char *before = turn->running;
    enum wk_verdict verdict;
    void *frame;

    if (!strcmp(name, "BACK"))
        return turn_back(turn, err) ? WK_HANDLED : WK_FAILED;
    if (!target)
        return WK_DECLINED;
    if (!*action || !strcmp(action, SHOW_ACTION) || !target->node->choose)
        return turn_go(turn->call, turn, target->node->name, err) ? WK_HANDLED : WK_FAILED;
    turn->running = target->node->name;
    frame = wk_host->frame_enter(turn->call, target->owner);
    verdict = target->node->choose(turn->call, turn, action, arg, is_current, err);
    wk_host->frame_leave(turn->call, frame);
    turn->running = before;
    return verdict;
}

enum wk_verdict turn_node_hears(struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    const struct registry_node *current = registry_find(turn->node);
    enum wk_verdict verdict;
    void *frame;

    if (!current || !current->node->hear)
        return WK_DECLINED;
    turn->running = current->node->name;
    frame = wk_host->frame_enter(turn->call, current->owner);
    verdict = current->node->hear(turn->call, turn, message, err);
    wk_host->frame_leave(turn->call, frame);
    turn->running = NULL;
    return verdict;
}

enum wk_verdict turn_search(struct wk_turn *turn, const char *text, struct wk_err *err)
{
    size_t n;
    const struct registry_search *searches = registry_searches(&n);
    enum wk_verdict verdict = WK_DECLINED;

    for (size_t i = 0; i < n && verdict == WK_DECLINED; i++) {
        void *frame;

        if (!wk_is_on(turn->call, searches[i].owner))
            continue;
        frame = wk_host->frame_enter(turn->call, searches[i].owner);
        verdict = searches[i].run(turn->call, turn, text, err);
        wk_host->frame_leave(turn->call, frame);
    }
    return verdict;
}

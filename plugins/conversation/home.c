/* home.c - G1 G2 G3, I1, P1, S1 S2 of docs/design/conversation.md. Entries that other plugins registered fill the menus. */
#include "home.h"

#include <wakala/plugin.h>

#include "out.h"
#include "push.h"
#include "texts.h"

#define ENTRIES_MAX 64
#define PERSON_AGAIN_US (INT64_C(3600) * 1000000) /* the team is told once an hour, however often the node is shown */

static bool no_memory(struct wk_err *err) { return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "menu"); }

static const char *tenant_name(struct wk_turn *turn)
{
    const struct wk_tenant *tenant = wk_tenant(turn->call);

    return tenant && tenant->name ? tenant->name : "";
}

static bool may_see(struct wk_turn *turn, const struct wk_entry *entry) { return !entry->role || turn_has_role(turn, entry->role); }

static bool entry_choice(struct wk_turn *turn, const struct wk_entry *entry, struct wk_choice *to)
{
    const char *const pairs[] = {"tenant", tenant_name(turn), NULL};

    *to = (struct wk_choice){.node = entry->node, .action = entry->action, .title = text_replace(turn->call, entry->title, pairs)};
    return to->title != NULL;
}

/* What this person may choose, the most wanted first: desks of their roles, then shopping, then the rest. */
static size_t entries_for(struct wk_turn *turn, const struct wk_entry **out, size_t max)
{
    size_t total, n = 0;
    const struct registry_entry *all = registry_entries(&total);

    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < total && n < max; i++) {
            const struct wk_entry *e = all[i].entry;
            int rank = e->role ? 0 : !strcmp(e->menu, "customer") ? 1 : 2;

            if (rank == pass && may_see(turn, e) && wk_is_on(turn->call, all[i].owner))
                out[n++] = e;
        }
    return n;
}

/* G1: language. */

static bool g1_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    size_t n;
    const struct text_language *languages = text_languages(&n);
    struct wk_choice choices[10];

    if (n == 1) {
        const char *text = text_fill(call, turn->language, "g1.only", "language", languages[0].name, NULL);

        return (text ? out_say(call, turn, text, err) : no_memory(err)) && turn_go(call, turn, "G2", err);
    }
    for (size_t i = 0; i < n && i < WK_COUNT(choices); i++)
        choices[i] = (struct wk_choice){.action = "set", .arg = languages[i].code, .title = languages[i].name};
    return out_menu(call, turn, text_of(turn->language, "g1.text"), text_of(turn->language, "menu.open"), choices,
                    n < WK_COUNT(choices) ? n : WK_COUNT(choices), err);
}

static enum wk_verdict g1_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    (void)is_current;
    if (strcmp(action, "set") != 0 || !text_has_language(arg))
        return WK_DECLINED;
    turn->language = wk_strdup(call, arg);
    turn->is_user_changed = true;
    return turn->language && turn_go(call, turn, "G2", err) ? WK_HANDLED : WK_FAILED;
}

/* G2: welcome. */

static bool g2_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_entry *entries[2];
    struct wk_choice choices[3];
    size_t n = entries_for(turn, entries, 2);
    const char *text = turn->name ? text_fill(call, turn->language, "g2.hello", "name", turn->name, "tenant", tenant_name(turn), NULL)
                                  : text_fill(call, turn->language, "g2.hello_nameless", "tenant", tenant_name(turn), NULL);

    if (text && !turn->is_greeted && !turn->is_push) {
        text = wk_printf(call, "%s\n\n%s", text, text_of(turn->language, "g2.first"));
        turn->is_greeted = true;
    }
    for (size_t i = 0; i < n; i++)
        if (!entry_choice(turn, entries[i], &choices[i]))
            return no_memory(err);
    choices[n] = (struct wk_choice){.node = "G3", .action = "", .title = text_of(turn->language, "g2.more")};
    return text ? out_menu(call, turn, text, NULL, choices, n + 1, err) : no_memory(err);
}

/* G3: more. */

static bool g3_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_entry *entries[ENTRIES_MAX];
    struct wk_choice choices[ENTRIES_MAX + 3];
    size_t found = entries_for(turn, entries, ENTRIES_MAX), n = 0, languages;
    const char *language = turn->language;

    for (size_t i = 2; i < found; i++) /* the first two stand in G2 */
        if (!entry_choice(turn, entries[i], &choices[n++]))
            return no_memory(err);
    (void)text_languages(&languages);
    if (languages > 1)
        choices[n++] = (struct wk_choice){.node = "G1", .action = "", .title = text_of(language, "g3.language")};
    choices[n++] = (struct wk_choice){.node = "S2", .action = "", .title = text_of(language, "g3.person")};
    choices[n++] = (struct wk_choice){.node = "P1", .action = "", .title = text_of(language, "g3.privacy")};
    return out_menu(call, turn, text_of(language, "g3.text"), text_of(language, "menu.open"), choices, n, err);
}

/* I1: another role? */

const struct wk_entry *home_entry(struct wk_turn *turn, const char *label)
{
    size_t n;
    const struct registry_entry *all = registry_entries(&n);
    const struct wk_entry *open = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct wk_entry *e = all[i].entry;

        if (!e->label || strcmp(e->label, label) != 0 || !may_see(turn, e) || !wk_is_on(turn->call, all[i].owner) || !registry_find(e->node))
            continue;
        if (e->role)
            return e;
        if (!open)
            open = e;
    }
    return open;
}

enum wk_verdict home_enter(struct wk_turn *turn, const struct wk_entry *entry, struct wk_err *err)
{
    return turn_choose(turn, entry->node, entry->action ? entry->action : "", "", true, err);
}

static bool i1_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const char *label = turn_get(turn, KEY_SWITCH), *text;
    const struct wk_entry *entry = label ? home_entry(turn, label) : NULL;
    struct wk_choice title, choices[2] = {{.action = "yes", .title = text_of(turn->language, "i1.yes")},
                                          {.action = "no", .title = text_of(turn->language, "i1.no")}};

    if (!entry)
        return turn_go(call, turn, "G2", err);
    if (!entry_choice(turn, entry, &title) || !(text = text_fill(call, turn->language, "i1.text", "title", title.title, NULL)))
        return no_memory(err);
    choices[0].arg = label;
    return out_menu(call, turn, text, NULL, choices, 2, err);
}

static enum wk_verdict i1_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    const struct wk_entry *entry = home_entry(turn, arg);

    (void)call;
    (void)is_current;
    if (!strcmp(action, "no"))
        return turn_back(turn, err) ? WK_HANDLED : WK_FAILED;
    return !strcmp(action, "yes") && entry ? home_enter(turn, entry, err) : WK_DECLINED;
}

/* P1: privacy and offers. */

static bool p1_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    bool is_out = turn->opted_out_us != 0;
    const struct wk_choice choices[] = {{.action = is_out ? "start" : "stop", .title = text_of(turn->language, is_out ? "p1.start" : "p1.stop")},
                                        {.node = "G2", .action = "", .title = text_of(turn->language, "menu.main")}};

    return out_menu(call, turn, text_of(turn->language, "p1.text"), NULL, choices, WK_COUNT(choices), err);
}

static enum wk_verdict p1_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    bool is_stop = !strcmp(action, "stop");

    (void)arg;
    (void)is_current;
    if (!is_stop && strcmp(action, "start") != 0)
        return WK_DECLINED;
    turn->opted_out_us = is_stop ? (turn->opted_out_us ? turn->opted_out_us : wk_now(call)) : 0;
    turn->is_muted = is_stop && turn->is_muted;
    turn->is_user_changed = true;
    return out_say(call, turn, text_of(turn->language, is_stop ? "stop.done" : "start.done"), err) ? WK_HANDLED : WK_FAILED;
}

/* S1, S2: help and a person. There is no agent's desk yet; the operator is told, and that is what the text says. */

static bool s1_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice choices[3];
    size_t n = 0;
    const struct wk_entry *track = home_entry(turn, "TRACKING");

    if (track && !entry_choice(turn, track, &choices[n++]))
        return no_memory(err);
    choices[n++] = (struct wk_choice){.node = "S2", .action = "", .title = text_of(turn->language, "g3.person")};
    choices[n++] = (struct wk_choice){.node = "G2", .action = "", .title = text_of(turn->language, "menu.main")};
    return out_menu(call, turn, text_of(turn->language, "s1.text"), NULL, choices, n, err);
}

static bool s2_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const char *asked = turn_get(turn, KEY_PERSON), *text;
    char id[WK_UUID_TEXT];
    int64_t now = wk_now(call);

    if (asked && now - strtoll(asked, NULL, 10) < PERSON_AGAIN_US)
        return out_say(call, turn, text_of(turn->language, "s2.waiting"), err);
    text = wk_printf(call, "user %s asks for a person", wk_uuid_text(&turn->user, id));
    asked = wk_printf(call, "%lld", (long long)now);
    if (!text || !asked)
        return no_memory(err);
    return push_alert(call, "person asked for", text, err) && turn_set(call, turn, KEY_PERSON, asked, err) &&
           out_say(call, turn, text_of(turn->language, "s2.text"), err);
}

static bool notice_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const char *text = turn_get(turn, "arg");

    return text ? out_say(call, turn, text, err) : wk_fail(err, WK_SYSTEM, "flow.bad_push", NOTICE_NODE " needs its text");
}

const struct wk_node home_nodes[] = {
    {.name = "G1", .state = WK_GREETING, .show = g1_show, .choose = g1_choose},
    {.name = "G2", .state = WK_GREETING, .show = g2_show},
    {.name = "G3", .state = WK_GREETING, .show = g3_show},
    {.name = "I1", .state = WK_INTENT_DETECTION, .show = i1_show, .choose = i1_choose},
    {.name = "P1", .state = WK_GREETING, .show = p1_show, .choose = p1_choose},
    {.name = "S1", .state = WK_SUPPORT, .show = s1_show},
    {.name = "S2", .state = WK_SUPPORT, .show = s2_show},
    {.name = NOTICE_NODE, .state = WK_IDLE, .show = notice_show},
    {.name = NULL},
};

/* hear.c - the order of steps decides: taps, opt-out, commands, numbers, the node's own ear, intents, search, the error ladder.
 * docs/design/conversation.md tells why. */
#include "hear.h"

#include <wakala/plugin.h>
#include <wakala/service/intent.h>

#include "fold.h"
#include "home.h"
#include "ids.h"
#include "out.h"
#include "texts.h"
#include "words.h"

#define STOP_AGAIN_US (INT64_C(24) * 3600 * 1000000)
#define SWITCH_MARGIN 0.5 /* of the detector's 0..1: two words' lead */

static bool say_key(struct wk_turn *turn, const char *key, struct wk_err *err)
{
    return out_say(turn->call, turn, text_of(turn->language, key), err);
}

static const struct wk_node *current(const struct wk_turn *turn)
{
    const struct registry_node *there = registry_find(turn->node);

    return there ? there->node : NULL;
}

/* Misses. */

static bool third_miss(struct wk_turn *turn, struct wk_err *err)
{
    const char *language = turn->language;
    struct wk_choice choices[3] = {{.node = "S2", .action = "", .title = text_of(language, "g3.person")},
                                   {.node = "G2", .action = "", .title = text_of(language, "menu.main")}};
    size_t n = 2;

    if (turn->node)
        choices[n++] = (struct wk_choice){.node = turn->node, .action = "", .title = text_of(language, "miss.again")};
    return out_menu(turn->call, turn, text_of(language, "miss.third"), NULL, choices, n, err);
}

static bool miss(struct wk_turn *turn, struct wk_err *err)
{
    turn->misses = turn->misses < 3 ? turn->misses + 1 : 3;
    if (turn->misses == 3)
        return third_miss(turn, err);
    turn->is_forced_plain = turn->misses == 2;
    return say_key(turn, "miss.first", err) && turn_show_again(turn, err) && (turn->misses == 1 || say_key(turn, "miss.hint", err));
}

static bool unsupported(struct wk_turn *turn, struct wk_err *err)
{
    return say_key(turn, "unsupported", err) && turn_show_again(turn, err); /* not a miss: they did nothing wrong */
}

/* Choices: taps and numbers. */

static enum wk_verdict choose(struct wk_turn *turn, const char *node, const char *action, const char *arg, bool is_current,
                              struct wk_err *err)
{
    enum wk_verdict verdict = WK_DECLINED;

    if (!strcmp(action, MORE_ACTION)) {
        if (is_current)
            return out_page(turn, (size_t)strtoul(arg, NULL, 10), err) ? WK_HANDLED : WK_FAILED;
    } else {
        verdict = turn_choose(turn, node, action, arg, is_current, err);
    }
    if (verdict != WK_DECLINED)
        return verdict;
    return say_key(turn, "expired", err) && turn_show_again(turn, err) ? WK_HANDLED : WK_FAILED;
}

static enum wk_verdict choose_visible(struct wk_turn *turn, size_t i, struct wk_err *err)
{
    struct turn_choice visible[OUT_ROWS];
    size_t n = out_visible(turn, visible);

    if (i >= n)
        return WK_DECLINED;
    return choose(turn, visible[i].node, visible[i].action, visible[i].arg ? visible[i].arg : "", true, err);
}

static enum wk_verdict tapped(struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    struct reply_id id;

    if (!message->choice || !id_read(message->choice, &id))
        return WK_DECLINED;
    turn->is_plain = false; /* buttons work for them */
    turn->typed_numbers = 0;
    return choose(turn, id.node, id.action, id.arg, id.version == turn->menu.version, err);
}

/* The option that these words name: "checkout", or yes and no for the buttons that begin so. */
static enum wk_verdict named_choice(struct wk_turn *turn, const char *folded, int command, struct wk_err *err)
{
    struct turn_choice visible[OUT_ROWS];
    size_t n = out_visible(turn, visible);

    for (size_t i = 0; i < n && *folded; i++) {
        char title[128], *space;

        (void)fold_text(visible[i].title, title, sizeof title);
        if (!strcmp(title, folded))
            return choose_visible(turn, i, err);
        if ((command == LEX_YES || command == LEX_NO) && !turn->menu.open_with) {
            space = strchr(title, ' ');
            if (space)
                *space = '\0';
            if (words_command(title, false) == command || !strcmp(visible[i].action, command == LEX_YES ? "yes" : "no"))
                return choose_visible(turn, i, err);
        }
    }
    return WK_DECLINED;
}

/* Opt-out and commands. */

static bool stop(struct wk_turn *turn, struct wk_err *err)
{
    int64_t now = wk_now(turn->call);
    bool is_again = turn->opted_out_us && now - turn->opted_out_us < STOP_AGAIN_US;

    turn->is_muted = turn->is_muted || is_again;
    turn->opted_out_us = now;
    turn->is_user_changed = true;
    return say_key(turn, is_again ? "stop.twice" : "stop.done", err);
}

static bool start(struct wk_turn *turn, struct wk_err *err)
{
    turn->opted_out_us = 0;
    turn->is_muted = false;
    turn->is_user_changed = true;
    return say_key(turn, "start.done", err) && turn_go(turn->call, turn, "G2", err);
}

static enum wk_verdict go(struct wk_turn *turn, const char *node, struct wk_err *err)
{
    if (!registry_node_of(turn->call, node))
        return WK_DECLINED; /* the plugin that would know is not here */
    return turn_go(turn->call, turn, node, err) ? WK_HANDLED : WK_FAILED;
}

static enum wk_verdict command_turn(struct wk_turn *turn, int command, struct wk_err *err)
{
    const struct wk_node *node = current(turn);
    enum wk_verdict verdict;

    switch (command) {
    case LEX_STOP:
        return stop(turn, err) ? WK_HANDLED : WK_FAILED;
    case LEX_START: /* also one of the words for the menu */
        if (!turn->opted_out_us)
            return go(turn, "G2", err);
        return start(turn, err) ? WK_HANDLED : WK_FAILED;
    case LEX_GREETING:
        if (!node || !node->is_busy)
            return go(turn, "G2", err);
        return turn_show_again(turn, err) ? WK_HANDLED : WK_FAILED;
    case LEX_MENU:
        return go(turn, "G2", err);
    case LEX_BACK:
        return turn_back(turn, err) ? WK_HANDLED : WK_FAILED;
    case LEX_CANCEL: /* orders may bring a node that asks which order is meant */
        verdict = go(turn, "CANCEL", err);
        if (verdict != WK_DECLINED)
            return verdict;
        return say_key(turn, "cancel.done", err) && turn_go(turn->call, turn, "G2", err) ? WK_HANDLED : WK_FAILED;
    case LEX_HELP:
        return go(turn, "S1", err);
    case LEX_CART:
        return go(turn, "C9", err);
    case LEX_TRACK:
        return go(turn, "T1", err);
    case LEX_LANGUAGE:
        return go(turn, "G1", err);
    default:
        return WK_DECLINED;
    }
}

/* Free text. */

static enum wk_verdict intend(struct wk_turn *turn, const char *text, struct wk_err *err)
{
    struct wk_intent intent = {.size = sizeof intent};
    const struct wk_node *node = current(turn);
    bool is_open = !node || node->state == WK_GREETING || node->state == WK_INTENT_DETECTION || node->state == WK_IDLE;
    const struct wk_entry *entry;
    enum wk_verdict verdict = WK_DECLINED;

    if (!wk_intent_detect(turn->call, text, turn->language, &intent, err))
        return WK_FAILED;
    if (!intent.label || !strcmp(intent.label, "UNKNOWN") || !(entry = home_entry(turn, intent.label)))
        return WK_DECLINED;
    if (!strcmp(intent.label, "CUSTOMER")) { /* "do you have salt": the salt, rather than the shop's front door */
        verdict = turn_search(turn, text, err);
        return verdict == WK_DECLINED && is_open ? home_enter(turn, entry, err) : verdict;
    }
    if (is_open)
        return home_enter(turn, entry, err);
    if (intent.margin < SWITCH_MARGIN || (node && !strcmp(node->name, entry->node)))
        return WK_DECLINED;
    if (!strcmp(intent.label, "TRACKING")) /* looking costs nothing, and BACK leads back */
        return home_enter(turn, entry, err);
    const struct registry_node *target = registry_find(entry->node);

    if (target && node && target->node->state == node->state)
        return WK_DECLINED; /* already in that role */
    return turn_set(turn->call, turn, KEY_SWITCH, intent.label, err) && turn_go(turn->call, turn, "I1", err) ? WK_HANDLED : WK_FAILED;
}

static enum wk_verdict free_text(struct wk_turn *turn, const struct wk_message *message, const char *folded, struct wk_err *err)
{
    const struct wk_node *node = current(turn);
    enum wk_expect expect = node ? node->expect : WK_EXPECT_ANY;
    enum wk_verdict verdict = turn_node_hears(turn, message, err);

    if (verdict != WK_DECLINED || expect == WK_EXPECT_TEXT || expect == WK_EXPECT_PIN || (node && node->is_busy) || !*folded)
        return verdict;
    verdict = intend(turn, message->text, err);
    return verdict == WK_DECLINED ? turn_search(turn, message->text, err) : verdict;
}

static enum wk_verdict words(struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    const struct wk_node *node = current(turn);
    enum wk_expect expect = node ? node->expect : WK_EXPECT_ANY;
    bool is_strict = expect == WK_EXPECT_TEXT || expect == WK_EXPECT_PIN;
    char folded[FOLD_MAX + 4];
    enum wk_verdict verdict = WK_DECLINED;
    int number = fold_number(message->text), command;

    (void)fold_text(message->text, folded, sizeof folded);
    command = words_command(folded, is_strict);
    if (turn->opted_out_us && !strcmp(folded, "start"))
        command = LEX_START;
    if (command >= 0)
        verdict = command_turn(turn, command, err);
    if (verdict == WK_DECLINED && number > 0 && !is_strict && expect != WK_EXPECT_NUMBER) {
        verdict = choose_visible(turn, (size_t)number - 1, err);
        if (verdict == WK_HANDLED && ++turn->typed_numbers >= 2)
            turn->is_plain = true;
    } else {
        turn->typed_numbers = 0;
    }
    if (verdict == WK_DECLINED && !is_strict && number < 0)
        verdict = named_choice(turn, folded, command, err);
    return verdict == WK_DECLINED ? free_text(turn, message, folded, err) : verdict;
}

/* The message. */

static bool settle(struct wk_turn *turn, enum wk_verdict verdict, struct wk_err *err)
{
    if (verdict == WK_FAILED)
        return false;
    if (verdict == WK_HANDLED) {
        turn->misses = 0;
        return true;
    }
    return turn->node ? miss(turn, err) : turn_go(turn->call, turn, "G2", err); /* idle: nothing was asked, so nothing was missed */
}

bool hear(struct wk_turn *turn, const struct wk_message *message, bool *is_silent, struct wk_err *err)
{
    enum wk_verdict verdict;

    *is_silent = false;
    switch (message->type) {
    case WK_MSG_REACTION:
    case WK_MSG_SYSTEM:
    case WK_MSG_EDIT:
    case WK_MSG_REVOKE:
        *is_silent = true;
        return true;
    case WK_MSG_BUTTON_REPLY:
    case WK_MSG_LIST_REPLY:
    case WK_MSG_TEMPLATE_BUTTON:
        verdict = tapped(turn, message, err);
        if (verdict == WK_DECLINED && message->text && *message->text)
            verdict = words(turn, message, err); /* not our button: its title is what they said */
        return settle(turn, verdict, err);
    case WK_MSG_TEXT:
        if (message->text && *message->text)
            return settle(turn, words(turn, message, err), err);
        break;
    default: /* pictures, places and the rest are for the node alone */
        verdict = turn_node_hears(turn, message, err);
        if (verdict != WK_DECLINED)
            return settle(turn, verdict, err);
        break;
    }
    return unsupported(turn, err);
}

bool hear_failure(struct wk_turn *turn, const struct wk_err *why, struct wk_err *err)
{
    struct wk_told told = {.size = sizeof told};
    const char *text;

    wk_error_told(turn->call, why, turn->language, &told);
    text = told.reference ? text_fill(turn->call, turn->language, "failure.reference", "text", told.text, "ref", told.reference, NULL) : told.text;
    return text ? out_say(turn->call, turn, text, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a failure's text");
}

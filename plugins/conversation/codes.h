/* codes.h - what the conversation fails with.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef CONVERSATION_CODES_H
#define CONVERSATION_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_BUSINESS("conversation.no_sender", 422, "We can't see who sent this.",
                      "The channel gave a message without a sender: wakala dead show has it; its decoder may be out of date."),
    WK_ERROR_SYSTEM("flow.bad_alert", "A plugin raises an alert whose text is no UTF-8: repair the plugin."),
    WK_ERROR_SYSTEM("flow.bad_choice", "A plugin offers a choice without a title or a node: repair the plugin."),
    WK_ERROR_SYSTEM("flow.bad_entry", "A plugin brings a menu entry without node or title: repair the plugin."),
    WK_ERROR_BUSINESS("flow.bad_event", 422, "This notice can't be shown.",
                      "A conversation.push without user or node lies in the log: it was not published by this plugin."),
    WK_ERROR_SYSTEM("flow.bad_key", "A plugin keeps context under a key that is not allowed: 1 to 64 bytes, not \"arg\"."),
    WK_ERROR_SYSTEM("flow.bad_node", "A plugin brings a node with a bad name or without show(): repair the plugin."),
    WK_ERROR_SYSTEM("flow.bad_push", "A plugin pushes or tells something that cannot be shown: no user, no text, too long, or no UTF-8."),
    WK_ERROR_SYSTEM("flow.bad_role", "A plugin grants something that is no role: lower-case letters."),
    WK_ERROR_BUSINESS("flow.bad_user_key", 422, "This address is not valid.", "A user key has 1 to 200 characters: the caller gave another."),
    WK_ERROR_SYSTEM("flow.context_full", "A conversation keeps too many context keys: plugins should drop theirs when a dialogue ends."),
    WK_ERROR_SYSTEM("flow.duplicate_node", "Two plugins bring a node of the same name: disable one, or rename."),
    WK_ERROR_SYSTEM("flow.long_id", "A choice's id is longer than the channel carries: shorten action or argument."),
    WK_ERROR_SYSTEM("flow.loop", "Nodes enter each other without end: the message names one; repair its plugin."),
    WK_ERROR_BUSINESS("flow.no_user", 404, "There is no such person.", "The user id is not one of this tenant."),
    WK_ERROR_SYSTEM("flow.says_too_much", "A node says more than two messages hold: say less, or use a menu."),
    WK_ERROR_SYSTEM("flow.too_many_choices", "A menu has too many options: let people search or page."),
    WK_ERROR_SYSTEM("flow.too_many_searches", "More plugins than allowed answer free text: disable one."),
    WK_ERROR_SYSTEM("flow.unknown_node", "A node that no enabled plugin brings: enable its plugin, or correct the name."),
    WK_ERROR_BUSINESS("flow.value_too_long", 422, "That is too long.",
                      "A plugin keeps more than 2 KiB under one key: keep it in a table and the id here."),
    {0},
};
#endif

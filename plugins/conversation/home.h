/* home.h - the conversation's own nodes: language, welcome, more, switching roles, privacy, help, a person, notices. */
#ifndef CONVERSATION_HOME_H
#define CONVERSATION_HOME_H
#include "turn.h"

#define NOTICE_NODE "NOTICE"      /* says the push's argument */
#define KEY_SWITCH "switch_to"    /* context: label of the role that I1 asks about */
#define KEY_PERSON "person_asked" /* context: when a person was asked for, microseconds */

extern const struct wk_node home_nodes[];
/* The entry that a label leads to: one of a role the person has, else one for everybody. NULL: nobody brought one. */
const struct wk_entry *home_entry(struct wk_turn *turn, const char *label);
enum wk_verdict home_enter(struct wk_turn *turn, const struct wk_entry *entry, struct wk_err *err);
#endif

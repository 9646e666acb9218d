/* ids.h - reply ids: "node|action|arg|ver". The argument may contain '|'; nothing else may. Pure. */
#ifndef CONVERSATION_IDS_H
#define CONVERSATION_IDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_MAX 200 /* bytes, with all four parts: what a list row may carry */

struct reply_id {
    char node[32], action[64], arg[ID_MAX + 1];
    int64_t version;
};
/* False: it would be longer than ID_MAX, or a part holds what it may not. out holds ID_MAX + 1 bytes. */
bool id_write(char *out, const char *node, const char *action, const char *arg, int64_t version);
/* False: not one of ours (a template's payload, another system's button). */
bool id_read(const char *text, struct reply_id *id);
#endif

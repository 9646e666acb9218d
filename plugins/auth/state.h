/* state.h - what one worker knows: keys, tokens it has checked, the operator's own secrets. Made by open(), read by wk_state(). */
#ifndef AUTH_STATE_H
#define AUTH_STATE_H
#include <wakala/plugin.h>
#include "jwt.h"
#include "memo.h"

struct auth_remote { /* the operators' address of keys; remote.c */
    struct auth_ring *ring; /* the last good answer; NULL: none yet */
    int64_t tried_us, loaded_us; /* the call's clock; 0: never */
    bool is_asking;
};
struct auth {
    struct auth_ring own, file;
    struct auth_remote remote;
    const char *issuer, *audience; /* of operators' tokens */
    const char *url;               /* "": none */
    struct auth_memo memo;
    uint8_t admin[32];  /* SHA-256 of admin_key */
    uint8_t pepper[32]; /* what one-time codes are hashed with: from signing_keys, so not in the database */
    bool has_admin, has_platform;
    struct wk_uuid platform; /* owners of this tenant are the platform's */
};
#endif

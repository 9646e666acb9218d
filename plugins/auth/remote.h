/* remote.h - the operators' keys behind jwks_url. What was good once is served until something better comes. */
#ifndef AUTH_REMOTE_H
#define AUTH_REMOTE_H
#include "state.h"

/* Is it time to ask again: the answer is older than jwks_refresh, and the last try half a minute ago. Does not suspend. */
bool remote_is_due(struct wk_call *call, const struct auth *a);
/* For a kid that nobody knows: may it be asked for, half a minute after the last try? Does not suspend. */
bool remote_may_ask(struct wk_call *call, const struct auth *a);
/* Ask, or wait for who asks just now. True: there are new keys, and nothing is remembered of tokens that the old ones verified. Suspends. */
bool remote_ask(struct wk_call *call, struct auth *a);
#endif

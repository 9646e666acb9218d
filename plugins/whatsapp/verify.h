/* verify.h - is this webhook Meta's? HMAC-SHA256 of the raw bytes with the secret of the app in the path, and the subscription handshake.
 * One process, one loop: the keys are a static table that open() fills and close() wipes. A reload is a new process, so nothing ages. */
#ifndef WA_VERIFY_H
#define WA_VERIFY_H
#include <wakala/inbox.h>

enum { WA_APP_NAME_MAX = 64, WA_APPS_MAX = 1024 };

/* Keys from the settings: app_secret and verify_token for the path without {app}; `apps` for the others, one per line: name, app secret, verify token,
 * separated by spaces; '#' begins a comment. whatsapp.apps (SYSTEM) names the line, whatsapp.no_app_secret (SYSTEM) when there is no key at all. */
bool wa_keys_open(const char *app_secret, const char *verify_token, const char *apps, struct wk_err *err);
void wa_keys_close(void);

enum wk_authentic wa_verify(const struct wk_webhook *hook, struct wk_err *err);
const char *wa_handshake(const struct wk_webhook *hook);
#endif

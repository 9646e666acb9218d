/* once.h - Idempotency-Key: what a caller sends twice takes effect once and is answered twice alike. README.md says what is promised. */
#ifndef API_ONCE_H
#define API_ONCE_H
#include <wakala/plugin.h>

enum wk_verdict once_before(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool once_seal(struct wk_call *call, struct wk_http *http, struct wk_err *err);
void once_after(struct wk_call *call, struct wk_http *http);
bool once_clean(struct wk_call *call, const struct wk_event *event, struct wk_err *err);

/* Pure. What a key's row says to who has just tried to make its mark. */
enum once_answer { ONCE_RUN, ONCE_REPLAY, ONCE_OTHER, ONCE_BUSY };
enum once_answer once_decide(bool is_marked, bool has_row, bool is_same_request, bool has_answer);
/* Pure. 1 to 255 visible ASCII characters, no blank. */
bool once_is_key(const char *key);
/* Pure. SHA-256 as hex digits over method, path, query and body, each with its length. */
void once_fingerprint(const char *method, const char *path, const char *query, struct wk_span body, char out[65]);
/* Pure. PostgreSQL's \x text of bytes, in place; SIZE_MAX: it is none. */
size_t once_unhex(char *text);
#endif

/* edge.h - phase EDGE: request id, CORS, penalties of the address, its rate; all before anybody has been asked who they are. */
#ifndef API_EDGE_H
#define API_EDGE_H
#include <wakala/plugin.h>

enum wk_verdict edge_before(struct wk_call *call, struct wk_http *http, struct wk_err *err);
void edge_after(struct wk_call *call, struct wk_http *http);

/* Pure. Is it fit to stand in logs and headers: 1 to 128 of A-Z a-z 0-9 . _ : - */
bool edge_is_request_id(const char *text);
/* Pure. What counts as one address: of IPv6 the /64, into out. */
void edge_address_key(const char *peer, char out[64]);
/* Pure. Nothing is limited where a signature alone decides, or keys are published. */
bool edge_is_free(const char *path);
/* Adds a word to Vary, once. False: no room. */
bool edge_vary(struct wk_call *call, struct wk_http *http, const char *word, struct wk_err *err);
#endif

/* networks.h - lists of addresses and networks ("10.1.2.3 10.0.0.0/8 fd00::/8"), and who asked when proxies of such a list stand in front.
 * Pure functions; IPv4 and its mapped form (::ffff:10.1.2.3) are one address. */
#ifndef WK_NETWORKS_H
#define WK_NETWORKS_H
#include <wakala/base.h>
#include <wakala/err.h>

enum { WK_NETWORKS_MAX = 64, WK_ADDRESS_TEXT = 64 };
struct wk_networks {
    size_t n;
    struct {
        uint8_t address[16];
        unsigned bits;
    } at[WK_NETWORKS_MAX];
};

/* Separated by spaces or commas; empty: none. False: what is wrong is in `why`, and out is empty. */
bool wk_networks_parse(const char *text, struct wk_networks *out, char *why, size_t size);
bool wk_networks_have(const struct wk_networks *list, const char *address); /* what is no address is in no list */
/* One line of X-Forwarded-For, read from its right end: every address of a trusted proxy replaces `client`, the first other one does too and ends it:
 * true. So does what is no address, which replaces nothing. False: all of them are proxies; the line before this one goes on. */
bool wk_networks_client(const struct wk_networks *trusted, struct wk_span line, char client[WK_ADDRESS_TEXT]);
#endif

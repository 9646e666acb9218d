/* nodes.h - the shop in chat: C0 shelves, C3 search, C5 results, C6 card. What is bought goes on to orders' C8 in context "variant" and, when the
 * person said how many, "quantity". */
#ifndef CATALOG_NODES_H
#define CATALOG_NODES_H
#include <wakala/service/flow.h>

extern const struct wk_node shop_nodes[];
extern const struct wk_entry shop_entries[];
/* Last resort for free text: a hit shows C5; inside the shop also a miss is answered. */
enum wk_verdict shop_hear(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err);
#endif

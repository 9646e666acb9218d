/* shop.h - a host's folders with tiny plugins in them, and a host table that does as much as open() may ask for. */
#ifndef TEST_SHOP_H
#define TEST_SHOP_H
#include "../config/tree.h"
#include "plugin/registry.h"

struct shop {
    struct tree tree;
    struct wk_problems *problems;
    struct wk_config *config;
    struct wk_stage *stage;
    struct wk_registry *registry;
};
extern struct wk_host shop_host;

void shop_make(struct shop *s);
void shop_close(struct shop *s); /* what was built, not the files */
void shop_remove(struct shop *s);
void shop_enable(struct shop *s, int order, const char *plugin, const char *more); /* copies the .so, writes its conf */
void shop_install(struct shop *s, const char *plugin);                             /* copies the .so only */
void shop_conf(struct shop *s, const char *more);                                  /* wakala.conf */
bool shop_load(struct shop *s); /* config, stage, registry; false: look at problems */
bool shop_told(const struct shop *s, const char *text);
#define assert_told(s, text)                                                                                           \
    do {                                                                                                               \
        if (!shop_told(s, text)) {                                                                                     \
            wk_problems_print((s)->problems, stderr);                                                                  \
            fail_msg("nobody said: %s", text);                                                                         \
        }                                                                                                              \
    } while (0)
#define assert_loaded(s)                                                                                               \
    do {                                                                                                               \
        if (!shop_load(s)) {                                                                                           \
            wk_problems_print((s)->problems, stderr);                                                                  \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)
#endif

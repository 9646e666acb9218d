/* catalog - shops, products, stock: catalog/1, and the customer's way through the shelves in chat.
 * README.md tells the tables, which may be filled by plain SQL. */
#include <wakala/plugin.h>
#include <wakala/service/catalog.h>

#include "codes.h"
#include "catalog_db.h"
#include "nodes.h"

static struct wk_catalog service = {
    .head = {.size = sizeof service, .version = 1},
    .search = shop_search,
    .variants = shop_variants,
    .vendor = shop_vendor,
    .vendor_of_user = shop_vendor_of_user,
    .reserve = stock_reserve,
    .release = stock_release,
    .consume = stock_consume,
    .put_back = stock_put_back,
};
static const struct wk_provide provides[] = {{WK_CATALOG, &service.head}, {0}};

static bool catalog_open(struct wk_plugin *plugin, struct wk_err *err)
{
    return wk_flow_add(plugin, shop_nodes, shop_entries, err) && wk_flow_set_search(plugin, shop_hear, err);
}

WK_PLUGIN("catalog", "1.0.0", .summary = "Shops, products and stock; browsing and searching in chat", .needs = "flow/1", .provides = provides,
          .errors = codes, .open = catalog_open);

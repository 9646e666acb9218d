/* frozen.c - ABI 1.0 in numbers: what plugins built with it expect. Nothing here may ever change within 1.x; appended members get
 * lines of their own with the minor that brought them. Rows of tables are frozen whole, their stride is part of the ABI. */
#include <wakala/plugin.h>

#define FROZEN(type, member, at) _Static_assert(offsetof(struct type, member) == (at), "ABI 1.0: " #type "." #member " moved")
#define FROZEN_SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), "ABI 1.0: " #type " changed its size")

/* read and walked as arrays */
FROZEN_SIZE(wk_note, 84);
FROZEN_SIZE(wk_setting, 64);
FROZEN_SIZE(wk_route, 48);
FROZEN_SIZE(wk_filter, 48);
FROZEN_SIZE(wk_route_tags, 16);
FROZEN_SIZE(wk_sub, 32);
FROZEN_SIZE(wk_event_type, 48);
FROZEN_SIZE(wk_provide, 16);
FROZEN_SIZE(wk_inbox, 48);
FROZEN_SIZE(wk_service_head, 16);
FROZEN_SIZE(wk_sql, 32);
FROZEN_SIZE(wk_arg, 24);
FROZEN_SIZE(wk_option, 32);
FROZEN_SIZE(wk_header, 16);
FROZEN_SIZE(wk_query, 32);
FROZEN_SIZE(wk_error_type, 32);

/* grow at their end */
FROZEN(wk_plugin_desc, host, 8);
FROZEN(wk_plugin_desc, needs, 40);
FROZEN(wk_plugin_desc, settings, 48);
FROZEN(wk_plugin_desc, routes, 56);
FROZEN(wk_plugin_desc, inboxes, 96);
FROZEN(wk_plugin_desc, on_message, 104);
FROZEN(wk_plugin_desc, open, 120);
FROZEN(wk_plugin_desc, close, 128);
FROZEN(wk_plugin_desc, sql_end, 144);
FROZEN(wk_plugin_desc, errors, 152);
FROZEN(wk_plugin_desc, fail_ear, 160);
FROZEN(wk_plugin_desc, route_tags, 168);
FROZEN(wk_host, alloc, 8);
FROZEN(wk_host, trace_id, 112);
FROZEN(wk_host, setting_text, 120);
FROZEN(wk_host, plugin_setting_int, 152);
FROZEN(wk_host, db_read, 160);
FROZEN(wk_host, rows_affected, 216);
FROZEN(wk_host, publish, 224);
FROZEN(wk_host, later, 248);
FROZEN(wk_host, http_method, 256);
FROZEN(wk_host, http_status, 352);
FROZEN(wk_host, fetch, 360);
FROZEN(wk_host, reply, 368);
FROZEN(wk_host, send, 376);
FROZEN(wk_host, service, 384);
FROZEN(wk_host, frame_enter, 408);
FROZEN(wk_host, state, 432);
FROZEN(wk_host, json_parse, 440);
FROZEN(wk_host, count, 448);
FROZEN(wk_host, observe, 456);
FROZEN(wk_host, webhook_secret, 464);
FROZEN(wk_host, once, 472);
FROZEN(wk_host, error_told, 488);
FROZEN(wk_host, penalty_left, 552);
FROZEN(wk_host, audit, 560);
FROZEN(wk_host, http_route_at, 608);
FROZEN(wk_host, http_run, 640);
FROZEN(wk_host, plugin_setting_where, 656);
FROZEN(wk_host, tenant_address, 664);
FROZEN(wk_host, http_pass, 688);
FROZEN(wk_tenant, timezone, 80);
FROZEN(wk_principal, permissions, 40);
FROZEN(wk_principal, credential, 48);
FROZEN_SIZE(wk_route_info, 24);
FROZEN(wk_event, trace_id, 80);
FROZEN(wk_message, raw_len, 168);
FROZEN(wk_outgoing, reply_to, 128);
FROZEN(wk_fetch, reply_max, 56);
FROZEN(wk_fetch, target, 64);
FROZEN(wk_fetched, body_len, 40);
FROZEN(wk_webhook, query, 56);
FROZEN(wk_item, why, 224);
FROZEN(wk_split, add, 8);
FROZEN(wk_told, reference, 32);
FROZEN(wk_retry, target, 8);
FROZEN(wk_quota, share, 28);
FROZEN(wk_passing, reply_max, 32);
FROZEN(wk_quota_left, was_cut_off, 24);
FROZEN(wk_err, msg, 16);

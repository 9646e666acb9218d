/* store.c - statements. Conditions name tenant_id where an index begins with it; row-level security adds it everywhere anyway. */
#include "store.h"

#include <wakala/plugin.h>

#include "texts.h"
#include "utf8.h"

#define MICROSECONDS(column) "(extract(epoch FROM " column ") * 1000000)::bigint"
#define COLUMNS                                                                                                        \
    "u.id, u.name, u.language, u.roles, " MICROSECONDS("u.opted_out_at") ", u.muted_at IS NOT NULL, s.channel, s.address, s.user_key, " \
    "s.node, s.stack, s.ctx, s.last_menu, s.misses, s.typed_numbers, s.is_plain, s.is_greeted, s.version, "            \
    MICROSECONDS("s.last_inbound_at")
enum column { C_ID, C_NAME, C_LANGUAGE, C_ROLES, C_OPTED_OUT, C_MUTED, C_CHANNEL, C_ADDRESS, C_KEY, C_NODE, C_STACK, C_CTX, C_MENU,
              C_MISSES, C_TYPED, C_PLAIN, C_GREETED, C_VERSION, C_INBOUND, C_EXTRA };
#define STATE_OF_USER "LEFT JOIN conversation_state s ON s.tenant_id = u.tenant_id AND s.user_id = u.id "

/* The business-scoped id's row comes first. */
WK_SQL(load_message, "SELECT " COLUMNS ", a.kind, EXISTS (SELECT FROM conversation_alias o WHERE o.tenant_id = a.tenant_id "
                     "AND o.user_id = a.user_id AND o.kind = 'bsuid') "
                     "FROM conversation_alias a JOIN conversation_user u ON u.tenant_id = a.tenant_id AND u.id = a.user_id " STATE_OF_USER
                     "WHERE a.tenant_id = wakala.tenant_id() AND (a.kind = 'bsuid' AND a.value = $1 OR a.kind = 'phone' AND a.value = $2) "
                     "ORDER BY a.kind");
/* Somebody who never wrote is reached where the tenant was last seen: any conversation tells the tenant's address. */
WK_SQL(load_user, "SELECT " COLUMNS ", (SELECT a.value FROM conversation_alias a WHERE a.tenant_id = u.tenant_id AND a.user_id = u.id "
                  "ORDER BY a.kind LIMIT 1), "
                  "CASE WHEN s.user_id IS NULL THEN (SELECT o.channel FROM conversation_state o WHERE o.tenant_id = wakala.tenant_id() "
                  "AND o.last_inbound_at IS NOT NULL ORDER BY o.user_id LIMIT 1) END, "
                  "CASE WHEN s.user_id IS NULL THEN (SELECT o.address FROM conversation_state o WHERE o.tenant_id = wakala.tenant_id() "
                  "AND o.last_inbound_at IS NOT NULL ORDER BY o.user_id LIMIT 1) END "
                  "FROM conversation_user u " STATE_OF_USER "WHERE u.tenant_id = wakala.tenant_id() AND u.id = $1");

WK_SQL(insert_user, "INSERT INTO conversation_user (id, name, language, opted_out_at, muted_at) "
                    "VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN wakala.now() END)");
WK_SQL(update_user, "UPDATE conversation_user SET name = $2, language = $3, opted_out_at = $4, "
                    "muted_at = CASE WHEN $5 THEN coalesce(muted_at, wakala.now()) END, updated_at = wakala.now() "
                    "WHERE tenant_id = wakala.tenant_id() AND id = $1");
/* A name that leads to somebody already: two calls met the same new person, one of them runs again. */
WK_SQL(insert_alias, "INSERT INTO conversation_alias (kind, value, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
/* A phone that changed hands. */
WK_SQL(move_alias, "UPDATE conversation_alias SET user_id = $3 WHERE tenant_id = wakala.tenant_id() AND kind = $1 AND value = $2");

WK_SQL(insert_state, "INSERT INTO conversation_state (user_id, version, channel, address, user_key, state, node, stack, ctx, last_menu, "
                     "misses, typed_numbers, is_plain, is_greeted, last_inbound_at) "
                     "VALUES ($1, $2::bigint + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING");
WK_SQL(update_state, "UPDATE conversation_state SET version = version + 1, channel = $3, address = $4, user_key = $5, state = $6, "
                     "node = $7, stack = $8, ctx = $9, last_menu = $10, misses = $11, typed_numbers = $12, is_plain = $13, "
                     "is_greeted = $14, last_inbound_at = $15, updated_at = wakala.now() "
                     "WHERE tenant_id = wakala.tenant_id() AND user_id = $1 AND version = $2");

WK_SQL(find_alias, "SELECT user_id FROM conversation_alias WHERE tenant_id = wakala.tenant_id() AND kind = $1 AND value = $2");
WK_SQL(look_alias, "SELECT user_id FROM conversation_alias WHERE tenant_id = wakala.tenant_id() AND (kind = 'bsuid' AND value = $1 OR kind = 'phone' AND value = $2) "
                   "ORDER BY kind LIMIT 1");
WK_SQL(make_user, "WITH made AS (INSERT INTO conversation_user (id, name) VALUES ($3, $4) RETURNING id), "
                  "linked AS (INSERT INTO conversation_alias (kind, value, user_id) SELECT $1, $2, id FROM made ON CONFLICT DO NOTHING "
                  "RETURNING user_id) SELECT user_id FROM linked");
WK_SQL(grant_role, "UPDATE conversation_user SET roles = CASE WHEN $3 THEN CASE WHEN $2::text = ANY (string_to_array(roles, ' ')) THEN roles "
                   "ELSE btrim(roles || ' ' || $2) END ELSE array_to_string(array_remove(string_to_array(roles, ' '), $2), ' ') END, "
                   "updated_at = wakala.now() WHERE tenant_id = wakala.tenant_id() AND id = $1");
WK_SQL(insert_notice, "INSERT INTO conversation_notice (user_id, dedup) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1");

static bool no_memory(struct wk_err *err) { return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "conversation"); }

static const char *text_or(const struct wk_rows *rows, size_t row, size_t column, const char *fallback)
{
    const char *text = wk_rows_text(rows, row, column);

    return text ? text : fallback;
}

const char *store_alias_kind(const char *user_key)
{
    size_t digits = strspn(user_key, "0123456789");

    return *user_key && !user_key[digits] ? "phone" : "bsuid";
}

/* The profile name as people may see it again: no control characters, no braces (they mark our placeholders), 40 characters. */
static const char *clean_name(struct wk_call *call, const char *name)
{
    char *out = name ? (char *)wk_alloc(call, strlen(name) + 1) : NULL;
    size_t n = 0;

    for (const char *p = name, *at = p; out && *p && utf8_length(out) < 40; at = p) {
        uint32_t c = utf8_next(&p);

        if (c >= ' ' && c != 0x7F && c != '{' && c != '}' && c != 0xFFFD) {
            memcpy(out + n, at, (size_t)(p - at));
            n += (size_t)(p - at);
            out[n] = '\0';
        }
    }
    return n ? out : NULL;
}

static const char *usable_language(struct wk_call *call, const char *language)
{
    const struct wk_tenant *tenant = wk_tenant(call);

    return text_has_language(language) ? language : tenant && text_has_language(tenant->language) ? tenant->language : "en";
}

static bool read_row(struct wk_turn *turn, const struct wk_rows *rows, size_t row, struct wk_err *err)
{
    turn->user = wk_rows_id(rows, row, C_ID);
    turn->name = wk_rows_text(rows, row, C_NAME);
    turn->language = usable_language(turn->call, wk_rows_text(rows, row, C_LANGUAGE));
    turn->roles = text_or(rows, row, C_ROLES, "");
    turn->opted_out_us = wk_rows_int(rows, row, C_OPTED_OUT);
    turn->is_muted = wk_rows_bool(rows, row, C_MUTED);
    turn->is_new_state = wk_rows_text(rows, row, C_VERSION) == NULL;
    if (turn->is_new_state)
        return true;
    turn->channel = text_or(rows, row, C_CHANNEL, "");
    turn->address = text_or(rows, row, C_ADDRESS, "");
    turn->user_key = text_or(rows, row, C_KEY, "");
    turn->misses = (int)wk_rows_int(rows, row, C_MISSES);
    turn->typed_numbers = (int)wk_rows_int(rows, row, C_TYPED);
    turn->is_plain = wk_rows_bool(rows, row, C_PLAIN);
    turn->is_greeted = wk_rows_bool(rows, row, C_GREETED);
    turn->version = wk_rows_int(rows, row, C_VERSION);
    turn->last_inbound_us = wk_rows_int(rows, row, C_INBOUND);
    turn_stack_read(turn, text_or(rows, row, C_STACK, ""));
    const struct registry_node *node = registry_node_of(turn->call, text_or(rows, row, C_NODE, ""));

    turn->node = node ? node->node->name : NULL; /* a plugin that is off took its nodes with it */
    return turn_values_read(turn, text_or(rows, row, C_CTX, "{}"), err) && turn_menu_read(turn, text_or(rows, row, C_MENU, ""), err);
}

static void read_new(struct wk_turn *turn)
{
    turn->user = wk_new_id(turn->call);
    turn->language = usable_language(turn->call, NULL);
    turn->roles = "";
    turn->is_new_user = turn->is_new_state = true;
}

/* Which of the rows is the person? A business-scoped id is one person for good. A phone leads to its user too, unless that user has
 * another business-scoped id already: then the number has changed hands, and its new owner must not see the old one's orders. */
static bool who_wrote(struct wk_turn *turn, const struct wk_rows *rows, const char *bsuid, const char *phone, struct wk_err *err)
{
    size_t n = wk_rows_count(rows);
    bool has_bsuid_row = n && !strcmp(wk_rows_text(rows, 0, C_EXTRA), "bsuid");
    size_t phone_row = has_bsuid_row ? 1 : 0;
    bool has_phone_row = n > phone_row;

    if (has_bsuid_row || (has_phone_row && (!bsuid || !wk_rows_bool(rows, phone_row, C_EXTRA + 1)))) {
        if (!read_row(turn, rows, has_bsuid_row ? 0 : phone_row, err))
            return false;
    } else {
        read_new(turn);
    }
    if (bsuid && !has_bsuid_row)
        turn->new_bsuid = bsuid;
    if (phone && !has_phone_row) {
        turn->new_phone = phone;
    } else if (phone) {
        struct wk_uuid owner = wk_rows_id(rows, phone_row, C_ID);

        turn->is_phone_moved = !wk_uuid_equal(&owner, &turn->user);
        turn->new_phone = turn->is_phone_moved ? phone : NULL;
    }
    return true;
}

bool store_load_message(struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    const char *bsuid = message->user_id, *phone = message->phone;
    struct wk_rows *rows;

    if (!phone && !bsuid)
        phone = message->user_key;
    if (phone && *phone == '+')
        phone++;
    if (phone && strcmp(store_alias_kind(phone), "phone") != 0) { /* some senders repeat the business-scoped id as phone */
        bsuid = bsuid ? bsuid : phone;
        phone = NULL;
    }
    if ((!phone && !bsuid) || strlen(bsuid ? bsuid : phone) > 200)
        return wk_fail(err, WK_BUSINESS, "conversation.no_sender", "a message that does not say who wrote it");
    if (!wk_db_read(turn->call, &load_message, WK_ARGS(wk_text(bsuid), wk_text(phone)), &rows, err) ||
        !who_wrote(turn, rows, bsuid, phone, err))
        return false;
    const char *name = clean_name(turn->call, message->name);

    if (name && (!turn->name || strcmp(name, turn->name) != 0)) {
        turn->name = name;
        turn->is_user_changed = true;
    }
    turn->channel = message->channel ? message->channel : "";
    turn->address = message->address ? message->address : "";
    turn->user_key = message->user_key ? message->user_key : bsuid ? bsuid : phone;
    turn->start_node = turn->node;
    return true;
}

bool store_load_user(struct wk_turn *turn, const struct wk_uuid *user, struct wk_err *err)
{
    struct wk_rows *rows;
    char id[WK_UUID_TEXT];

    if (!wk_db_read(turn->call, &load_user, WK_ARGS(wk_id(user)), &rows, err))
        return false;
    if (!wk_rows_count(rows))
        return wk_fail(err, WK_BUSINESS, "flow.no_user", "there is no user %s", wk_uuid_text(user, id));
    if (!read_row(turn, rows, 0, err))
        return false;
    if (turn->is_new_state) {
        turn->user_key = text_or(rows, 0, C_EXTRA, "");
        turn->channel = text_or(rows, 0, C_EXTRA + 1, wk_setting_string(turn->call, "default_channel"));
        turn->address = text_or(rows, 0, C_EXTRA + 2, wk_setting_string(turn->call, "default_address"));
    }
    turn->start_node = turn->node;
    return true;
}

static bool queue_alias(struct wk_turn *turn, const char *kind, const char *value, bool is_moved, struct wk_err *err)
{
    return wk_db_queue(turn->call, is_moved ? &move_alias : &insert_alias, WK_ARGS(wk_text(kind), wk_text(value), wk_id(&turn->user)), 1,
                       "db.conflict", err);
}

bool store_queue_user(struct wk_turn *turn, struct wk_err *err)
{
    bool must_write = turn->is_new_user || turn->is_user_changed;
    struct wk_arg opted_out = turn->opted_out_us ? wk_time(turn->opted_out_us) : wk_null();

    if (turn->is_user_stored)
        must_write = turn->is_user_changed;
    if (must_write &&
        !wk_db_queue(turn->call, turn->is_new_user && !turn->is_user_stored ? &insert_user : &update_user,
                     WK_ARGS(wk_id(&turn->user), wk_text(turn->name), wk_text(turn->language), opted_out, wk_bool(turn->is_muted)), 1,
                     "db.conflict", err))
        return false;
    turn->is_user_changed = false;
    if (turn->is_user_stored)
        return true;
    turn->is_user_stored = true;
    return (!turn->new_bsuid || queue_alias(turn, "bsuid", turn->new_bsuid, false, err)) &&
           (!turn->new_phone || queue_alias(turn, "phone", turn->new_phone, turn->is_phone_moved, err));
}

static const char *state_name(const char *node_name)
{
    static const char *const names[] = {"IDLE", "GREETING", "INTENT_DETECTION", "CUSTOMER_FLOW", "VENDOR_FLOW", "DRIVER_FLOW",
                                        "ORDER_TRACKING", "SUPPORT", "ERROR"};
    const struct registry_node *node = registry_find(node_name);

    return node && (size_t)node->node->state < WK_COUNT(names) ? names[node->node->state] : "IDLE";
}

bool store_queue_state(struct wk_turn *turn, struct wk_err *err)
{
    const char *ctx, *menu, *stack = turn_stack_text(turn);

    /* A node that was left without a new menu took its old one along: a typed "1" must not reach back to it. */
    if (!turn->is_menu_said && (turn->node != turn->start_node && (!turn->node || !turn->start_node || strcmp(turn->node, turn->start_node))))
        turn->menu.version = 0;
    ctx = turn_values_json(turn);
    menu = turn_menu_json(turn);
    if (!ctx || !menu || !stack)
        return no_memory(err);
    return wk_db_queue(turn->call, turn->is_new_state ? &insert_state : &update_state,
                       WK_ARGS(wk_id(&turn->user), wk_int(turn->version), wk_text(turn->channel), wk_text(turn->address),
                               wk_text(turn->user_key), wk_text(state_name(turn->node)), wk_text(turn->node ? turn->node : ""),
                               wk_text(stack), wk_text(ctx), wk_text(menu), wk_int(turn->misses), wk_int(turn->typed_numbers),
                               wk_bool(turn->is_plain), wk_bool(turn->is_greeted),
                               turn->last_inbound_us ? wk_time(turn->last_inbound_us) : wk_null()),
                       1, "db.conflict", err);
}

bool store_look_user(struct wk_call *call, const struct wk_message *message, struct wk_uuid *user, bool *found, struct wk_err *err)
{
    const char *phone = message->phone ? message->phone : message->user_key;
    struct wk_rows *rows;

    if (phone && *phone == '+')
        phone++;
    if (!wk_db_read(call, &look_alias, WK_ARGS(wk_text(message->user_id ? message->user_id : message->user_key), wk_text(phone)), &rows, err))
        return false;
    *found = wk_rows_count(rows) > 0;
    if (*found)
        *user = wk_rows_id(rows, 0, 0);
    return true;
}

bool store_find_user(struct wk_call *call, const char *user_key, const char *name, struct wk_uuid *user, struct wk_err *err)
{
    const char *key = user_key && *user_key == '+' ? user_key + 1 : user_key, *kind;
    struct wk_rows *rows;
    struct wk_uuid fresh;

    if (!key || !*key || strlen(key) > 200)
        return wk_fail(err, WK_BUSINESS, "flow.bad_user_key", "a user key has 1 to 200 characters");
    kind = store_alias_kind(key);
    if (!wk_db_read(call, &find_alias, WK_ARGS(wk_text(kind), wk_text(key)), &rows, err))
        return false;
    if (!wk_rows_count(rows)) {
        fresh = wk_new_id(call);
        if (!wk_db_write(call, &make_user, WK_ARGS(wk_text(kind), wk_text(key), wk_id(&fresh), wk_text(clean_name(call, name))), &rows, err))
            return false;
        if (!wk_rows_count(rows))
            return wk_fail(err, WK_TRANSIENT, "db.conflict", "somebody else made this user at the same time");
    }
    *user = wk_rows_id(rows, 0, 0);
    return true;
}

static bool apply_role(struct wk_turn *turn, const char *role, bool has, struct wk_err *err)
{
    const char *out = has ? role : "";
    size_t len = strlen(role);

    for (const char *p = turn->roles; out && *p;) {
        size_t word = strcspn(p, " ");

        if (word && (word != len || strncmp(p, role, len) != 0))
            out = wk_printf(turn->call, "%s%s%.*s", out, *out ? " " : "", (int)word, p);
        p += word + strspn(p + word, " ");
    }
    turn->roles = out ? out : turn->roles;
    return out || no_memory(err);
}

bool store_grant_role(struct wk_call *call, const struct wk_uuid *user, const char *role, bool has, struct wk_err *err)
{
    struct wk_turn *turn = turn_of(call);

    if (!*role || strlen(role) > 31 || role[strspn(role, "abcdefghijklmnopqrstuvwxyz_-")])
        return wk_fail(err, WK_SYSTEM, "flow.bad_role", "\"%.40s\" is no role: lower-case letters", role);
    if (turn && wk_uuid_equal(&turn->user, user) && (!apply_role(turn, role, has, err) || (turn->is_new_user && !store_queue_user(turn, err))))
        return false;
    return wk_db_queue(call, &grant_role, WK_ARGS(wk_id(user), wk_text(role), wk_bool(has)), 1, "flow.no_user", err);
}

bool store_notice_once(struct wk_call *call, const struct wk_uuid *user, const char *dedup, bool *is_new, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &insert_notice, WK_ARGS(wk_id(user), wk_text(dedup)), &rows, err))
        return false;
    *is_new = wk_rows_count(rows) > 0;
    return true;
}

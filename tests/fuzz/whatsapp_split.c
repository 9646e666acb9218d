/* whatsapp_split - the splitter against jansson: they must accept the same bodies and find the same updates, with the same ids, senders and numbers.
 * Where they differ on purpose the oracle is told: \u0000 and lone surrogates (jansson refuses, we keep the message: such a body is rewritten for it and
 * only accepted or refused), numbers beyond 64 bits or doubles (a matter of reading, not of JSON), more updates than one webhook may bring, depth.
 * The plugin's sources are compiled in: fuzzers link rooms of the host, and a plugin is none. More seeds: tests/samples/whatsapp. */
#undef NDEBUG
#include "../../plugins/whatsapp/scan.c"
#include "../../plugins/whatsapp/envelope.c"
#include "../../plugins/whatsapp/split.c"
#include <assert.h>
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIST_MAX = 2000, ORACLE_DEPTH = 200, METADATA_SURE = WA_METADATA_MAX / 8 };
struct update {
    char kind; /* m, s */
    char id[WA_ID_MAX + 1], address[WA_ADDRESS_MAX + 1], key[WA_USER_KEY_MAX + 1];
};
static struct update found[LIST_MAX], wanted[LIST_MAX];
static size_t found_count, wanted_count;

static void put(char *out, struct wk_span text, size_t max)
{
    assert(text.len <= max);
    if (text.len)
        memcpy(out, text.data, text.len);
    out[text.len] = '\0';
}

static bool note(struct wk_split *to, const struct wk_item *item)
{
    struct update *u = &found[found_count];

    (void)to;
    assert(item->size == sizeof *item);
    for (size_t i = 0; i < WK_COUNT(item->payload); i++)
        assert(!item->payload[i].len == !item->payload_name[i]);
    switch (item->kind) {
    case WK_ITEM_BAD:
        assert(item->why);
        return true;
    case WK_ITEM_OTHER:
        assert(item->event_type && item->key.len && item->key.len <= WA_USER_KEY_MAX && item->dedupe.len && item->dedupe.len <= 512);
        return true;
    case WK_ITEM_MESSAGE:
        assert(item->event_type && item->key.len && item->address.len);
        break;
    case WK_ITEM_STATUS:
        assert(item->dedupe.len && item->address.len && item->rank <= 4);
        break;
    }
    assert(found_count < LIST_MAX);
    found_count++;
    u->kind = item->kind == WK_ITEM_MESSAGE ? 'm' : 's';
    put(u->id, item->kind == WK_ITEM_MESSAGE ? item->dedupe : item->message_id, WA_ID_MAX);
    put(u->address, item->address, WA_ADDRESS_MAX);
    put(u->key, item->key, WA_USER_KEY_MAX);
    return true;
}

/* --- the oracle: the same rules over jansson's values --- */

static const char *usable(const json_t *object, const char *name, size_t max)
{
    const json_t *v = json_object_get(object, name);
    const char *text = json_string_value(v);

    if (!text || !*text || json_string_length(v) > max)
        return NULL;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20)
            return NULL;
    return text;
}

static const char *user(const json_t *object, const char *id, const char *phone)
{
    const char *text = usable(object, id, WA_USER_KEY_MAX);

    if (text)
        return text;
    text = usable(object, phone, WA_USER_KEY_MAX);
    return text && text[0] == '+' && text[1] ? text + 1 : text;
}

static bool same(const json_t *a, const json_t *b) { return json_is_string(a) && json_is_string(b) && json_equal(a, b); }

static const char *sender(const json_t *message, const json_t *contacts)
{
    const char *key = user(message, "from_user_id", "from"), *type = json_string_value(json_object_get(message, "type"));
    const json_t *theirs = json_object_get(message, "from_user_id"), *phone = json_object_get(message, "from"), *only;

    if (key || !json_is_array(contacts) || (type && !strcmp(type, "system")))
        return key;
    for (size_t i = 0; i < json_array_size(contacts); i++) {
        const json_t *c = json_array_get(contacts, i);

        if (same(json_object_get(c, "user_id"), theirs) || same(json_object_get(c, "wa_id"), phone))
            return user(c, "user_id", "wa_id");
    }
    only = json_array_size(contacts) == 1 ? json_array_get(contacts, 0) : NULL;
    return only && (!json_is_string(json_object_get(only, "user_id")) || !json_is_string(theirs)) ? user(only, "user_id", "wa_id") : NULL;
}

static void want(char kind, const char *id, const char *address, const char *key)
{
    struct update *u = &wanted[wanted_count++];

    assert(wanted_count <= LIST_MAX);
    u->kind = kind;
    strcpy(u->id, id);
    strcpy(u->address, address);
    strcpy(u->key, key ? key : "");
}

static bool is_known(const char *status)
{
    static const char *const words[] = {"sent", "delivered", "read", "played", "failed"};

    for (size_t i = 0; i < WK_COUNT(words); i++)
        if (status && !strcmp(status, words[i]))
            return true;
    return false;
}

/* False: too near to a limit of raw bytes, which values do not tell. */
static bool want_change(const json_t *change)
{
    const json_t *value = json_object_get(change, "value"), *metadata = json_object_get(value, "metadata"), *u;
    const json_t *number = json_object_get(metadata, "phone_number_id");
    const char *field = usable(change, "field", WA_FIELD_MAX), *address = usable(metadata, "phone_number_id", WA_ADDRESS_MAX), *id, *key;
    char digits[32], *dumped;
    bool is_sure;
    size_t i;

    if (!field || strcmp(field, "messages") != 0)
        return true;
    if (json_is_integer(number) && json_integer_value(number) >= 0) {
        (void)snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(number));
        address = strlen(digits) <= 18 ? digits : NULL;
    }
    if (!address)
        return true;
    dumped = json_dumps(metadata, 0);
    is_sure = dumped && strlen(dumped) <= METADATA_SURE;
    free(dumped);
    if (!is_sure)
        return false;
    json_array_foreach(json_object_get(value, "messages"), i, u)
        if ((id = usable(u, "id", WA_ID_MAX)) && (key = sender(u, json_object_get(value, "contacts"))))
            want('m', id, address, key);
    json_array_foreach(json_object_get(value, "statuses"), i, u)
        if ((id = usable(u, "id", WA_ID_MAX)) && is_known(json_string_value(json_object_get(u, "status"))))
            want('s', id, address, user(u, "recipient_user_id", "recipient_id"));
    return true;
}

static void compare(const json_t *root)
{
    const json_t *entry, *change;
    size_t e, c;

    wanted_count = 0;
    json_array_foreach(json_object_get(root, "entry"), e, entry)
        json_array_foreach(json_object_get(entry, "changes"), c, change)
            if (!want_change(change))
                return;
    assert(found_count == wanted_count);
    for (size_t i = 0; i < found_count; i++) {
        assert(found[i].kind == wanted[i].kind);
        assert(!strcmp(found[i].id, wanted[i].id));
        assert(!strcmp(found[i].address, wanted[i].address) || strspn(found[i].address, "0") > 0);
        assert(!strcmp(found[i].key, wanted[i].key));
    }
}

/* --- telling the oracle --- */

static bool is_hex4(const char *p) { return strspn(p, "0123456789abcdefABCDEF") >= 4; }

/* \u0000 and halves of pairs become \ufffd; true when there were any. A walk of its own, not the scanner's. */
static bool mend(char *text, size_t len)
{
    bool is_mended = false;
    unsigned unit, low;

    for (size_t i = 0; i + 5 < len; i++) {
        if (text[i] != '\\')
            continue;
        i++;
        if (text[i] != 'u' || !is_hex4(text + i + 1) || sscanf(text + i + 1, "%4x", &unit) != 1)
            continue;
        if (unit >= 0xd800 && unit <= 0xdbff && i + 10 < len && text[i + 5] == '\\' && text[i + 6] == 'u' && is_hex4(text + i + 7) &&
            sscanf(text + i + 7, "%4x", &low) == 1 && low >= 0xdc00 && low <= 0xdfff) {
            i += 10;
            continue;
        }
        if (unit == 0 || (unit >= 0xd800 && unit <= 0xdfff)) {
            memcpy(text + i + 1, "fffd", 4);
            is_mended = true;
        }
        i += 4;
    }
    return is_mended;
}

static size_t depth_of(const char *text, size_t len)
{
    size_t depth = 0, most = 0;
    bool is_text = false;

    for (size_t i = 0; i < len; i++) {
        if (is_text && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            is_text = !is_text;
        else if (!is_text && (text[i] == '{' || text[i] == '['))
            most = ++depth > most ? depth : most;
        else if (!is_text && (text[i] == '}' || text[i] == ']') && depth)
            depth--;
    }
    return most;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wk_split to = {.size = sizeof to, .add = note};
    struct wk_err err = {0};
    char *text = malloc(size ? size : 1), *copy = malloc(size + 1); /* text is exact: a read beyond the body is seen */
    size_t depth;

    assert(text && copy);
    memcpy(text, data, size);
    memcpy(copy, data, size);
    copy[size] = '\0';
    found_count = 0;
    depth = depth_of(copy, size);
    {
        bool is_split = wa_split_body(text, size, &to, &err), is_json = is_split || wk_err_is(&err, "whatsapp.not_envelope");
        bool is_mended = mend(copy, size);
        json_error_t where;
        json_t *root = depth <= ORACLE_DEPTH ? json_loadb(copy, size, JSON_DECODE_ANY, &where) : NULL;

        assert(is_split || (err.code && !found_count)); /* never half of a body */
        if (is_json && !root)
            assert(depth <= WA_DEPTH && json_error_code(&where) == json_error_numeric_overflow);
        if (memchr(text, '\0', size)) /* no JSON, but jansson takes a zero byte behind the value for the end */
            assert(!is_json);
        else if (root && !is_json)
            assert(depth > WA_DEPTH || wk_err_is(&err, "whatsapp.too_many_updates"));
        if (root && is_split && !is_mended)
            compare(root);
        json_decref(root);
    }
    free(text);
    free(copy);
    return 0;
}

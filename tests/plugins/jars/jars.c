/* jars - a REST plugin for the tests of the OpenAPI document and of isolation: routes as a shipped plugin has them, and, with the setting `hole`, the
 * mistakes that those tests must find: "status" (one the document does not name), "member" (one it does not name), "open" (accepts unknown members),
 * "foreign" (another tenant's jar is shown), "told" (another tenant's jar is refused with a code of its own). Never shipped. */
#include <wakala/json.h>
#include <wakala/plugin.h>

#define JAR "id, label, grams"
WK_SQL(jars_list, "SELECT " JAR " FROM jars_jar WHERE id > $1 ORDER BY id LIMIT $2");
WK_SQL(jars_show, "SELECT " JAR " FROM jars_jar WHERE id = $1");
WK_SQL(jars_make, "INSERT INTO jars_jar (id, label, grams) VALUES ($1, $2, $3)");
WK_SQL(jars_drop, "DELETE FROM jars_jar WHERE id = $1");
WK_SQL(jars_shelve, "INSERT INTO jars_shelf (tenant_id, id, label) VALUES (wakala.tenant_id(), $1, $2)");
WK_SQL(jars_shelf, "SELECT id, label, 1 FROM jars_shelf WHERE id = $1");
enum { LABEL_MAX = 40, GRAMS_MAX = 5000, LIMIT_MAX = 100, LIMIT = 20 };

static const struct wk_setting settings[] = {WK_SETTING_STRING("hole", "", WK_SCOPE_HOST, "the mistake that it makes"), {0}};
static bool has_hole(struct wk_call *call, const char *name) { return !strcmp(wk_setting_string(call, "hole"), name); }

static json_t *jar_json(struct wk_call *call, const struct wk_rows *rows, size_t i)
{
    json_t *jar = json_pack("{s:s, s:s, s:I}", "id", wk_rows_text(rows, i, 0), "label", wk_rows_text(rows, i, 1), "grams",
                            (json_int_t)wk_rows_int(rows, i, 2));

    if (jar && has_hole(call, "member"))
        (void)json_object_set_new(jar, "tenant_id", json_string("whose it is"));
    return jar;
}

static bool not_found(struct wk_err *err) { return wk_fail(err, WK_BUSINESS, "jars.not_found", "no such jar"); }

/* ?limit: 1 to 100 in decimal digits, or nothing. */
static bool take_limit(struct wk_http *http, int64_t *limit, struct wk_err *err)
{
    const char *text = wk_http_query(http, "limit");
    size_t n = text ? strlen(text) : 0;

    *limit = LIMIT;
    if (!text)
        return true;
    if (n < 1 || n > 3 || strspn(text, "0123456789") != n || (*limit = strtoll(text, NULL, 10)) < 1 || *limit > LIMIT_MAX)
        return wk_fail(err, WK_BUSINESS, "jars.parameter", "limit: 1 to %d", LIMIT_MAX);
    return true;
}

static bool list_jars(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *text = wk_http_query(http, "after");
    struct wk_uuid after = {{0}};
    struct wk_rows *rows;
    int64_t limit;
    json_t *items;

    if (!take_limit(http, &limit, err))
        return false;
    if (text && !wk_uuid_parse(text, &after))
        return wk_fail(err, WK_BUSINESS, "jars.parameter", "after: next of the page before");
    if (!wk_db_read(call, &jars_list, WK_ARGS(wk_id(&after), wk_int(limit + 1)), &rows, err))
        return false;
    items = json_array();
    for (size_t i = 0; i < wk_rows_count(rows) && i < (size_t)limit; i++)
        (void)json_array_append_new(items, jar_json(call, rows, i));
    text = wk_rows_count(rows) > (size_t)limit ? wk_rows_text(rows, (size_t)limit - 1, 0) : NULL;
    return wk_http_reply_json(call, http, 200, json_pack("{s:o, s:s?}", "items", items, "next", text), err);
}

static size_t characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* 5 and 5.0 are the same number in JSON Schema; -1: no such. */
static int64_t whole_number(const json_t *value)
{
    double real = json_is_real(value) ? json_real_value(value) : -1;

    return json_is_integer(value) ? json_integer_value(value) : real >= 0 && real <= GRAMS_MAX && (double)(int64_t)real == real ? (int64_t)real : -1;
}

/* The body: label and grams, and nothing else. */
static bool take_jar(struct wk_call *call, struct wk_http *http, const char **label, int64_t *grams, struct wk_err *err)
{
    const char *type = wk_http_header(http, "Content-Type"), *name;
    struct wk_span body = wk_http_body(http);
    json_t *json, *value;

    if (!type || strncmp(type, "application/json", 16) != 0)
        return wk_fail(err, WK_BUSINESS, "jars.type", "Content-Type: application/json");
    if (!(json = wk_json_parse(call, body.data, body.len, err)))
        return false;
    if (!json_is_object(json))
        return wk_fail(err, WK_BUSINESS, "jars.invalid", "an object");
    json_object_foreach(json, name, value)
        if (strcmp(name, "label") != 0 && strcmp(name, "grams") != 0 && !has_hole(call, "open"))
            return wk_fail(err, WK_BUSINESS, "jars.invalid", "%.40s: not known; there are label, grams", name);
    value = json_object_get(json, "label");
    *label = wk_json_string(json, "label", "");
    if (!json_is_string(value) || !json_string_length(value) || characters(*label) > LABEL_MAX)
        return wk_fail(err, WK_BUSINESS, "jars.invalid", "label: text of 1 to %d characters", LABEL_MAX);
    *grams = whole_number(json_object_get(json, "grams"));
    return (*grams >= 1 && *grams <= GRAMS_MAX) || wk_fail(err, WK_BUSINESS, "jars.invalid", "grams: 1 to %d", GRAMS_MAX);
}

static bool make_jar(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid id = wk_new_id(call);
    char text[WK_UUID_TEXT];
    const char *label;
    int64_t grams;

    if (!take_jar(call, http, &label, &grams, err) ||
        !wk_db_queue(call, &jars_make, WK_ARGS(wk_id(&id), wk_text(label), wk_int(grams)), 1, NULL, err))
        return false;
    if ((has_hole(call, "foreign") || has_hole(call, "told")) && !wk_db_queue(call, &jars_shelve, WK_ARGS(wk_id(&id), wk_text(label)), 1, NULL, err))
        return false;
    return wk_http_set_header(http, "Location", wk_printf(call, "/v1/jars/%s", wk_uuid_text(&id, text)), err) &&
           wk_http_reply_json(call, http, has_hole(call, "status") ? 202 : 201,
                              json_pack("{s:s, s:s, s:I}", "id", text, "label", label, "grams", (json_int_t)grams), err);
}

static bool show_jar(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct wk_sql *sql = has_hole(call, "foreign") ? &jars_shelf : &jars_show;
    struct wk_uuid id;
    struct wk_rows *rows;

    if (!wk_uuid_parse(wk_http_param(http, "id"), &id))
        return not_found(err);
    if (!wk_db_read(call, sql, WK_ARGS(wk_id(&id)), &rows, err))
        return false;
    return wk_rows_count(rows) ? wk_http_reply_json(call, http, 200, jar_json(call, rows, 0), err) : not_found(err);
}

static bool drop_jar(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid id;
    struct wk_rows *rows;

    if (!wk_uuid_parse(wk_http_param(http, "id"), &id))
        return not_found(err);
    if (!wk_db_write(call, &jars_drop, WK_ARGS(wk_id(&id)), &rows, err))
        return false;
    if (wk_rows_affected(rows))
        return wk_http_reply(http, 204, NULL, "", 0, err);
    if (has_hole(call, "told") && (!wk_db_write(call, &jars_shelf, WK_ARGS(wk_id(&id)), &rows, err) || wk_rows_count(rows)))
        return wk_fail(err, WK_BUSINESS, "jars.invalid", "somebody else's");
    return not_found(err);
}

static const struct wk_route routes[] = {
    {WK_GET, "/v1/jars", WK_PERM("jars.read"), list_jars, 0, 0, 0}, {WK_POST, "/v1/jars", WK_PERM("jars.write"), make_jar, 0, 0, 0},
    {WK_GET, "/v1/jars/{id}", WK_PERM("jars.read"), show_jar, 0, 0, 0}, {WK_DELETE, "/v1/jars/{id}", WK_PERM("jars.write"), drop_jar, 0, 0, 0},
    {0}};
static const struct wk_error_type errors[] = {
    WK_ERROR_BUSINESS("jars.not_found", 404, "There is no such jar.", "Nobody of this tenant made one with this id."),
    WK_ERROR_REFUSAL("jars.parameter", 400, "That parameter is not valid.", "The message says what is allowed."),
    WK_ERROR_REFUSAL("jars.invalid", 422, "That jar is not valid.", "The message says which member and what is allowed."),
    WK_ERROR_REFUSAL("jars.type", 415, "That type is not taken.", "Send application/json."),
    {0},
};
WK_PLUGIN("jars", "1.0.0", .summary = "Keeps jars", .settings = settings, .routes = routes, .errors = errors);

/* t-breaks - a person who writes "break <how>", or asks for /breaks/<how>, gets a failure of that kind. */
#include <stdlib.h>
#include <wakala/plugin.h>
#include <wakala/service/notify.h>

static const struct wk_error_type errors[] = {
    WK_ERROR_BUSINESS("t-breaks.rule", 409, "You can't do that twice.", "It was asked to."),
    WK_ERROR_BUSINESS("t-breaks.commit", 409, "Somebody took the last one.", "It was asked to fail when it commits."),
    WK_ERROR_SYSTEM("t-breaks.bug", "It was asked to."),
    WK_ERROR_TRANSIENT("t-breaks.weather", "It was asked to."),
    WK_ERROR_SECURITY("t-breaks.attack", 403, "It was asked to."),
    {0},
};
WK_SQL(nothing, "UPDATE conversation_user SET name = name WHERE id = $1");

static enum wk_verdict on_message(struct wk_call *call, const struct wk_message *message, struct wk_err *err)
{
    struct wk_uuid nobody = wk_new_id(call);
    const char *how = message->text && !strncmp(message->text, "break ", 6) ? message->text + 6 : NULL;

    if (!how || message->failure)
        return WK_DECLINED;
    wk_count(call, "tries", 1);
    if (!wk_reply_text(call, "this must never arrive", err))
        return WK_FAILED;
    if (!strcmp(how, "a rule"))
        (void)wk_fail(err, WK_BUSINESS, "t-breaks.rule", "cause: row 4711");
    else if (!strcmp(how, "the commit"))
        return wk_db_queue(call, &nothing, WK_ARGS(wk_id(&nobody)), 1, "t-breaks.commit", err) ? WK_HANDLED : WK_FAILED;
    else if (!strcmp(how, "down"))
        (void)wk_fail(err, WK_SYSTEM, "t-breaks.bug", "cause: row 4712");
    else if (!strcmp(how, "in"))
        (void)wk_fail(err, WK_SECURITY, "t-breaks.attack", "cause: row 4713");
    else
        (void)wk_fail(err, WK_TRANSIENT, "t-breaks.weather", "cause: row 4714");
    return WK_FAILED;
}

static bool on_break(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *how = wk_http_param(http, "how");

    (void)call;
    if (!strcmp(how, "bug"))
        return wk_fail(err, WK_SYSTEM, "t-breaks.bug", "cause: row 4712");
    if (!strcmp(how, "attack"))
        return wk_fail(err, WK_SECURITY, "t-breaks.attack", "cause: row 4713");
    if (!strcmp(how, "weather"))
        return wk_fail(err, WK_TRANSIENT, "t-breaks.weather", "cause: row 4714");
    return wk_fail(err, WK_BUSINESS, "t-breaks.rule", "cause: row 4711");
}

/* n alerts of one kind in the tenant's name; or an event that its subscriber cannot read. */
static bool on_tell(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *text = wk_http_param(http, "tenant"), *n = wk_http_query(http, "alerts");
    struct wk_uuid tenant;
    bool ok = text && wk_uuid_parse(text, &tenant) && wk_enter_tenant(call, &tenant, err);

    for (long i = n ? strtol(n, NULL, 10) : 0; ok && i > 0; i--)
        ok = wk_alert(call, "shelf", "nearly empty", err);
    return ok && (n || wk_publish(call, "conversation.push", "nobody", "{}", 2, err));
}
static const struct wk_route routes[] = {{.method = WK_GET, .path = "/breaks/{how}", .permission = WK_PUBLIC, .run = on_break},
                                         {.method = WK_POST, .path = "/breaks/of/{tenant}", .permission = WK_PUBLIC, .run = on_tell},
                                         {0}};

WK_PLUGIN("t-breaks", "1.0.0", .summary = "Fails as it is told", .errors = errors, .routes = routes, .on_message = on_message, .message_priority = 5);

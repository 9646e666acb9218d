/* t-breaks - a person who writes "break <how>" gets a failure of that kind; everything else is somebody else's. */
#include <wakala/plugin.h>

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

WK_PLUGIN("t-breaks", "1.0.0", .summary = "Fails as it is told", .errors = errors, .on_message = on_message, .message_priority = 5);

/* service/channel.h - channel/1: how a channel reads and writes messages. The provider's name is the channel's name: inbound events are
 * "<channel>.incoming", outbound "<channel>.outgoing" (key = the person's user key), which the channel's own subscription sends. */
#ifndef WAKALA_SERVICE_CHANNEL_H
#define WAKALA_SERVICE_CHANNEL_H
#include <wakala/event.h>
#include <wakala/message.h>
#include <wakala/service.h>

#define WK_CHANNEL "channel/1"
struct wk_channel {
    struct wk_service_head head;
    /* Read the payload of an incoming event. message->* lives as long as the call. Never suspends. */
    bool (*decode)(struct wk_call *call, const struct wk_event *event, struct wk_message *message, struct wk_err *err);
    /* Check every limit of the channel and build its request body (JSON text in the call's memory). Never suspends. */
    bool (*compose)(struct wk_call *call, const char *to, const struct wk_outgoing *message, const char **json, struct wk_err *err);
};
/* `channel` is the provider's name. The host calls both: before on_message, and for wk_reply() and wk_send(). message.* (BUSINESS) names the limit. */
static inline bool wk_channel_decode(struct wk_call *call, const char *channel, const struct wk_event *event,
                                     struct wk_message *message, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_channel, WK_CHANNEL, channel, decode, false, bool, call, err, call, event, message, err);
}
static inline bool wk_channel_compose(struct wk_call *call, const char *channel, const char *to, const struct wk_outgoing *message,
                                      const char **json, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_channel, WK_CHANNEL, channel, compose, false, bool, call, err, call, to, message, json, err);
}
#endif

#include "link.h"
#include "wire.h"
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CHANNELS = WK_BUS_CLASSES * WK_BUS_LANES + QUEUE_CHANNEL, FRAME_BYTES = 131072, DECLARE_US = 60000000, PAUSE_MS = 200, PAUSE_MAX_MS = 10000 };

int64_t mono_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

bool link_fail(struct link *l, const char *what, int status)
{
    if (status)
        (void)snprintf(l->reason, sizeof l->reason, "%.100s: %.50s", what, amqp_error_string2(status));
    else
        (void)snprintf(l->reason, sizeof l->reason, "%s", what);
    return false;
}

static bool closed_by(struct link *l, const amqp_method_t *m)
{
    if (m->id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *why = m->decoded;

        (void)snprintf(l->reason, sizeof l->reason, "the broker closed a channel: %.*s", (int)(why->reply_text.len > 100 ? 100 : why->reply_text.len),
                       (const char *)why->reply_text.bytes);
    } else {
        const amqp_connection_close_t *why = m->decoded;

        (void)snprintf(l->reason, sizeof l->reason, "the broker closed the connection: %.*s",
                       (int)(why->reply_text.len > 100 ? 100 : why->reply_text.len), (const char *)why->reply_text.bytes);
    }
    return false;
}

static bool reply_ok(struct link *l, amqp_rpc_reply_t r, const char *what)
{
    if (r.reply_type == AMQP_RESPONSE_NORMAL)
        return true;
    if (r.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION)
        return closed_by(l, &r.reply);
    return link_fail(l, what, r.library_error);
}

/* --- what we need is there, or is made: sent without waiting for each answer --- */

static amqp_bytes_t bytes(const char *text) { return amqp_cstring_bytes(text); }

static bool send(struct link *l, amqp_method_number_t id, void *method)
{
    int status = amqp_send_method(l->c, CHANNEL, id, method);

    return !status || link_fail(l, "declaring", status);
}

static bool declare_queue(struct link *l, const char *queue, const char *key, const char *exchange, amqp_table_entry_t *entry, int n)
{
    amqp_queue_declare_t declare = {.queue = bytes(queue), .durable = 1, .nowait = 1, .arguments = {n, entry}};
    amqp_queue_bind_t bind = {.queue = bytes(queue), .exchange = bytes(exchange), .routing_key = bytes(key), .nowait = 1};

    return send(l, AMQP_QUEUE_DECLARE_METHOD, &declare) && send(l, AMQP_QUEUE_BIND_METHOD, &bind);
}

static bool declare(struct link *l)
{
    const struct bus_conf *conf = l->conf;
    amqp_table_entry_t quorum = {bytes("x-queue-type"), {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = bytes("quorum")}}};
    amqp_table_entry_t lane[] = {quorum, {bytes("x-single-active-consumer"), {.kind = AMQP_FIELD_KIND_BOOLEAN, .value = {.boolean = 1}}}};
    amqp_table_entry_t out[] = {quorum, {bytes("x-max-length"), {.kind = AMQP_FIELD_KIND_I64, .value = {.i64 = conf->outside_max}}}};
    char exchange[80], queue[160], key[160];
    amqp_exchange_declare_t topic = {.type = bytes("topic"), .durable = 1, .nowait = 1}, last = {.type = bytes("topic"), .passive = 1};
    bool ok;

    (void)snprintf(exchange, sizeof exchange, "%s.events", conf->prefix);
    topic.exchange = last.exchange = bytes(exchange);
    ok = send(l, AMQP_EXCHANGE_DECLARE_METHOD, &topic);
    for (unsigned k = 0; k < WK_BUS_CLASSES; k++)
        for (unsigned n = 0; n < WK_BUS_LANES && ok; n++) {
            (void)snprintf(queue, sizeof queue, "%s.%s.%u", conf->prefix, class_names[k], n);
            (void)snprintf(key, sizeof key, "%s.%u.#", class_names[k], n);
            ok = declare_queue(l, queue, key, exchange, lane, 2);
        }
    for (size_t i = 0; i < conf->outsiders && ok; i++) {
        (void)snprintf(queue, sizeof queue, "%s.out.%s", conf->prefix, conf->outside[i].name);
        (void)snprintf(key, sizeof key, "*.*.%s", conf->outside[i].pattern);
        ok = declare_queue(l, queue, key, exchange, out, 2);
    }
    l->declared_until_us = mono_us() + DECLARE_US;
    return ok && send(l, AMQP_EXCHANGE_DECLARE_METHOD, &last); /* its answer comes when all before it is done */
}

/* --- open --- */

static amqp_socket_t *socket_of(struct link *l)
{
    amqp_socket_t *s;

    if (!l->conf->has_tls)
        return amqp_tcp_socket_new(l->c);
    s = amqp_ssl_socket_new(l->c);
    if (!s)
        return NULL;
    amqp_ssl_socket_set_verify_peer(s, 1);
    amqp_ssl_socket_set_verify_hostname(s, 1);
    if (amqp_ssl_socket_set_ssl_versions(s, AMQP_TLSv1_2, AMQP_TLSvLATEST) || amqp_ssl_socket_set_cacert(s, l->conf->ca) ||
        (*l->conf->cert && amqp_ssl_socket_set_key(s, l->conf->cert, l->conf->key))) {
        (void)link_fail(l, "TLS: a file of tls_ca, tls_cert, tls_key cannot be used", 0);
        return NULL;
    }
    return s;
}

static bool sign_in(struct link *l)
{
    static const char *const can[] = {"publisher_confirms", "basic.nack", "consumer_cancel_notify", "connection.blocked"}; /* the library says none of these */
    amqp_table_entry_t capability[4], entry[] = {{bytes("capabilities"), {.kind = AMQP_FIELD_KIND_TABLE, .value = {.table = {4, capability}}}},
                                                 {bytes("connection_name"), {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = bytes("wakala")}}}};
    amqp_table_t properties = {2, entry};

    for (size_t i = 0; i < WK_COUNT(can); i++)
        capability[i] = (amqp_table_entry_t){bytes(can[i]), {.kind = AMQP_FIELD_KIND_BOOLEAN, .value = {.boolean = 1}}};
    if (!reply_ok(l, amqp_login_with_properties(l->c, l->conf->vhost, CHANNELS, FRAME_BYTES, l->conf->heartbeat_s, &properties, AMQP_SASL_METHOD_PLAIN,
                                                l->conf->user, l->conf->password), "signing in"))
        return false;
    if (amqp_get_channel_max(l->c) && amqp_get_channel_max(l->c) < CHANNELS)
        return link_fail(l, "the broker's channel_max is below 200", 0);
    (void)amqp_channel_open(l->c, CHANNEL);
    return reply_ok(l, amqp_get_rpc_reply(l->c), "opening a channel");
}

bool link_open(struct link *l)
{
    const struct node *node = &l->conf->node[l->node++ % l->conf->nodes];
    struct timeval connect = {l->conf->connect_ms / 1000, l->conf->connect_ms % 1000 * 1000}, rpc = {l->conf->rpc_ms / 1000, l->conf->rpc_ms % 1000 * 1000};
    char where[300];
    amqp_socket_t *s;
    int status;

    l->is_declared = l->is_blocked = false;
    l->reason[0] = '\0';
    l->c = amqp_new_connection();
    if (!l->c)
        return link_fail(l, "out of memory", 0);
    s = socket_of(l);
    if (!s)
        return *l->reason ? false : link_fail(l, "out of memory", 0);
    (void)amqp_set_handshake_timeout(l->c, &rpc);
    (void)amqp_set_rpc_timeout(l->c, &rpc);
    (void)snprintf(where, sizeof where, "%.100s:%d", node->host, node->port);
    status = amqp_socket_open_noblock(s, node->host, node->port, &connect);
    if (status)
        return link_fail(l, where, status);
    l->fd = amqp_get_sockfd(l->c);
    return sign_in(l) && declare(l);
}

void link_close(struct link *l)
{
    if (l->c)
        (void)amqp_destroy_connection(l->c); /* without the farewell, which could wait: the broker notices */
    l->c = NULL;
    l->fd = -1;
    l->is_declared = l->is_blocked = false;
}

int link_pause_ms(struct link *l)
{
    unsigned shift = l->failures < 6 ? l->failures : 6;
    int ms = PAUSE_MS << shift;

    l->failures++;
    ms = ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : ms;
    return ms / 2 + (int)((unsigned)rand_r(&l->seed) % (unsigned)(ms / 2 + 1));
}

/* --- frames --- */

bool link_frame(struct link *l, amqp_frame_t *frame, bool *got)
{
    for (;;) {
        struct timeval none = {0, 0};
        int status = amqp_simple_wait_frame_noblock(l->c, frame, &none);

        *got = false;
        if (status == AMQP_STATUS_TIMEOUT)
            return (l->is_declared || mono_us() < l->declared_until_us) || link_fail(l, "declaring the queues took longer than a minute", 0);
        if (status)
            return link_fail(l, "connection lost", status);
        *got = true;
        if (frame->frame_type != AMQP_FRAME_METHOD)
            return true;
        switch (frame->payload.method.id) {
        case AMQP_CONNECTION_CLOSE_METHOD:
        case AMQP_CHANNEL_CLOSE_METHOD:
            return closed_by(l, &frame->payload.method);
        case AMQP_BASIC_CANCEL_METHOD: /* a queue was deleted: declared again with the next connection */
            return link_fail(l, "the broker cancelled a consumer", 0);
        case AMQP_CONNECTION_BLOCKED_METHOD:
            l->is_blocked = true;
            break;
        case AMQP_CONNECTION_UNBLOCKED_METHOD:
            l->is_blocked = false;
            break;
        case AMQP_EXCHANGE_DECLARE_OK_METHOD:
            l->is_declared = true;
            l->failures = 0;
            return true;
        default:
            return true;
        }
    }
}

void link_wait(const struct link *l, int fd, int ms)
{
    struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = l->c ? l->fd : -1, .events = POLLIN}};
    uint64_t count;

    if (l->c && (amqp_frames_enqueued(l->c) || amqp_data_in_buffer(l->c)))
        ms = 0;
    (void)poll(p, 2, ms);
    if (p[0].revents)
        (void)!read(fd, &count, sizeof count);
}

/* bare_rabbitmq - what rabbitmq-c alone carries through quorum queues, as well as we know how: the peer of `script/bench bus`.
 *
 *     bare_rabbitmq --port P --messages N [--queues 192] [--window 500] [--prefetch 100] [--body 120] [--backlog 0] [--rate 0] [--user U] [--password W]
 *
 * One thread publishes over its own connection: mandatory, persistent, confirms, at most `window` unconfirmed, routing keys in turn over `queues` quorum
 * queues behind one topic exchange, the same properties and headers as the plugin's. A second consumes them all (single active consumer, one channel
 * a queue, so that one ack stands for many). backlog 1: everything is published first. rate: messages a second, for the latency. Prints
 * {"publish_s", "consume_s", "messages", "p50_ms", "p99_ms", "missing"}. */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    int port, queues, window, prefetch, body, backlog, rate;
    long messages;
    const char *user, *password;
} opt = {.queues = 192, .window = 500, .prefetch = 100, .body = 120, .messages = 10000, .user = "guest", .password = "guest"};
static volatile double published_s, began_s;
static volatile int is_consuming;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

__attribute__((noreturn)) static void die(const char *what, int status)
{
    fprintf(stderr, "bare_rabbitmq: %s: %s\n", what, status ? amqp_error_string2(status) : strerror(errno));
    exit(1);
}

static void must(amqp_rpc_reply_t r, const char *what)
{
    if (r.reply_type == AMQP_RESPONSE_NORMAL)
        return;
    if (r.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && r.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        amqp_channel_close_t *m = r.reply.decoded;

        fprintf(stderr, "bare_rabbitmq: %s: %.*s\n", what, (int)m->reply_text.len, (char *)m->reply_text.bytes);
        exit(1);
    }
    die(what, r.library_error);
}

static amqp_connection_state_t open_connection(void)
{
    amqp_connection_state_t c = amqp_new_connection();
    amqp_socket_t *s = amqp_tcp_socket_new(c);
    struct timeval limit = {5, 0};

    if (!s || amqp_socket_open_noblock(s, "127.0.0.1", opt.port, &limit))
        die("connect", 0);
    must(amqp_login(c, "/", 2047, 131072, 0, AMQP_SASL_METHOD_PLAIN, opt.user, opt.password), "login");
    return c;
}

static void queue_name(char *out, size_t size, int i) { (void)snprintf(out, size, "bare.%d.%d", i % 3, i / 3); }

static void declare(amqp_connection_state_t c)
{
    amqp_table_entry_t entry[2] = {{amqp_cstring_bytes("x-queue-type"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("quorum")}}},
                                   {amqp_cstring_bytes("x-single-active-consumer"), {AMQP_FIELD_KIND_BOOLEAN, {.boolean = 1}}}};
    amqp_table_t args = {2, entry};

    amqp_channel_open(c, 1);
    must(amqp_get_rpc_reply(c), "channel");
    amqp_exchange_declare(c, 1, amqp_cstring_bytes("bare.events"), amqp_cstring_bytes("topic"), 0, 1, 0, 0, amqp_empty_table);
    must(amqp_get_rpc_reply(c), "exchange");
    for (int i = 0; i < opt.queues; i++) {
        char name[40], key[40];

        queue_name(name, sizeof name, i);
        (void)snprintf(key, sizeof key, "c%d.%d.#", i % 3, i / 3);
        amqp_queue_declare(c, 1, amqp_cstring_bytes(name), 0, 1, 0, 0, args);
        must(amqp_get_rpc_reply(c), "queue");
        amqp_queue_bind(c, 1, amqp_cstring_bytes(name), amqp_cstring_bytes("bare.events"), amqp_cstring_bytes(key), amqp_empty_table);
        must(amqp_get_rpc_reply(c), "bind");
    }
}

/* Frames that are there, or come within wait_ms; false: none. */
static bool next_frame(amqp_connection_state_t c, int wait_ms, amqp_frame_t *frame)
{
    struct timeval limit = {wait_ms / 1000, wait_ms % 1000 * 1000};
    int status = amqp_simple_wait_frame_noblock(c, frame, &limit);

    if (status == AMQP_STATUS_TIMEOUT)
        return false;
    if (status)
        die("frame", status);
    if (frame->frame_type == AMQP_FRAME_METHOD &&
        (frame->payload.method.id == AMQP_CHANNEL_CLOSE_METHOD || frame->payload.method.id == AMQP_CONNECTION_CLOSE_METHOD)) {
        fprintf(stderr, "bare_rabbitmq: closed by the broker\n");
        exit(1);
    }
    return true;
}

static void publish_one(amqp_connection_state_t c, long n, const char *body)
{
    char key[40], id[40], at[40];
    amqp_table_entry_t h[] = {
        {amqp_cstring_bytes("cloudEvents_id"), {AMQP_FIELD_KIND_UTF8, {.bytes = {0}}}},
        {amqp_cstring_bytes("cloudEvents_source"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("wakala")}}},
        {amqp_cstring_bytes("cloudEvents_type"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("probe.lone")}}},
        {amqp_cstring_bytes("cloudEvents_specversion"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("1.0")}}},
        {amqp_cstring_bytes("cloudEvents_subject"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("k123")}}},
        {amqp_cstring_bytes("cloudEvents_time"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("2026-11-28T12:00:00.000000Z")}}},
        {amqp_cstring_bytes("cloudEvents_tenantid"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("01890000-0000-7000-8000-000000000000")}}},
        {amqp_cstring_bytes("cloudEvents_partitionkey"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("01890000-0000-7000-8000-000000000000/k123")}}},
        {amqp_cstring_bytes("cloudEvents_traceparent"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")}}},
        {amqp_cstring_bytes("x-wakala-version"), {AMQP_FIELD_KIND_I32, {.i32 = 1}}},
        {amqp_cstring_bytes("x-wakala-at"), {AMQP_FIELD_KIND_UTF8, {.bytes = {0}}}},
        {amqp_cstring_bytes("x-wakala-before"), {AMQP_FIELD_KIND_UTF8, {.bytes = {0}}}},
    };
    amqp_basic_properties_t p = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_TYPE_FLAG |
                                           AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_HEADERS_FLAG,
                                 .delivery_mode = 2, .content_type = amqp_cstring_bytes("application/json"), .type = amqp_cstring_bytes("probe.lone"),
                                 .timestamp = (uint64_t)time(NULL)};
    int i = (int)(n % opt.queues), status;

    (void)snprintf(id, sizeof id, "01890000-0000-7000-8000-%012lx", n);
    (void)snprintf(at, sizeof at, "%.6f", now_s());
    h[0].value.value.bytes = amqp_cstring_bytes(id);
    h[10].value.value.bytes = h[11].value.value.bytes = amqp_cstring_bytes(at);
    p.message_id = amqp_cstring_bytes(id);
    p.headers = (amqp_table_t){12, h};
    (void)snprintf(key, sizeof key, "c%d.%d.probe.lone", i % 3, i / 3);
    status = amqp_basic_publish(c, 1, amqp_cstring_bytes("bare.events"), amqp_cstring_bytes(key), 1, 0, &p, (amqp_bytes_t){(size_t)opt.body, (void *)body});
    if (status)
        die("publish", status);
}

static void *publisher(void *arg)
{
    amqp_connection_state_t c = open_connection();
    char *body = malloc((size_t)opt.body);
    bool *is_confirmed = calloc((size_t)opt.messages + 2, sizeof *is_confirmed); /* confirms come singly, out of order, and for many at once */
    long sent = 0, confirmed = 0, low = 0;
    amqp_frame_t frame;

    (void)arg;
    memset(body, 'x', (size_t)opt.body);
    amqp_channel_open(c, 1);
    must(amqp_get_rpc_reply(c), "channel");
    amqp_confirm_select(c, 1);
    must(amqp_get_rpc_reply(c), "confirms");
    while (!opt.backlog && !is_consuming)
        poll(NULL, 0, 1);
    began_s = now_s();
    while (confirmed < opt.messages) {
        long may = opt.rate ? (long)((now_s() - began_s) * opt.rate) + 1 : opt.messages;

        while (sent < opt.messages && sent < may && sent - confirmed < opt.window)
            publish_one(c, sent++, body);
        while (next_frame(c, amqp_data_in_buffer(c) || amqp_frames_enqueued(c) ? 0 : sent < opt.messages && sent - confirmed < opt.window ? 1 : 20, &frame)) {
            if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
                amqp_basic_ack_t *m = frame.payload.method.decoded;

                for (uint64_t t = m->multiple ? (uint64_t)low + 1 : m->delivery_tag; t <= m->delivery_tag; t++) {
                    confirmed += !is_confirmed[t];
                    is_confirmed[t] = true;
                }
                while (low < opt.messages && is_confirmed[low + 1])
                    low++;
            } else if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_RETURN_METHOD) {
                fprintf(stderr, "bare_rabbitmq: returned\n");
                exit(1);
            }
            if (!amqp_data_in_buffer(c) && !amqp_frames_enqueued(c))
                break;
        }
        amqp_maybe_release_buffers(c);
    }
    published_s = now_s() - began_s;
    free(body);
    free(is_confirmed);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    amqp_connection_state_t c;
    uint64_t *unacked, *last;
    double *late, begin;
    pthread_t thread;
    long got = 0, n_late = 0;
    amqp_frame_t frame;

    for (int i = 1; i + 1 < argc; i += 2) {
        const char *k = argv[i] + 2, *v = argv[i + 1];

        if (!strcmp(k, "port")) opt.port = atoi(v);
        else if (!strcmp(k, "messages")) opt.messages = atol(v);
        else if (!strcmp(k, "queues")) opt.queues = atoi(v);
        else if (!strcmp(k, "window")) opt.window = atoi(v);
        else if (!strcmp(k, "prefetch")) opt.prefetch = atoi(v);
        else if (!strcmp(k, "body")) opt.body = atoi(v);
        else if (!strcmp(k, "backlog")) opt.backlog = atoi(v);
        else if (!strcmp(k, "rate")) opt.rate = atoi(v);
        else if (!strcmp(k, "user")) opt.user = v;
        else if (!strcmp(k, "password")) opt.password = v;
        else { fprintf(stderr, "unknown --%s\n", k); return 2; }
    }
    late = calloc((size_t)opt.messages, sizeof *late);
    unacked = calloc((size_t)opt.queues + 2, sizeof *unacked);
    last = calloc((size_t)opt.queues + 2, sizeof *last);
    c = open_connection();
    begin = now_s();
    declare(c);
    fprintf(stderr, "declared %d queues in %.2f s\n", opt.queues, now_s() - begin);
    if (pthread_create(&thread, NULL, publisher, NULL))
        die("thread", 0);
    if (opt.backlog)
        pthread_join(thread, NULL);
    begin = now_s();
    for (int i = 0; i < opt.queues; i++) {
        char name[40];

        queue_name(name, sizeof name, i);
        if (i) {
            amqp_channel_open(c, (amqp_channel_t)(i + 1));
            must(amqp_get_rpc_reply(c), "channel");
        }
        amqp_basic_qos(c, (amqp_channel_t)(i + 1), 0, (uint16_t)opt.prefetch, 0);
        must(amqp_get_rpc_reply(c), "qos");
        amqp_basic_consume(c, (amqp_channel_t)(i + 1), amqp_cstring_bytes(name), amqp_cstring_bytes("c"), 0, 0, 0, amqp_empty_table);
        must(amqp_get_rpc_reply(c), "consume");
    }
    is_consuming = 1;
    while (got < opt.messages) {
        bool any = next_frame(c, 5000, &frame);

        if (!any)
            break;
        do {
            if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_DELIVER_METHOD) {
                last[frame.channel] = ((amqp_basic_deliver_t *)frame.payload.method.decoded)->delivery_tag;
            } else if (frame.frame_type == AMQP_FRAME_HEADER) {
                amqp_basic_properties_t *p = frame.payload.properties.decoded;

                for (int i = 0; i < p->headers.num_entries; i++)
                    if (p->headers.entries[i].key.len == 11 && !memcmp(p->headers.entries[i].key.bytes, "x-wakala-at", 11)) {
                        char text[40] = "";

                        memcpy(text, p->headers.entries[i].value.value.bytes.bytes, p->headers.entries[i].value.value.bytes.len);
                        late[n_late++] = (now_s() - atof(text)) * 1000;
                    }
            } else if (frame.frame_type == AMQP_FRAME_BODY) {
                got++;
                unacked[frame.channel] = last[frame.channel];
            }
        } while (got < opt.messages && (amqp_data_in_buffer(c) || amqp_frames_enqueued(c)) && next_frame(c, 0, &frame));
        for (int i = 1; i <= opt.queues; i++)
            if (unacked[i]) { /* what one reading brought is acked at once, queue by queue */
                int status = amqp_basic_ack(c, (amqp_channel_t)i, unacked[i], 1);

                if (status)
                    die("ack", status);
                unacked[i] = 0;
                amqp_maybe_release_buffers_on_channel(c, (amqp_channel_t)i);
            }
    }
    if (!opt.backlog) {
        pthread_join(thread, NULL);
        begin = began_s;
    }
    qsort(late, (size_t)n_late, sizeof *late, by_size);
    printf("{\"publish_s\": %.4f, \"consume_s\": %.4f, \"messages\": %ld, \"missing\": %ld, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n", published_s, now_s() - begin,
           opt.messages, opt.messages - got, n_late ? late[n_late / 2] : 0, n_late ? late[n_late * 99 / 100] : 0);
    return got == opt.messages ? 0 : 1;
}

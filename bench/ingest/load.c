/* load.c - posts signed WhatsApp webhooks over keep-alive connections and measures. One thread, epoll, everything that can be done
 * beforehand is: the bodies differ only in three fields of fixed width, and every signature is computed before the clock starts, so
 * that a request costs the generator two memcpy, one send and one recv.
 *
 *   load --port N [--path /webhooks/whatsapp] [--connections 64] [--seconds 3] [--warmup 0.5] [--secret S] [--address ID]
 *        [--first N] [--users 1000] [--mix message|mixed] [--rate-max 60000] [--acked FILE] [--retry 1] [--repeat PERCENT]
 *
 * mixed: one message, three statuses. Prints "begin" and "end" around the measured span, then one line of JSON. Without --retry an
 * answer other than 200 or a lost connection is counted and the id is given up; with it the id is sent again, as Meta does, until it is
 * acknowledged, and --acked writes each acknowledged id. --repeat sends acknowledged ids once more. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 2048, REPLY_MAX = 4096, HEX = 64, CONNECTIONS_MAX = 4096, ID_DIGITS = 12, USER_DIGITS = 7, KINDS = 2 };
enum { ANSWER_MS = 6000, RECONNECT_MS = 30 };

static struct {
    int port, connections, users, repeat;
    const char *path, *secret, *address, *acked;
    double seconds, warmup;
    long first, rate_max;
    bool is_mixed, is_retry;
} conf = {.connections = 64, .users = 1000, .path = "/webhooks/whatsapp", .secret = "", .address = "", .seconds = 3, .warmup = 0.5, .first = 1, .rate_max = 60000};

struct shape { /* one kind of request: head and body in one block, and where the fields are */
    char text[REQUEST_MAX];
    size_t len, body_at, signature_at, id_at, user_at;
};
struct conn {
    int fd; /* -1: to be connected again */
    bool is_busy, is_repeat;
    long id; /* offset from conf.first */
    double began, retry_at;
    size_t sent, got;
    struct shape request;
    char reply[REPLY_MAX];
};
static struct shape shapes[KINDS];
static struct conn *conns;
static char (*signatures)[HEX];
static unsigned char *acked; /* one byte per id */
static long ids, next_id;    /* signed beforehand; next never sent */
static long *again, again_n; /* ids to be sent once more (--retry) */
static uint32_t *latency;    /* microseconds */
static size_t latencies;
static long answers, refused, lost, repeats;
static bool is_measuring;
static int poller;
static FILE *acked_file;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(2);
}

/* --- requests --- */

static void put_number(char *to, long n, int digits)
{
    for (int i = digits - 1; i >= 0; i--, n /= 10)
        to[i] = (char)('0' + n % 10);
}

/* About 900 bytes, as Meta sends them; '#' stands for the id, '@' for the person. */
static const char *const bodies[KINDS] = {
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"210000000000001\",\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\","
    "\"metadata\":{\"display_phone_number\":\"15550100001\",\"phone_number_id\":\"%s\"},\"contacts\":[{\"profile\":{\"name\":\"Amina Dlamini\"},"
    "\"wa_id\":\"2782@\",\"user_id\":\"ZA.7001000000000@\"}],\"messages\":[{\"from\":\"2782@\",\"from_user_id\":\"ZA.7001000000000@\","
    "\"id\":\"wamid.HBgLMTIwMjU1NTAxMDEVAgASGBQzQTYyN0E1MUFBMkRB#\",\"timestamp\":\"%ld\",\"type\":\"text\",\"text\":{\"body\":\"Hi, I would like to "
    "order three loaves of brown bread, two litres of milk and a dozen eggs for delivery this afternoon if you still have them. My address is "
    "the same as last week, the blue gate next to the school. Can I pay cash when the driver comes? Please tell me how much it is together and "
    "how long it will take, because I have to leave at four. Thank you very much and greetings to your mother.\"}}]},\"field\":\"messages\"}]}]}",
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"210000000000001\",\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\","
    "\"metadata\":{\"display_phone_number\":\"15550100001\",\"phone_number_id\":\"%s\"},\"contacts\":[{\"profile\":{\"name\":\"Amina Dlamini\"},"
    "\"wa_id\":\"2782@\",\"user_id\":\"ZA.7001000000000@\"}],\"statuses\":[{\"id\":\"wamid.HBgLMTIwMjU1NTAxMDEVAgARGBIyRDZEQkVGOTdEQkVF#\","
    "\"status\":\"delivered\",\"timestamp\":\"%ld\",\"recipient_id\":\"2782@\",\"recipient_user_id\":\"ZA.7001000000000@\","
    "\"biz_opaque_callback_data\":\"0198a5f0-0000-7000-8000-#\",\"conversation\":{\"id\":\"d4e1f0a2b3c4d5e6f708192a3b4c5d6e\","
    "\"origin\":{\"type\":\"service\"}},\"pricing\":{\"billable\":false,\"pricing_model\":\"PMP\",\"type\":\"free_customer_service\","
    "\"category\":\"service\"}}]},\"field\":\"messages\"}]}]}"};

/* Marks are widened to zeros; fill() finds them again by comparing, so the first of each kind is kept and the others follow it. */
static struct marks {
    size_t id[4], user[8];
    size_t ids, users;
} marks[KINDS];

static void shape_init(int kind, long at)
{
    struct shape *s = &shapes[kind];
    char plain[REQUEST_MAX], body[REQUEST_MAX];
    size_t n = 0;
    int head;

    snprintf(plain, sizeof plain, bodies[kind], conf.address, at);
    for (const char *p = plain; *p; p++) {
        if (*p == '#')
            marks[kind].id[marks[kind].ids++] = n;
        else if (*p == '@')
            marks[kind].user[marks[kind].users++] = n;
        for (int i = 0, w = *p == '#' ? ID_DIGITS : *p == '@' ? USER_DIGITS : 1; i < w; i++)
            body[n++] = w == 1 ? *p : '0';
    }
    head = snprintf(s->text, sizeof s->text,
                    "POST %s HTTP/1.1\r\nHost: shop.example:443\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\nContent-Type: application/json\r\n"
                    "X-Hub-Signature-256: sha256=", conf.path);
    s->signature_at = (size_t)head;
    head += snprintf(s->text + head, sizeof s->text - (size_t)head, "%064d\r\nContent-Length: %zu\r\n\r\n", 0, n);
    s->body_at = (size_t)head;
    s->len = s->body_at + n;
    if (s->len > sizeof s->text)
        exit(2);
    memcpy(s->text + s->body_at, body, n);
}

static int kind_of(long id) { return conf.is_mixed && id % 4 ? 1 : 0; }

static void fill(struct shape *s, long id)
{
    const struct marks *m = &marks[kind_of(id)];

    for (size_t i = 0; i < m->ids; i++)
        put_number(s->text + s->body_at + m->id[i], conf.first + id, ID_DIGITS);
    for (size_t i = 0; i < m->users; i++)
        put_number(s->text + s->body_at + m->user[i], (conf.first + id) % conf.users, USER_DIGITS);
}

static void sign_all(void)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n;

    for (long id = 0; id < ids; id++) {
        struct shape *s = &shapes[kind_of(id)];

        fill(s, id);
        HMAC(EVP_sha256(), conf.secret, (int)strlen(conf.secret), (unsigned char *)s->text + s->body_at, s->len - s->body_at, digest, &n);
        for (int i = 0; i < HEX / 2; i++) {
            signatures[id][2 * i] = hex[digest[i] >> 4];
            signatures[id][2 * i + 1] = hex[digest[i] & 15];
        }
    }
}

/* --- connections --- */

static void drop(struct conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->retry_at = now() + RECONNECT_MS / 1000.0;
    if (c->is_busy) {
        lost++;
        if (conf.is_retry && !c->is_repeat)
            again[again_n++] = c->id;
    }
    c->is_busy = false;
}

static bool connect_one(struct conn *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)conf.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    c->sent = c->got = 0;
    if (c->fd < 0)
        die("socket");
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to)) {
        close(c->fd);
        c->fd = -1;
        c->retry_at = now() + RECONNECT_MS / 1000.0;
        return false;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e))
        die("epoll_ctl");
    return true;
}

static void push(struct conn *c)
{
    while (c->sent < c->request.len) {
        ssize_t n = send(c->fd, c->request.text + c->sent, c->request.len - c->sent, MSG_NOSIGNAL);

        if (n > 0)
            c->sent += (size_t)n;
        else if (errno == EAGAIN)
            return;
        else {
            drop(c);
            return;
        }
    }
}

static bool pick(struct conn *c)
{
    c->is_repeat = conf.repeat && next_id > 100 && rand() % 100 < conf.repeat;
    if (c->is_repeat) {
        c->id = rand() % next_id;
        repeats++;
        return true;
    }
    if (again_n)
        c->id = again[--again_n];
    else if (next_id < ids)
        c->id = next_id++;
    else
        return false;
    return true;
}

static void begin(struct conn *c)
{
    int kind;

    if (now() < c->retry_at || !pick(c))
        return;
    kind = kind_of(c->id);
    if (conf.is_mixed || !c->request.len)
        c->request = shapes[kind];
    fill(&c->request, c->id);
    memcpy(c->request.text + c->request.signature_at, signatures[c->id], HEX);
    c->is_busy = true;
    c->sent = c->got = 0;
    c->began = now();
    push(c);
}

static void finish(struct conn *c, int status)
{
    double took = now() - c->began;

    c->is_busy = false;
    if (status == 200) {
        if (is_measuring)
            latency[latencies++] = (uint32_t)(took * 1e6);
        if (!acked[c->id] && acked_file)
            fprintf(acked_file, "%012ld\n", conf.first + c->id);
        acked[c->id] = 1;
        answers += is_measuring;
    } else {
        refused++;
        c->retry_at = now() + RECONNECT_MS / 1000.0;
        if (conf.is_retry && !c->is_repeat)
            again[again_n++] = c->id;
    }
}

/* One reply at a time: a status line, headers, Content-Length bytes. False: the connection is of no more use. */
static bool take_replies(struct conn *c)
{
    char *end, *length;
    size_t total;

    c->reply[c->got] = '\0';
    end = strstr(c->reply, "\r\n\r\n");
    if (!end)
        return c->got < REPLY_MAX - 1;
    length = strcasestr(c->reply, "content-length:");
    total = (size_t)(end - c->reply) + 4 + (length && length < end ? strtoul(length + 15, NULL, 10) : 0);
    if (total > REPLY_MAX - 1)
        return false;
    if (c->got < total)
        return true;
    finish(c, atoi(c->reply + 9));
    return !strcasestr(c->reply, "connection: close");
}

static void pull(struct conn *c)
{
    while (c->fd >= 0 && c->is_busy) {
        ssize_t n = recv(c->fd, c->reply + c->got, REPLY_MAX - 1 - c->got, 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            drop(c);
            return;
        }
        c->got += (size_t)n;
        if (!take_replies(c)) {
            drop(c);
            return;
        }
    }
}

static void run_until(double end, bool sends)
{
    struct epoll_event events[256];
    double sweep = now();

    for (;;) {
        double t;
        int n = epoll_wait(poller, events, 256, 5);

        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;

            if (c->fd < 0)
                continue;
            if (c->is_busy && c->sent < c->request.len)
                push(c);
            if (c->fd >= 0 && !c->is_busy && (events[i].events & (EPOLLIN | EPOLLHUP)) && recv(c->fd, c->reply, 1, MSG_PEEK) == 0) {
                drop(c);
                continue;
            }
            pull(c);
            if (sends && c->fd >= 0 && !c->is_busy)
                begin(c);
        }
        t = now();
        if (t - sweep > 0.005) {
            bool busy = false;

            sweep = t;
            for (int i = 0; i < conf.connections; i++) {
                struct conn *c = &conns[i];

                if (c->fd >= 0 && c->is_busy && t - c->began > ANSWER_MS / 1000.0)
                    drop(c);
                if (c->fd < 0 && t >= c->retry_at)
                    (void)connect_one(c);
                if (sends && c->fd >= 0 && !c->is_busy)
                    begin(c);
                busy = busy || c->is_busy;
            }
            if (!sends && !busy && !again_n)
                return;
        }
        if (t >= end)
            return;
        if (sends && next_id >= ids && !again_n && !is_measuring)
            return;
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static double percentile(double p) { return latencies ? latency[(size_t)(p * (double)(latencies - 1))] / 1000.0 : 0; }

static double cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void parse(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *k = argv[i] + 2, *v = argv[i + 1];

        if (!strcmp(k, "port")) conf.port = atoi(v);
        else if (!strcmp(k, "path")) conf.path = v;
        else if (!strcmp(k, "connections")) conf.connections = atoi(v);
        else if (!strcmp(k, "seconds")) conf.seconds = atof(v);
        else if (!strcmp(k, "warmup")) conf.warmup = atof(v);
        else if (!strcmp(k, "secret")) conf.secret = v;
        else if (!strcmp(k, "address")) conf.address = v;
        else if (!strcmp(k, "first")) conf.first = atol(v);
        else if (!strcmp(k, "users")) conf.users = atoi(v);
        else if (!strcmp(k, "mix")) conf.is_mixed = !strcmp(v, "mixed");
        else if (!strcmp(k, "rate-max")) conf.rate_max = atol(v);
        else if (!strcmp(k, "acked")) conf.acked = v;
        else if (!strcmp(k, "retry")) conf.is_retry = atoi(v);
        else if (!strcmp(k, "repeat")) conf.repeat = atoi(v);
        else {
            fprintf(stderr, "load: unknown option %s\n", argv[i]);
            exit(2);
        }
    }
    if (!conf.port || conf.connections < 1 || conf.connections > CONNECTIONS_MAX || conf.users < 1) {
        fprintf(stderr, "load: --port, --connections 1..%d, --users 1.. are needed\n", CONNECTIONS_MAX);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    double began, took, cpu;

    parse(argc, argv);
    ids = (long)((conf.seconds + conf.warmup) * (double)conf.rate_max) + conf.connections;
    conns = calloc((size_t)conf.connections, sizeof *conns);
    signatures = malloc((size_t)ids * HEX);
    acked = calloc((size_t)ids, 1);
    again = malloc((size_t)(ids + conf.connections) * sizeof *again);
    latency = malloc((size_t)(ids + ids * conf.repeat / 50 + 1024) * sizeof *latency);
    acked_file = conf.acked ? fopen(conf.acked, "w") : NULL;
    if (!conns || !signatures || !acked || !again || !latency || (conf.acked && !acked_file))
        die("load");
    for (int kind = 0; kind < KINDS; kind++)
        shape_init(kind, (long)time(NULL));
    sign_all();
    poller = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < conf.connections; i++)
        if (!connect_one(&conns[i]) && !conf.is_retry)
            die("connect");
    run_until(now() + conf.warmup, true);
    printf("begin\n");
    fflush(stdout);
    is_measuring = true;
    cpu = cpu_seconds();
    began = now();
    run_until(began + conf.seconds, true);
    took = now() - began;
    is_measuring = false;
    cpu = cpu_seconds() - cpu;
    printf("end\n");
    fflush(stdout);
    run_until(now() + (conf.is_retry ? 10 : 1), false); /* what is under way is answered, not cut off */
    qsort(latency, latencies, sizeof *latency, by_size);
    printf("{\"ok\":%ld,\"refused\":%ld,\"lost\":%ld,\"repeats\":%ld,\"seconds\":%.4f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,"
           "\"load_us\":%.2f,\"last\":%ld,\"used_up\":%s}\n",
           answers, refused, lost, repeats, took, (double)answers / took, percentile(0.5), percentile(0.99), percentile(1), cpu * 1e6 / (double)(answers ? answers : 1),
           conf.first + next_id, next_id >= ids ? "true" : "false");
    if (acked_file && fclose(acked_file))
        die("acked");
    return 0;
}

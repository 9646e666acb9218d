/* people.c - many people who talk to the shop, and the Graph API that takes what it answers: one process, one clock.
 * A place is one conversation under way: it posts a signed webhook for the next person, waits for the 200 and for the first message handed
 * to "Meta" for that person, and goes on with another person. Every person writes "hi", then "menu", in turn; nobody twice at once.
 *
 *   people HOST_PORT GRAPH_PORT PLACES PEOPLE WARMUP SECONDS SECRET NUMBER[,NUMBER...]
 *
 * Prints "ready" when it listens, "begin" and "end" around the measured span, then one line of JSON. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <http/server.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/hmac.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PLACES_MAX = 1024, NUMBERS_MAX = 16, REQUEST_MAX = 4096, LATE_S = 20, DIGITS = 7 };

struct place {
    struct event *readable;
    int fd;
    long person; /* -1: resting */
    double began;
    bool is_accepted, is_answered;
    char reply[1024];
    size_t got;
};
static struct {
    int port, places, numbers;
    long people;
    const char *secret;
    char *number[NUMBERS_MAX];
} conf;
static struct event_base *base;
static struct place *place;
static int *place_of; /* by person; -1: nowhere */
static uint8_t *said; /* turns of a person so far */
static long next_person, turns, sends, wamids, refused;
static uint32_t *latency;
static size_t latencies, latency_room;
static bool is_measuring, is_over;
static double began;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "people: %s\n", what);
    exit(2);
}

/* --- a person writes --- */

static void sign(const char *body, size_t len, char hex[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n;

    HMAC(EVP_sha256(), conf.secret, (int)strlen(conf.secret), (const unsigned char *)body, len, digest, &n);
    for (unsigned i = 0; i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void say(struct place *p)
{
    static long id;
    char body[2048], request[REQUEST_MAX], hex[65];
    int n, len;

    p->person = -1;
    if (is_over)
        return;
    do
        p->person = next_person++ % conf.people;
    while (place_of[p->person] >= 0);
    place_of[p->person] = (int)(p - place);
    p->is_accepted = p->is_answered = false;
    p->got = 0;
    n = snprintf(body, sizeof body,
                 "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"210000000000001\",\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\","
                 "\"metadata\":{\"display_phone_number\":\"15550100001\",\"phone_number_id\":\"%s\"},\"contacts\":[{\"profile\":{\"name\":\"Amina Dlamini\"},"
                 "\"wa_id\":\"2782%07ld\"}],\"messages\":[{\"from\":\"2782%07ld\",\"id\":\"wamid.BENCHTURN%d.%012ld\",\"timestamp\":\"%ld\",\"type\":\"text\","
                 "\"text\":{\"body\":\"%s\"}}]},\"field\":\"messages\"}]}]}",
                 conf.number[p->person % conf.numbers], p->person, p->person, (int)getpid(), ++id, (long)time(NULL), said[p->person]++ % 2 ? "menu" : "hi");
    sign(body, (size_t)n, hex);
    len = snprintf(request, sizeof request,
                   "POST /webhooks/whatsapp HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\nX-Hub-Signature-256: sha256=%s\r\n"
                   "Content-Length: %d\r\n\r\n%s", hex, n, body);
    p->began = now();
    if (send(p->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
        die("the host took only a part of a webhook, or went away");
}

static void finish_if_done(struct place *p)
{
    if (!p->is_accepted || !p->is_answered)
        return;
    place_of[p->person] = -1;
    turns += is_measuring;
    say(p);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct place *p = arg;
    ssize_t n = recv(fd, p->reply + p->got, sizeof p->reply - 1 - p->got, 0);

    (void)what;
    if (n <= 0)
        die("the host closed a connection");
    p->got += (size_t)n;
    p->reply[p->got] = '\0';
    if (!strstr(p->reply, "\r\n\r\n"))
        return;
    if (strncmp(p->reply, "HTTP/1.1 200", 12)) {
        refused++;
        die(p->reply);
    }
    p->is_accepted = true;
    finish_if_done(p);
}

static void connect_place(struct place *p)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)conf.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&to, sizeof to))
        die("cannot connect to the host");
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    p->readable = event_new(base, p->fd, EV_READ | EV_PERSIST, on_readable, p);
    if (!p->readable || event_add(p->readable, NULL))
        die("no memory");
}

/* --- what the shop hands to Meta --- */

static void on_request(struct wk_exchange *x, void *arg)
{
    static const struct wk_header_pair json = {"Content-Type", "application/json"};
    size_t len;
    char *body = wk_exchange_body(x, &len), *to = strstr(body, "\"to\"");
    char answer[256];
    long person;
    int n;

    (void)arg;
    to = to ? strstr(to, "2782") : NULL;
    person = to ? strtol(to + 4, NULL, 10) : -1;
    n = snprintf(answer, sizeof answer, "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"2782%07ld\",\"wa_id\":\"2782%07ld\"}],"
                 "\"messages\":[{\"id\":\"wamid.GRAPH%d.%ld\"}]}", person, person, (int)getpid(), ++wamids);
    (void)wk_exchange_reply(x, 200, &json, 1, answer, (size_t)n);
    sends += is_measuring;
    if (person < 0 || person >= conf.people)
        die("a message for nobody that we know");
    if (place_of[person] >= 0) {
        struct place *p = &place[place_of[person]];

        if (!p->is_answered && is_measuring && latencies < latency_room)
            latency[latencies++] = (uint32_t)((now() - p->began) * 1e6);
        p->is_answered = true;
        finish_if_done(p);
    }
}

static int listen_on(int port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) || listen(fd, 1024))
        die("cannot listen for the Graph API");
    return fd;
}

/* --- time --- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    double t = now();

    (void)fd, (void)what, (void)arg;
    for (int i = 0; i < conf.places; i++)
        if (place[i].person >= 0 && t - place[i].began > LATE_S)
            die("a person got no answer for 20 s");
    if (is_over) {
        for (int i = 0; i < conf.places; i++)
            if (place[i].person >= 0)
                return;
        event_base_loopbreak(base);
    }
}

static void on_begin(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    is_measuring = true;
    began = now();
    printf("begin\n");
    fflush(stdout);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    is_measuring = false;
    is_over = true;
    began = now() - began;
    printf("end\n");
    fflush(stdout);
}

static void after(double seconds, event_callback_fn fn, bool again)
{
    struct timeval t = {(time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)};
    struct event *e = event_new(base, -1, again ? EV_PERSIST : 0, fn, NULL);

    if (!e || event_add(e, &t))
        die("no memory");
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static double percentile(double p) { return latencies ? latency[(size_t)(p * (double)(latencies - 1))] / 1000.0 : 0; }

int main(int argc, char **argv)
{
    struct wk_httpd_ops ops = {.on_request = on_request};
    struct wk_httpd *graph;
    struct wk_err err;
    char *save, *numbers = argc == 9 ? strdup(argv[8]) : NULL;

    if (argc != 9)
        die("HOST_PORT GRAPH_PORT PLACES PEOPLE WARMUP SECONDS SECRET NUMBERS");
    conf.port = atoi(argv[1]);
    conf.places = atoi(argv[3]);
    conf.people = atol(argv[4]);
    conf.secret = argv[7];
    for (char *n = strtok_r(numbers, ",", &save); n && conf.numbers < NUMBERS_MAX; n = strtok_r(NULL, ",", &save))
        conf.number[conf.numbers++] = n;
    if (conf.places < 1 || conf.places > PLACES_MAX || conf.people < 2 * conf.places || conf.people > 9999999 || !conf.numbers)
        die("1 to 1024 places, at least twice as many people, one number");
    latency_room = 10000000;
    place = calloc((size_t)conf.places, sizeof *place);
    place_of = malloc((size_t)conf.people * sizeof *place_of);
    said = calloc((size_t)conf.people, 1);
    latency = malloc(latency_room * sizeof *latency);
    base = event_base_new();
    if (!place || !place_of || !said || !latency || !base)
        die("no memory");
    memset(place_of, 0xff, (size_t)conf.people * sizeof *place_of);
    signal(SIGPIPE, SIG_IGN);
    graph = wk_httpd_create(base, NULL, &ops, NULL, &err);
    if (!graph || !wk_httpd_listen(graph, listen_on(atoi(argv[2])), &err))
        die(err.msg);
    printf("ready\n");
    fflush(stdout);
    for (int i = 0; i < conf.places; i++) {
        connect_place(&place[i]);
        say(&place[i]);
    }
    after(atof(argv[5]), on_begin, false);
    after(atof(argv[5]) + atof(argv[6]), on_end, false);
    after(0.05, on_tick, true);
    (void)event_base_dispatch(base);
    qsort(latency, latencies, sizeof *latency, by_size);
    printf("{\"ok\":%ld,\"sends\":%ld,\"seconds\":%.4f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n", turns, sends, began,
           (double)turns / began, percentile(0.5), percentile(0.99), percentile(1));
    return 0;
}

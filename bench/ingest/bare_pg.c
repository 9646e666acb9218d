/* bare_pg.c - the host's own statement over the same rows, sent by nothing but libpq: no HTTP, no signature, no splitter, no fibers.
 * Connections are kept busy all the time, one batch in flight on each, prepared once, parameters in the host's binary arrays. The limit that
 * `ratio_bare_pg` measures the whole host against.
 *
 *   bare_pg CONNINFO CONNECTIONS BATCH SECONDS TENANT FIRST      prints one line of JSON; FIRST: where ids begin */
#include <db/barray.h>
#include <inbox/statements.h>
#include <libpq-fe.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

enum { COLUMNS = 10, CONNECTIONS_MAX = 16, USERS = 1000, BATCH_MAX = 4096 };

static const Oid types[COLUMNS] = {2951, 1005, 1005, 1005, 2951, 2951, 1009, 1009, 1009, 1009}; /* arrays of the columns' types */
static struct wk_uuid tenant;
static long next_id, rows;
static int batch;

struct loader {
    PGconn *conn;
    struct barray column[COLUMNS];
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop(const char *what, PGconn *conn)
{
    fprintf(stderr, "bare_pg: %s: %s", what, conn ? PQerrorMessage(conn) : "\n");
    exit(1);
}

/* The payload that the host makes of load.c's message: the message, its contact, the metadata, the time. */
static size_t payload(char *to, size_t size, long id, int32_t at)
{
    long user = id % USERS;

    return (size_t)snprintf(to, size,
        "{\"message\":{\"from\":\"2782%07ld\",\"from_user_id\":\"ZA.7001000000000%07ld\",\"id\":\"wamid.HBgLMTIwMjU1NTAxMDEVAgASGBQzQTYyN0E1MUFBMkRB%012ld\","
        "\"timestamp\":\"%d\",\"type\":\"text\",\"text\":{\"body\":\"Hi, I would like to order three loaves of brown bread, two litres of milk and a dozen eggs "
        "for delivery this afternoon if you still have them. My address is the same as last week, the blue gate next to the school. Can I pay cash when the "
        "driver comes? Please tell me how much it is together and how long it will take, because I have to leave at four. Thank you very much and greetings "
        "to your mother.\"}},\"contact\":{\"profile\":{\"name\":\"Amina Dlamini\"},\"wa_id\":\"2782%07ld\",\"user_id\":\"ZA.7001000000000%07ld\"},\"metadata\":"
        "{\"display_phone_number\":\"15550100001\",\"phone_number_id\":\"100000000000001\"},\"timestamp\":%d}", user, user, id, at, user, user, at);
}

static int compare_keys(const void *a, const void *b) { return memcmp(a, b, sizeof(struct wk_uuid)); }

/* What the host puts into one row; the key with its digest and the ids are made here too, for the statement stores them. */
static void put_row(struct loader *l, struct wk_uuid *seen, long id, int32_t at)
{
    unsigned char digest[EVP_MAX_MD_SIZE], uuid[16];
    char text[2048], key[32];
    size_t n = (size_t)snprintf(text, sizeof text, "whatsapp\n100000000000001\nwamid.HBgLMTIwMjU1NTAxMDEVAgASGBQzQTYyN0E1MUFBMkRB%012ld", id);
    uint32_t be = htonl((uint32_t)(at - at % 3600));

    (void)EVP_Digest(text, n, digest, NULL, EVP_sha256(), NULL);
    memcpy(seen->b, &be, 4);
    memcpy(seen->b + 4, digest, 12);
    memcpy(uuid, digest + 16, 16);
    n = (size_t)snprintf(key, sizeof key, "ZA.7001000000000%07ld", id % USERS);
    barray_int2(&l->column[1], 0), barray_int2(&l->column[2], (int)(id % USERS % 64)), barray_int2(&l->column[3], 1);
    barray_put(&l->column[4], uuid, 16), barray_put(&l->column[5], tenant.b, 16);
    barray_put(&l->column[6], "whatsapp.incoming", 17), barray_put(&l->column[7], key, n);
    n = payload(text, sizeof text, id, at);
    barray_put(&l->column[8], text, n);
    barray_null(&l->column[9]);
}

static void send_batch(struct loader *l, int32_t at)
{
    static const uint32_t elements[COLUMNS] = {WK_OID_UUID, WK_OID_INT2, WK_OID_INT2, WK_OID_INT2, WK_OID_UUID, WK_OID_UUID, WK_OID_TEXT, WK_OID_TEXT, WK_OID_TEXT, WK_OID_TEXT};
    static const int formats[COLUMNS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static struct wk_uuid seen[BATCH_MAX];
    const char *values[COLUMNS];
    int lengths[COLUMNS];

    for (int i = 0; i < COLUMNS; i++)
        barray_reset(&l->column[i], elements[i]);
    for (int i = 0; i < batch; i++)
        put_row(l, &seen[i], next_id++, at);
    qsort(seen, (size_t)batch, sizeof *seen, compare_keys);
    for (int i = 0; i < batch; i++)
        barray_put(&l->column[0], seen[i].b, sizeof seen[i].b);
    for (int i = 0; i < COLUMNS; i++) {
        struct wk_arg arg = barray_arg(&l->column[i]);

        values[i] = arg.bytes;
        lengths[i] = (int)arg.len;
    }
    if (!PQsendQueryPrepared(l->conn, "events", COLUMNS, values, lengths, formats, 0))
        stop("send", l->conn);
}

static bool take_result(struct loader *l)
{
    PGresult *r;

    if (!PQconsumeInput(l->conn))
        stop("read", l->conn);
    if (PQisBusy(l->conn))
        return false;
    while ((r = PQgetResult(l->conn))) {
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            stop("statement", l->conn);
        rows += atol(PQcmdTuples(r));
        PQclear(r);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct loader loader[CONNECTIONS_MAX] = {0};
    struct pollfd fds[CONNECTIONS_MAX];
    int connections = argc == 7 ? atoi(argv[2]) : 0, busy;
    double began, seconds;

    if (connections < 1 || connections > CONNECTIONS_MAX || !wk_uuid_parse(argv[5], &tenant)) {
        fprintf(stderr, "bare_pg CONNINFO CONNECTIONS BATCH SECONDS TENANT FIRST\n");
        return 2;
    }
    batch = atoi(argv[3]);
    if (batch < 1 || batch > BATCH_MAX) {
        fprintf(stderr, "bare_pg: BATCH is 1 to %d\n", BATCH_MAX);
        return 2;
    }
    seconds = atof(argv[4]);
    next_id = atol(argv[6]);
    for (int i = 0; i < connections; i++) {
        loader[i].conn = PQconnectdb(argv[1]);
        PQclear(PQprepare(loader[i].conn, "events", WK_INBOX_NEW_SQL, COLUMNS, types));
        if (PQstatus(loader[i].conn) != CONNECTION_OK || *PQerrorMessage(loader[i].conn))
            stop("prepare", loader[i].conn);
        fds[i] = (struct pollfd){.fd = PQsocket(loader[i].conn), .events = POLLIN};
    }
    began = now();
    for (int i = 0; i < connections; i++)
        send_batch(&loader[i], (int32_t)time(NULL));
    for (busy = connections; busy;) {
        if (poll(fds, (nfds_t)connections, 10000) < 1)
            stop("no answer", NULL);
        for (int i = 0; i < connections; i++) {
            if (!(fds[i].revents) || !take_result(&loader[i]))
                continue;
            if (now() - began < seconds) {
                send_batch(&loader[i], (int32_t)time(NULL));
            } else {
                fds[i].fd = -1;
                busy--;
            }
        }
    }
    seconds = now() - began;
    printf("{\"rows\":%ld,\"seconds\":%.4f,\"rate\":%.1f,\"last\":%ld}\n", rows, seconds, (double)rows / seconds, next_id);
    for (int i = 0; i < connections; i++) {
        PQfinish(loader[i].conn);
        for (int k = 0; k < COLUMNS; k++)
            barray_finish(&loader[i].column[k]);
    }
    return 0;
}

/* host_schema.c - every setting of the host itself. etc/wakala.conf shows each with its default; a test compares the two.
 * Bounds are there to catch a slip of the keyboard, not to know better than the operator. */
#include "config/config.h"
#include "config/value.h"
#define K 1024LL
#define M (1024 * K)
#define G (1024 * M)
#define SEC 1000LL
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

#define TEXT(k, def, fl, h) {.key = k, .type = WK_TYPE_STRING, .fallback = def, .flags = fl, .help = h}
#define NUMBER(k, def, lo, hi, h) {.key = k, .type = WK_TYPE_INT, .fallback = def, .min = lo, .max = hi, .help = h}
#define TIME(k, def, lo, hi, h) {.key = k, .type = WK_TYPE_DURATION, .fallback = def, .min = lo, .max = hi, .help = h}
#define SIZE(k, def, lo, hi, h) {.key = k, .type = WK_TYPE_SIZE, .fallback = def, .min = lo, .max = hi, .help = h}
#define CHOICE(k, def, of, h) {.key = k, .type = WK_TYPE_CHOICE, .fallback = def, .choices = of, .help = h}
#define CONNINFO(k, fl, h) {.key = k, .type = WK_TYPE_SECRET, .flags = WK_HOST_LITERAL | WK_HOST_CONNINFO | (fl), .help = h}

static const struct wk_setting schema[] = {
    TEXT("host.name", "wakala", WK_HOST_NAME, "name of this instance in logs, metrics and the process list"),
    NUMBER("host.workers", "2", 1, 64, "worker processes; one per core is a good start"),
    TEXT("host.listen", "0.0.0.0:8080", WK_HOST_ADDRESS, "public address of webhooks, API and console"),
    TEXT("host.admin", "127.0.0.1:9080", WK_HOST_ADDRESS, "address of /healthz, /readyz and /metrics; keep it private"),
    TEXT("host.user", NULL, 0, "started as root: workers switch to this user; empty: stay"),
    TEXT("host.run_dir", "/run/wakala", WK_HOST_PATH, "pid file, control socket, snapshots of generations"),
    TEXT("host.cache_dir", "/var/cache/wakala", WK_HOST_PATH, "private copies of the plugins; must be on a mount without noexec"),
    TEXT("host.plugin_dir", "/usr/lib/wakala/plugins", WK_HOST_PATH, "where <plugin>.so files are"),
    TEXT("host.share_dir", "/usr/share/wakala", WK_HOST_PATH, "where <plugin>/{sql,events,locale,assets} are"),
    TEXT("host.conf_dir", "wakala.d", WK_HOST_PATH, "where NN-<plugin>.conf files are"),
    TEXT("host.log", "stderr", WK_HOST_PATH, "\"stderr\" or a file, reopened on SIGUSR1"),
    CHOICE("host.log_level", "info", "debug|info|warn|error", "least important level that is written"),
    CHOICE("host.migrate", "manual", "manual|auto", "auto: a reload applies missing migrations by itself"),
    TIME("host.drain_deadline", "30s", 1 * SEC, 1 * HOUR, "how long an old generation may finish its work before it is ended"),
    SIZE("host.call_memory_max", "16M", 64 * K, 1 * G, "memory of one call"),
    SIZE("host.worker_memory_max", "1G", 64 * M, 64 * G, "a worker above it is drained and replaced"),
    TIME("host.heartbeat_deadline", "2s", 500, 1 * MIN, "a worker whose loop stands still is ended within it and its hook named"),
    NUMBER("host.fibers_max", "10000", 16, 20000, "calls in progress per worker"),
    NUMBER("host.crash_limit", "3", 1, 100, "a plugin that ends this many workers in host.crash_window is quarantined"),
    TIME("host.crash_window", "60s", 1 * SEC, 24 * HOUR, "see host.crash_limit"),

    CONNINFO("database.app", WK_REQUIRED, "role of the plugins: always inside one tenant, never owner"),
    CONNINFO("database.host", WK_REQUIRED, "role of the host: schema wakala only"),
    CONNINFO("database.owner", 0, "role that owns the schemas: migrations only, never in a worker"),
    NUMBER("database.connections", "8", 1, 500, "connections per worker and role"),
    TIME("database.connect_deadline", "3s", 100, 1 * MIN, "to open one connection"),
    TIME("database.statement_deadline", "5s", 100, 10 * MIN, "longest statement and transaction of a call"),

    TIME("bus.log_fallback", "2s", 100, 1 * HOUR, "events that a bus has not confirmed within it are read from the log by their lanes' owners"),

    SIZE("http.header_max", "16k", 1 * K, 1 * M, "request line and headers; above it 431"),
    SIZE("http.body_max", "1M", 1 * K, 1 * G, "body of a request whose route sets no other limit; above it 413"),
    SIZE("http.body_total_max", "256M", 1 * M, 16 * G, "bodies held at once by one worker; above it 503"),
    NUMBER("http.max_connections", "10000", 1, 1000000, "open connections per worker"),
    TIME("http.header_deadline", "10s", 100, 5 * MIN, "from the first byte to the end of the headers"),
    TIME("http.idle_timeout", "75s", 100, 1 * HOUR, "a connection without a request is closed after it"),
    SIZE("http.min_body_rate", "1k", 1, 1 * G, "bytes a second a client must keep up, sending and reading"),
    TEXT("http.trusted_proxies", NULL, WK_HOST_NETWORKS,
         "addresses and networks of proxies whose X-Forwarded-For is believed, separated by spaces; empty: none, the header is never read"),

    TIME("lifetimes.events", "14d", 1 * DAY, 3650 * DAY, "the log: every event, what came in by webhook among them; what can still be replayed"),
    TIME("lifetimes.dead_letters", "90d", 1 * DAY, 3650 * DAY, "events that were given up, also when nobody has looked at them"),
    TIME("lifetimes.dedupe_keys", "8d", 8 * DAY, 90 * DAY, "how a webhook is known that came before; senders repeat for 7 days"),
    TIME("lifetimes.once_keys", "30d", 1 * DAY, 3650 * DAY, "what plugins do once: longer than anything is repeated"),
    TIME("lifetimes.outbound", "30d", 2 * DAY, 3650 * DAY, "messages that were sent, with their delivery status"),
    TIME("lifetimes.quarantine", "30d", 1 * DAY, 3650 * DAY, "raw webhooks that were nobody's or not understood"),
    TIME("lifetimes.orphan_statuses", "7d", 1 * DAY, 3650 * DAY, "delivery statuses of messages we do not know"),

    TEXT("redis.servers", NULL, 0, "\"host:port host:port\", or the path of a socket; empty: no Redis, everything works without"),
    CHOICE("redis.mode", "single", "single|sentinel|cluster", "what the servers are: one Redis, sentinels that know the master, nodes of a cluster"),
    TEXT("redis.master", NULL, 0, "the name that the sentinels watch"),
    TEXT("redis.user", NULL, 0, "of an ACL; empty: the default user"),
    {.key = "redis.password", .type = WK_TYPE_SECRET, .help = "of the user, or requirepass"},
    {.key = "redis.sentinel_password", .type = WK_TYPE_SECRET, .help = "of the sentinels, when they have one"},
    NUMBER("redis.database", "0", 0, 1000000, "SELECT; a cluster has 0 only"),
    TIME("redis.budget", "50ms", 5, 5 * SEC, "longest wait of a caller; a server that is silent for so long is away"),

    SIZE("cache.l1_max", "100M", 1 * M, 64 * G, "memory of a worker's cache, overhead included; a tenant has at most a quarter"),
    TIME("cache.l1_ttl", "60s", 1 * SEC, 1 * HOUR, "longest life of a value in a worker's memory"),
    TIME("cache.l2_ttl", "300s", 1 * SEC, 1 * HOUR, "longest life of a value in Redis"),
    TIME("cache.negative_ttl", "10s", 100, 5 * MIN, "how long \"there is none\" is believed"),
    TIME("cache.wait", "500ms", 10, 30 * SEC, "for another worker that loads the same, before loading it too"),
    SIZE("cache.value_max", "256k", 1 * K, 16 * M, "larger values do not go into Redis"),

    NUMBER("guard.target_calls", "32", 1, 1000, "calls under way at once from one worker to one target outside; beyond it they fail at once"),
    NUMBER("guard.calls", "128", 1, 1000, "calls under way at once from one worker to all targets; at most about half of its 256 event handlers is wise"),
    NUMBER("guard.breaker_failures", "5", 1, 1000, "failures in a row after which a target outside is left alone (twice as many of broken answers)"),
    TIME("guard.breaker_delay", "5s", 100, 1 * HOUR, "for how long at first; doubled each time it has not healed"),
    TIME("guard.breaker_delay_max", "60s", 100, 1 * HOUR, "and at most for how long"),
    TIME("guard.alert_interval", "60s", 1 * SEC, 24 * HOUR, "system.error of one kind: the first at once, then one with a count in each of these"),

    {.key = "secrets.key", .type = WK_TYPE_SECRET, .flags = WK_HOST_KEY32,
     .help = "master key of tenants' secrets: 32 bytes as 64 hex digits (openssl rand -hex 32)"},
    {.key = "secrets.old_key", .type = WK_TYPE_SECRET, .flags = WK_HOST_KEY32,
     .help = "the key before it, until `wakala tenant secret rotate` has sealed everything again"},
    {0},
};

const struct wk_setting *wk_config_host_schema(void) { return schema; }

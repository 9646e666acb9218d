/* pg.h - a private PostgreSQL for tests: its own folder, a unix socket, no TCP, no fsync. Ended by pid; never another server.
 *
 *     struct test_pg pg;
 *     test_pg_start(&pg);                    // initdb and start: about two seconds. Fails the test when it cannot
 *     test_pg_roles(&pg);                    // wakala_owner, wakala_app, wakala_host, schemas wakala and pool
 *     test_pg_conninfo(&pg, "wakala_app")    // "host=/tmp/wk-pg-... port=5432 dbname=postgres user=wakala_app"
 *     test_pg_sql(&pg, "create table ...");  // as superuser, synchronously
 *     test_pg_stop(&pg);                     // stops it and removes the folder
 *
 * A test that crashes leaves nothing behind either. TEST_PG_KEEP=1 keeps the folder, with the server's log.
 * test_pg_freeze/thaw stop and continue all of its processes, test_pg_kill ends them with SIGKILL, test_pg_run starts it again on
 * the same data. Runs as user postgres when the test runs as root. Link with PkgConfig::pq. */
#ifndef WK_TEST_PG_H
#define WK_TEST_PG_H
#include <errno.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#ifndef TEST_PG_BIN
#define TEST_PG_BIN "/usr/lib/postgresql/15/bin"
#endif
#define TEST_PG_FN static inline __attribute__((unused))

struct test_pg {
    char dir[64];
    pid_t pid; /* postmaster; 0 = not running */
};

TEST_PG_FN void test_pg_die(const char *what)
{
    fprintf(stderr, "test_pg: %s: %s\n", what, strerror(errno));
    exit(99);
}

TEST_PG_FN void test_pg_pause(int ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

    (void)nanosleep(&t, NULL);
}

/* In the child: become the user that may run PostgreSQL, die with the test, write to the folder's log. */
TEST_PG_FN void test_pg_become(const struct test_pg *pg)
{
    char log[128];
    int fd;

    if (geteuid() == 0) {
        struct passwd *pw = getpwnam("postgres");

        if (!pw || setgroups(0, NULL) || setgid(pw->pw_gid) || setuid(pw->pw_uid))
            _exit(97);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGQUIT);
    (void)snprintf(log, sizeof log, "%s/log", pg->dir);
    fd = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || chdir(pg->dir))
        _exit(98);
    (void)close(fd);
    (void)unsetenv("LD_PRELOAD");
}

TEST_PG_FN const char *test_pg_conninfo(const struct test_pg *pg, const char *user)
{
    static char slots[8][192]; /* good for a handful at a time */
    static unsigned next;
    char *out = slots[next++ % 8];

    (void)snprintf(out, sizeof slots[0], "host=%s port=5432 dbname=postgres user=%s", pg->dir, user);
    return out;
}

TEST_PG_FN PGconn *test_pg_connect(const struct test_pg *pg, const char *user)
{
    PGconn *conn = PQconnectdb(test_pg_conninfo(pg, user));

    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "test_pg: %s", PQerrorMessage(conn));
        exit(99);
    }
    return conn;
}

/* First value of the last result, valid until the next call; "" when there is none. */
TEST_PG_FN const char *test_pg_sql(const struct test_pg *pg, const char *sql)
{
    static char value[1024];
    PGconn *conn = test_pg_connect(pg, "postgres");
    PGresult *result;

    PQclear(PQexec(conn, "set client_min_messages = warning"));
    result = PQexec(conn, sql);
    value[0] = '\0';
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "test_pg: %.200s: %s", sql, PQerrorMessage(conn));
        exit(99);
    }
    if (PQntuples(result) > 0 && PQnfields(result) > 0)
        (void)snprintf(value, sizeof value, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(conn);
    return value;
}

/* Start the server on the data that is there. */
TEST_PG_FN void test_pg_run(struct test_pg *pg)
{
    char data[96];
    int tries = 0;

    (void)snprintf(data, sizeof data, "%s/data", pg->dir);
    pg->pid = fork();
    if (pg->pid == 0) {
        test_pg_become(pg);
        execl(TEST_PG_BIN "/postgres", TEST_PG_BIN "/postgres", "-D", data, "-k", pg->dir, "-c", "listen_addresses=", "-c", "fsync=off",
              "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=60", "-c",
              "shared_buffers=16MB", "-c", "autovacuum=off", "-c", "log_min_messages=warning", "-c", "max_wal_senders=0",
              "-c", "wal_level=minimal", (char *)NULL);
        _exit(96);
    }
    while (PQping(test_pg_conninfo(pg, "postgres")) != PQPING_OK) {
        if (pg->pid < 0 || tries++ > 600 || waitpid(pg->pid, NULL, WNOHANG) == pg->pid)
            test_pg_die("postgres does not start; see the log in its folder");
        test_pg_pause(50);
    }
}

/* A process that outlives the test, however that ends, and removes the folder: the pipe closes when the test is gone. */
TEST_PG_FN void test_pg_guard(const struct test_pg *pg)
{
    int ends[2];
    pid_t pid = -1;
    char byte;

    if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0)
        test_pg_die("fork");
    if (pid == 0) {
        (void)setsid();
        (void)close(ends[1]);
        for (int fd = 0; fd <= 2; fd++) /* whoever waits for the test's output need not wait for us */
            (void)close(fd);
        while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
            ;
        test_pg_pause(500); /* the server got its SIGQUIT at the same moment */
        (void)execl("/bin/rm", "rm", "-rf", pg->dir, (char *)NULL);
        _exit(96);
    }
    (void)close(ends[0]); /* the other end stays open as long as this process lives */
}

TEST_PG_FN void test_pg_start(struct test_pg *pg)
{
    char data[96];
    int status;
    pid_t pid;

    memset(pg, 0, sizeof *pg);
    strcpy(pg->dir, "/tmp/wk-pg-XXXXXX");
    if (!mkdtemp(pg->dir))
        test_pg_die("mkdtemp");
    if (geteuid() == 0) {
        struct passwd *pw = getpwnam("postgres");

        if (!pw || chown(pg->dir, pw->pw_uid, pw->pw_gid) || chmod(pg->dir, 0755))
            test_pg_die("no user postgres");
    }
    if (!getenv("TEST_PG_KEEP"))
        test_pg_guard(pg);
    (void)snprintf(data, sizeof data, "%s/data", pg->dir);
    pid = fork();
    if (pid == 0) {
        test_pg_become(pg);
        execl(TEST_PG_BIN "/initdb", TEST_PG_BIN "/initdb", /* it looks for postgres beside its own path */ "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
              "--no-sync", "--no-instructions", (char *)NULL);
        _exit(96);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        test_pg_die("initdb failed; see the log in its folder");
    test_pg_run(pg);
}

TEST_PG_FN void test_pg_roles(const struct test_pg *pg)
{
    (void)test_pg_sql(pg, "create role wakala_owner nologin; create role wakala_app login nobypassrls;"
                          "create role wakala_host login nobypassrls; create schema wakala authorization wakala_owner;"
                          "create schema pool authorization wakala_owner; grant usage on schema pool to wakala_app;"
                          "grant usage on schema wakala to wakala_host, wakala_app;");
}

/* Every process of the server: its backends lead sessions of their own, so a group would not reach them. */
TEST_PG_FN void test_pg_signal(const struct test_pg *pg, int sig)
{
    char path[64], children[8192], *rest = children, *word;
    size_t n = 0;
    FILE *f;

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pg->pid, (int)pg->pid);
    f = fopen(path, "r");
    if (f) {
        n = fread(children, 1, sizeof children - 1, f);
        (void)fclose(f);
    }
    children[n] = '\0';
    if (pg->pid > 0)
        (void)kill(pg->pid, sig); /* first, or it would start new ones */
    while ((word = strsep(&rest, " ")))
        if (atoi(word) > 1)
            (void)kill(atoi(word), sig);
}

TEST_PG_FN void test_pg_freeze(const struct test_pg *pg) { test_pg_signal(pg, SIGSTOP); }
TEST_PG_FN void test_pg_thaw(const struct test_pg *pg) { test_pg_signal(pg, SIGCONT); }

TEST_PG_FN void test_pg_kill(struct test_pg *pg)
{
    test_pg_signal(pg, SIGKILL);
    if (pg->pid > 0)
        (void)waitpid(pg->pid, NULL, 0);
    pg->pid = 0;
}

TEST_PG_FN void test_pg_stop(struct test_pg *pg)
{
    char command[128];
    int tries = 0;

    if (pg->pid > 0) {
        test_pg_thaw(pg);
        (void)kill(pg->pid, SIGINT); /* fast: rolls back and disconnects */
        while (waitpid(pg->pid, NULL, WNOHANG) == 0) {
            if (tries++ == 100)
                test_pg_signal(pg, SIGKILL);
            test_pg_pause(50);
        }
        pg->pid = 0;
    }
    if (!strncmp(pg->dir, "/tmp/wk-pg-", 11) && !getenv("TEST_PG_KEEP")) {
        (void)snprintf(command, sizeof command, "rm -rf '%s'", pg->dir);
        if (system(command) != 0)
            fprintf(stderr, "test_pg: cannot remove %s\n", pg->dir);
    }
}
#endif

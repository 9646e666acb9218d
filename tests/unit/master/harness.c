/* harness.c - see harness.h. Everything ends by pid; the folder is removed. */
#include "harness.h"
#include "master/client.h"
#include "master/master.h"
#include "master/tree.h"
#include "observe/log.h"
#include "share/share.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int64_t now_ms(void) { return wk_share_mono_us() / 1000; }
void nap(int ms) { (void)poll(NULL, 0, ms); }

static unsigned free_port(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    (void)close(fd);
    return ntohs(sa.sin_port);
}

struct lab *lab_create(void)
{
    struct lab *lab = calloc(1, sizeof *lab);

    (void)snprintf(lab->dir, sizeof lab->dir, "/tmp/wk-master-XXXXXX");
    assert_non_null(mkdtemp(lab->dir));
    (void)snprintf(lab->conf, sizeof lab->conf, "%s/wakala.conf", lab->dir);
    (void)snprintf(lab->run, sizeof lab->run, "%s/run", lab->dir);
    (void)snprintf(lab->log, sizeof lab->log, "%s/log", lab->dir);
    lab->port = free_port();
    lab->admin_port = free_port();
    (void)snprintf(lab->listen, sizeof lab->listen, "127.0.0.1:%u", lab->port);
    (void)snprintf(lab->admin, sizeof lab->admin, "127.0.0.1:%u", lab->admin_port);
    lab_set(lab, 2, 2000, 2000, "good");
    return lab;
}

void lab_destroy(struct lab *lab)
{
    if (lab->master) {
        (void)kill(lab->master, SIGKILL); /* its workers follow: PR_SET_PDEATHSIG */
        (void)waitpid(lab->master, NULL, 0);
    }
    wk_tree_remove(lab->dir);
    free(lab);
}

void lab_set(struct lab *lab, unsigned workers, unsigned drain_ms, unsigned heartbeat_ms, const char *mode)
{
    FILE *f = fopen(lab->conf, "we");

    assert_non_null(f);
    (void)fprintf(f, "%u %u %u %s\n", workers, drain_ms, heartbeat_ms, mode);
    (void)fclose(f);
}

/* --- the stand-in for wk_prepare: one line of configuration, plugins "bad" (not required), "must" (required) -------------------- */

static bool is_left_out(const struct wk_source *source, const char *plugin)
{
    for (const char *const *w = source->without; w && *w; w++)
        if (!strcmp(*w, plugin))
            return true;
    return false;
}

static void add_plugin(struct wk_plan *plan, const char *name, bool is_required)
{
    struct wk_plan_plugin *p = &plan->plugins[plan->n_plugins++];

    (void)snprintf(p->name, sizeof p->name, "%s", name);
    (void)snprintf(p->version, sizeof p->version, "1.2.3");
    (void)snprintf(p->build, sizeof p->build, "b00");
    p->is_required = is_required;
}

static struct lab *prepared_lab;

static bool prepare(const struct wk_source *source, struct wk_plan *plan, struct wk_problems *problems)
{
    char path[4096], mode[32] = "";
    FILE *f;
    unsigned drain, beat, workers;

    (void)snprintf(path, sizeof path, source->snapshot ? "%s/line" : "%s", source->snapshot ? source->snapshot : source->conf);
    f = fopen(path, "re");
    if (!f || fscanf(f, "%u %u %u %31s", &workers, &drain, &beat, mode) != 4) {
        wk_problems_at(problems, source->conf, 1, "workers drain heartbeat mode expected");
        if (f)
            (void)fclose(f);
        return false;
    }
    (void)fclose(f);
    (void)mkdir(source->dir, 0700);
    (void)snprintf(path, sizeof path, "%s/mode", source->dir);
    f = fopen(path, "we");
    (void)fprintf(f, "%s\n", mode);
    (void)fclose(f);
    (void)snprintf(path, sizeof path, "%s/line", source->dir);
    f = fopen(path, "we");
    (void)fprintf(f, "%u %u %u %s\n", workers, drain, beat, mode);
    (void)fclose(f);
    plan->workers = workers;
    plan->drain_ms = drain;
    plan->heartbeat_ms = beat;
    plan->start_ms = 1500;
    plan->crash_limit = 3;
    plan->crash_window_ms = 30000;
    plan->worker_memory_max = strcmp(mode, "small") ? 0 : INT64_C(300) << 20;
    (void)snprintf(plan->listen, sizeof plan->listen, "%s", prepared_lab->listen);
    (void)snprintf(plan->conf_dir, sizeof plan->conf_dir, "/etc/wakala/wakala.d");
    (void)snprintf(plan->build, sizeof plan->build, "build-%.8s", mode);
    plan->plugins = calloc(2, sizeof *plan->plugins);
    if (!is_left_out(source, "bad"))
        add_plugin(plan, "bad", false);
    add_plugin(plan, "must", true);
    return true;
}

static _Noreturn void be_master(struct lab *lab)
{
    struct wk_master_conf conf = {.conf = lab->conf, .run_dir = lab->run, .listen = lab->listen, .admin = lab->admin,
                                  .worker_exe = FAKE_WORKER, .prepare = prepare};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int sig = 1; sig < NSIG; sig++) /* cmocka's */
        (void)signal(sig, SIG_DFL);
    prepared_lab = lab;
    if (!wk_log_open(lab->log, WK_INFO, NULL))
        _exit(99);
    _exit(wk_master_run(&conf));
}

void lab_start_only(struct lab *lab)
{
    (void)fflush(NULL);
    lab->master = fork();
    assert_true(lab->master >= 0);
    if (!lab->master)
        be_master(lab);
}

void lab_start(struct lab *lab)
{
    lab_start_only(lab);
    for (int64_t end = now_ms() + 8000; now_ms() < end; nap(20)) {
        struct wk_err err;
        json_t *status = wk_client_ask(lab->run, "status", 2000, &err);
        bool is_up = json_integer_value(json_object_get(status, "serving")) > 0;

        json_decref(status);
        if (is_up)
            return;
    }
    fail_msg("the master does not serve: see its log");
}

int lab_wait(struct lab *lab, int ms)
{
    int status;

    for (int64_t end = now_ms() + ms; now_ms() < end; nap(10))
        if (waitpid(lab->master, &status, WNOHANG) == lab->master) {
            lab->master = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
        }
    return -1;
}

json_t *lab_ask(struct lab *lab, const char *verb)
{
    struct wk_err err = {0};
    json_t *json = wk_client_ask(lab->run, verb, 15000, &err);

    if (!json)
        fail_msg("%s: %s", verb, err.msg);
    return json;
}

bool lab_reload(struct lab *lab)
{
    json_t *verdict = lab_ask(lab, "reload");
    bool is_ok = json_is_true(json_object_get(verdict, "ok"));

    json_decref(verdict);
    return is_ok;
}

long lab_serving(struct lab *lab)
{
    json_t *status = lab_ask(lab, "status");
    long n = (long)json_integer_value(json_object_get(status, "serving"));

    json_decref(status);
    return n;
}

size_t lab_crashes(struct lab *lab)
{
    json_t *status = lab_ask(lab, "status");
    size_t n = (size_t)json_integer_value(json_object_get(status, "crashes_total"));

    json_decref(status);
    return n;
}

bool lab_log_has(struct lab *lab, const char *text)
{
    FILE *f = fopen(lab->log, "re");
    char line[8192];
    bool is_found = false;

    while (f && !is_found && fgets(line, sizeof line, f))
        is_found = strstr(line, text) != NULL;
    if (f)
        (void)fclose(f);
    return is_found;
}

static size_t count_dir(const char *path, const char *prefix)
{
    DIR *dir = opendir(path);
    size_t n = 0;

    for (const struct dirent *e = NULL; dir && (e = readdir(dir));)
        n += !strncmp(e->d_name, prefix, strlen(prefix));
    if (dir)
        (void)closedir(dir);
    return n;
}

size_t lab_fds(const struct lab *lab)
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)lab->master);
    return count_dir(path, "");
}

size_t lab_gen_dirs(const struct lab *lab) { return count_dir(lab->run, "gen-"); }

int lab_dial(unsigned port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static bool read_line(int fd, char *answer, size_t size, int ms)
{
    size_t len = 0;
    int64_t end = now_ms() + ms;

    while (len + 1 < size) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = end - now_ms();

        if (left <= 0 || poll(&p, 1, (int)left) != 1 || read(fd, answer + len, 1) != 1)
            return false;
        if (answer[len] == '\n') {
            answer[len] = '\0';
            return true;
        }
        len++;
    }
    return false;
}

bool lab_talk(int fd, const char *line, char *answer, size_t size, int ms)
{
    size_t n = strlen(line);

    return send(fd, line, n, MSG_NOSIGNAL) == (ssize_t)n && read_line(fd, answer, size, ms);
}

int lab_http(unsigned port, const char *path, char *body, size_t size)
{
    int fd = lab_dial(port), status = 0;
    char request[256], *text = calloc(1, 1 << 20);
    size_t len = 0;
    ssize_t n;

    assert_true(fd >= 0);
    n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
    while (len < (1 << 20) - 1 && (n = read(fd, text + len, (1 << 20) - 1 - len)) > 0)
        len += (size_t)n;
    (void)close(fd);
    (void)sscanf(text, "HTTP/1.1 %d", &status);
    text[len] = '\0';
    (void)snprintf(body, size, "%s", strstr(text, "\r\n\r\n") ? strstr(text, "\r\n\r\n") + 4 : "");
    free(text);
    return status;
}

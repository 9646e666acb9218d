/* fault.c - see fault.h. Threads: the loop's only; a count taken by two threads would not name the same point twice. */
#include "fiber/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 64 };

bool wk_fault_armed;

static struct {
    const char *name;
    unsigned long count;
} points[NAMES_MAX]; /* fault points beyond these still count in the total */
static unsigned long total;
static unsigned long kill_at; /* 0 = never */
static char kill_name[64];    /* "" = kill_at counts every point */
static char count_path[4096];
static bool has_exit_hook;

/* One line, one write: several processes append to the same file. */
void wk_fault_write(void)
{
    char line[NAMES_MAX * 80];
    size_t used;
    int fd;

    if (!count_path[0])
        return;
    used = (size_t)snprintf(line, sizeof line, "total=%lu", total);
    for (int i = 0; i < NAMES_MAX && points[i].name && used + 80 < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used - 1, " %.50s=%lu", points[i].name, points[i].count);
    line[used++] = '\n';
    fd = open(count_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    (void)!write(fd, line, used);
    (void)close(fd);
}

/* "37" or "NAME:3". */
static bool parse_kill(const char *text)
{
    const char *colon = strrchr(text, ':');
    const char *digits = colon ? colon + 1 : text;
    char *end;

    if (colon && (colon == text || (size_t)(colon - text) >= sizeof kill_name))
        return false;
    kill_at = *digits >= '0' && *digits <= '9' ? strtoul(digits, &end, 10) : 0;
    if (!kill_at || *end)
        return (kill_at = 0);
    if (colon)
        memcpy(kill_name, text, (size_t)(colon - text));
    return true;
}

void wk_fault_init(void)
{
    const char *text = getenv("WAKALA_FAULT");

    total = kill_at = 0;
    memset(points, 0, sizeof points);
    memset(kill_name, 0, sizeof kill_name);
    count_path[0] = '\0';
    wk_fault_armed = false;
    if (!text)
        return;
    if (!strncmp(text, "kill@", 5)) {
        wk_fault_armed = parse_kill(text + 5);
    } else if (!strncmp(text, "count@", 6) && text[6] && strlen(text + 6) < sizeof count_path) {
        strcpy(count_path, text + 6);
        wk_fault_armed = true;
        if (!has_exit_hook)
            has_exit_hook = atexit(wk_fault_write) == 0;
    }
}

static unsigned long count_by_name(const char *name)
{
    for (int i = 0; i < NAMES_MAX; i++) {
        if (!points[i].name)
            points[i].name = name;
        if (points[i].name == name || !strcmp(points[i].name, name))
            return ++points[i].count;
    }
    return 0;
}

void wk_fault_hit(const char *name)
{
    unsigned long here = count_by_name(name);
    bool is_due;

    total++;
    is_due = kill_name[0] ? here == kill_at && !strcmp(name, kill_name) : total == kill_at;
    if (kill_at && is_due)
        (void)kill(getpid(), SIGKILL);
}

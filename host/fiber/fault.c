/* fault.c - see fault.h. Threads: the loop's only; a count taken by two threads would not name the same point twice. Processes: any
 * number share the page of armed@FILE, so everything in it changes by atomic steps. */
#include "fiber/fault.h"
#include "fiber/fiber.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct wk_fault_page) == 16384, "tests/harness/fault.py reads it");

bool wk_fault_armed;

static struct wk_fault_page own;
static struct wk_fault_page *page = &own;

/* "37" or "NAME:3". */
static bool parse_kill(const char *text)
{
    const char *colon = strrchr(text, ':');
    const char *digits = colon ? colon + 1 : text;
    char *end;

    if (colon && (colon == text || (size_t)(colon - text) >= sizeof own.kill_name))
        return false;
    own.kill_at = *digits >= '0' && *digits <= '9' ? strtoull(digits, &end, 10) : 0;
    if (!own.kill_at || *end)
        return (own.kill_at = 0);
    if (colon)
        memcpy(own.kill_name, text, (size_t)(colon - text));
    return true;
}

static bool map(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;
    void *at = MAP_FAILED;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof *page)
        at = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (at == MAP_FAILED)
        return false;
    page = at;
    return true;
}

void wk_fault_init(void)
{
    const char *text = getenv("WAKALA_FAULT");

    if (page != &own)
        (void)munmap(page, sizeof *page);
    page = &own;
    memset(&own, 0, sizeof own);
    wk_fault_armed = false;
    if (!text)
        return;
    if (!strncmp(text, "kill@", 5))
        wk_fault_armed = parse_kill(text + 5);
    else if (!strncmp(text, "armed@", 6))
        wk_fault_armed = map(text + 6);
}

/* FIBER/NAME: the same park of two fibers is two points, and who idles does not shift the numbers of who works. */
static void full_name(const char *name, char out[WK_FAULT_NAME])
{
    const struct wk_fiber *self = wk_fiber_self();

    (void)snprintf(out, WK_FAULT_NAME, "%s%s%s", self ? wk_fiber_name(self) : "", self ? "/" : "", name);
    for (char *p = out; *p; p++)
        if (*p == ' ' || *p == '=')
            *p = '_';
}

static uint64_t key_of(const char *name)
{
    uint64_t h = 14695981039346656037u;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h ? h : 1;
}

/* A process may die between the key and the name: every later one writes the same text again. */
static void count(const char *name)
{
    uint64_t key = key_of(name);

    for (int i = 0; i < WK_FAULT_NAMES; i++) {
        struct wk_fault_count *c = &page->counts[i];
        uint64_t seen = 0;

        if (!__atomic_compare_exchange_n(&c->key, &seen, key, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) && seen != key)
            continue;
        if (!c->name[0])
            (void)snprintf(c->name, sizeof c->name, "%s", name);
        (void)__atomic_add_fetch(&c->count, 1, __ATOMIC_SEQ_CST);
        return;
    }
}

void wk_fault_hit(const char *name)
{
    uint64_t kill_at = __atomic_load_n(&page->kill_at, __ATOMIC_SEQ_CST), nobody = 0;
    char full[WK_FAULT_NAME];

    full_name(name, full);
    count(full);
    (void)__atomic_add_fetch(&page->total, 1, __ATOMIC_SEQ_CST);
    if (!kill_at || (page->kill_name[0] && strcmp(page->kill_name, full) != 0 && strcmp(page->kill_name, name) != 0))
        return;
    if (__atomic_add_fetch(&page->matched, 1, __ATOMIC_SEQ_CST) != kill_at)
        return;
    /* Said before it is done: whoever replaces this process, or races with it, must not die of the same fault. */
    if (__atomic_compare_exchange_n(&page->struck, &nobody, (uint64_t)getpid(), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        (void)kill(getpid(), SIGKILL);
}

/* share.c - the region's life, the slots, connection budgets, tags. */
#include "share/share.h"
#include "share/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct wk_share *self_share;

int64_t wk_share_mono_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

uint64_t wk_share_hash(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    h ^= h >> 32; /* FNV's low bits alone are weak, and the low bits choose the cell */
    h *= UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
    return h ? h : 1;
}

static void copy_text(char *out, size_t size, const char *text)
{
    size_t n = text ? strnlen(text, size - 1) : 0;

    if (n)
        memcpy(out, text, n);
    out[n] = '\0';
}

/* --- life ---------------------------------------------------------------------------------------------------------- */

static bool map(struct wk_share *share, struct wk_err *err)
{
    void *p = mmap(NULL, sizeof(struct wk_region), PROT_READ | PROT_WRITE, MAP_SHARED, share->fd, 0);

    if (p == MAP_FAILED)
        return wk_fail(err, WK_SYSTEM, "share.map", "mapping shared memory: %s", strerror(errno));
    share->region = p;
    return true;
}

static bool make_wake_fds(struct wk_region *region, struct wk_err *err)
{
    for (int i = 0; i < WK_SHARE_SLOTS; i++)
        region->wake_fd[i] = -1;
    for (int i = 0; i < WK_SHARE_SLOTS; i++) {
        region->wake_fd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (region->wake_fd[i] < 0)
            return wk_fail(err, WK_SYSTEM, "share.eventfd", "making wake-up descriptors: %s", strerror(errno));
    }
    return true;
}

struct wk_share *wk_share_create(struct wk_err *err)
{
    struct wk_share *share = calloc(1, sizeof *share);

    if (!share) {
        (void)wk_fail(err, WK_SYSTEM, "share.memory", "no memory for the share");
        return NULL;
    }
    share->self = WK_SHARE_SLOTS;
    share->fd = memfd_create("wakala-share", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (share->fd < 0 || ftruncate(share->fd, sizeof(struct wk_region)) < 0 ||
        /* a shrunk file would be a SIGBUS in every process */
        fcntl(share->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        (void)wk_fail(err, WK_SYSTEM, "share.memfd", "making shared memory: %s", strerror(errno));
        wk_share_close(share);
        return NULL;
    }
    if (!map(share, err) || !make_wake_fds(share->region, err)) {
        wk_share_close(share);
        return NULL;
    }
    share->region->magic = WK_REGION_MAGIC;
    share->region->version = WK_REGION_VERSION;
    share->region->size = sizeof(struct wk_region);
    self_share = share;
    return share;
}

struct wk_share *wk_share_open(int fd, uint32_t slot, struct wk_err *err)
{
    struct wk_share *share = calloc(1, sizeof *share);
    struct stat st;

    if (!share) {
        (void)wk_fail(err, WK_SYSTEM, "share.memory", "no memory for the share");
        return NULL;
    }
    share->fd = fd;
    share->self = slot;
    if (slot >= WK_SHARE_SLOTS || fstat(fd, &st) < 0 || st.st_size != (off_t)sizeof(struct wk_region)) {
        (void)wk_fail(err, WK_SYSTEM, "share.foreign", "fd %d, slot %u: not the shared memory of this build", fd, slot);
        free(share);
        return NULL;
    }
    if (!map(share, err)) {
        free(share);
        return NULL;
    }
    if (share->region->magic != WK_REGION_MAGIC || share->region->version != WK_REGION_VERSION) {
        (void)wk_fail(err, WK_SYSTEM, "share.version", "shared memory of another version: restart instead of reloading");
        (void)munmap(share->region, sizeof(struct wk_region));
        free(share);
        return NULL;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* our own children must not keep it */
    for (int i = 0; i < WK_SHARE_SLOTS; i++)
        (void)fcntl(share->region->wake_fd[i], F_SETFD, FD_CLOEXEC);
    self_share = share;
    return share;
}

void wk_share_close(struct wk_share *share)
{
    if (!share)
        return;
    if (share->region) {
        for (int i = 0; i < WK_SHARE_SLOTS; i++)
            if (share->region->wake_fd[i] >= 0)
                (void)close(share->region->wake_fd[i]);
        (void)munmap(share->region, sizeof(struct wk_region));
    }
    if (share->fd >= 0)
        (void)close(share->fd);
    if (self_share == share)
        self_share = NULL;
    free(share);
}

int wk_share_fd(const struct wk_share *share) { return share->fd; }

void wk_share_inherit(const struct wk_share *share)
{
    (void)fcntl(share->fd, F_SETFD, 0);
    for (int i = 0; i < WK_SHARE_SLOTS; i++)
        (void)fcntl(share->region->wake_fd[i], F_SETFD, 0);
}

struct wk_share *wk_share_self(void) { return self_share; }

/* --- slots --------------------------------------------------------------------------------------------------------- */

static void slot_clear(struct wk_region *region, uint32_t i)
{
    struct wk_region_slot *slot = &region->slot[i];
    uint64_t unread;

    memset(slot, 0, sizeof *slot);
    while (read(region->wake_fd[i], &unread, sizeof unread) > 0) /* a late wake-up for the one before */
        ;
}

int wk_share_slot_take(struct wk_share *share, uint32_t generation, uint32_t index)
{
    for (uint32_t i = 0; i < WK_SHARE_SLOTS; i++) {
        struct wk_region_slot *slot = &share->region->slot[i];

        if (atomic_load(&slot->state) != WK_SLOT_FREE)
            continue;
        slot_clear(share->region, i);
        slot->generation = generation;
        slot->index = index;
        slot->started_us = wk_share_mono_us();
        atomic_store(&slot->heartbeat_us, slot->started_us);
        if (atomic_load(&share->region->n_slots) <= i)
            atomic_store(&share->region->n_slots, i + 1);
        atomic_store(&slot->state, WK_SLOT_STARTING);
        return (int)i;
    }
    return -1;
}

void wk_share_slot_set_pid(struct wk_share *share, uint32_t slot, pid_t pid)
{
    atomic_store(&share->region->slot[slot].pid, pid);
}

void wk_share_slot_set_rss(struct wk_share *share, uint32_t slot, int64_t bytes)
{
    atomic_store(&share->region->slot[slot].rss_bytes, bytes);
}

void wk_share_slot_free(struct wk_share *share, uint32_t slot) { slot_clear(share->region, slot); }

bool wk_share_slot_get(const struct wk_share *share, uint32_t i, struct wk_slot_info *out)
{
    struct wk_region_slot *slot;

    memset(out, 0, sizeof *out);
    if (i >= WK_SHARE_SLOTS)
        return false;
    slot = &share->region->slot[i];
    out->state = atomic_load(&slot->state);
    if (out->state == WK_SLOT_FREE)
        return false;
    out->pid = atomic_load(&slot->pid);
    out->slot = i;
    out->generation = slot->generation;
    out->index = slot->index;
    out->heartbeat_us = atomic_load(&slot->heartbeat_us);
    out->started_us = slot->started_us;
    out->rss_bytes = atomic_load(&slot->rss_bytes);
    out->conns_idle = slot->conns_idle;
    out->conns_busy = slot->conns_busy;
    out->fibers = slot->fibers;
    memcpy(out->dep, slot->dep, sizeof out->dep);
    memcpy(out->suspect, slot->suspect, sizeof out->suspect);
    /* the writer may be dead in mid-copy: never trust its NULs */
    for (int d = 0; d < WK_SHARE_DEPS; d++)
        out->dep[d].name[sizeof out->dep[d].name - 1] = '\0';
    for (int s = 0; s < WK_SHARE_SUSPECTS; s++)
        out->suspect[s].plugin[sizeof out->suspect[s].plugin - 1] = '\0';
    return true;
}

/* --- a worker about itself ------------------------------------------------------------------------------------------- */

static struct wk_region_slot *own(struct wk_share *share)
{
    return share && share->self < WK_SHARE_SLOTS ? &share->region->slot[share->self] : NULL;
}

void wk_share_beat(struct wk_share *share)
{
    struct wk_region_slot *slot = own(share);

    if (slot)
        atomic_store_explicit(&slot->heartbeat_us, wk_share_mono_us(), memory_order_relaxed);
}

void wk_share_set_state(struct wk_share *share, enum wk_slot_state state)
{
    struct wk_region_slot *slot = own(share);

    if (!slot)
        return;
    wk_share_beat(share); /* whoever watches READY workers must find a fresh one */
    atomic_store(&slot->state, (uint32_t)state);
}

void wk_share_set_load(struct wk_share *share, uint32_t conns_idle, uint32_t conns_busy, uint32_t fibers)
{
    struct wk_region_slot *slot = own(share);

    if (!slot)
        return;
    slot->conns_idle = conns_idle;
    slot->conns_busy = conns_busy;
    slot->fibers = fibers;
}

void wk_share_set_dep(struct wk_share *share, const char *name, bool is_ok, bool is_degraded, uint32_t latency_ms)
{
    struct wk_region_slot *slot = own(share);
    uint32_t i = 0;

    if (!slot)
        return;
    while (i < slot->n_deps && strncmp(slot->dep[i].name, name, sizeof slot->dep[i].name - 1) != 0)
        i++;
    if (i == WK_SHARE_DEPS)
        return; /* more outside systems than the host knows of: nothing depends on the ninth */
    slot->dep[i].is_ok = is_ok;
    slot->dep[i].is_degraded = is_degraded;
    slot->dep[i].latency_ms = latency_ms;
    if (i == slot->n_deps) {
        copy_text(slot->dep[i].name, sizeof slot->dep[i].name, name);
        slot->n_deps++;
    }
}

void wk_share_suspect(struct wk_share *share, const char *plugin, int64_t bytes_kept)
{
    struct wk_region_slot *slot = own(share);
    uint32_t i = 0;

    if (!slot || !bytes_kept)
        return;
    while (i < slot->n_suspects && strncmp(slot->suspect[i].plugin, plugin, sizeof slot->suspect[i].plugin - 1) != 0)
        i++;
    if (i == WK_SHARE_SUSPECTS)
        return;
    if (i == slot->n_suspects) {
        copy_text(slot->suspect[i].plugin, sizeof slot->suspect[i].plugin, plugin);
        slot->n_suspects++;
    }
    slot->suspect[i].bytes += bytes_kept;
}

/* --- tags ------------------------------------------------------------------------------------------------------------ */

uint32_t wk_share_tag_cell(const void *tag, size_t len) { return (uint32_t)(wk_share_hash(tag, len) % WK_REGION_TAGS); }

uint64_t wk_share_cell(const struct wk_share *share, uint32_t cell) { return share ? atomic_load(&share->region->tag[cell % WK_REGION_TAGS]) : 0; }

void wk_share_cell_bump(struct wk_share *share, uint32_t cell)
{
    if (share)
        atomic_fetch_add(&share->region->tag[cell % WK_REGION_TAGS], 1);
}

uint64_t wk_share_tag(const struct wk_share *share, const void *tag, size_t len) { return wk_share_cell(share, wk_share_tag_cell(tag, len)); }

void wk_share_tag_bump(struct wk_share *share, const void *tag, size_t len) { wk_share_cell_bump(share, wk_share_tag_cell(tag, len)); }

void wk_share_heard(struct wk_share *share, const struct wk_uuid *id)
{
    uint64_t hash = wk_share_hash(id, sizeof *id);

    if (share)
        atomic_store(&share->region->heard[hash % WK_REGION_HEARD], hash);
}

bool wk_share_has_heard(const struct wk_share *share, const struct wk_uuid *id)
{
    uint64_t hash = wk_share_hash(id, sizeof *id);

    return share && atomic_load(&share->region->heard[hash % WK_REGION_HEARD]) == hash;
}

void wk_share_set_log_read(struct wk_share *share, unsigned server)
{
    if (share)
        atomic_store_explicit(&share->region->log_read_us[server % WK_SHARE_BUDGETS], wk_share_mono_us(), memory_order_relaxed);
}

int64_t wk_share_log_read_us(const struct wk_share *share, unsigned server)
{
    return share ? atomic_load_explicit(&share->region->log_read_us[server % WK_SHARE_BUDGETS], memory_order_relaxed) : 0;
}

/* --- connection budget ------------------------------------------------------------------------------------------------- */

void wk_share_budget_set(struct wk_share *share, unsigned budget, uint32_t max, uint32_t floor)
{
    if (!share || budget >= WK_SHARE_BUDGETS)
        return;
    atomic_store(&share->region->budget[budget].max, max);
    atomic_store(&share->region->budget[budget].floor, floor);
}

uint32_t wk_share_budget_used(const struct wk_share *share, unsigned budget)
{
    uint32_t used = 0;

    for (uint32_t i = 0; share && budget < WK_SHARE_BUDGETS && i < atomic_load(&share->region->n_slots); i++)
        used += atomic_load(&share->region->slot[i].held[budget]);
    return used;
}

/* There is no total that a death could leave wrong: it is the sum of what the slots hold. Taking announces first and looks
 * then, so two takers at the edge may both be refused, but never both be served. */
bool wk_share_budget_take(struct wk_share *share, unsigned budget)
{
    struct wk_region_slot *slot = own(share);
    struct wk_region_budget *b;

    if (!slot || budget >= WK_SHARE_BUDGETS)
        return true; /* no share: a unit test's pool is its own limit */
    b = &share->region->budget[budget];
    if (atomic_fetch_add(&slot->held[budget], 1) < atomic_load(&b->floor))
        return true;
    if (wk_share_budget_used(share, budget) <= atomic_load(&b->max))
        return true;
    atomic_fetch_sub(&slot->held[budget], 1);
    return false;
}

void wk_share_budget_give(struct wk_share *share, unsigned budget)
{
    struct wk_region_slot *slot = own(share);

    if (slot && budget < WK_SHARE_BUDGETS && atomic_load(&slot->held[budget]) > 0)
        atomic_fetch_sub(&slot->held[budget], 1);
}

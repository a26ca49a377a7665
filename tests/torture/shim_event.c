/* Mutable state at file scope is what a preloaded library has instead of a context. */
#include "tests/torture/shim_event.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

enum { ONE_MILLION = 1000000 };

struct inside {
    bool on, chosen;
    uint64_t seen; /* how often the moment that was asked for came */
};

static struct shim_state unused; /* until a file is mapped */
static struct shim_state *state = &unused;
static _Thread_local struct inside inside[SHIM_EVENT_COUNT];

void shim_state_open(void)
{
    const char *path = getenv("LEAT_SHIM_STATE");
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *mapped;

    if (file < 0) {
        return;
    }
    mapped = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)close(file); /* the mapping keeps it */
    state = mapped == MAP_FAILED ? &unused : mapped;
}

struct shim_state *shim_state(void)
{
    return state;
}

_Noreturn void shim_die(enum shim_event event, enum shim_moment moment)
{
    state->killed_moment = moment;
    state->killed_event = event;
    (void)kill(getpid(), SIGKILL); /* cannot fail */
    for (;;) {
        (void)pause(); /* never reached: the signal is taken on the way back from kill() */
    }
}

void shim_begin(enum shim_event event)
{
    struct inside *now = &inside[event];

    if (now->on) {
        return;
    }
    *now = (struct inside){.on = true};
    state->events[event]++;
    /* These two come after the end of an event: shim.c looks for them. */
    if (state->armed == event && state->moment != SHIM_RESTART && state->moment != SHIM_FINISH) {
        now->chosen = state->pass == 0;
        state->pass -= !now->chosen;
    }
}

bool shim_is_due(enum shim_event event, enum shim_moment moment)
{
    struct inside *now = &inside[event];

    return now->on && now->chosen && state->moment == moment && ++now->seen >= state->nth;
}

bool shim_is_inside(enum shim_event event)
{
    return inside[event].on;
}

void shim_pass(enum shim_event event, enum shim_moment moment)
{
    if (shim_is_due(event, moment)) {
        shim_die(event, moment);
    }
}

void shim_end(enum shim_event event)
{
    struct inside *now = &inside[event];

    if (now->on && now->chosen) {
        shim_die(event, SHIM_END);
    }
    now->on = false;
}

void shim_leave(enum shim_event event)
{
    inside[event].on = false;
}

bool shim_chance(uint64_t parts_per_million)
{
    uint64_t random = state->random;

    if (parts_per_million == 0) {
        return false;
    }
    /* xorshift64 */
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    state->random = random;
    return random % ONE_MILLION < parts_per_million;
}

#include "agent/waiter.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

void waiter_init(struct waiter *waiter)
{
    pthread_condattr_t attributes;

    *waiter = (struct waiter){0};
    (void)pthread_mutex_init(&waiter->lock, NULL); /* cannot fail on Linux without attributes */
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&waiter->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void waiter_deinit(struct waiter *waiter)
{
    (void)pthread_cond_destroy(&waiter->changed);
    (void)pthread_mutex_destroy(&waiter->lock);
}

static void say(struct waiter *waiter, bool stop)
{
    (void)pthread_mutex_lock(&waiter->lock);
    waiter->poked = true;
    waiter->stopping |= stop;
    (void)pthread_cond_broadcast(&waiter->changed); /* who joins waits as well */
    (void)pthread_mutex_unlock(&waiter->lock);
}

void waiter_poke(struct waiter *waiter)
{
    say(waiter, false);
}

void waiter_stop(struct waiter *waiter)
{
    say(waiter, true);
}

bool waiter_stopping(struct waiter *waiter)
{
    bool stopping;

    (void)pthread_mutex_lock(&waiter->lock);
    stopping = waiter->stopping;
    (void)pthread_mutex_unlock(&waiter->lock);
    return stopping;
}

static struct timespec timespec_of(int64_t monotonic_ns)
{
    return (struct timespec){.tv_sec = (time_t)(monotonic_ns / NS_PER_S),
                             .tv_nsec = (long)(monotonic_ns % NS_PER_S)};
}

bool waiter_wait(struct waiter *waiter, int64_t ns)
{
    struct timespec until = timespec_of(clock_monotonic_ns(&clock_system) + ns);
    bool poked;
    int result = 0;

    (void)pthread_mutex_lock(&waiter->lock);
    while (!waiter->poked && !waiter->stopping && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&waiter->changed, &waiter->lock, &until);
    }
    poked = waiter->poked || waiter->stopping;
    waiter->poked = false;
    (void)pthread_mutex_unlock(&waiter->lock);
    return poked;
}

void waiter_end(struct waiter *waiter)
{
    (void)pthread_mutex_lock(&waiter->lock);
    waiter->ended = true;
    (void)pthread_cond_broadcast(&waiter->changed);
    (void)pthread_mutex_unlock(&waiter->lock);
}

bool waiter_join(struct waiter *waiter, pthread_t thread, int64_t deadline_ns)
{
    struct timespec until = timespec_of(deadline_ns);
    bool ended;
    int result = 0;

    (void)pthread_mutex_lock(&waiter->lock);
    while (!waiter->ended && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&waiter->changed, &waiter->lock, &until);
    }
    ended = waiter->ended;
    (void)pthread_mutex_unlock(&waiter->lock);
    return ended && pthread_join(thread, NULL) == 0;
}

int64_t waiter_jitter_ns(int64_t ns)
{
    uint32_t random;

    if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
        return ns; /* without it: no jitter, that is all */
    }
    return ns - ns / 4 + (int64_t)((double)ns / 2 * ((double)random / UINT32_MAX));
}

enum error_code waiter_start_thread(pthread_t *thread, size_t stack_bytes,
                                    void *(*run)(void *argument), void *argument,
                                    struct error *error)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    int failed;

    (void)sigfillset(&all);
    (void)pthread_attr_init(&attributes); /* cannot fail on Linux */
    (void)pthread_attr_setstacksize(&attributes, stack_bytes);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(thread, &attributes, run, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return failed == 0 ? ERROR_OK
                       : error_set(error, ERROR_NO_MEMORY, "cannot start a thread: %s",
                                   strerrordesc_np(failed));
}

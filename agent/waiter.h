/* agent/waiter.h - start a thread; let it wait for a time or for a word, whichever comes first.
 *
 * A word said while nobody waits is kept for the next wait. Times are of the machine's monotonic
 * clock, since a thread really sleeps here.
 *
 * Depends on: base.  Threads: one waits, any may say.
 */
#ifndef AGENT_WAITER_H
#define AGENT_WAITER_H

#include "base/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool poked;
    bool stopping;
    bool ended;
};

void waiter_init(struct waiter *waiter);
void waiter_deinit(struct waiter *waiter);

/** End the wait that is on, or the next one. */
void waiter_poke(struct waiter *waiter);

/** As waiter_poke(), and for ever: waiter_stopping() is true from now on. */
void waiter_stop(struct waiter *waiter);
bool waiter_stopping(struct waiter *waiter);

/** At most `ns`. true: poked or stopping. */
bool waiter_wait(struct waiter *waiter, int64_t ns);

/** `ns` give or take a quarter, so that a site full of gateways does not call at once. */
int64_t waiter_jitter_ns(int64_t ns);

/** A thread with a stack of `stack_bytes`, with every signal blocked: the main thread takes those.
 */
MUST_CHECK enum error_code waiter_start_thread(pthread_t *thread, size_t stack_bytes,
                                               void *(*run)(void *argument), void *argument,
                                               struct error *error);

/** The thread's last word: it touches nothing of its owner's after this. */
void waiter_end(struct waiter *waiter);

/** Wait until the thread has said waiter_end(), at most until `deadline_ns`, and join it. false: it
 *  has not. */
MUST_CHECK bool waiter_join(struct waiter *waiter, pthread_t thread, int64_t deadline_ns);

#endif

#include "agent/collect/errand.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

void errand_board_init(struct errand_board *board)
{
    pthread_condattr_t attributes;

    board->desks = NULL;
    (void)pthread_mutex_init(&board->lock, NULL); /* cannot fail on Linux without attributes */
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&board->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void errand_board_deinit(struct errand_board *board)
{
    (void)pthread_cond_destroy(&board->changed);
    (void)pthread_mutex_destroy(&board->lock);
}

static struct errand_desk *desk_of(struct errand_board *board, const char *device)
{
    struct errand_desk *desk = board->desks;

    while (desk != NULL && strcmp(desk->device, device) != 0) {
        desk = desk->next;
    }
    return desk;
}

static void take_back(struct errand_board *board, const struct errand *errand)
{
    struct errand_desk *desk = board->desks;

    while (desk->errand != errand) { /* it lies somewhere */
        desk = desk->next;
    }
    desk->errand = NULL;
}

/** With the lock held: until it ran, came back, or was not begun in time. */
static enum errand_end wait_for(struct errand_board *board, struct errand *errand,
                                const struct timespec *until)
{
    int waited = 0;

    while (errand->state == ERRAND_LIES || errand->state == ERRAND_BEGUN) {
        if (errand->state == ERRAND_BEGUN) {
            (void)pthread_cond_wait(&board->changed, &board->lock);
        } else if (waited == ETIMEDOUT) {
            take_back(board, errand);
            return ERRAND_TOO_LATE;
        } else {
            waited = pthread_cond_timedwait(&board->changed, &board->lock, until);
        }
    }
    return errand->state == ERRAND_ENDED ? ERRAND_RAN : ERRAND_NO_DEVICE;
}

enum errand_end errand_ask(struct errand_board *board, const char *device, struct errand *errand,
                           int64_t begin_ns)
{
    int64_t until_ns = clock_monotonic_ns(&clock_system) + begin_ns; /* a thread really waits */
    const struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                                   .tv_nsec = (long)(until_ns % NS_PER_S)};
    enum errand_end end = ERRAND_NO_DEVICE;
    struct errand_desk *desk;

    (void)pthread_mutex_lock(&board->lock);
    desk = desk_of(board, device);
    if (desk != NULL && desk->errand != NULL) {
        end = ERRAND_BUSY;
    } else if (desk != NULL) {
        desk->errand = errand;
        errand->state = ERRAND_LIES;
        waiter_poke(desk->waiter);
        end = wait_for(board, errand, &until);
    }
    (void)pthread_mutex_unlock(&board->lock);
    return end;
}

const char *errand_end_sentence(enum errand_end end)
{
    static const char *const sentences[] = {
        [ERRAND_RAN] = "it was asked",
        [ERRAND_NO_DEVICE] = "no such device is collected from",
        [ERRAND_BUSY] = "another command is using this device; try again",
        [ERRAND_TOO_LATE] = "the device was busy for too long; nothing was sent; try again",
    };

    return sentences[end];
}

void errand_join(struct errand_board *board, struct errand_desk *desk, const char *device,
                 struct waiter *waiter)
{
    if (board == NULL) {
        return;
    }
    *desk = (struct errand_desk){.board = board, .device = device, .waiter = waiter};
    (void)pthread_mutex_lock(&board->lock);
    desk->next = board->desks;
    board->desks = desk;
    (void)pthread_mutex_unlock(&board->lock);
}

void errand_leave(struct errand_desk *desk)
{
    struct errand_board *board = desk->board;
    struct errand_desk **at;

    if (board == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&board->lock);
    for (at = &board->desks; *at != desk; at = &(*at)->next) {
    }
    *at = desk->next;
    if (desk->errand != NULL) {
        desk->errand->state = ERRAND_UNDONE;
    }
    (void)pthread_cond_broadcast(&board->changed);
    (void)pthread_mutex_unlock(&board->lock);
    desk->board = NULL;
}

struct errand *errand_take(struct errand_desk *desk)
{
    struct errand *errand;

    if (desk->board == NULL) {
        return NULL;
    }
    (void)pthread_mutex_lock(&desk->board->lock);
    errand = desk->errand;
    if (errand != NULL) {
        errand->state = ERRAND_BEGUN;
        (void)pthread_cond_broadcast(&desk->board->changed); /* its time no longer matters */
    }
    (void)pthread_mutex_unlock(&desk->board->lock);
    return errand;
}

void errand_done(struct errand_desk *desk)
{
    (void)pthread_mutex_lock(&desk->board->lock);
    desk->errand->state = ERRAND_ENDED;
    desk->errand = NULL;
    (void)pthread_cond_broadcast(&desk->board->changed);
    (void)pthread_mutex_unlock(&desk->board->lock);
}

#include "agent/status_board.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES_MAX = 4096 };

struct status_board {
    pthread_mutex_t lock;           /* guards all below */
    struct status_device **devices; /* a row that was left is NULL */
    size_t capacity;
    struct status_uplink uplink;
    struct status_counts totals;
};

const char *status_state_name(enum status_state state)
{
    static const char *const names[] = {"starting", "up", "down"};

    return names[state];
}

static void copy_text(char *target, size_t size, const char *text)
{
    (void)utf8_copy(target, size, text, strlen(text)); /* cut between characters: JSON is UTF-8 */
}

enum error_code status_board_create(struct status_board **board, struct error *error)
{
    struct status_board *made = calloc(1, sizeof(*made));

    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return error_set(error, ERROR_NO_MEMORY, "no memory for the status board");
    }
    *board = made;
    return ERROR_OK;
}

void status_board_free(struct status_board *board)
{
    if (board == NULL) {
        return;
    }
    for (size_t i = 0; i < board->capacity; i++) {
        free(board->devices[i]);
    }
    free(board->devices);
    (void)pthread_mutex_destroy(&board->lock); /* nobody holds it any more */
    free(board);
}

/** A free row, or a new one at the end; -1 when there is no room. The lock is held. */
static int free_row(struct status_board *board)
{
    size_t capacity = board->capacity == 0 ? 8 : board->capacity * 2;
    struct status_device **grown;

    for (size_t i = 0; i < board->capacity; i++) {
        if (board->devices[i] == NULL) {
            return (int)i;
        }
    }
    if (capacity > DEVICES_MAX) {
        return -1;
    }
    grown = realloc(board->devices, capacity * sizeof(struct status_device *));
    if (grown == NULL) {
        return -1;
    }
    memset(grown + board->capacity, 0,
           (capacity - board->capacity) * sizeof(struct status_device *));
    board->devices = grown;
    board->capacity = capacity;
    return (int)(capacity / 2 >= 8 ? capacity / 2 : 0);
}

int status_device_join(struct status_board *board, const char *name, const char *driver)
{
    struct status_device *device = calloc(1, sizeof(*device));
    int row;

    if (device == NULL) {
        return -1;
    }
    copy_text(device->name, sizeof(device->name), name);
    copy_text(device->driver, sizeof(device->driver), driver);
    (void)pthread_mutex_lock(&board->lock);
    row = free_row(board);
    if (row >= 0) {
        board->devices[row] = TAKE(device);
    }
    (void)pthread_mutex_unlock(&board->lock);
    free(device);
    return row;
}

void status_device_leave(struct status_board *board, int row)
{
    (void)pthread_mutex_lock(&board->lock);
    free(board->devices[row]);
    board->devices[row] = NULL;
    (void)pthread_mutex_unlock(&board->lock);
}

void status_device_state(struct status_board *board, int row, enum status_state state,
                         const char *reason)
{
    (void)pthread_mutex_lock(&board->lock);
    board->devices[row]->state = state;
    copy_text(board->devices[row]->reason, STATUS_REASON_SIZE, reason);
    (void)pthread_mutex_unlock(&board->lock);
}

static void add_counts(struct status_counts *sum, const struct status_counts *counts)
{
    sum->polls += counts->polls;
    sum->missed += counts->missed;
    sum->queued += counts->queued;
    sum->lines += counts->lines;
    sum->suppressed += counts->suppressed;
    sum->rejected += counts->rejected;
}

void status_device_count(struct status_board *board, int row, const struct status_counts *counts)
{
    (void)pthread_mutex_lock(&board->lock);
    add_counts(&board->devices[row]->counts, counts);
    add_counts(&board->totals, counts);
    (void)pthread_mutex_unlock(&board->lock);
}

void status_uplink_target(struct status_board *board, const char *target)
{
    (void)pthread_mutex_lock(&board->lock);
    copy_text(board->uplink.target, sizeof(board->uplink.target), target);
    (void)pthread_mutex_unlock(&board->lock);
}

void status_uplink_state(struct status_board *board, enum status_state state, const char *reason)
{
    (void)pthread_mutex_lock(&board->lock);
    board->uplink.state = state;
    board->uplink.failures += state == STATUS_DOWN ? 1 : 0;
    copy_text(board->uplink.reason, sizeof(board->uplink.reason), reason);
    (void)pthread_mutex_unlock(&board->lock);
}

void status_uplink_uploaded(struct status_board *board, uint64_t bytes, uint64_t rows,
                            uint64_t reading_rows, int64_t now_ns)
{
    (void)pthread_mutex_lock(&board->lock);
    board->uplink.objects++;
    board->uplink.bytes += bytes;
    board->uplink.rows += rows;
    board->uplink.reading_rows += reading_rows;
    board->uplink.last_success_ns = now_ns;
    (void)pthread_mutex_unlock(&board->lock);
}

void status_uplink_waits_for_clock(struct status_board *board, enum stream stream, bool waits)
{
    (void)pthread_mutex_lock(&board->lock);
    board->uplink.waits_for_clock[stream] = waits;
    (void)pthread_mutex_unlock(&board->lock);
}

bool status_board_device(struct status_board *board, size_t index, struct status_device *device)
{
    bool found = false;

    (void)pthread_mutex_lock(&board->lock);
    for (size_t row = 0; row < board->capacity && !found; row++) {
        if (board->devices[row] != NULL && index-- == 0) {
            *device = *board->devices[row];
            found = true;
        }
    }
    (void)pthread_mutex_unlock(&board->lock);
    return found;
}

void status_board_uplink(struct status_board *board, struct status_uplink *uplink)
{
    (void)pthread_mutex_lock(&board->lock);
    *uplink = board->uplink;
    (void)pthread_mutex_unlock(&board->lock);
}

void status_board_states(struct status_board *board, uint64_t counts[STATUS_STATE_COUNT])
{
    memset(counts, 0, STATUS_STATE_COUNT * sizeof(counts[0]));
    (void)pthread_mutex_lock(&board->lock);
    for (size_t row = 0; row < board->capacity; row++) {
        if (board->devices[row] != NULL) {
            counts[board->devices[row]->state]++;
        }
    }
    (void)pthread_mutex_unlock(&board->lock);
}

void status_board_totals(struct status_board *board, struct status_counts *totals)
{
    (void)pthread_mutex_lock(&board->lock);
    *totals = board->totals;
    (void)pthread_mutex_unlock(&board->lock);
}

/* agent/status_board.h - what the agent is doing right now, for `leat status` and the last log
 * line.
 *
 *   collectors, uplink --write--> [ BOARD ] --read--> agent/local_api
 *
 * Writers report once per turn, never per sample. A device keeps its row while its collector runs;
 * its counters go on in the totals when it leaves.
 *
 * Depends on: base.  Threads: all functions from any thread; the lock is inside.
 */
#ifndef AGENT_STATUS_BOARD_H
#define AGENT_STATUS_BOARD_H

#include "base/error.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct status_board;

enum status_state { STATUS_STARTING, STATUS_UP, STATUS_DOWN };

enum { STATUS_STATE_COUNT = 3 };

const char *status_state_name(enum status_state state);

enum { STATUS_NAME_SIZE = 80, STATUS_REASON_SIZE = 256 };

/** Everything is counted since the start of the agent (totals) or of the collector (a device). */
struct status_counts {
    uint64_t polls;      /* turns of reading that succeeded */
    uint64_t missed;     /* turns that came too late or failed */
    uint64_t queued;     /* readings appended to the queue */
    uint64_t lines;      /* log lines appended to it */
    uint64_t suppressed; /* readings held back by report by exception */
    uint64_t rejected;   /* payloads that could not be understood; not readings */
};

struct status_device {
    char name[STATUS_NAME_SIZE];
    char driver[32];
    enum status_state state;
    char reason[STATUS_REASON_SIZE]; /* why it is down; "" when it is up */
    struct status_counts counts;
};

struct status_uplink {
    char target[STATUS_NAME_SIZE]; /* "" when none is configured */
    enum status_state state;
    char reason[STATUS_REASON_SIZE];
    uint64_t objects, bytes;            /* uploaded since the start */
    uint64_t rows;                      /* in those objects, of all streams */
    uint64_t reading_rows;              /* the readings among them */
    uint64_t failures;                  /* tries that failed, likewise */
    int64_t last_success_ns;            /* UTC; 0: none yet */
    bool waits_for_clock[STREAM_COUNT]; /* its records go when the clock is right */
};

MUST_CHECK enum error_code status_board_create(struct status_board **board, struct error *error);
void status_board_free(struct status_board *board);

/** A row for a device; -1 when there is no memory for it. Free it with status_device_leave(). */
int status_device_join(struct status_board *board, const char *name, const char *driver);
void status_device_leave(struct status_board *board, int row);

void status_device_state(struct status_board *board, int row, enum status_state state,
                         const char *reason);

/** Add `counts` to the device's and to the totals. */
void status_device_count(struct status_board *board, int row, const struct status_counts *counts);

void status_uplink_target(struct status_board *board, const char *target);
/** Told after each try that failed, and once it goes through. */
void status_uplink_state(struct status_board *board, enum status_state state, const char *reason);
void status_uplink_uploaded(struct status_board *board, uint64_t bytes, uint64_t rows,
                            uint64_t reading_rows, int64_t now_ns);

void status_uplink_waits_for_clock(struct status_board *board, enum stream stream, bool waits);

/** Copy device `index` (0, 1, ...) into `device`; false: there is no such device. */
bool status_board_device(struct status_board *board, size_t index, struct status_device *device);
void status_board_uplink(struct status_board *board, struct status_uplink *uplink);
/** How many devices are in each state, by enum status_state. */
void status_board_states(struct status_board *board, uint64_t counts[STATUS_STATE_COUNT]);
void status_board_totals(struct status_board *board, struct status_counts *totals);

#endif

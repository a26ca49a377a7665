/* drivers/modbus/line.h - one serial port, or one TCP peer, and the units that take turns on it.
 *
 *   modbus.c of each unit --one request at a time--> [ LINE: dial, exchange ] -> slaves
 *
 * Life: zeroed -> line_init() -> line_join()* ... line_leave()* -> line_deinit().
 * A unit: zeroed -> line_join() -> { line_use() -> (line_take() line_release())* -> line_disuse()
 * }*
 *   -> line_leave().
 *
 *  B1  One request is on the line at a time. Who waits gets it in the order of asking, for one
 *      request: a unit with many does not hold up one with few.
 *  B2  A unit that failed last time is a suspect until it answers again; one that had answered
 *      LINE_TRUSTED times in a row is one only when it fails again, tried anew: another one's noise
 *      may hit a good unit twice in a turn. On a line of several units, all suspects together get a
 *      tenth of the time: after a failed request that took T the next one to any suspect begins 9 T
 *      later. They take turns, too, those first that failed less than LINE_TRUSTED times since they
 *      last answered: what noise made a suspect is no long while one. line_not_before().
 *  B3  The connection stays as long as a unit uses it. Who finds it broken closes it; the next
 *      request makes it anew. After a failure to connect nobody tries for LINE_REST_NS: they get
 *      the same answer.
 *
 * Depends on: dial, exchange.  Threads: the units are used by one thread each, at once.
 */
#ifndef DRIVERS_MODBUS_LINE_H
#define DRIVERS_MODBUS_LINE_H

#include "base/clock.h"
#include "base/error.h"
#include "drivers/modbus/dial.h"
#include "drivers/modbus/exchange.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define LINE_REST_NS NS_PER_S

/* How often longer than a failed request the suspects wait (B2). */
enum { LINE_SUSPECTS_WAIT = 9, LINE_TRUSTED = 3 };

struct line_place; /* in the queue for the next request */

struct line_unit {
    struct line *line;
    struct line_unit *next; /* suspect that waits */
    bool queued;            /* among those */
    bool uses;
    bool failing;        /* its last request failed */
    bool failing_before; /* and the last one before it began to use the line */
    bool trusted;        /* when it began to fail */
    bool suspect;        /* B2 */
    bool proven;         /* it has answered since it began, or since it failed */
    uint8_t answers;     /* in a row; LINE_TRUSTED at most */
    uint8_t failures;    /* the same */
};

struct line {
    pthread_mutex_t lock; /* of what follows, up to the connection */
    pthread_cond_t changed;
    struct line_place *first, **last;
    bool taken;
    unsigned members, users;
    struct line_unit *suspects; /* that wait: fewest failures first, then in the order of asking */
    const struct line_unit *trying; /* the suspect whose time it is */
    int64_t suspects_from_ns;       /* monotonic */

    /* The connection: of who has taken the line. */
    struct dial dial;
    struct exchange exchange;
    int64_t no_dial_until_ns; /* B3; monotonic */
    enum error_code dial_code;
};

MUST_CHECK enum error_code line_init(struct line *line, struct error *error);
void line_deinit(struct line *line);

/** Be one of its units, or no longer; line_leave() accepts a zeroed unit. */
void line_join(struct line_unit *unit, struct line *line);
void line_leave(struct line_unit *unit);

/** Begin to need the connection; it is made by who takes the line and finds none. */
void line_use(struct line_unit *unit);
/** No longer: the last one closes it. Its turn as a suspect is over. Accepts a zeroed unit. */
void line_disuse(struct line_unit *unit);

/** Have the line for one request; waits `wait_ns` at most. false: others had it all that time. */
MUST_CHECK bool line_take(struct line_unit *unit, int64_t wait_ns);
void line_release(struct line_unit *unit);

/** What came of a request that took `took_ns`; with the line taken. */
void line_note(struct line_unit *unit, bool answered, int64_t took_ns, int64_t now_ns);

/** B2: from when on the unit may be tried again, monotonic; 0: now, and it is its turn until
 *  line_disuse(). Ask again then. */
int64_t line_not_before(struct line_unit *unit, int64_t now_ns);

/** Do several units share it? */
bool line_is_shared(const struct line_unit *unit);

#endif

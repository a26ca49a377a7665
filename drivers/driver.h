/* drivers/driver.h - what a device protocol must provide to be collected from.
 *
 *   device -> [ DRIVER ] -> agent/pipeline -> agent/store -> sync -> lake
 *
 * A driver is one constant table, listed in drivers/registry.c. It knows its protocol and nothing
 * else: no threads (a library's own are wrapped), no retries, no reconnecting, no scheduling, no
 * logging. The host (agent/collect/collector.c) does those once, for every driver.
 *
 * Life of an instance, in this order (tests/contract/driver_contract.c checks each rule):
 *
 *   zeroed state -> options written -> add_point()* -> prepare() -> remember()? link.join()?
 *     -> { open() -> (read() committed() write())* -> close() }* -> destroy() -> freed
 *
 *  D1  add_point() and prepare() do no I/O: `leat check` proves a configuration with no device.
 *  D2  close() is valid in every state: zeroed, after a failed open(), twice. It cannot fail.
 *  D3  After any failure the host calls close() and, if the class says so, open() again later.
 *      So open() may fail half way and simply return: close() cleans up.
 *  D4  open() and read() come back by the deadline. Blocking until then is fine.
 *  D5  One call at a time per instance, not always on the same thread. Two instances of a driver
 *      run at once: no mutable file-scope variables.
 *  D6  Every failure fills `error` with a sentence naming the point or peer.
 *  D7  What read() handed to the sink counts as taken only when committed() says so: a driver that
 *      acknowledges to its source (MQTT) does it there and nowhere else.
 *  D8  emit() that returns false means "no room now": the driver keeps that sample and the rest,
 *      returns ERROR_OK, and hands them over at the next read(). A polled driver may drop the rest.
 *  D9  Nothing is sent that changes the device but by write() (base/device_write.h).
 *  D10 Instances with one link share its block: base/device_link.h.
 *
 * Depends on: base.
 */
#ifndef DRIVERS_DRIVER_H
#define DRIVERS_DRIVER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/device_identity.h"
#include "base/device_line.h"
#include "base/device_link.h"
#include "base/device_write.h"
#include "base/error.h"
#include "base/event.h"
#include "base/facts.h"
#include "base/option.h"
#include "base/sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A point as configured. Everything it refers to lives as long as the instance. */
struct driver_point {
    uint32_t point_id;   /* what samples of this point carry */
    uint32_t schedule;   /* which bit of driver_turn.due says that it is due: 0 to 31 */
    const char *name;    /* within its device; may hold {parts} where the driver allows them */
    const void *options; /* the struct that driver.point_options filled */
    const void *group;   /* the struct that driver.group_options filled; NULL without groups */
    bool writable;       /* add_point() refuses it where the source takes no values */
};

/** Something arrived that cannot become a sample of any point. All texts are borrowed. */
struct driver_rejection {
    int64_t received_ns; /* UTC */
    const char *source;  /* topic or address */
    const char *reason;  /* one sentence: what was expected, what came */
    const void *payload; /* as it came */
    size_t payload_bytes;
    uint64_t count; /* how many alike; 0 means one */
};

/** The instance() that the host could not make: at its maximum, or out of memory. */
#define DRIVER_NO_INSTANCE UINT32_MAX

/** Where a driver puts what it read. The sink copies; the driver keeps its memory. Used by one
 *  thread at a time, only inside read(). */
struct driver_sink {
    bool (*emit)(struct driver_sink *sink, const struct sample *sample);
    void (*reject)(struct driver_sink *sink, const struct driver_rejection *rejection);
    /** The point made from the template `point_id` under the expanded `name` ("press-3-speed"),
     *  made at first sight; emit() takes the returned id. DRIVER_NO_INSTANCE: reject instead. */
    uint32_t (*instance)(struct driver_sink *sink, uint32_t point_id, const char *name);
    /** Something about the source that is neither a reading nor a rejection. Its subject is put
     *  behind the device's name. */
    void (*tell)(struct driver_sink *sink, const struct event *event);
    /** A line of a log, into the stream of logs. D8 holds as for emit(). */
    bool (*line)(struct driver_sink *sink, const struct driver_line *line);
    /** Several, all of them or none. Only the last has a position, behind all. */
    bool (*lines)(struct driver_sink *sink, const struct driver_line *lines, size_t count);
    /** The position of the last line taken, or kept, of a device of this name; false: none yet. */
    bool (*position)(struct driver_sink *sink, char position[DRIVER_POSITION_SIZE]);
    /** Keep a position without a line. false: no room now. */
    bool (*keep)(struct driver_sink *sink, const char *position);
    /** Which position these three speak of: below DRIVER_POSITIONS, one for each file or the like.
     * A driver with several sets it before each call; "" gives one back. */
    uint32_t slot;
};

/** One call of read(). */
struct driver_turn {
    const struct clock *clock;
    int64_t deadline_ns; /* monotonic */
    uint32_t due;        /* bit i: the points of schedule i are due. Pushing drivers ignore it */
    const struct facts_source *host; /* what the agent knows of itself; NULL without an agent */
};

/** A point that a device has without being told: texts as in a configuration, NULL where nothing is
 *  said. A configured point of this name, or of the same kind of address (up to the ':'), takes
 *  from here what it does not say itself. */
struct driver_standard_point {
    const char *name, *address; /* a name of its own; NULL closes the table */
    const char *type;           /* of the point's definition; nobody configures it */
    const char *unit, *role, *scale, *range_low, *range_high, *deadband, *heartbeat;
};

struct driver {
    const char *name;                  /* "modbus-tcp": lower case and '-'; never changes meaning */
    const char *summary;               /* one line for people */
    const struct option_spec *options; /* of a device, without the host's own keys */
    size_t state_size;                 /* the host allocates this, zeroed, and frees it */
    const struct option_spec *point_options;
    size_t point_size;     /* of the struct behind driver_point.options */
    const char *group_key; /* "logs": points stand in groups; of a polled driver beside them, too */
    const struct option_spec *group_options; /* of one group; NULL without groups */
    size_t group_size;                       /* of the struct behind driver_point.group */
    /** A group whose source names its points itself and says of which type they are: the template
     *  that stands for all of them where the group lists none. NULL: every point of the group is
     *  as configured. The slot may be NULL, too. */
    const char *(*group_template)(const void *group);
    size_t point_address_offset; /* in the point's struct: const char * shown as its address */
    /** Of which type a point's samples are ("float64"), by its filled options; NULL: as its option
     *  `type` says. The slot may be NULL, too. */
    const char *(*point_type)(const void *options);
    const struct driver_standard_point *standard_points; /* NULL: every point is configured */
    int64_t standard_interval_ns; /* of a device that names none; 0: the host's default */
    bool pushes;                  /* the source sends when it likes; read() waits for it */

    /** Check the point and remember it. Errors: ERROR_BAD_CONFIG, ERROR_NO_MEMORY. */
    enum error_code (*add_point)(void *state, struct arena *arena, const struct driver_point *point,
                                 struct error *error);

    /** All points are known: check what concerns them together, make the plan of requests. */
    enum error_code (*prepare)(void *state, struct arena *arena, struct error *error);

    /** What one device alone may have, with its name ("client_id 'x'"): of two prepared devices
     *  with an equal text the second is refused. Lives as long as the state. NULL: there is
     *  nothing of that kind. */
    const char *(*session)(const void *state);

    const struct device_link *link; /* NULL: its instances share nothing */
    /** Connect. `deadline_ns` is monotonic. What it acquires is released by close(). */
    enum error_code (*open)(void *state, const struct clock *clock, int64_t deadline_ns,
                            struct error *error);

    /** Emit every point that is due (polled devices) or has arrived (pushing devices), return.
     *  A point that the device reports as broken is emitted with a bad status and is not a failure;
     *  failing means that the connection is of no further use. */
    enum error_code (*read)(void *state, const struct driver_turn *turn, struct driver_sink *sink,
                            struct error *error);

    /** Everything handed over by earlier read()s since open() is on disk (D7). */
    void (*committed)(void *state);

    /** true: what read() learned of the device has changed since the last call; `bytes` gets all of
     *  it, to be handed to remember() of a later instance. Only the driver knows what they mean.
     *  Not during read(). NULL: it learns nothing. */
    bool (*learned)(void *state, struct buffer *bytes);

    /** Between prepare() and the first open(): what an instance of this name learned() before,
     *  maybe of another driver or configuration; what does not fit is ignored. NULL: as learned. */
    void (*remember)(void *state, const uint8_t *bytes, size_t size_bytes);
    device_fit *fit;           /* base/device_write.h; NULL where write is */
    device_write *write;       /* the same; NULL: this driver only reads */
    device_identify *identify; /* base/device_identity.h; NULL: nothing to ask */
    /** Let go of the connection; keep options and points. */
    void (*close)(void *state);

    /** Last call: what a library keeps beyond close(). Accepts a state that was never opened. */
    void (*destroy)(void *state);
};

/** The driver called `name`, or NULL. */
const struct driver *driver_find(const char *name);
/** All drivers, closed by NULL. */
extern const struct driver *const driver_registry[];

static inline bool driver_emit(struct driver_sink *sink, const struct sample *sample)
{
    return sink->emit(sink, sample);
}

#endif

/* base/stream.h - the kinds of record that leave a gateway, each with a sequence of its own.
 *
 * Sequence numbers start at 1, grow by 1 and are never used again within an incarnation of the
 * queue. The first three streams live in rings of the queue; the catalogue is a small table.
 *
 * Depends on: nothing.  Threads: constants.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

enum stream {
    STREAM_EVENTS,   /* gaps, high-water marks, identity, rejections: base/event.h */
    STREAM_READINGS, /* values of points: base/sample.h */
    STREAM_LOGS,     /* lines of text */
    STREAM_CATALOGUE /* definitions of points: base/definition.h */
};

enum { STREAM_RING_COUNT = 3, STREAM_COUNT = 4 };

/** "events", "readings", "logs", "catalogue": as in object names. */
const char *stream_name(enum stream stream);

#endif

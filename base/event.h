/* base/event.h - what happened to the data: gaps, rejections, high-water marks, identity.
 *
 * An event is stored as a text sample of STREAM_EVENTS; this is that text's form. Version 1: the
 * fields in the order of struct event, decimal numbers, separated by the byte 1F, after "1".
 * Bytes below 20 in texts become spaces, so that a field never ends early; what is not UTF-8
 * becomes question marks, since the detail may quote a foreign payload and the lake keeps texts as
 * UTF-8.
 *
 *  | kind        | subject              | what the fields say                                     |
 *  | identity    | incarnation          | first event: detail names the predecessor, if any       |
 *  | high-water  | stream               | last: highest sequence number issued                    |
 *  | gap         | stream               | first..last: these sequence numbers are lost; reason    |
 *  | unread      | device or point      | count polls missed from..to; reason                     |
 *  | rejected    | device and topic     | count payloads not understood; detail: the first one    |
 *  |             | events               | count events that the queue refused; detail: the first  |
 *  | sequence    | device and source    | count messages missing after from..to; reason           |
 *  | rebirth     | device and source    | a Sparkplug node was asked for its births; reason       |
 *  | host-state  | device and host id   | another client said count times that we are offline, or |
 *  |             |                      | the broker does not take what we say; reason            |
 *  | last-will   | device and topic     | the broker does not take what `will` says; reason       |
 *  | agent       | started, stopped     | detail: version                                         |
 *  | config      | applied, removed     | count devices that were started anew; detail: the       |
 *  |             |                      | device that is collected from no longer                 |
 *  | down        | agent                | not running from..to; reason; detail says whether the   |
 *  |             |                      | machine was restarted or only the agent                 |
 *  | clock       | step, synchronised,  | from: the clock before, to: after, of the same instant; |
 *  |             | unsynchronised,      | reason; count: changes since the last such event that   |
 *  |             | lifted               | were too many to be told one by one                     |
 *  | write       | device/point         | reason: asked, then done, refused, differs or unknown; |
 *  |             |                      | detail: JSON with who, old value, value asked, written |
 *  |             |                      | and read back, and why (agent/local/write_audit.h)      |
 *  | alarm       | point                | detail: its new value as text; from: when, by the source|
 *  | queue       | set-aside, salvaged, | detail: the file's name; first..last and count where    |
 *  |             | drained, resized     | they fit; reason                                        |
 *
 * Depends on: error.  Threads: pure.
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { EVENT_TEXT_MAX = 4096, EVENT_DETAIL_MAX = 2048 };

struct event {
    const char *kind;
    const char *subject;
    const char *reason;     /* one sentence, or "" */
    const char *detail;     /* or ""; cut at EVENT_DETAIL_MAX bytes */
    uint64_t first, last;   /* sequence numbers; 0: none */
    uint64_t count;         /* how many; 0: not a count */
    int64_t from_ns, to_ns; /* UTC; 0: none */
};

/** Write the text form, terminated, into `text` (EVENT_TEXT_MAX bytes); return its length. A text
 * that is too long is cut between two characters. */
size_t event_encode(const struct event *event, char text[EVENT_TEXT_MAX]);

/** Read the text form of `size` bytes. `copy` (EVENT_TEXT_MAX bytes) holds the texts that `event`
 *  points to. Errors: ERROR_BAD_DATA. */
MUST_CHECK enum error_code event_decode(const char *bytes, size_t size, char copy[EVENT_TEXT_MAX],
                                        struct event *event, struct error *error);

#endif

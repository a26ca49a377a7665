/* agent/store/regime.h - which clock a record was stamped by.
 *
 *   clock -> [ REGIME ] -> ring (marks in slots) -> store_read() -> how a record's time is
 * corrected
 *
 * A regime is a stretch of time in which nobody set the clock: UTC - boot time stays the same, and
 * so does what is known of UTC. The watch notices changes by looking; between two looks a record
 * may have been stamped by either clock, and its own stamp tells which: one of them makes it older
 * or younger than it can be.
 *
 *  W1  A change of less than REGIME_TOLERANCE_NS is none: two clocks cannot be read at once.
 *  W2  A record belongs to the newest regime in whose span its stamp lies; if to none, to the
 *      newest. The last REGIMES_PAST are remembered for records that took long to be appended, at
 *      most REGIME_PAST_NS of the time that the machine was awake.
 *  W3  The right offset of a boot is that of its latest synchronised regime. The last RIGHTS_MAX
 *      boots are kept as notes, so that what waits from an earlier boot can still be corrected.
 *
 * Depends on: base, note, slot.  Threads: the store's `lock`.
 */
#ifndef AGENT_STORE_REGIME_H
#define AGENT_STORE_REGIME_H

#include "agent/store/note.h"
#include "agent/store/slot.h"

#define REGIME_TOLERANCE_NS (10 * NS_PER_MS)
#define REGIME_PAST_NS      (60 * NS_PER_S)

enum { REGIMES_PAST = 4, RIGHTS_MAX = 8 };

struct regime_span {
    struct slot_regime regime;
    int64_t from_ns, to_ns; /* boot time: from the last look before it to the first one after */
    int64_t asleep_from_ns, asleep_to_ns; /* nothing was stamped between: the machine slept */
    int64_t looked_ns;                    /* monotonic: the last look in it */
};

struct regime_watch {
    const struct clock *clock;
    struct regime_span now; /* to_ns: the last look */
    struct regime_span past[REGIMES_PAST];
    size_t past_count;
};

/** The first look. */
void regime_watch_init(struct regime_watch *watch, const struct clock *clock);

/** Look; true: there is a new regime. The state costs a system call, and is asked for when
 *  `ask_state`, or when the clock was set. */
bool regime_look(struct regime_watch *watch, bool ask_state);

/** The regime of a record received at `received_ns` (W2); lives until the next look. */
const struct slot_regime *regime_of(const struct regime_watch *watch, int64_t received_ns);

bool regime_same(const struct slot_regime *one, const struct slot_regime *other);

/** What is known of a boot's time. */
struct right {
    uint8_t boot_id[SLOT_BOOT_ID_BYTES];
    int64_t offset_ns; /* UTC - boot time */
    uint64_t order;    /* the higher the later; 0: an empty place */
};

struct rights {
    struct right list[RIGHTS_MAX];
    uint64_t changes; /* how often anything became known */
};

/** Take them from the notes. */
void rights_load(struct rights *rights, struct notes *notes);

/** false: nothing is known of this boot. */
bool rights_find(const struct rights *rights, const uint8_t boot_id[SLOT_BOOT_ID_BYTES],
                 int64_t *offset_ns);

/** Remember an offset, in the notes too; true: that is new. */
bool rights_learn(struct rights *rights, struct notes *notes,
                  const uint8_t boot_id[SLOT_BOOT_ID_BYTES], int64_t offset_ns);

#endif

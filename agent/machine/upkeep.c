#include "agent/machine/upkeep.h"

#include "base/log.h"

void upkeep_start(struct upkeep *upkeep, struct store *store, const struct clock *clock)
{
    *upkeep = (struct upkeep){.store = store, .clock = clock};
    wear_init(&upkeep->wear, store, clock);
}

void upkeep_begin(struct upkeep *upkeep)
{
    presence_start(&upkeep->presence, upkeep->store, upkeep->clock);
}

/** One line when a ring may not grow, one when it may again. */
static void tell_growth(struct upkeep *upkeep, enum stream stream)
{
    struct store_stream_state now;

    store_state(upkeep->store, stream, &now);
    if (now.growth == upkeep->growth[stream]) {
        return;
    }
    upkeep->growth[stream] = now.growth;
    if (now.growth == STORE_GROWTH_FREE) {
        log_info("ring-grows-again", "stream=%s", stream_name(stream));
        return;
    }
    log_warning("ring-cramped", "stream=%s has_bytes=%llu of_bytes=%llu why=\"%s\"",
                stream_name(stream), (unsigned long long)now.made_bytes,
                (unsigned long long)now.ring_bytes,
                now.growth == STORE_GROWTH_FLOOR
                    ? "the file system is down to queue.keep_free; make room, or set it lower"
                    : "the file system is full; make room");
}

void upkeep_look(struct upkeep *upkeep)
{
    for (size_t i = 0; i < STREAM_RING_COUNT; i++) {
        tell_growth(upkeep, (enum stream)i);
    }
    wear_count(&upkeep->wear, false);
    presence_look(&upkeep->presence);
}

void upkeep_finish(struct upkeep *upkeep, unsigned signal_number)
{
    presence_end(&upkeep->presence, signal_number);
    wear_count(&upkeep->wear, true);
}

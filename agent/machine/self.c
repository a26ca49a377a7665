#include "agent/machine/self.h"

#include <stdio.h>

static void add_rings(const struct self *self, struct facts *facts)
{
    int64_t now_ns = clock_utc_ns(self->clock);

    for (unsigned i = 0; i < STREAM_RING_COUNT; i++) {
        struct facts_ring *ring = &facts->rings[i];
        struct store_stream_state state;

        store_state(self->store, (enum stream)i, &state);
        *ring = (struct facts_ring){
            .waiting = state.waiting_count,
            .used_bytes = state.waiting_bytes,
            .size_bytes = state.ring_bytes,
            .lost = state.lost_count,
        };
        if (state.oldest_received_ns != 0 && state.oldest_received_ns < now_ns) {
            ring->oldest_ns = now_ns - state.oldest_received_ns;
        }
    }
}

static void add_uplink(const struct self *self, struct facts *facts)
{
    int64_t now_ns = clock_utc_ns(self->clock);
    struct status_uplink uplink;

    status_board_uplink(self->board, &uplink);
    facts->has_target = uplink.target[0] != '\0';
    facts->uplink_up = uplink.state == STATUS_UP;
    facts->uplink_failures = uplink.failures;
    facts->uplink_bytes = uplink.bytes;
    facts->has_succeeded = uplink.last_success_ns != 0;
    facts->last_success_ns = !facts->has_succeeded
                                 ? clock_monotonic_ns(self->clock) - self->started_ns
                             : now_ns > uplink.last_success_ns ? now_ns - uplink.last_success_ns
                                                               : 0;
}

static void read_self(const struct facts_source *source, struct facts *facts)
{
    const struct self *self = (const struct self *)(const void *)source; /* its first member */
    uint64_t devices[STATUS_STATE_COUNT];
    struct status_counts totals;

    *facts = (struct facts){.queue_path = self->queue_path};
    add_rings(self, facts);
    add_uplink(self, facts);
    status_board_states(self->board, devices);
    status_board_totals(self->board, &totals);
    facts->devices_up = devices[STATUS_UP];
    facts->devices_down = devices[STATUS_DOWN];
    facts->polls_missed = totals.missed;
    facts->payloads_rejected = totals.rejected;
}

void self_init(struct self *self, const char *queue_path, struct store *store,
               struct status_board *board, const struct clock *clock)
{
    *self = (struct self){
        .source = {.read = read_self},
        .store = store,
        .board = board,
        .clock = clock,
        .started_ns = clock_monotonic_ns(clock),
    };
    (void)snprintf(self->queue_path, sizeof(self->queue_path), "%s", queue_path); /* was opened */
}

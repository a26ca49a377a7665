/* tests/bench/modbus_peer.h - a small, fast Modbus TCP slave in a process of its own.
 *
 * It answers functions 1 to 4 of any unit id on any number of connections, at every address of this
 * machine (127.x.y.z); register n holds n plus the seconds since 1970, so that every value changes
 * once a second. While `counting` is set, each request is counted by how late it was: one that
 * begins at register MODBUS_PEER_FIRST + n is meant for the phase of rank n
 * (agent/collect/schedule.h, H4) of each second of the system's clock.
 *
 * Life: modbus_peer_start() -> ... -> modbus_peer_stop().
 */
#ifndef TESTS_BENCH_MODBUS_PEER_H
#define TESTS_BENCH_MODBUS_PEER_H

#include "tests/support/milestone.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { MODBUS_PEER_MS = 1000, MODBUS_PEER_FIRST = 1000 };

/** In memory shared with its process. */
struct modbus_peer_counts {
    _Atomic bool counting;
    _Atomic uint64_t requests; /* of all functions, always */
    struct milestone requested;
    _Atomic uint64_t late_ms[MODBUS_PEER_MS];
};

struct modbus_peer {
    pid_t process;
    uint16_t port;
    struct modbus_peer_counts *counts;
};

bool modbus_peer_start(struct modbus_peer *peer);
void modbus_peer_stop(struct modbus_peer *peer);

#endif

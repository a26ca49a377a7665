/* tests/bench/modbus_agent.h - the whole agent with many slaves: memory, processor time, lateness.
 */
#ifndef TESTS_BENCH_MODBUS_AGENT_H
#define TESTS_BENCH_MODBUS_AGENT_H

#include "tests/bench/modbus_peer.h"

struct modbus_agent_result {
    double resident_mib;             /* at the end */
    double processor;                /* share of one core */
    double polls_s;                  /* requests a second that the peer got */
    double late_p50_ms, late_p99_ms; /* of a request, behind the whole second; whole milliseconds */
};

/** Run `devices` of `points` each at one second for `seconds`, once all are connected. false, with
 *  a line on standard error: the agent did not run. */
bool modbus_agent_run(struct modbus_peer *peer, unsigned devices, unsigned points, unsigned seconds,
                      struct modbus_agent_result *result);

#endif

/* drivers/modbus/memory.h - what was learned of a slave, as bytes that outlive the agent.
 *
 *   plan -> memory_write() -> the host's disk -> memory_read() -> plan
 *
 * Varints (base/varint.h): version, fingerprint, when it was last probed, the two limits, then per
 * item with something learned its distance from the one before and what it is.
 *
 *  Y1  The fingerprint is of all that requests are made from: address, unit, gap, blocks, and
 *      every item's table, number, length and schedule. Of bytes with another one, or that cannot
 *      be, nothing is taken. That they are whole is the host's business.
 *
 * Depends on: plan, base.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_MEMORY_H
#define DRIVERS_MODBUS_MEMORY_H

#include "base/buffer.h"
#include "drivers/modbus/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Of a prepared plan. */
uint32_t memory_fingerprint(const struct plan *plan, const char *address, unsigned unit);

/** Has anything been learned? */
bool memory_is_needed(const struct plan *plan);

/** Append to `bytes`; check buffer.failed. `probed_s` is UTC. */
void memory_write(const struct plan *plan, uint32_t fingerprint, int64_t probed_s,
                  struct buffer *bytes);

/** Y1. false: nothing was taken. */
bool memory_read(struct plan *plan, uint32_t fingerprint, int64_t *probed_s, const uint8_t *bytes,
                 size_t size_bytes);

#endif

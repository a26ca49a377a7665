/* agent/pipeline/pipeline.h - light validation and report by exception, one sample at a time.
 *
 *   driver -> [ PIPELINE ] -> agent/store
 *
 * Rules come from the point's definition; the value that a source gave is never rewritten, only its
 * status. Order of the rules, the first that applies wins for the status:
 *
 *  L1  A bad or uncertain status from the driver stays as it is.
 *  L2  A value of another type than the definition's (int, double, text) is BAD_TYPE_MISMATCH; a
 *      double that is not finite is BAD_OUT_OF_RANGE.
 *  L3  raw * scale + offset outside the range is UNCERTAIN_ENGINEERING_UNITS_EXCEEDED.
 *  L4  Kept: the first sample, any change of status, a change of the engineering value of more than
 *      the deadband (absolute, or per cent of the last value kept, whichever is smaller when both
 *      are given), any change at all of a text or bool, or when no deadband is given every sample.
 *  L5  Kept in any case: a sample at least heartbeat_ns after the last one kept (by time_ns), or
 *      with a time before it (a clock that stepped back).
 *
 * Depends on: base.  Threads: a memory belongs to one collector; otherwise pure. Never allocates.
 */
#ifndef AGENT_PIPELINE_PIPELINE_H
#define AGENT_PIPELINE_PIPELINE_H

#include "base/definition.h"
#include "base/sample.h"

#include <stdbool.h>
#include <stdint.h>

/** What is remembered of a point. All zero: nothing was kept yet. */
struct point_memory {
    int64_t kept_ns;    /* time_ns of the last sample kept */
    double kept_value;  /* its engineering value */
    uint64_t kept_hash; /* of a text */
    uint32_t kept_status;
    bool any; /* something was kept */
};

enum pipeline_verdict { PIPELINE_KEEP, PIPELINE_SUPPRESS };

/** Set sample->status by the rules and say whether it goes on. Kept samples update `memory`. */
enum pipeline_verdict pipeline_judge(const struct definition *definition,
                                     struct point_memory *memory, struct sample *sample);

#endif

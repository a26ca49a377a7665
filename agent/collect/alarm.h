/* agent/collect/alarm.h - a point of role "alarm" that changed, as an event of its own.
 *
 * Readings may be overwritten while the lake is away; events are held. So a change of an alarm's
 * value or status stands in both. The first reading after the collector started counts as a change:
 * nothing else says how the alarm stood.
 *
 * Depends on: journal, pipeline, store.  Threads: all.
 */
#ifndef AGENT_COLLECT_ALARM_H
#define AGENT_COLLECT_ALARM_H

#include "agent/pipeline/pipeline.h"
#include "agent/store/store.h"

#include <stdbool.h>

bool alarm_is_one(const struct definition *definition);

/** Did a kept sample change what is remembered of its point? */
bool alarm_changed(const struct point_memory *before, const struct point_memory *after);

/** Append the event: detail is the value in its unit, reason its quality unless it is good. */
void alarm_tell(struct store *store, const struct clock *clock, const struct definition *definition,
                const struct sample *sample);

#endif

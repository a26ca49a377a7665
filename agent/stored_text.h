/* agent/stored_text.h - what the text of a stored event or log line says, whoever wrote it.
 *
 * A text that cannot be read (of a newer or a broken agent) is no failure: its number is accounted
 * for, as kind or source "unreadable".
 *
 * Depends on: event, log_record, sample.  Threads: pure.
 */
#ifndef AGENT_STORED_TEXT_H
#define AGENT_STORED_TEXT_H

#include "base/event.h"
#include "base/log_record.h"
#include "base/sample.h"

/** Texts stand in `copy`, or are constants. */
void stored_event(const struct sample *sample, char copy[EVENT_TEXT_MAX], struct event *event);

/** Texts are the sample's; of one that cannot be read all of it is the message. */
void stored_log(const struct sample *sample, struct log_record *record);

#endif

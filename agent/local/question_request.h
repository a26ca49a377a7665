/* agent/local/question_request.h - a question to a device, as the running agent serves it.
 *
 *   --(local socket: "read boiler-1/level")--> [ QUESTION_REQUEST ] --errand--> collector -> driver
 *
 * The request is the question's word and DEVICE or DEVICE/POINT; the answer is that of
 * device_question.h.
 *
 * Depends on: device_question, errand, local_api.  Threads: called on the connections' threads.
 */
#ifndef AGENT_LOCAL_QUESTION_REQUEST_H
#define AGENT_LOCAL_QUESTION_REQUEST_H

#include "agent/collect/errand.h"
#include "agent/local/device_question.h"
#include "agent/local/local_api.h"

void question_request_serve(const struct device_question *question, struct errand_board *errands,
                            const struct clock *clock, const char *subject,
                            struct local_peer *peer);

#endif

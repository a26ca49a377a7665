/* agent/local/device_question.h - what a person may ask a device, beside the agent's own polls.
 *
 *   leat read, leat identify -> question_command -+-> question_request --errand--> collector -+->
 * driver
 *                                                 `-- no agent is running -------------------'
 *
 *  DQ1 A running agent asks over its own connection, between two reads: a slave that takes one
 *      connection keeps it, and two programs never talk on one line. Without one the device of the
 *      configuration is opened for the question.
 *  DQ2 The answer is one JSON object: {"error": sentence} when the device was not asked, else
 *      "device", what the question adds, and "notes": a list of sentences, what could not be told
 *      and why.
 *  DQ3 What the agent reads on request is a reading like any other: judged, and kept.
 *
 * Depends on: config, intake, cJSON.  Threads: the tables are constant; an asking has one user.
 */
#ifndef AGENT_LOCAL_DEVICE_QUESTION_H
#define AGENT_LOCAL_DEVICE_QUESTION_H

#include "agent/collect/intake.h"
#include "agent/config/config.h"
#include "base/clock.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/** One question, to an open device. */
struct device_asking {
    struct config_device *device;
    const char *point; /* NULL: the whole device */
    const struct clock *clock;
    struct intake *intake;           /* of the device's collector; NULL: no agent is running */
    const struct facts_source *host; /* NULL likewise */
    cJSON *answer;                   /* an object; question_add() puts something into its lists */
    bool out_of_memory;              /* the answer lacks something */
};

struct device_question {
    const char *word;    /* of the command, and of the request to the agent */
    const char *example; /* "leat identify boiler-1" */
    bool takes_point;    /* DEVICE/POINT, too */
    /** ERROR_REFUSED: this device cannot be asked that; the sentence goes on behind its name. */
    enum error_code (*check)(const struct config_device *device, struct error *error);
    /** Whatever fails here is a note as well. Failing means that the connection is of no further
     *  use (drivers/driver.h, D3). */
    enum error_code (*ask)(struct device_asking *asking, struct error *error);
    /** For people: what the answer holds beside device and notes. */
    void (*print)(const cJSON *answer);
    /** Is it all that was asked for? The exit code says so. */
    bool (*is_whole)(const cJSON *answer);
};

extern const struct device_question identify_question, read_question;

/** The question of that word, as long as it is among them; NULL: none. */
const struct device_question *device_question_named(const char *word);

/** Put `item`, which is taken, behind the others of the list `key`. NULL: there was no memory. */
void device_question_add(struct device_asking *asking, const char *key, cJSON *item);
void device_question_note(struct device_asking *asking, const char *sentence);

/** The answer of a device that was asked, and freed with cJSON_Delete(); its lists are empty. */
void device_question_begin(struct device_asking *asking);

/** Its text, from malloc(); NULL: no memory. Frees the answer. */
char *device_question_end(struct device_asking *asking);

#endif

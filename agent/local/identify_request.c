#include "agent/local/identify_request.h"

#include "base/cleanup.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEGIN_MAX_S = 20 };

/** `errand` first: run() finds the rest. */
struct asking {
    struct errand errand;
    const struct clock *clock;
    struct driver_identity identity;
    struct error refusal; /* why it was not asked */
};

static cJSON *row_object(const struct driver_identity_row *row)
{
    cJSON *object = cJSON_CreateObject();

    if (cJSON_AddStringToObject(object, "name", row->name) == NULL ||
        cJSON_AddStringToObject(object, "value", row->text) == NULL) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

/** Takes `item`. */
static bool add(cJSON *list, cJSON *item)
{
    return item != NULL && cJSON_AddItemToArray(list, item) != 0;
}

static bool fill(cJSON *object, const char *device, const struct driver_identity *identity)
{
    cJSON *rows;
    cJSON *notes;
    bool good = cJSON_AddStringToObject(object, "device", device) != NULL;

    rows = cJSON_AddArrayToObject(object, "identity");
    notes = cJSON_AddArrayToObject(object, "notes");
    good = good && rows != NULL && notes != NULL;
    for (size_t i = 0; good && i < identity->row_count; i++) {
        good = add(rows, row_object(&identity->rows[i]));
    }
    for (size_t i = 0; good && i < identity->note_count; i++) {
        good = add(notes, cJSON_CreateString(identity->notes[i]));
    }
    return good;
}

char *identify_json(const char *device, const struct driver_identity *identity)
{
    cJSON *object = cJSON_CreateObject();
    char *text =
        object != NULL && fill(object, device, identity) ? cJSON_PrintUnformatted(object) : NULL;

    cJSON_Delete(object);
    return text;
}

static enum error_code run(struct errand *errand, struct config_device *device, const char *away,
                           struct error *error)
{
    struct asking *asking = (struct asking *)(void *)errand;
    enum error_code code = ERROR_OK;

    if (device->driver->identify == NULL) {
        (void)error_set(&asking->refusal, ERROR_REFUSED,
                        "%.80s is read by %.40s, which has no way to ask what it is", device->name,
                        device->driver->name);
    } else if (away != NULL) {
        (void)error_set(&asking->refusal, ERROR_UNREACHABLE, "the device is away: %.200s", away);
    } else {
        asking->identity.clock = asking->clock;
        asking->identity.deadline_ns =
            clock_monotonic_ns(asking->clock) + IDENTIFY_MAX_S * NS_PER_S;
        code = device->driver->identify(device->state, &asking->identity, error);
    }
    return code;
}

static void carry_out(struct asking *asking, struct errand_board *errands, const char *device)
{
    static const char *const sentences[] = {
        [ERRAND_NO_DEVICE] = "no such device is collected from",
        [ERRAND_BUSY] = "another command is using this device; try again",
        [ERRAND_TOO_LATE] = "the device was busy with its readings for too long; try again",
    };
    enum errand_end end;

    asking->errand.run = run;
    end = errand_ask(errands, device, &asking->errand, BEGIN_MAX_S * NS_PER_S);
    if (end != ERRAND_RAN) {
        (void)error_set(&asking->refusal, ERROR_REFUSED, "%.80s: %s", device, sentences[end]);
    }
}

static char *error_json(const char *sentence)
{
    cJSON *object = cJSON_CreateObject();
    char *text = cJSON_AddStringToObject(object, "error", sentence) != NULL
                     ? cJSON_PrintUnformatted(object)
                     : NULL;

    cJSON_Delete(object);
    return text;
}

void identify_request_serve(struct errand_board *errands, const struct clock *clock,
                            const char *device, struct local_peer *peer)
{
    CLEANUP(cleanup_free) struct asking *asking = calloc(1, sizeof(*asking));
    CLEANUP(cleanup_free) char *text = NULL;

    if (asking != NULL && local_peer_become_stream(peer)) {
        asking->clock = clock;
        carry_out(asking, errands, device);
        text = asking->refusal.code != ERROR_OK ? error_json(asking->refusal.text)
                                                : identify_json(device, &asking->identity);
    } else {
        text = error_json("the agent is busy with other commands; try again");
    }
    if (text != NULL) {
        (void)local_peer_send(peer, text, strlen(text)); /* a peer that left needs none */
    }
}

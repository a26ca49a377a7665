#include "agent/local/question_request.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUBJECT_SIZE = LOCAL_REQUEST_MAX };

/** `errand` first: run() finds the rest. */
struct order {
    struct errand errand;
    const struct device_question *question;
    struct device_asking asking;
    char device[SUBJECT_SIZE];
    char *text;       /* of the answer; NULL: no memory */
    struct error why; /* it was not asked */
};

static enum error_code run(struct errand *errand, struct config_device *device, const char *away,
                           struct error *error)
{
    struct order *order = (struct order *)(void *)errand;
    enum error_code code;

    if (order->question->check(device, &order->why) != ERROR_OK) {
        return ERROR_OK;
    }
    if (away != NULL) {
        (void)error_set(&order->why, ERROR_UNREACHABLE, "it is away: %.200s", away);
        return ERROR_OK;
    }
    order->asking.device = device;
    order->asking.intake = errand->intake;
    order->asking.host = errand->host;
    device_question_begin(&order->asking);
    code = order->question->ask(&order->asking, error);
    order->text = device_question_end(&order->asking); /* while the device is there */
    return code;
}

static void carry_out(struct order *order, struct errand_board *errands, const char *subject)
{
    size_t length = strcspn(subject, "/");
    enum errand_end end;

    (void)snprintf(order->device, sizeof(order->device), "%.*s", (int)length, subject);
    order->asking.point = subject[length] == '/' ? subject + length + 1 : NULL;
    order->errand.run = run;
    end = errand_ask(errands, order->device, &order->errand, ERRAND_BEGIN_MAX_S * NS_PER_S);
    if (end != ERRAND_RAN) {
        (void)error_set(&order->why, ERROR_REFUSED, "%s", errand_end_sentence(end));
    }
}

/** "" as the device: it is about the agent. */
static char *error_text(const char *device, const char *why)
{
    char sentence[sizeof(struct error) + SUBJECT_SIZE];
    cJSON *object = cJSON_CreateObject();
    char *text;

    (void)snprintf(sentence, sizeof(sentence), "%s%s%s", device, device[0] == '\0' ? "" : ": ",
                   why);
    text = cJSON_AddStringToObject(object, "error", sentence) != NULL
               ? cJSON_PrintUnformatted(object)
               : NULL;
    cJSON_Delete(object);
    return text;
}

void question_request_serve(const struct device_question *question, struct errand_board *errands,
                            const struct clock *clock, const char *subject, struct local_peer *peer)
{
    CLEANUP(cleanup_free) struct order *order = calloc(1, sizeof(*order));
    CLEANUP(cleanup_free) char *text = NULL;

    if (order != NULL && local_peer_become_stream(peer)) {
        order->question = question;
        order->asking.clock = clock;
        carry_out(order, errands, subject);
        text =
            order->why.code != ERROR_OK ? error_text(order->device, order->why.text) : order->text;
    } else {
        text = error_text("", "the agent is busy with other commands; try again");
    }
    if (text != NULL) {
        (void)local_peer_send(peer, text, strlen(text)); /* a peer that left needs none */
    }
}

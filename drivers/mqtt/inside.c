#include "drivers/mqtt/inside.h"

#include <time.h>

static bool init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    bool good;

    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    good = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(condition, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return good;
}

bool mqtt_inside_init(struct mqtt_link *link)
{
    if (pthread_mutex_init(&link->mutex, NULL) != 0) {
        return false;
    }
    if (!init_condition(&link->changed)) {
        (void)pthread_mutex_destroy(&link->mutex);
        return false;
    }
    if (!init_condition(&link->room)) {
        (void)pthread_cond_destroy(&link->changed);
        (void)pthread_mutex_destroy(&link->mutex);
        return false;
    }
    link->mutex_ready = true;
    return true;
}

void mqtt_inside_deinit(struct mqtt_link *link)
{
    if (!link->mutex_ready) {
        return;
    }
    (void)pthread_cond_destroy(&link->room);
    (void)pthread_cond_destroy(&link->changed);
    (void)pthread_mutex_destroy(&link->mutex);
    link->mutex_ready = false;
}

void mqtt_wait_for(struct mqtt_link *link, pthread_cond_t *condition, int64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};

    /* The caller looks again anyway. */
    (void)pthread_cond_timedwait(condition, &link->mutex, &until);
}

bool mqtt_wait_answer(struct mqtt_link *link, int64_t until_ns, struct mqtt_answer *answer)
{
    (void)pthread_mutex_lock(&link->mutex);
    while (!link->answer.given && !link->lost && clock_monotonic_ns(&clock_system) < until_ns) {
        mqtt_wait_for(link, &link->changed, until_ns);
    }
    *answer = link->answer;
    (void)pthread_mutex_unlock(&link->mutex);
    return answer->given;
}

enum error_code mqtt_inside_state(struct mqtt_link *link, struct error *error)
{
    const char *broker = link->options->broker;
    bool broken = mqtt_gate_is_broken(&link->gate);
    bool lost;
    bool overrun;
    int reason;

    (void)pthread_mutex_lock(&link->mutex);
    lost = link->lost;
    overrun = link->overrun;
    reason = link->lost_reason;
    (void)pthread_mutex_unlock(&link->mutex);
    if (lost && reason == MQTTREASONCODE_SESSION_TAKEN_OVER) {
        return error_set(error, ERROR_REFUSED,
                         "broker %.100s: another client came with client_id '%.60s'; give each "
                         "one of its own",
                         broker, link->options->client_id);
    }
    if (lost && reason != 0) {
        return error_set(error, ERROR_UNREACHABLE, "broker %.100s ended the connection: %.80s",
                         broker, MQTTReasonCode_toString((enum MQTTReasonCodes)reason));
    }
    if (lost) {
        return error_set(error, ERROR_UNREACHABLE, "broker %.100s: the connection was lost",
                         broker);
    }
    if (overrun) {
        return error_set(error, ERROR_UNREACHABLE,
                         "broker %.100s: sends faster than messages are stored; connecting anew, "
                         "it delivers the rest again (lower its max_inflight_messages)",
                         broker);
    }
    if (broken) {
        return error_set(error, ERROR_UNREACHABLE,
                         "broker %.100s: it takes no acknowledgements; connecting anew", broker);
    }
    return ERROR_OK;
}

#include "drivers/mqtt/subscribe.h"

#include "drivers/mqtt/inside.h"
#include "drivers/mqtt/presence.h"

#include <stdlib.h>
#include <string.h>

static void give(struct mqtt_grant *grant, bool success, int code)
{
    struct mqtt_link *link = grant->link;
    bool all = true;

    (void)pthread_mutex_lock(&link->mutex);
    grant->answer = (struct mqtt_answer){.given = true, .success = success, .code = code};
    for (size_t i = 0; i < link->grant_count; i++) {
        const struct mqtt_answer *answer = &link->grants[i].answer;

        all = all && answer->given && answer->success && answer->code < MQTT_BAD_SUBSCRIBE;
    }
    (void)pthread_cond_broadcast(&link->changed);
    (void)pthread_mutex_unlock(&link->mutex);
    if (all) {
        mqtt_presence_begin(link);
    }
}

/* Callbacks of version 3.1.1 and of 5, on Paho's threads. */

static void on_subscribed(void *context, MQTTAsync_successData *data)
{
    give(context, true, data->alt.qos);
}

static void on_subscribed_5(void *context, MQTTAsync_successData5 *data)
{
    give(context, true, (int)data->reasonCode);
}

static void on_failure(void *context, MQTTAsync_failureData *data)
{
    give(context, false, data != NULL ? data->code : 0);
}

static void on_failure_5(void *context, MQTTAsync_failureData5 *data)
{
    int reason = data != NULL ? (int)data->reasonCode : 0;

    give(context, false, data != NULL && reason < 0x80 ? data->code : reason);
}

/** The QoS to ask for with this filter: the highest of those that share it; -1 when an earlier
 *  subscription has asked already. */
static int shared_qos(const struct mqtt_subscription *subscriptions,
                      const struct mqtt_subscription *this_one)
{
    bool earlier = true;
    int qos = this_one->qos;

    for (const struct mqtt_subscription *one = subscriptions; one != NULL; one = one->next) {
        if (one == this_one) {
            earlier = false;
        } else if (strcmp(one->topic.filter, this_one->topic.filter) == 0) {
            if (earlier) {
                return -1;
            }
            qos = one->qos > qos ? one->qos : qos;
        }
    }
    return qos;
}

static bool make_grants(struct mqtt_link *link, const struct mqtt_subscription *subscriptions)
{
    size_t count = 0;

    for (const struct mqtt_subscription *one = subscriptions; one != NULL; one = one->next) {
        count++;
    }
    link->grants = calloc(count + 2, sizeof(*link->grants));
    if (link->grants != NULL && link->options->says_host_state) {
        /* QoS 0: what was said while we were away is answered by the birth. */
        link->grants[link->grant_count++] =
            (struct mqtt_grant){.link = link, .filter = link->options->presence_topic};
    }
    for (const struct mqtt_subscription *one = subscriptions; one != NULL && link->grants != NULL;
         one = one->next) {
        int qos = shared_qos(subscriptions, one);

        if (qos >= 0) {
            link->grants[link->grant_count++] = (struct mqtt_grant){.link = link,
                                                                    .filter = one->topic.filter,
                                                                    .identifier = one->identifier,
                                                                    .qos = qos};
        }
    }
    return link->grants != NULL;
}

static bool is_known(const struct mqtt_subscription *subscriptions, uint32_t identifier)
{
    while (subscriptions != NULL && subscriptions->identifier != identifier) {
        subscriptions = subscriptions->next;
    }
    return subscriptions != NULL;
}

void mqtt_identify(struct mqtt_message *message, const struct mqtt_parcel *parcel,
                   const struct mqtt_subscription *subscriptions)
{
    const MQTTProperties *properties = &parcel->message->properties;

    message->identifier_count = 0;
    for (int i = 0; i < properties->count; i++) {
        const MQTTProperty *one = &properties->array[i];

        if (one->identifier != MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER ||
            !is_known(subscriptions, one->value.integer4)) {
            continue;
        }
        if (message->identifier_count == MQTT_IDENTIFIERS_MAX) { /* as if it said nothing */
            message->identifier_count = 0;
            return;
        }
        message->identifiers[message->identifier_count++] = one->value.integer4;
    }
}

/** Only where several filters may match one message, and a broker sends a copy for each of them: a
 *  single one spares the bytes. The one for STATE is told by its topic. */
static bool is_identified(const struct mqtt_link *link, const struct mqtt_grant *grant)
{
    return link->takes_identifiers && link->grant_count > 1 && grant->identifier != 0;
}

/* One filter a packet: with several, Paho hands over a list of answers without its length, and a
 * broker that answers fewer than were asked would have us read behind it. */
static enum error_code ask(struct mqtt_link *link, struct mqtt_grant *grant, struct error *error)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    MQTTProperty identifier = {0};
    int outcome = MQTTASYNC_SUCCESS;

    response.context = grant;
    if (link->version == MQTTVERSION_5) {
        response.onSuccess5 = on_subscribed_5;
        response.onFailure5 = on_failure_5;
        if (is_identified(link, grant)) {
            identifier.identifier = MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER;
            identifier.value.integer4 = grant->identifier;
            outcome = MQTTProperties_add(&response.properties, &identifier);
        }
    } else {
        response.onSuccess = on_subscribed;
        response.onFailure = on_failure;
    }
    if (outcome == MQTTASYNC_SUCCESS) {
        outcome = MQTTAsync_subscribe(link->client, grant->filter, grant->qos, &response);
    }
    MQTTProperties_free(&response.properties);
    return outcome == MQTTASYNC_SUCCESS
               ? ERROR_OK
               : error_set(error, ERROR_UNREACHABLE, "broker %.100s: Paho cannot subscribe: %s",
                           link->options->broker, MQTTAsync_strerror(outcome));
}

static enum error_code check_answer(const struct mqtt_link *link, const struct mqtt_grant *grant,
                                    const struct mqtt_answer *answer, struct error *error)
{
    const char *broker = link->options->broker;

    if (answer->code >= MQTT_BAD_SUBSCRIBE) {
        return error_set(error, ERROR_REFUSED,
                         "broker %.80s: refused the subscription to %.80s; check its access list "
                         "for this user",
                         broker, grant->filter);
    }
    if (!answer->success || answer->code < 0 || answer->code > 2) {
        return error_set(error, ERROR_UNREACHABLE, "broker %.80s: subscribing to %.80s failed (%d)",
                         broker, grant->filter, answer->code);
    }
    if (answer->code < grant->qos) {
        return error_set(error, ERROR_REFUSED,
                         "broker %.80s: grants only QoS 0 for %.80s, where nothing is "
                         "acknowledged; write qos: 0 if that is wanted",
                         broker, grant->filter);
    }
    return ERROR_OK;
}

enum error_code mqtt_check_grants(struct mqtt_link *link, struct error *error)
{
    bool late = clock_monotonic_ns(&clock_system) >= link->grants_until_ns;
    bool waiting = false;

    for (size_t i = 0; i < link->grant_count && !link->grants_settled; i++) {
        struct mqtt_answer answer;

        (void)pthread_mutex_lock(&link->mutex);
        answer = link->grants[i].answer;
        (void)pthread_mutex_unlock(&link->mutex);
        waiting = waiting || !answer.given;
        if (answer.given && check_answer(link, &link->grants[i], &answer, error) != ERROR_OK) {
            return error->code;
        }
    }
    link->grants_settled = link->grants_settled || !waiting;
    return link->grants_settled || !late
               ? ERROR_OK
               : error_set(error, ERROR_TIMEOUT,
                           "broker %.100s: no answer in time while subscribing",
                           link->options->broker);
}

/** With the mutex held: are all answered, or is there something more urgent to do? */
static bool may_go_on(const struct mqtt_link *link)
{
    const struct mqtt_inbox *inbox = &link->inbox;
    bool crowded = inbox->count * 2 >= inbox->capacity || inbox->bytes * 2 >= inbox->bytes_max;

    for (size_t i = 0; i < link->grant_count; i++) {
        const struct mqtt_answer *answer = &link->grants[i].answer;

        if (!answer->given) {
            return crowded || link->late || link->lost;
        }
    }
    return true;
}

/** What an earlier configuration left in the session. Nobody waits for the answers: the broker
 * takes packets in order, so it has unsubscribed when it has answered the subscriptions. */
static void unsubscribe_stale(struct mqtt_link *link, const struct mqtt_filters *filters,
                              const struct mqtt_subscription *subscriptions)
{
    const char *filter = NULL;

    while ((filter = mqtt_filters_next_stale(filters, subscriptions, filter)) != NULL) {
        (void)MQTTAsync_unsubscribe(link->client, filter, NULL); /* the next link tries again */
    }
}

enum error_code mqtt_subscribe(struct mqtt_link *link,
                               const struct mqtt_subscription *subscriptions,
                               const struct mqtt_filters *filters, struct error *error)
{
    enum error_code code = ERROR_OK;

    if (!make_grants(link, subscriptions)) {
        return error_set(error, ERROR_NO_MEMORY, "broker %.100s: no memory to subscribe",
                         link->options->broker);
    }
    unsubscribe_stale(link, filters, subscriptions);
    for (size_t i = 0; i < link->grant_count && code == ERROR_OK; i++) {
        code = ask(link, &link->grants[i], error);
    }
    if (code != ERROR_OK) {
        return code;
    }
    (void)pthread_mutex_lock(&link->mutex);
    while (!may_go_on(link) && clock_monotonic_ns(&clock_system) < link->grants_until_ns) {
        mqtt_wait_for(link, &link->changed, link->grants_until_ns);
    }
    (void)pthread_mutex_unlock(&link->mutex);
    return ERROR_OK;
}

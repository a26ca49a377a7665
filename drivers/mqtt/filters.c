#include "drivers/mqtt/filters.h"

#include <stdlib.h>
#include <string.h>

/* The first text of what is kept: nothing else that a device learns begins so. */
static const char mark[] = "mqtt-filters";

static bool is_configured(const struct mqtt_subscription *subscriptions, const char *filter)
{
    for (const struct mqtt_subscription *one = subscriptions; one != NULL; one = one->next) {
        if (strcmp(one->topic.filter, filter) == 0) {
            return true;
        }
    }
    return false;
}

/** The text behind `at`; NULL for the first, and when there are no more. */
static const char *next_kept(const struct mqtt_filters *filters, const char *at)
{
    const char *next = at == NULL ? filters->kept : at + strlen(at) + 1;

    return next == NULL || next == filters->kept + filters->kept_size ? NULL : next;
}

static bool is_kept(const struct mqtt_filters *filters, const char *filter)
{
    const char *at = NULL;

    while ((at = next_kept(filters, at)) != NULL) {
        if (strcmp(at, filter) == 0) {
            return true;
        }
    }
    return false;
}

/** Does `bytes` begin with this text? */
static bool begins_with(const uint8_t *bytes, size_t size, const char *text)
{
    return size > strlen(text) && memcmp(bytes, text, strlen(text) + 1) == 0;
}

void mqtt_filters_remember(struct mqtt_filters *filters, const char *client_id,
                           const uint8_t *bytes, size_t size)
{
    size_t before = sizeof(mark) + strlen(client_id) + 1;

    mqtt_filters_deinit(filters);
    if (size <= before || bytes[size - 1] != '\0' || !begins_with(bytes, size, mark) ||
        !begins_with(bytes + sizeof(mark), size - sizeof(mark), client_id)) { /* F2 */
        return;
    }
    filters->kept = malloc(size - before);
    if (filters->kept != NULL) { /* else: a message too many is told, and none is lost */
        filters->kept_size = size - before;
        memcpy(filters->kept, bytes + before, filters->kept_size);
    }
}

const char *mqtt_filters_next_stale(const struct mqtt_filters *filters,
                                    const struct mqtt_subscription *subscriptions, const char *at)
{
    do {
        at = next_kept(filters, at);
    } while (at != NULL && is_configured(subscriptions, at));
    return at;
}

void mqtt_filters_asked(struct mqtt_filters *filters, const struct mqtt_subscription *subscriptions)
{
    for (const struct mqtt_subscription *one = subscriptions; one != NULL && !filters->is_asked;
         one = one->next) {
        filters->changed = filters->changed || !is_kept(filters, one->topic.filter);
    }
    filters->is_asked = true;
}

void mqtt_filters_granted(struct mqtt_filters *filters,
                          const struct mqtt_subscription *subscriptions)
{
    if (mqtt_filters_next_stale(filters, subscriptions, NULL) != NULL) {
        filters->changed = true;
    }
    free(filters->kept);
    filters->kept = NULL;
    filters->kept_size = 0;
}

static bool add(struct buffer *bytes, const char *text)
{
    return buffer_append(bytes, text, strlen(text) + 1);
}

bool mqtt_filters_learned(struct mqtt_filters *filters, const char *client_id,
                          const struct mqtt_subscription *subscriptions, struct buffer *bytes)
{
    const char *stale = NULL;
    bool fits = filters->changed && add(bytes, mark) && add(bytes, client_id);

    for (const struct mqtt_subscription *one = subscriptions; one != NULL && fits;
         one = one->next) {
        fits = add(bytes, one->topic.filter);
    }
    while (fits && (stale = mqtt_filters_next_stale(filters, subscriptions, stale)) != NULL) {
        fits = add(bytes, stale); /* F1 */
    }
    filters->changed = false;
    return fits;
}

void mqtt_filters_deinit(struct mqtt_filters *filters)
{
    free(filters->kept);
    *filters = (struct mqtt_filters){0};
}

#include "drivers/mqtt/inbox.h"

#include <stdlib.h>

/* What a message costs beside its topic, payload and properties: Paho's structs, two allocations.
 */
enum { PARCEL_OVERHEAD_BYTES = 256 };

static size_t size_of(const struct mqtt_parcel *parcel)
{
    const MQTTProperties *properties = &parcel->message->properties;

    return parcel->topic_size + (size_t)parcel->message->payloadlen + PARCEL_OVERHEAD_BYTES +
           (size_t)properties->length + (size_t)properties->max_count * sizeof(MQTTProperty);
}

bool mqtt_inbox_init(struct mqtt_inbox *inbox, size_t capacity, size_t bytes_max)
{
    *inbox = (struct mqtt_inbox){.capacity = capacity, .bytes_max = bytes_max};
    inbox->ring = calloc(capacity, sizeof(inbox->ring[0]));
    return inbox->ring != NULL;
}

void mqtt_inbox_deinit(struct mqtt_inbox *inbox)
{
    while (inbox->count > 0) {
        struct mqtt_parcel parcel = mqtt_inbox_done(inbox);

        mqtt_parcel_free(&parcel);
    }
    free(inbox->ring);
    inbox->ring = NULL;
}

bool mqtt_inbox_has_room(const struct mqtt_inbox *inbox, const struct mqtt_parcel *parcel)
{
    return inbox->count == 0 ||
           (inbox->count < inbox->capacity && inbox->bytes < inbox->bytes_max &&
            size_of(parcel) <= inbox->bytes_max - inbox->bytes);
}

void mqtt_inbox_put(struct mqtt_inbox *inbox, const struct mqtt_parcel *parcel)
{
    inbox->ring[(inbox->head + inbox->count++) % inbox->capacity] = *parcel;
    inbox->bytes += size_of(parcel);
}

struct mqtt_parcel *mqtt_inbox_first(struct mqtt_inbox *inbox)
{
    return inbox->count > 0 ? &inbox->ring[inbox->head] : NULL;
}

struct mqtt_parcel mqtt_inbox_done(struct mqtt_inbox *inbox)
{
    struct mqtt_parcel parcel = inbox->ring[inbox->head];

    inbox->head = (inbox->head + 1) % inbox->capacity;
    inbox->count--;
    inbox->bytes -= size_of(&parcel);
    return parcel;
}

void mqtt_parcel_free(struct mqtt_parcel *parcel)
{
    MQTTAsync_freeMessage(&parcel->message);
    MQTTAsync_free(parcel->topic);
    parcel->topic = NULL;
}

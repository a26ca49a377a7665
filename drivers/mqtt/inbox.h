/* drivers/mqtt/inbox.h - messages between Paho's receive thread and read(), bounded.
 *
 *   callback -> put() -> [ INBOX ] -> first() -> read() -> done()
 *
 * Bounded in messages and in bytes; one message may exceed the bytes when it is alone, since
 * nobody can tell a broker of MQTT 3.1.1 what is too large.
 *
 * Depends on: Paho's allocator.  Threads: none of its own; the caller holds a lock.
 */
#ifndef DRIVERS_MQTT_INBOX_H
#define DRIVERS_MQTT_INBOX_H

#include <MQTTAsync.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A message as Paho gave it: both pointers belong to whoever holds the parcel. */
struct mqtt_parcel {
    char *topic;
    size_t topic_size;
    MQTTAsync_message *message;
    int64_t received_ns; /* UTC */
    size_t taken_count;  /* samples of it that the sink took already */
};

struct mqtt_inbox {
    struct mqtt_parcel *ring;
    size_t capacity, head, count;
    size_t bytes, bytes_max;
};

/** false: no memory. */
bool mqtt_inbox_init(struct mqtt_inbox *inbox, size_t capacity, size_t bytes_max);

/** Free what is left in it. Accepts a zeroed inbox, and twice. */
void mqtt_inbox_deinit(struct mqtt_inbox *inbox);

bool mqtt_inbox_has_room(const struct mqtt_inbox *inbox, const struct mqtt_parcel *parcel);

/** There must be room. Takes the parcel's pointers. */
void mqtt_inbox_put(struct mqtt_inbox *inbox, const struct mqtt_parcel *parcel);

/** The oldest, or NULL. Borrowed until mqtt_inbox_done(). */
struct mqtt_parcel *mqtt_inbox_first(struct mqtt_inbox *inbox);

/** Take the oldest out; it is the caller's to mqtt_parcel_free(). */
struct mqtt_parcel mqtt_inbox_done(struct mqtt_inbox *inbox);

void mqtt_parcel_free(struct mqtt_parcel *parcel);

#endif

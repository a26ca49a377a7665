/* drivers/mqtt/options.h - what can be set of an MQTT device, a subscription and a point.
 *
 *   option tables -> structs below -> mqtt_options_check() -> link.c
 *
 * Depends on: base, driver.h, lines/format.  Threads: constant once checked.
 */
#ifndef DRIVERS_MQTT_OPTIONS_H
#define DRIVERS_MQTT_OPTIONS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/option.h"
#include "drivers/lines/format.h"

#include <stdbool.h>
#include <stdint.h>

/** Of a device; texts that were not given are NULL. */
struct mqtt_options {
    const char *broker;    /* mqtt://host[:port] or mqtts://host[:port] */
    uint32_t version;      /* 0: 3.1.1, 1: 5 */
    const char *client_id; /* set by mqtt_options_check() when absent */
    const char *user;
    const char *password_file;
    const char *ca;
    const char *certificate;
    const char *key;
    int64_t keep_alive_ns;
    int64_t session_expiry_ns; /* version 5 */
    uint64_t window;           /* messages that the broker sends ahead of acknowledgements */
    uint64_t inbox_messages;
    uint64_t inbox_bytes;
    const char *host_id;    /* of Sparkplug; NULL: we only listen */
    bool says_host_state;   /* STATE of this host */
    bool asks_rebirth;      /* sparkplug_asking.h */
    const char *will_topic; /* NULL: no will */
    const char *will_offline, *will_online;
    uint32_t will_qos; /* 0 or 1 */
    bool will_retained;

    /* Made by mqtt_options_check(). */
    bool is_tls;
    const char *uri;     /* as Paho wants it */
    const char *session; /* the client id, for people: the gate takes each once (G5) */
    /* Where it is said whether we are there (presence.c): the will's, or spBv1.0/STATE/host_id.
     * NULL: nowhere. */
    const char *presence_topic;
    int presence_qos;
    bool presence_retained;
};

/** Of a subscription: what driver_point.group points to. */
struct mqtt_group {
    const char *topic;
    uint32_t qos;     /* 0, 1 or 2; 2 is asked for as 1 */
    uint32_t payload; /* enum mqtt_payload_kind */
    const char *time_path, *time_property;
    uint32_t time_format; /* enum mqtt_stamp_format */
    const char *log_message, *log_severity;
    struct line_format_options log_format;
};

/** Of a point: what driver_point.options points to. */
struct mqtt_point {
    const char *path, *property;
    uint32_t type; /* enum mqtt_value_type */
};

/* The device's offsets count from struct mqtt_options: it comes first in the driver's state. */
extern const struct option_spec mqtt_device_options[];
extern const struct option_spec mqtt_group_options[];
extern const struct option_spec mqtt_point_options[];

/** Check what concerns several options, fill in what is derived. ERROR_BAD_CONFIG, ERROR_NO_MEMORY.
 */
MUST_CHECK enum error_code mqtt_options_check(struct mqtt_options *options, struct arena *arena,
                                              struct error *error);

/** Append the password to `password` without the line end. The file must not be open to others.
 *  Errors: ERROR_REFUSED (rights), ERROR_BAD_CONFIG (no such file, empty), those of fs.h. */
MUST_CHECK enum error_code mqtt_read_password(const char *path, struct buffer *password,
                                              struct error *error);

#endif

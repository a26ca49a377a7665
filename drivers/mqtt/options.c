#include "drivers/mqtt/options.h"

#include "base/clock.h"
#include "base/crc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT(field) offsetof(struct mqtt_options, field)

const struct option_spec mqtt_device_options[] = {
    {OPTION_TEXT, "broker", NULL, 1, 300, AT(broker),
     "mqtt://host:port, or mqtts://host:port for TLS", NULL},
    {OPTION_CHOICE, "version", "3.1.1", 0, 0, AT(version), "of the protocol", "3.1.1|5"},
    {OPTION_TEXT, "client_id", "", 0, 200, AT(client_id),
     "name of the session that the broker keeps for us; never change it lightly", NULL},
    {OPTION_TEXT, "user", "", 0, 1000, AT(user), "user name at the broker", NULL},
    {OPTION_TEXT, "password_file", "", 0, 4000, AT(password_file),
     "file of mode 0600 that holds the password", NULL},
    {OPTION_TEXT, "ca", "", 0, 4000, AT(ca),
     "PEM file of the authority that signed the broker's certificate; default: the system's", NULL},
    {OPTION_TEXT, "certificate", "", 0, 4000, AT(certificate), "PEM file of our certificate", NULL},
    {OPTION_TEXT, "key", "", 0, 4000, AT(key), "PEM file of its private key", NULL},
    {OPTION_DURATION, "keep_alive", "60s", 5 * NS_PER_S, 3600 * NS_PER_S, AT(keep_alive_ns),
     "a silent connection is checked this often", NULL},
    {OPTION_DURATION, "session_expiry", "7d", NS_PER_S, 1000 * NS_PER_DAY, AT(session_expiry_ns),
     "how long the broker keeps messages while we are away; version 5", NULL},
    {OPTION_UINT, "window", "20", 2, 65535, AT(window),
     "messages that the broker sends ahead of acknowledgements; a commit is due at half of it",
     NULL},
    {OPTION_UINT, "inbox_messages", "2000", 10, 60000, AT(inbox_messages),
     "messages that may wait here for the queue", NULL},
    {OPTION_SIZE, "inbox_size", "4MiB", 65536, 256 << 20, AT(inbox_bytes),
     "bytes that may wait here for the queue", NULL},
    {OPTION_TEXT, "sparkplug.host_id", "", 0, 200, AT(host_id),
     "name of this Sparkplug host; needed by the next two, and no other host's", NULL},
    {OPTION_BOOL, "sparkplug.host_state", "false", 0, 0, AT(says_host_state),
     "publish whether this host is online (STATE): nodes may wait for it", NULL},
    {OPTION_BOOL, "sparkplug.rebirth", "false", 0, 0, AT(asks_rebirth),
     "ask nodes for their births when they are missing (NCMD)", NULL},
    {OPTION_TEXT, "will.topic", "", 0, 1000, AT(will_topic),
     "where it is said whether this gateway is connected; default: nowhere", NULL},
    {OPTION_TEXT, "will.offline", "offline", 1, 1000, AT(will_offline),
     "the last will; also said at a clean end", NULL},
    {OPTION_TEXT, "will.online", "online", 1, 1000, AT(will_online),
     "said when all subscriptions stand", NULL},
    {OPTION_CHOICE, "will.qos", "1", 0, 0, AT(will_qos), "of both", "0|1"},
    {OPTION_BOOL, "will.retained", "true", 0, 0, AT(will_retained),
     "the broker keeps the last one for who comes later", NULL},
    {.type = OPTION_END},
};

const struct option_spec mqtt_group_options[] = {
    {OPTION_TEXT, "topic", NULL, 1, 65535, offsetof(struct mqtt_group, topic),
     "plant/{line}/{machine}/state; + and # as in MQTT", NULL},
    {OPTION_CHOICE, "qos", "1", 0, 0, offsetof(struct mqtt_group, qos),
     "1: acknowledged after it is stored; 2 is asked for as 1", "0|1|2"},
    {OPTION_CHOICE, "payload", "json", 0, 0, offsetof(struct mqtt_group, payload),
     "raw: the payload is one value; sparkplug: Sparkplug B; log: a line of a log",
     "json|raw|sparkplug|log"},
    {OPTION_TEXT, "time.path", "", 0, 1000, offsetof(struct mqtt_group, time_path),
     "where in the payload its time stands; default: time of receipt", NULL},
    {OPTION_TEXT, "time.property", "", 0, 1000, offsetof(struct mqtt_group, time_property),
     "which user property holds the time instead; version 5", NULL},
    {OPTION_CHOICE, "time.format", "epoch-ms", 0, 0, offsetof(struct mqtt_group, time_format),
     "how it is written", "epoch-s|epoch-ms|epoch-us|epoch-ns|iso8601"},
    {OPTION_TEXT, "log.message", "", 0, 1000, offsetof(struct mqtt_group, log_message),
     "where in a log's JSON its text stands; default: the payload is the text", NULL},
    {OPTION_TEXT, "log.severity", "", 0, 1000, offsetof(struct mqtt_group, log_severity),
     "where in a log's JSON it stands how grave it is", NULL},
    {OPTION_CHOICE, "log.format", "text", 0, 0, offsetof(struct mqtt_group, log_format.kind),
     "how a log's text states time, severity and source; text: not at all", LINE_FORMAT_CHOICES},
    {OPTION_TEXT, "log.pattern", "", 1, PATTERN_MAX_BYTES,
     offsetof(struct mqtt_group, log_format.pattern),
     "of a custom format: %{time} [%{severity}] %{source}: %{message}", NULL},
    {OPTION_TEXT, "log.time_format", "", 1, 100,
     offsetof(struct mqtt_group, log_format.time_format),
     "of a custom format's time: %d.%m.%Y %H:%M:%S,%f; ISO 8601 when absent", NULL},
    {OPTION_TEXT, "log.zone", "local", 1, 64, offsetof(struct mqtt_group, log_format.zone),
     "where times without a zone are from: local, utc, +01:00, Europe/Berlin", NULL},
    {.type = OPTION_END},
};

const struct option_spec mqtt_point_options[] = {
    {OPTION_TEXT, "path", "", 0, 1000, offsetof(struct mqtt_point, path),
     "motor.rpm, values[3], values[].v; default: the whole payload", NULL},
    {OPTION_TEXT, "property", "", 0, 1000, offsetof(struct mqtt_point, property),
     "which user property holds the value instead of the payload; version 5", NULL},
    {OPTION_CHOICE, "type", "double", 0, 0, offsetof(struct mqtt_point, type), "of the value",
     "double|int|bool|text"},
    {.type = OPTION_END},
};

static enum error_code bad_broker(const char *broker, struct error *error)
{
    return error_set(error, ERROR_BAD_CONFIG,
                     "broker: '%.100s' is not mqtt://host:port or mqtts://host:port", broker);
}

/** Check "host", "host:port", "[v6]:port" and say where the port begins (0: there is none). */
static bool split_address(const char *address, size_t *host_size, uint64_t *port)
{
    const char *colon;

    *port = 0;
    *host_size = address[0] == '[' ? strcspn(address, "]") + 1 : strcspn(address, ":");
    if (address[0] == '[' ? *host_size < 4 || *host_size > strlen(address) : *host_size == 0) {
        return false;
    }
    for (const char *at = address; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-._:[]%", *at) == NULL) {
            return false;
        }
    }
    colon = address + *host_size;
    return *colon == '\0' || (*colon == ':' && isdigit((unsigned char)colon[1]) &&
                              parse_uint64(colon + 1, port) && *port >= 1 && *port <= 65535);
}

static enum error_code make_uri(struct mqtt_options *options, struct arena *arena,
                                struct error *error)
{
    char uri[400];
    const char *address;
    size_t host_size;
    uint64_t port;
    int length;

    options->is_tls = strncmp(options->broker, "mqtts://", 8) == 0;
    if (!options->is_tls && strncmp(options->broker, "mqtt://", 7) != 0) {
        return bad_broker(options->broker, error);
    }
    address = options->broker + (options->is_tls ? 8 : 7);
    if (!split_address(address, &host_size, &port)) {
        return bad_broker(options->broker, error);
    }
    port = port != 0 ? port : options->is_tls ? 8883 : 1883;
    length = snprintf(uri, sizeof(uri), "%s://%.*s:%u", options->is_tls ? "ssl" : "tcp",
                      (int)host_size, address, (unsigned)port);
    if (length < 0 || (size_t)length >= sizeof(uri)) {
        return bad_broker(options->broker, error);
    }
    options->uri = arena_copy_text(arena, uri, (size_t)length);
    return options->uri != NULL ? ERROR_OK
                                : error_set(error, ERROR_NO_MEMORY, "broker: no memory for it");
}

/** The same at every start of this host with this broker, so that the session is found again. */
static enum error_code make_client_id(struct mqtt_options *options, struct arena *arena,
                                      struct error *error)
{
    char host[65] = "";
    char id[100];

    if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0') {
        return error_set(error, ERROR_BAD_CONFIG,
                         "client_id: this host has no name to make one of; write one");
    }
    (void)snprintf(id, sizeof(id), "leat-%s-%08x", host,
                   (unsigned)crc32c(0, options->uri, strlen(options->uri)));
    options->client_id = arena_copy_text(arena, id, strlen(id));
    return options->client_id != NULL
               ? ERROR_OK
               : error_set(error, ERROR_NO_MEMORY, "client_id: no memory for it");
}

static enum error_code name_session(struct mqtt_options *options, struct arena *arena,
                                    struct error *error)
{
    char text[256];
    int length = snprintf(text, sizeof(text), "client_id '%s'", options->client_id);

    options->session =
        arena_copy_text(arena, text, (size_t)length); /* a client id has 200 at most */
    return options->session != NULL
               ? ERROR_OK
               : error_set(error, ERROR_NO_MEMORY, "client_id: no memory for it");
}

static bool has_control(const char *text)
{
    while (*text != '\0' && (unsigned char)*text >= ' ' && *text != 0x7f) {
        text++;
    }
    return *text != '\0';
}

/** A level of a topic, of visible characters. */
static bool is_host_id(const char *text)
{
    return text[0] != '\0' && !has_control(text) && strpbrk(text, "/+# ") == NULL &&
           utf8_is_valid(text, strlen(text));
}

/** Sparkplug 3.0.0, 4, STATE (tck-id-host-topic-phid-birth-topic). */
static enum error_code make_state_topic(struct mqtt_options *options, struct arena *arena,
                                        struct error *error)
{
    char topic[256];
    int length = snprintf(topic, sizeof(topic), "spBv1.0/STATE/%s", options->host_id);

    options->presence_topic =
        arena_copy_text(arena, topic, (size_t)length); /* an id has 200 at most */
    options->presence_qos = 1; /* tck-id-host-topic-phid-birth-qos, -retain */
    options->presence_retained = true;
    return options->presence_topic != NULL
               ? ERROR_OK
               : error_set(error, ERROR_NO_MEMORY, "sparkplug.host_id: no memory for it");
}

static enum error_code check_will(struct mqtt_options *options, struct error *error)
{
    const char *topic = options->will_topic;

    if (topic == NULL) {
        return ERROR_OK;
    }
    if (options->says_host_state) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "will.topic: a connection has one last will, and sparkplug.host_state "
                         "needs it for STATE; leave one of the two out, or make a second device "
                         "of this broker with a client_id of its own");
    }
    if (!utf8_is_valid(topic, strlen(topic)) || topic[0] == '$' || has_control(topic) ||
        strpbrk(topic, "+#{}") != NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "will.topic: '%.80s' is no topic to write to: no '+', '#', {parts} or "
                         "control characters, no '$' at its beginning",
                         topic);
    }
    options->presence_topic = topic;
    options->presence_qos = (int)options->will_qos;
    options->presence_retained = options->will_retained;
    return ERROR_OK;
}

static enum error_code check_host(struct mqtt_options *options, struct arena *arena,
                                  struct error *error)
{
    bool writes = options->says_host_state || options->asks_rebirth;

    if (writes && options->host_id == NULL) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "sparkplug.%s: needs sparkplug.host_id beside it: under which name this "
                         "gateway acts at the plant; no other host may have it",
                         options->says_host_state ? "host_state" : "rebirth");
    }
    if (options->host_id == NULL) {
        return ERROR_OK;
    }
    if (!writes) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "sparkplug.host_id: does nothing alone; write host_state: true or "
                         "rebirth: true beside it, or leave it out");
    }
    if (!is_host_id(options->host_id)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "sparkplug.host_id: '%.80s' cannot stand in a topic: no '/', '+', '#', "
                         "spaces or control characters",
                         options->host_id);
    }
    return options->says_host_state ? make_state_topic(options, arena, error) : ERROR_OK;
}

enum error_code mqtt_options_check(struct mqtt_options *options, struct arena *arena,
                                   struct error *error)
{
    enum error_code code = make_uri(options, arena, error);

    if (code != ERROR_OK) {
        return code;
    }
    if (options->client_id == NULL || options->client_id[0] == '\0') {
        code = make_client_id(options, arena, error);
        if (code != ERROR_OK) {
            return code;
        }
    }
    if (options->password_file != NULL && options->user == NULL) {
        return error_set(error, ERROR_BAD_CONFIG, "password_file: needs a user beside it");
    }
    if ((options->certificate == NULL) != (options->key == NULL)) {
        return error_set(error, ERROR_BAD_CONFIG, "certificate and key: give both, or none");
    }
    if (!options->is_tls && (options->ca != NULL || options->certificate != NULL)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "ca, certificate and key are for TLS; write broker: mqtts://...");
    }
    code = check_host(options, arena, error);
    if (code == ERROR_OK) {
        code = check_will(options, error);
    }
    return code == ERROR_OK ? name_session(options, arena, error) : code;
}

enum error_code mqtt_read_password(const char *path, struct buffer *password, struct error *error)
{
    struct stat status;
    enum error_code code;

    if (stat(path, &status) != 0) {
        return error_set(error, ERROR_BAD_CONFIG, "password_file: %.150s: %s", path,
                         strerror(errno));
    }
    if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        return error_set(error, ERROR_REFUSED,
                         "password_file: %.120s is open to others; chmod 600 %.60s", path, path);
    }
    code = fs_read_file(path, password, error);
    if (code != ERROR_OK) {
        return code;
    }
    while (password->size > 0 && (password->bytes[password->size - 1] == '\n' ||
                                  password->bytes[password->size - 1] == '\r')) {
        password->size--;
    }
    if (password->size == 0) {
        return error_set(error, ERROR_BAD_CONFIG, "password_file: %.200s is empty", path);
    }
    return ERROR_OK;
}

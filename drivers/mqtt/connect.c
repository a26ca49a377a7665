#include "drivers/mqtt/connect.h"

#include "drivers/mqtt/inside.h"
#include "drivers/mqtt/presence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a broker's refusal means: CONNACK return codes of 3.1.1 (3.2.2.3) and reason codes of 5. */
struct refusal {
    int code_3, code_5;
    enum error_code code;
    const char *meaning;
};

static const struct refusal refusals[] = {
    {1, MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION, ERROR_REFUSED,
     "it does not speak this version of MQTT; try the other value of 'version'"},
    {2, MQTTREASONCODE_CLIENT_IDENTIFIER_NOT_VALID, ERROR_REFUSED,
     "it does not accept the client_id; write a shorter or a registered one"},
    {3, MQTTREASONCODE_SERVER_UNAVAILABLE, ERROR_UNREACHABLE, "it is not available now"},
    {4, MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD, ERROR_REFUSED,
     "it refused the user or the password; check user and password_file"},
    {5, MQTTREASONCODE_NOT_AUTHORIZED, ERROR_REFUSED,
     "not authorized; check user, password_file, certificate and the broker's access list"},
    {-1, MQTTREASONCODE_SERVER_BUSY, ERROR_UNREACHABLE, "it is busy"},
    {-1, MQTTREASONCODE_BANNED, ERROR_REFUSED, "it banned this client"},
    {-1, MQTTREASONCODE_BAD_AUTHENTICATION_METHOD, ERROR_REFUSED,
     "it wants another authentication method"},
};

static void give_answer(struct mqtt_link *link, bool success, int code, const char *message)
{
    (void)pthread_mutex_lock(&link->mutex);
    link->answer = (struct mqtt_answer){.given = true, .success = success, .code = code};
    (void)snprintf(link->answer.message, sizeof(link->answer.message), "%s",
                   message != NULL ? message : "");
    (void)pthread_cond_broadcast(&link->changed);
    (void)pthread_mutex_unlock(&link->mutex);
}

/* Callbacks of version 3.1.1 and of 5, on Paho's threads. */

static void on_failure(void *context, MQTTAsync_failureData *data)
{
    give_answer(context, false, data != NULL ? data->code : 0, data != NULL ? data->message : NULL);
}

static void on_failure_5(void *context, MQTTAsync_failureData5 *data)
{
    int reason = data != NULL ? (int)data->reasonCode : 0;

    give_answer(context, false, data != NULL && reason < 0x80 ? data->code : reason,
                data != NULL ? data->message : NULL);
}

static void on_connected(void *context, MQTTAsync_successData *data)
{
    (void)data;
    give_answer(context, true, 0, NULL);
}

static void on_connected_5(void *context, MQTTAsync_successData5 *data)
{
    struct mqtt_link *link = context;
    int available = MQTTProperties_getNumericValue(
        &data->properties, MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIERS_AVAILABLE);

    (void)pthread_mutex_lock(&link->mutex);
    link->takes_identifiers = available != 0; /* where it says nothing, it does (5, 3.2.2.3.12) */
    (void)pthread_mutex_unlock(&link->mutex);
    give_answer(context, true, 0, NULL);
}

/** OpenSSL's complaints, one line each: "139...:error:0A000086:SSL routines::certificate ...". */
static int on_tls_error(const char *text, size_t size, void *context)
{
    struct mqtt_link *link = context;
    const char *last = text;
    const char *end = text + size;

    (void)pthread_mutex_lock(&link->mutex);
    if (link->tls_problem[0] == '\0') {
        int field = 0;

        for (const char *at = text; at < end && field < 5; at++) {
            if (*at == ':') {
                last = at + 1;
                field++;
            }
        }
        (void)snprintf(link->tls_problem, sizeof(link->tls_problem), "%.*s",
                       (int)strcspn(last, ":\n"), last);
    }
    (void)pthread_mutex_unlock(&link->mutex);
    return 1;
}

static enum error_code refuse_tls(struct mqtt_link *link, struct error *error)
{
    const struct mqtt_options *options = link->options;
    char problem[sizeof(link->tls_problem)];

    (void)pthread_mutex_lock(&link->mutex);
    memcpy(problem, link->tls_problem, sizeof(problem));
    (void)pthread_mutex_unlock(&link->mutex);
    if (strstr(problem, "certificate verify failed") != NULL) {
        return error_set(error, ERROR_REFUSED,
                         "broker %.80s: its certificate cannot be trusted: not signed by %.60s, "
                         "made for another host name, expired, or not valid yet",
                         options->broker, options->ca != NULL ? options->ca : "a known authority");
    }
    if (problem[0] != '\0') {
        return error_set(error, ERROR_REFUSED,
                         "broker %.100s: TLS failed: %.60s; check ca, certificate and key",
                         options->broker, problem);
    }
    return error_set(error, ERROR_UNREACHABLE,
                     "broker %.100s: no TLS connection: nobody listens there, it does not speak "
                     "TLS, or its certificate is for another host name",
                     options->broker);
}

static enum error_code refuse_connection(struct mqtt_link *link, const struct mqtt_answer *answer,
                                         struct error *error)
{
    const char *broker = link->options->broker;
    bool is_5 = link->version == MQTTVERSION_5;

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (answer->code > 0 && answer->code == (is_5 ? refusals[i].code_5 : refusals[i].code_3)) {
            return error_set(error, refusals[i].code, "broker %.100s: %s", broker,
                             refusals[i].meaning);
        }
    }
    if (answer->code > 0) {
        return error_set(error, ERROR_REFUSED, "broker %.100s: refused us with code %d", broker,
                         answer->code);
    }
    if (link->options->is_tls) {
        return refuse_tls(link, error);
    }
    return error_set(error, ERROR_UNREACHABLE,
                     "broker %.100s: no connection%s%.60s%s; is it running, are its name and port "
                     "right?",
                     broker, answer->message[0] != '\0' ? " (" : "", answer->message,
                     answer->message[0] != '\0' ? ")" : "");
}

/** Ask Paho, then wait for what it answers. */
static enum error_code wait_answer(struct mqtt_link *link, int64_t until_ns, const char *doing,
                                   struct mqtt_answer *answer, struct error *error)
{
    if (mqtt_wait_answer(link, until_ns, answer)) {
        return ERROR_OK;
    }
    if (mqtt_inside_state(link, error) != ERROR_OK) {
        return error_prefix(error, error->code, "while %s", doing);
    }
    return error_set(error, ERROR_TIMEOUT, "broker %.100s: no answer in time while %s",
                     link->options->broker, doing);
}

static bool add_property(MQTTProperties *properties, enum MQTTPropertyCodes code, uint32_t value)
{
    MQTTProperty property = {.identifier = code};

    if (code == MQTTPROPERTY_CODE_RECEIVE_MAXIMUM) {
        property.value.integer2 = (unsigned short)value;
    } else {
        property.value.integer4 = value;
    }
    return MQTTProperties_add(properties, &property) == 0;
}

/* The receive maximum is what the inbox holds, not the window: the broker's own limit may be
 * larger than the window that commits follow, and is welcome up to there. No maximum packet size:
 * a broker drops a larger message in silence and counts it as delivered (5, 3.1.2.11.4). No topic
 * aliases: Paho does not resolve them. */
static bool add_properties(const struct mqtt_options *options, MQTTProperties *properties)
{
    return add_property(properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                        (uint32_t)(options->session_expiry_ns / NS_PER_S)) &&
           add_property(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM,
                        (uint32_t)options->inbox_messages);
}

static void fill_tls(struct mqtt_link *link, MQTTAsync_SSLOptions *tls)
{
    tls->trustStore = link->options->ca; /* NULL: the system's */
    tls->keyStore = link->options->certificate;
    tls->privateKey = link->options->key;
    tls->enableServerCertAuth = 1;
    tls->verify = 1; /* the host name, too: off by default in Paho */
    tls->sslVersion = MQTT_SSL_VERSION_TLS_1_2;
    tls->ssl_error_cb = on_tls_error;
    tls->ssl_error_context = link;
}

/** Everything Paho copies is filled in; ask for the connection. */
static int ask_connect(struct mqtt_link *link, const struct buffer *password, int64_t until_ns,
                       MQTTProperties *properties)
{
    MQTTAsync_connectOptions three = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions five = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_willOptions will;
    char last_words[MQTT_STATE_SIZE];
    bool is_5 = link->version == MQTTVERSION_5;
    MQTTAsync_connectOptions *connect = is_5 ? &five : &three;
    int64_t left_ns = until_ns - clock_monotonic_ns(&clock_system);

    connect->MQTTVersion = link->version; /* explicit, else Paho falls back to 3.1 */
    connect->keepAliveInterval = (int)(link->options->keep_alive_ns / NS_PER_S);
    connect->connectTimeout = left_ns > NS_PER_S ? (int)(left_ns / NS_PER_S) : 1;
    connect->automaticReconnect = 0; /* the host reconnects */
    connect->username = link->options->user;
    if (password->size > 0) {
        connect->binarypwd.data = password->bytes;
        connect->binarypwd.len = (int)password->size;
    }
    connect->context = link;
    if (is_5) {
        connect->cleanstart = 0;
        connect->connectProperties = properties;
        connect->onSuccess5 = on_connected_5;
        connect->onFailure5 = on_failure_5;
    } else {
        connect->cleansession = 0;
        connect->onSuccess = on_connected;
        connect->onFailure = on_failure;
    }
    if (link->options->is_tls) {
        fill_tls(link, &tls);
        connect->ssl = &tls;
    }
    if (mqtt_presence_will(link, &will, last_words)) {
        connect->will = &will; /* Paho copies it */
    }
    return MQTTAsync_connect(link->client, connect);
}

/** OpenSSL names neither the file nor the option. */
static enum error_code check_files(const struct mqtt_options *options, struct error *error)
{
    const char *const files[][2] = {
        {"ca", options->ca}, {"certificate", options->certificate}, {"key", options->key}};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (files[i][1] != NULL && access(files[i][1], R_OK) != 0) {
            return error_set(error, ERROR_BAD_CONFIG, "%s: %.150s: %s", files[i][0], files[i][1],
                             strerror(errno));
        }
    }
    return ERROR_OK;
}

static enum error_code start_connect(struct mqtt_link *link, int64_t until_ns, struct error *error)
{
    MQTTProperties properties = MQTTProperties_initializer;
    struct buffer password;
    enum error_code code = check_files(link->options, error);

    if (code != ERROR_OK) {
        return code;
    }
    buffer_init(&password, 4096);
    if (!buffer_reserve(&password, 4096)) { /* one place, so that it can be wiped */
        return error_set(error, ERROR_NO_MEMORY, "password_file: no memory for it");
    }
    if (link->options->password_file != NULL) {
        code = mqtt_read_password(link->options->password_file, &password, error);
    }
    if (code == ERROR_OK && link->version == MQTTVERSION_5 &&
        !add_properties(link->options, &properties)) {
        code = error_set(error, ERROR_NO_MEMORY, "broker %.100s: no memory to connect",
                         link->options->broker);
    }
    if (code == ERROR_OK) {
        int outcome = ask_connect(link, &password, until_ns, &properties);

        if (outcome != MQTTASYNC_SUCCESS) {
            code = error_set(error, ERROR_UNREACHABLE, "broker %.100s: Paho cannot connect: %s",
                             link->options->broker, MQTTAsync_strerror(outcome));
        }
    }
    explicit_bzero(password.bytes, password.capacity);
    buffer_deinit(&password);
    MQTTProperties_free(&properties);
    return code;
}

enum error_code mqtt_connect(struct mqtt_link *link, int64_t until_ns, struct error *error)
{
    struct mqtt_answer answer = {0};
    enum error_code code = start_connect(link, until_ns, error);

    if (code == ERROR_OK) {
        code = wait_answer(link, until_ns, "connecting", &answer, error);
    }
    if (code != ERROR_OK || answer.success) {
        return code;
    }
    return refuse_connection(link, &answer, error);
}

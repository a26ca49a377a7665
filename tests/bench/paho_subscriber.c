/* tests/bench/paho_subscriber.c - what bench_mqtt measures against: Paho alone.
 *
 *     paho_subscriber URI CA|- CLIENT_ID STATE
 *
 * Resumes the session CLIENT_ID and counts its messages where the agent's shim counts what was
 * committed, in the file STATE (tests/torture/shim.h). Paho acknowledges each when the callback
 * returns, as it does without an ack gate: this program is linked without one. */
#include "tests/torture/shim.h"

#include <MQTTAsync.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    struct shim_state *state = context;

    (void)topic_size;
    milestone_pass(&state->milestones[STREAM_READINGS],
                   atomic_fetch_add(&state->committed[STREAM_READINGS], 1) + 1);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static struct shim_state *map_state(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *mapped =
        fd < 0 ? MAP_FAILED
               : mmap(NULL, sizeof(struct shim_state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return mapped == MAP_FAILED ? NULL : mapped;
}

int main(int count, char **arguments)
{
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_init_options init = MQTTAsync_init_options_initializer;
    struct shim_state *state = count == 5 ? map_state(arguments[4]) : NULL;
    MQTTAsync client;

    if (state == NULL) {
        (void)fprintf(stderr, "usage: paho_subscriber URI CA|- CLIENT_ID STATE\n");
        return 2;
    }
    MQTTAsync_global_init(&init);
    connect.MQTTVersion = MQTTVERSION_3_1_1;
    connect.cleansession = 0;
    if (strcmp(arguments[2], "-") != 0) {
        tls.trustStore = arguments[2];
        tls.enableServerCertAuth = 1;
        tls.verify = 1;
        tls.sslVersion = MQTT_SSL_VERSION_TLS_1_2;
        connect.ssl = &tls;
    }
    if (MQTTAsync_create(&client, arguments[1], arguments[3], MQTTCLIENT_PERSISTENCE_NONE, NULL) !=
            MQTTASYNC_SUCCESS ||
        MQTTAsync_setCallbacks(client, state, NULL, on_message, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(client, &connect) != MQTTASYNC_SUCCESS) {
        (void)fprintf(stderr, "paho_subscriber: no connection to %s\n", arguments[1]);
        return 1;
    }
    for (;;) {
        (void)pause();
    }
}

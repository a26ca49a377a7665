/* tests/bench/paho_subscriber.c - what bench_mqtt measures against: Paho alone.
 *
 *     paho_subscriber URI CA|- CLIENT_ID COUNTER
 *
 * Resumes the session CLIENT_ID and counts its messages in the 64-bit word that the file COUNTER
 * begins with. Paho acknowledges each when the callback returns, as it does without an ack gate:
 * this program is linked without one. */
#include <MQTTAsync.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    _Atomic uint64_t *counter = context;

    (void)topic_size;
    (void)atomic_fetch_add(counter, 1);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void *map_counter(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *mapped = fd < 0 ? MAP_FAILED
                          : mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return mapped == MAP_FAILED ? NULL : mapped;
}

int main(int count, char **arguments)
{
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_init_options init = MQTTAsync_init_options_initializer;
    void *counter = count == 5 ? map_counter(arguments[4]) : NULL;
    MQTTAsync client;

    if (counter == NULL) {
        (void)fprintf(stderr, "usage: paho_subscriber URI CA|- CLIENT_ID COUNTER\n");
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
        MQTTAsync_setCallbacks(client, counter, NULL, on_message, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(client, &connect) != MQTTASYNC_SUCCESS) {
        (void)fprintf(stderr, "paho_subscriber: no connection to %s\n", arguments[1]);
        return 1;
    }
    for (;;) {
        (void)pause();
    }
}

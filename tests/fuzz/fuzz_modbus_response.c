/* tests/fuzz/fuzz_modbus_response.c - any bytes as a device's answer.
 * Parser: drivers/modbus/value.c drivers/modbus/exchange.c
 *
 * The first byte chooses the table and what is put in front (nothing, the transaction's id, or the
 * whole header), the second how much is asked for; the rest comes over a socket to the driver's
 * exchange and libmodbus behind it. What is answered is decoded as every type in every order.
 * Asking must end with an outcome or a sentence; a text must be UTF-8. */
#include "base/clock.h"
#include "base/utf8.h"
#include "drivers/modbus/exchange.h"
#include "tests/fuzz/fuzz.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHOICES = 2, REQUEST_BYTES = 12, ID_BYTES = 2, HEADER_BYTES = 7, ANSWER_MAX = 1024 };

enum front { FRONT_NOTHING, FRONT_ID, FRONT_HEADER };

/** The device: waits for a question, answers, hangs up. */
struct device {
    int fd;
    enum front front;
    const uint8_t *bytes;
    size_t size;
};

static void *answer_once(void *argument)
{
    const struct device *device = argument;
    uint8_t request[REQUEST_BYTES];
    uint8_t answer[HEADER_BYTES + ANSWER_MAX];
    size_t size = device->front == FRONT_NOTHING ? 0
                  : device->front == FRONT_ID    ? ID_BYTES
                                                 : HEADER_BYTES;

    if (recv(device->fd, request, sizeof(request), MSG_WAITALL) == (ssize_t)sizeof(request)) {
        memcpy(answer, request, size);
        if (device->front == FRONT_HEADER) {
            answer[4] = (uint8_t)((device->size + 1) >> 8);
            answer[5] = (uint8_t)(device->size + 1);
        }
        memcpy(answer + size, device->bytes, device->size);
        (void)send(device->fd, answer, size + device->size, MSG_NOSIGNAL); /* or it is gone */
    }
    (void)shutdown(device->fd, SHUT_WR); /* nobody waits for more */
    return NULL;
}

static void check_text(const struct sample *sample)
{
    const uint8_t *at = (const uint8_t *)sample->value.text.bytes;
    size_t left = sample->value.text.size_bytes;

    if (left > VALUE_TEXT_SIZE) {
        abort();
    }
    while (left > 0) {
        size_t size = utf8_sequence_size(at, left);

        if (size == 0 || *at == 0) {
            abort();
        }
        at += size;
        left -= size;
    }
}

/** As every type in every order, from registers of just that many. */
static void decode_all(const uint16_t *registers, unsigned count)
{
    for (unsigned type = VALUE_BOOL; type <= VALUE_STRING; type++) {
        unsigned wanted =
            type == VALUE_STRING ? count : value_type_registers((enum value_type)type);
        char *text = malloc(VALUE_TEXT_SIZE);
        uint16_t *copy = malloc(wanted * sizeof(*copy)); /* reading on is noticed */

        for (unsigned order = ORDER_ABCD;
             text != NULL && copy != NULL && wanted <= count && order <= ORDER_DCBA; order++) {
            uint64_t none[] = {0x8000, UINT64_MAX};
            const struct value_format format = {
                (enum value_type)type, (enum value_order)order, (uint16_t)wanted, 15, 2, none};
            struct sample sample = {0};

            memcpy(copy, registers, wanted * sizeof(*copy));
            value_decode(&format, copy, &sample, text);
            if ((sample.type == SAMPLE_TEXT) != (type == VALUE_STRING) ||
                sample.type == SAMPLE_NONE) {
                abort();
            }
            if (sample.type == SAMPLE_TEXT) {
                check_text(&sample);
            }
        }
        free(copy);
        free(text);
    }
}

static void decode(const struct plan_request *request, const union exchange_answer *answer)
{
    if (!table_has_bits(request->table)) {
        decode_all(answer->registers, request->count);
        return;
    }
    for (unsigned i = 0; i < request->count; i++) {
        if (answer->bits[i] > 1) {
            abort();
        }
    }
}

static void ask(struct exchange *exchange, const struct plan_request *request)
{
    union exchange_answer *answer = malloc(sizeof(*answer));
    struct error error = {0};
    unsigned exception = 0;
    enum error_code code;

    if (answer == NULL) {
        return;
    }
    code = exchange_read(exchange, request, NS_PER_S, answer, &exception, &error);
    if (code != ERROR_OK) {
        if (error.text[0] == '\0') {
            abort();
        }
    } else if (exception == EXCHANGE_ANSWERED) {
        decode(request, answer);
    } else if (status_is_good(exchange_status(exception))) {
        abort();
    }
    (void)exchange_is_refusal(exception);
    free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static const struct peer peer = {"192.0.2.1", "502"};
    struct plan_request request = {0};
    struct exchange exchange = {0};
    struct device device;
    pthread_t thread;
    int pair[2];

    if (size_bytes < CHOICES || size_bytes > CHOICES + ANSWER_MAX ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return 0;
    }
    request.table = (enum table)(TABLE_COIL + bytes[0] % 4);
    request.count = 1 + bytes[1] % VALUE_REGISTERS_MAX;
    request.end = 1;
    device = (struct device){pair[1], (enum front)(bytes[0] / 4 % 3), bytes + CHOICES,
                             size_bytes - CHOICES};
    if (exchange_open(&exchange, pair[0], 1, EXCHANGE_TCP, &peer, NULL) == ERROR_OK &&
        pthread_create(&thread, NULL, answer_once, &device) == 0) {
        ask(&exchange, &request);
        (void)pthread_join(thread, NULL);
        ask(&exchange, &request); /* what is left of the answer, or its end */
    }
    exchange_close(&exchange);
    (void)close(pair[1]);
    return 0;
}

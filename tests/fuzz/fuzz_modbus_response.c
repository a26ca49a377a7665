/* tests/fuzz/fuzz_modbus_response.c - any bytes as a device's answer.
 *
 * The first byte chooses the table, the framing, with TCP whether late answers are thrown away and
 * with RTU whether it is a serial port, and what the device adds to be believed: nothing, the
 * beginning of the frame, all of the frame, or the function and the length asked for as well. The
 * second says how much is asked for; the rest comes over a socket to the driver's exchange and
 * libmodbus behind it. What is answered is decoded as every type in every order. Asking must end
 * with an outcome or a sentence; a text must be UTF-8.
 *
 * Parser: drivers/modbus/value.c drivers/modbus/exchange.c drivers/modbus/exception.c
 */
#include "base/clock.h"
#include "base/utf8.h"
#include "drivers/modbus/exchange.h"
#include "tests/fuzz/fuzz.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CHOICES = 2,
    UNIT = 1,
    REQUEST_MAX = 12, /* with TCP */
    RTU_REQUEST_BYTES = 8,
    HEADER_BYTES = 7,
    ID_BYTES = 2, /* of the header */
    CHECKSUM_BYTES = 2,
    ANSWER_MAX = 1024
};

/* HELP_BEGIN: the transaction's id, or with RTU the unit. HELP_FRAME: the header, or the unit and
 * the checksum. HELP_ANSWER: the same, the function and the length. */
enum help { HELP_NONE, HELP_BEGIN, HELP_FRAME, HELP_ANSWER, HELPS };

/** The device: waits for a question, answers, hangs up. */
struct device {
    int fd;
    enum exchange_framing framing;
    enum help help;
    const struct plan_request *request;
    const uint8_t *bytes;
    size_t size;
};

/** Of Modbus over Serial Line 1.02, 6.2.2. */
static uint16_t checksum(const uint8_t *bytes, size_t size)
{
    uint16_t sum = 0xffff;

    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            sum = (uint16_t)((sum & 1) != 0 ? sum >> 1 ^ 0xa001 : sum >> 1);
        }
    }
    return sum;
}

/** The function and all behind it. Returns its size. */
static size_t make_answer(const struct device *device, uint8_t *answer)
{
    size_t size = device->size;

    if (device->help < HELP_ANSWER) {
        memcpy(answer, device->bytes, size);
        return size;
    }
    answer[0] = (uint8_t)device->request->table; /* its number is that of its function */
    answer[1] = (uint8_t)(table_has_bits(device->request->table) ? (device->request->count + 7) / 8
                                                                 : 2 * device->request->count);
    memset(answer + 2, 0, answer[1]);
    memcpy(answer + 2, device->bytes, size < answer[1] ? size : answer[1]);
    return 2 + (size_t)answer[1];
}

static size_t frame_tcp(const struct device *device, const uint8_t *request, uint8_t *frame)
{
    static const size_t fronts[] = {0, ID_BYTES, HEADER_BYTES, HEADER_BYTES};
    size_t front = fronts[device->help];
    size_t size = make_answer(device, frame + front);

    memcpy(frame, request, front);
    if (front == HEADER_BYTES) {
        frame[4] = (uint8_t)((size + 1) >> 8);
        frame[5] = (uint8_t)(size + 1);
    }
    return front + size;
}

static size_t frame_rtu(const struct device *device, uint8_t *frame)
{
    size_t front = device->help == HELP_NONE ? 0 : 1;
    size_t size = front + make_answer(device, frame + front);

    if (front > 0) {
        frame[0] = UNIT;
    }
    if (device->help >= HELP_FRAME) {
        uint16_t sum = checksum(frame, size);

        frame[size++] = (uint8_t)sum;
        frame[size++] = (uint8_t)(sum >> 8);
    }
    return size;
}

static void answer_once(const struct device *device)
{
    size_t wanted = device->framing == EXCHANGE_TCP ? REQUEST_MAX : RTU_REQUEST_BYTES;
    uint8_t request[REQUEST_MAX];
    uint8_t frame[HEADER_BYTES + ANSWER_MAX + CHECKSUM_BYTES];

    if (recv(device->fd, request, wanted, MSG_WAITALL) == (ssize_t)wanted) {
        size_t size = device->framing == EXCHANGE_TCP ? frame_tcp(device, request, frame)
                                                      : frame_rtu(device, frame);

        (void)send(device->fd, frame, size, MSG_NOSIGNAL); /* or it is gone */
    }
    (void)shutdown(device->fd, SHUT_WR); /* nobody waits for more */
}

/** One thread for all inputs: the sanitizers keep something of every thread that was. */
static struct {
    pthread_t thread;
    bool runs;
    sem_t asked, answered;
    const struct device *device;
} server;

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        while (sem_wait(&server.asked) != 0) {
        }
        answer_once(server.device);
        (void)sem_post(&server.answered); /* fails for bad arguments alone */
    }
    return NULL;
}

static bool start_server(void)
{
    if (!server.runs) {
        server.runs = sem_init(&server.asked, 0, 0) == 0 && sem_init(&server.answered, 0, 0) == 0 &&
                      pthread_create(&server.thread, NULL, serve, NULL) == 0;
    }
    return server.runs;
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
    } else if (exception == EXCEPTION_NONE) {
        decode(request, answer);
    } else if (status_is_good(exception_status(exception))) {
        abort();
    }
    (void)exception_is_refusal(exception);
    (void)exception_is_busy(exception);
    if (exception_name(exception)[0] == '\0') {
        abort();
    }
    free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static const struct peer peer = {"192.0.2.1", "502"};
    struct plan_request request = {0};
    struct exchange exchange = {0};
    const uint8_t choices[CHOICES] = {size_bytes > 0 ? bytes[0] : 0, size_bytes > 1 ? bytes[1] : 0};
    const bool other = choices[0] / (4 * HELPS * 2) % 2 != 0;
    struct device device;
    int pair[2];

    if (size_bytes > CHOICES + ANSWER_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return 0;
    }
    request.table = (enum table)(TABLE_COIL + choices[0] % 4);
    request.count = 1 + choices[1] % VALUE_REGISTERS_MAX;
    request.end = 1;
    device =
        (struct device){.fd = pair[1],
                        .framing = choices[0] / (4 * HELPS) % 2 == 0 ? EXCHANGE_TCP : EXCHANGE_RTU,
                        .help = (enum help)(choices[0] / 4 % HELPS),
                        .request = &request,
                        .bytes = size_bytes > CHOICES ? bytes + CHOICES : choices,
                        .size = size_bytes > CHOICES ? size_bytes - CHOICES : 0};
    if (exchange_open(&exchange, pair[0], UNIT, device.framing, &peer, NULL) == ERROR_OK &&
        start_server()) {
        if (other && device.framing == EXCHANGE_RTU) {
            exchange_address(&exchange, UNIT, NULL, "/dev/ttyS1");
        }
        server.device = &device;
        (void)sem_post(&server.asked); /* as above */
        ask(&exchange, &request);
        while (sem_wait(&server.answered) != 0) {
        }
        if (!other || device.framing == EXCHANGE_RTU || exchange_discard_late(&exchange)) {
            ask(&exchange, &request); /* what is left of the answer, or its end */
        }
    }
    exchange_close(&exchange);
    (void)close(pair[1]);
    return 0;
}

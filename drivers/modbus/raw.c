#include "drivers/modbus/raw.h"

#include "base/clock.h"

#include <errno.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { HEADER_BYTES = 7, CHECKSUM_BYTES = 2, EXCEPTION_FLAG = 0x80 };

static int fail(int problem)
{
    errno = problem;
    return -1;
}

/** Just so many bytes, or -1 with errno. */
static int receive(int fd, uint8_t *bytes, size_t size, int64_t until_ns)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t at = 0;

    while (at < size) {
        int64_t left_ns = until_ns - clock_monotonic_ns(&clock_system);
        ssize_t got;

        if (left_ns <= 0 || poll(&ready, 1, (int)(left_ns / NS_PER_MS) + 1) == 0) {
            return fail(ETIMEDOUT);
        }
        got = read(fd, bytes + at, size - at);
        if (got == 0) {
            return fail(ECONNRESET);
        }
        if (got < 0 && errno != EAGAIN && errno != EINTR) {
            return -1;
        }
        at += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

/** Modbus Messaging on TCP/IP 1.0b, 3.1.3: the header tells how long the rest is. */
static int receive_tcp(int fd, uint8_t header[HEADER_BYTES], uint8_t answer[RAW_PDU_MAX],
                       size_t *answer_size, int64_t until_ns)
{
    size_t length;

    if (receive(fd, header, HEADER_BYTES, until_ns) != 0) {
        return -1;
    }
    length = (size_t)header[4] << 8 | header[5]; /* with the unit */
    if (header[2] != 0 || header[3] != 0 || length < 2 || length > 1 + RAW_PDU_MAX) {
        return fail(EMBBADDATA);
    }
    *answer_size = length - 1;
    return receive(fd, answer, *answer_size, until_ns);
}

bool raw_skip(const struct exchange *exchange, int64_t until_ns)
{
    uint8_t header[HEADER_BYTES];
    uint8_t answer[RAW_PDU_MAX];
    size_t size;

    return receive_tcp(modbus_get_socket(exchange->context), header, answer, &size, until_ns) == 0;
}

/** Of a question that was sent as transaction 0. */
static int receive_of_raw(int fd, struct raw_call *call, int64_t until_ns)
{
    uint8_t header[HEADER_BYTES];

    if (receive_tcp(fd, header, call->answer, &call->answer_size, until_ns) != 0) {
        return -1;
    }
    return header[0] == 0 && header[1] == 0 ? 0 : fail(EMBBADDATA);
}

/** Modbus over Serial Line 1.02, 6.2.2. */
static uint16_t checksum(uint16_t sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            sum = (uint16_t)((sum & 1) != 0 ? sum >> 1 ^ 0xa001 : sum >> 1);
        }
    }
    return sum;
}

/** Of an answer or an exception; see raw_measure. */
static size_t measure(const struct raw_call *call)
{
    if (call->answer_size == 0) {
        return 1;
    }
    return (call->answer[0] & EXCEPTION_FLAG) != 0 ? 2
                                                   : call->measure(call->answer, call->answer_size);
}

/** Nothing but the answer itself tells how long it is. */
static int receive_rtu(int fd, struct raw_call *call, int64_t until_ns)
{
    uint8_t sums[CHECKSUM_BYTES];
    uint8_t unit;
    size_t size;

    if (receive(fd, &unit, 1, until_ns) != 0) {
        return -1;
    }
    call->answer_size = 0;
    while ((size = measure(call)) != call->answer_size) {
        if (size < call->answer_size || size > sizeof(call->answer)) {
            return fail(EMBBADDATA);
        }
        if (receive(fd, call->answer + call->answer_size, size - call->answer_size, until_ns) !=
            0) {
            return -1;
        }
        call->answer_size = size;
    }
    if (receive(fd, sums, sizeof(sums), until_ns) != 0) {
        return -1;
    }
    if (checksum(checksum(0xffff, &unit, 1), call->answer, size) != (sums[0] | sums[1] << 8)) {
        return fail(EMBBADCRC);
    }
    return unit == call->exchange->unit ? 0 : fail(EMBBADSLAVE);
}

static int receive_answer(int fd, struct raw_call *call, int64_t until_ns)
{
    int result = call->exchange->framing == EXCHANGE_TCP ? receive_of_raw(fd, call, until_ns)
                                                         : receive_rtu(fd, call, until_ns);

    if (result != 0) {
        return result;
    }
    if (call->answer[0] == (call->question[0] | EXCEPTION_FLAG) && call->answer_size == 2) {
        unsigned exception = call->answer[1];

        return fail(exception > 0 && exception < MODBUS_EXCEPTION_MAX
                        ? MODBUS_ENOBASE + (int)exception
                        : EMBBADEXC);
    }
    return call->answer[0] == call->question[0] ? 0 : fail(EMBBADDATA);
}

int raw_ask(modbus_t *context, const struct plan_request *request, void *argument)
{
    struct raw_call *call = argument;
    uint8_t question[1 + RAW_PDU_MAX] = {(uint8_t)call->exchange->unit};
    uint32_t seconds = 0;
    uint32_t microseconds = 0;

    (void)request;
    memcpy(question + 1, call->question, call->question_size);
    (void)modbus_get_response_timeout(context, &seconds,
                                      &microseconds); /* its arguments are good */
    if (modbus_send_raw_request(context, question, (int)call->question_size + 1) < 0) {
        return -1;
    }
    return receive_answer(modbus_get_socket(context), call,
                          clock_monotonic_ns(&clock_system) + (int64_t)seconds * NS_PER_S +
                              (int64_t)microseconds * NS_PER_US);
}

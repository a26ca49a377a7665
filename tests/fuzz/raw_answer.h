/* tests/fuzz/raw_answer.h - foreign bytes as the answer to a raw question, over a socket. */
#ifndef TESTS_FUZZ_RAW_ANSWER_H
#define TESTS_FUZZ_RAW_ANSWER_H

#include "base/clock.h"
#include "drivers/modbus/raw.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RAW_ANSWER_UNIT = 1, RAW_ANSWER_HEADER_BYTES = 7 };

/** How the bytes become a frame: of RTU or TCP; a good one is put around them, or they are it. */
struct raw_answer_frame {
    bool is_rtu, is_framed;
};

/** Of Modbus over Serial Line 1.02, 6.2.2. */
static inline uint16_t raw_answer_checksum(const uint8_t *bytes, size_t size)
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

/** Returns the size of the frame, which has room for 9 bytes more. */
static inline size_t raw_answer_make(struct raw_answer_frame kind, const uint8_t *bytes,
                                     size_t size, uint8_t *frame)
{
    size_t front = !kind.is_framed ? 0 : kind.is_rtu ? 1 : RAW_ANSWER_HEADER_BYTES;
    uint16_t sum;

    memset(frame, 0, front);
    memcpy(frame + front, bytes, size);
    if (front == 0) {
        return size;
    }
    frame[front - 1] = RAW_ANSWER_UNIT;
    if (!kind.is_rtu) {
        frame[4] = (uint8_t)((size + 1) >> 8);
        frame[5] = (uint8_t)(size + 1);
        return front + size;
    }
    sum = raw_answer_checksum(frame, front + size);
    frame[front + size] = (uint8_t)sum;
    frame[front + size + 1] = (uint8_t)(sum >> 8);
    return front + size + 2;
}

/** As raw_ask() of `call`, whose closed `exchange` this is, with up to 255 bytes as the answer. Of
 * one over TCP that does not fit, what follows is thrown away. */
static inline int raw_answer(struct raw_answer_frame kind, const uint8_t *bytes, uint8_t size,
                             struct exchange *exchange, struct raw_call *call)
{
    static const struct peer peer = {"192.0.2.1", "502"};
    static const struct plan_request nothing = {.table = TABLE_HOLDING};
    uint8_t frame[RAW_ANSWER_HEADER_BYTES + UINT8_MAX + 2];
    size_t frame_size = raw_answer_make(kind, bytes, size, frame);
    int result = -1;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return -1;
    }
    if (send(pair[1], frame, frame_size, 0) == (ssize_t)frame_size &&
        shutdown(pair[1], SHUT_WR) == 0 &&
        exchange_open(exchange, pair[0], RAW_ANSWER_UNIT, kind.is_rtu ? EXCHANGE_RTU : EXCHANGE_TCP,
                      &peer, NULL) == ERROR_OK) {
        result = raw_ask(exchange->context, &nothing, call);
        if (result != 0 && !kind.is_rtu) {
            (void)raw_skip(exchange, clock_monotonic_ns(&clock_system) + NS_PER_S);
        }
    }
    exchange_close(exchange);
    (void)close(pair[1]);
    return result;
}

#endif

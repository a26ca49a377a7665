#include "tests/sim/library/modbus_trouble.h"

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

enum { TROUBLE_FIRST = 60001, LATE_MS = 300, DRIP_MS = 50, RANGE_LIMIT = 10, BUSY_TIMES = 2 };

enum kind {
    EXCEPTION,
    NEVER,
    SHORT,
    GARBAGE,
    OTHER_ID,
    LATE,
    CLOSE,
    HALF,
    EXTRA,
    PIECES,
    RESET,
    DRIP,
    BUSY
};

/* By register number, from TROUBLE_FIRST on: the manual is modbus_server.h. */
static const struct {
    enum kind kind;
    uint8_t exception;
} troubles[] = {
    {EXCEPTION, 2},  {EXCEPTION, 4}, {NEVER, 0},     {SHORT, 0},      {GARBAGE, 0},
    {OTHER_ID, 0},   {LATE, 0},      {CLOSE, 0},     {HALF, 0},       {EXTRA, 0},
    {EXCEPTION, 1},  {EXCEPTION, 3}, {EXCEPTION, 6}, {EXCEPTION, 10}, {EXCEPTION, 11},
    {EXCEPTION, 85}, {PIECES, 0},    {RESET, 0},     {DRIP, 0},       {BUSY, 0},
};

void modbus_request_parse(struct modbus_request *request)
{
    const uint8_t *bytes = request->bytes;

    request->unit = bytes[6];
    request->function = bytes[7];
    request->first = request->count = 0;
    if (request->size >= MODBUS_REQUEST_HEADER + 5) {
        request->first = (unsigned)bytes[8] << 8 | bytes[9];
        request->count = (unsigned)bytes[10] << 8 | bytes[11];
    }
}

/** A peer that is gone does not matter here: the server notices at its next receive. */
static void put(int fd, const uint8_t *bytes, size_t size)
{
    (void)send(fd, bytes, size, MSG_NOSIGNAL);
}

static enum modbus_trouble reply_exception(const struct modbus_request *request, int fd,
                                           uint8_t code)
{
    uint8_t reply[MODBUS_REQUEST_HEADER + 2];

    memcpy(reply, request->bytes, MODBUS_REQUEST_HEADER);
    reply[4] = 0;
    reply[5] = 3;
    reply[7] = (uint8_t)(request->function | 0x80);
    reply[8] = code;
    put(fd, reply, sizeof(reply));
    return MODBUS_TROUBLE_DONE;
}

/** A proper answer full of zeros with room for `count` registers; returns its size. */
static size_t build(const struct modbus_request *request, unsigned count, uint8_t *reply)
{
    memset(reply, 0, MODBUS_TCP_MAX_ADU_LENGTH);
    memcpy(reply, request->bytes, MODBUS_REQUEST_HEADER);
    reply[4] = (uint8_t)((3 + 2 * count) >> 8);
    reply[5] = (uint8_t)(3 + 2 * count);
    reply[7] = (uint8_t)request->function;
    reply[8] = (uint8_t)(2 * count);
    return MODBUS_REQUEST_HEADER + 2 + 2 * (size_t)count;
}

static enum modbus_trouble reply_wrongly(const struct modbus_request *request, int fd,
                                         enum kind kind)
{
    static const uint8_t garbage[24] = {0xde, 0xad, 0xbe, 0xef, 0x55, 0xaa, 0x55, 0xaa,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    unsigned count = request->count <= MODBUS_MAX_READ_REGISTERS ? request->count : 1;
    uint8_t reply[MODBUS_TCP_MAX_ADU_LENGTH];
    size_t size = build(request, kind == SHORT ? count - 1 : count, reply);

    switch (kind) {
    case GARBAGE:
        put(fd, garbage, sizeof(garbage));
        return MODBUS_TROUBLE_DONE;
    case OTHER_ID:
        reply[1] ^= 0x5a;
        put(fd, reply, size);
        return MODBUS_TROUBLE_DONE;
    case HALF:
        put(fd, reply, size / 2);
        return MODBUS_TROUBLE_CLOSE;
    case PIECES: /* TCP_NODELAY is on: these are two segments */
        put(fd, reply, 3);
        put(fd, reply + 3, size - 3);
        return MODBUS_TROUBLE_DONE;
    case RESET:
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)); /* else a plain close */
        return MODBUS_TROUBLE_CLOSE;
    default: /* SHORT */
        put(fd, reply, size);
        return MODBUS_TROUBLE_DONE;
    }
}

static bool includes(const struct modbus_request *request, unsigned number)
{
    return request->first <= number && number < request->first + request->count;
}

/** The two ranges with rules of their own: the exception, or 0. */
static uint8_t range_exception(const struct modbus_request *request)
{
    unsigned last = request->first + request->count - 1;

    if (last >= 61000 && request->first <= 61999 && request->count > RANGE_LIMIT) {
        return MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
    }
    for (unsigned number = request->first; number <= last && number <= 62999; number++) {
        if (number >= 62000 && number % 10 == 9) {
            return MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS;
        }
    }
    return 0;
}

enum modbus_trouble modbus_trouble(const struct modbus_request *request, int fd, int64_t *delay_ns,
                                   unsigned *busy)
{
    uint8_t exception;

    if (request->function != MODBUS_FC_READ_HOLDING_REGISTERS || request->count == 0) {
        return MODBUS_TROUBLE_NONE;
    }
    for (unsigned i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
        if (!includes(request, TROUBLE_FIRST + i)) {
            continue;
        }
        switch (troubles[i].kind) {
        case EXCEPTION:
            return reply_exception(request, fd, troubles[i].exception);
        case BUSY:
            return *busy < BUSY_TIMES ? (++*busy, reply_exception(request, fd, 6))
                                      : MODBUS_TROUBLE_NONE;
        case NEVER:
            return MODBUS_TROUBLE_NEVER;
        case LATE:
            *delay_ns = LATE_MS * NS_PER_MS;
            return MODBUS_TROUBLE_LATE;
        case DRIP:
            *delay_ns = DRIP_MS * NS_PER_MS;
            return MODBUS_TROUBLE_DRIP;
        case EXTRA:
            return MODBUS_TROUBLE_EXTRA;
        case CLOSE:
            return MODBUS_TROUBLE_CLOSE;
        default:
            return reply_wrongly(request, fd, troubles[i].kind);
        }
    }
    exception = range_exception(request);
    return exception != 0 ? reply_exception(request, fd, exception) : MODBUS_TROUBLE_NONE;
}

bool modbus_trouble_drip(const struct modbus_request *request, int fd, unsigned index)
{
    uint8_t reply[MODBUS_TCP_MAX_ADU_LENGTH];
    size_t size = build(request, request->count, reply);

    put(fd, reply + index, 1);
    return index + 1 < size;
}

void modbus_trouble_extra(int fd)
{
    static const uint8_t extra[4] = {0, 1, 2, 3};

    put(fd, extra, sizeof(extra));
}

/* tests/sim/library/modbus_trouble.h - the wrong answers listed in modbus_server.h, byte by byte.
 *
 * Depends on: base, libmodbus (constants).  Threads: pure but for the socket.
 */
#ifndef TESTS_SIM_LIBRARY_MODBUS_TROUBLE_H
#define TESTS_SIM_LIBRARY_MODBUS_TROUBLE_H

#include <modbus/modbus.h>
#include <stdbool.h>
#include <stdint.h>

enum { MODBUS_REQUEST_HEADER = 7 }; /* MBAP: transaction, protocol, length, unit */

struct modbus_request {
    uint8_t bytes[MODBUS_TCP_MAX_ADU_LENGTH];
    int size;
    unsigned unit, function, first, count; /* the last two of functions 1 to 4 */
};

/** What is left to do for the server. */
enum modbus_trouble {
    MODBUS_TROUBLE_NONE,  /* answer properly */
    MODBUS_TROUBLE_DONE,  /* answered wrongly here */
    MODBUS_TROUBLE_NEVER, /* do not answer */
    MODBUS_TROUBLE_LATE,  /* answer properly after `delay_ns` */
    MODBUS_TROUBLE_EXTRA, /* answer properly, then call modbus_trouble_extra() */
    MODBUS_TROUBLE_CLOSE, /* close the connection */
    MODBUS_TROUBLE_DRIP,  /* call modbus_trouble_drip() every `delay_ns` until it says false */
};

/** Fill the fields from the bytes. */
void modbus_request_parse(struct modbus_request *request);

/** Look whether the request asks for trouble and answer wrongly if so; `busy` counts how often the
 *  connection was told that the slave is busy. */
enum modbus_trouble modbus_trouble(const struct modbus_request *request, int fd, int64_t *delay_ns,
                                   unsigned *busy);

/** Send byte `index` of an answer of zeros. false: it was the last. */
bool modbus_trouble_drip(const struct modbus_request *request, int fd, unsigned index);

/** The bytes too many behind a proper answer. */
void modbus_trouble_extra(int fd);

#endif

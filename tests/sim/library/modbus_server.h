/* tests/sim/library/modbus_server.h - a Modbus TCP slave over a simulated plant, well behaved
 * except where this manual says otherwise.
 *
 * Many connections, one thread: each request is answered from one consistent snapshot. Functions 1
 * to 6, 15, 16, 22 and 23 as libmodbus has them; reads of functions 1 to 4 are counted and
 * journalled (plant.h) once the whole answer was handed to the socket.
 *
 * A read of holding registers that includes one of these numbers is answered like this:
 *
 *   60001  exception 2            60002  exception 4            60003  never
 *   60004  one register less than asked for                     60005  24 bytes of garbage
 *   60006  another transaction id                               60007  properly, 300 ms late
 *   60008  by closing the connection                            60009  half an answer, then closed
 *   60010  properly, with 4 bytes too many behind it            60011  exception 1
 *   60012  exception 3            60013  exception 6            60014  exception 10
 *   60015  exception 11           60016  exception 0x55, which no standard knows
 *   60017  properly, in two pieces                              60018  by closing with a reset
 *   60019  properly but for the values (0), a byte every 50 ms
 *   60020  exception 6 twice, then properly, on each connection
 *
 * and of registers in these ranges:
 *
 *   61000 - 61999  at most 10 in a request, else exception 3
 *   62000 - 62999  those whose number ends in 9 do not exist: exception 2
 *
 * With a unit id given, requests to other units are never answered, as behind a serial gateway.
 *
 * Depends on: plant, libmodbus.  Threads: modbus_server_run() on one; the counters from any.
 */
#ifndef TESTS_SIM_LIBRARY_MODBUS_SERVER_H
#define TESTS_SIM_LIBRARY_MODBUS_SERVER_H

#include "tests/sim/library/plant.h"

#include <stdint.h>

struct modbus_server;

struct modbus_server_settings {
    const char *host; /* a numeric address; NULL: 127.0.0.1 */
    uint16_t port;    /* 0: any free one */
    int unit;         /* -1: answers to every unit id */
    struct plant_settings plant;
};

/** Load the plant and listen. NULL with a sentence in `problem` (PLANT_PROBLEM_SIZE bytes). */
struct modbus_server *modbus_server_open(const struct modbus_server_settings *settings,
                                         char *problem);

uint16_t modbus_server_port(const struct modbus_server *server);

/** Its tables: set before it runs. */
modbus_mapping_t *modbus_server_mapping(struct modbus_server *server);

/** Serve until `stop_fd` becomes readable. false: poll() failed. */
bool modbus_server_run(struct modbus_server *server, int stop_fd);

/** Run on a thread of its own until modbus_server_stop(), which waits for its end. */
bool modbus_server_start(struct modbus_server *server);
void modbus_server_stop(struct modbus_server *server);

uint64_t modbus_server_produced(const struct modbus_server *server);    /* when it does not run */
unsigned modbus_server_requests(const struct modbus_server *server);    /* received so far */
unsigned modbus_server_connections(const struct modbus_server *server); /* accepted so far */

/** Stop if it runs, close everything, free. Accepts NULL. */
void modbus_server_close(struct modbus_server *server);

#endif

/* tests/sim/library/rtu_server.h - a Modbus RTU slave, on a pseudo terminal that the driver opens
 * as its serial port, or on a TCP port with the same frames.
 *
 * Functions 1 to 6, 15, 16, 22 and 23 as libmodbus has them, for one unit, RTU_SERVER_ITEMS of each
 * table. Other units are never answered. It misbehaves when told to: see enum rtu_trouble.
 *
 * Depends on: libmodbus.  Threads: its own serves; the functions from one other.
 */
#ifndef TESTS_SIM_LIBRARY_RTU_SERVER_H
#define TESTS_SIM_LIBRARY_RTU_SERVER_H

#include <modbus/modbus.h>
#include <stdbool.h>
#include <stddef.h>

enum { RTU_SERVER_ITEMS = 300, RTU_SERVER_UNIT = 17 };

enum rtu_trouble {
    RTU_SPOILT,  /* one bit of the answer is wrong */
    RTU_FOREIGN, /* a sound answer of another unit instead */
    RTU_SILENT,  /* nothing */
};

struct rtu_server;

/** `address` is the name of the serial port, or host:port. NULL: it cannot be made. */
struct rtu_server *rtu_server_open_serial(char *address, size_t address_size);
struct rtu_server *rtu_server_open_tcp(char *address, size_t address_size);

/** Its tables: set before it is asked. */
modbus_mapping_t *rtu_server_mapping(struct rtu_server *server);

/** The next `count` requests are answered like that. */
void rtu_server_misbehave(struct rtu_server *server, enum rtu_trouble trouble, unsigned count);

/** Put bytes on the line that nobody asked for. Serial only. */
bool rtu_server_babble(struct rtu_server *server, const void *bytes, size_t size);

unsigned rtu_server_requests(const struct rtu_server *server); /* received so far */

/** Stop, close, free. Accepts NULL. */
void rtu_server_close(struct rtu_server *server);

#endif

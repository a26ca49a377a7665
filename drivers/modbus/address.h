/* drivers/modbus/address.h - what a technician writes, as numbers: points and peers.
 *
 *   point   holding:100  input:0x64  coil:4  discrete:7  holding:100.3 (bit 3 of a register)
 *           record:3, record:3.0: registers of a record of a log (logs/), from its first one
 *   peer    192.0.2.10  192.0.2.10:502  plc-3.plant.example:502  [2001:db8::5]:502
 *
 * Numbers of points are protocol addresses: they begin at 0 in each table. The five- or six-digit
 * numbers of old manuals (40001) begin at 1 and carry the table in front; they are refused with
 * what to write instead.
 *
 * Depends on: base.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_ADDRESS_H
#define DRIVERS_MODBUS_ADDRESS_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/** The tables by the function code that reads them: Modbus Application Protocol 1.1b3, 6.1 - 6.4.
 */
enum table {
    TABLE_COIL = 1,
    TABLE_DISCRETE = 2,
    TABLE_HOLDING = 3,
    TABLE_INPUT = 4,
    TABLE_RECORD, /* none of the device's: what a record of a log holds */
};

struct point_address {
    enum table table;
    uint16_t number;
    bool has_bit;
    uint8_t bit;
};

enum { PEER_HOST_SIZE = 254, PEER_PORT_SIZE = 6 };

struct peer {
    char host[PEER_HOST_SIZE]; /* a name or a numeric address, without brackets */
    char port[PEER_PORT_SIZE]; /* decimal */
};

/** "holding", "input", "coil", "discrete" or "record". */
const char *table_name(enum table table);

static inline bool table_has_bits(enum table table)
{
    return table == TABLE_COIL || table == TABLE_DISCRETE;
}

/** Errors: ERROR_BAD_CONFIG with what to write instead. */
MUST_CHECK enum error_code point_address_parse(const char *text, struct point_address *address,
                                               struct error *error);

/** Errors: ERROR_BAD_CONFIG with what to write instead. */
MUST_CHECK enum error_code peer_parse(const char *text, struct peer *peer, struct error *error);

#endif

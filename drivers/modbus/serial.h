/* drivers/modbus/serial.h - a serial port with Modbus RTU on it, opened through libmodbus.
 *
 *   settings -> [ SERIAL ] -> exchange
 *
 *  L1  The port does what was asked, or it is refused: a UART without parity would be read as
 *      noise.
 *  L2  With rs485: none every flag of the port is left as the board set it; `kernel` adds the one
 *      that switches the driver on and keeps the others (which way RTS works differs by board).
 *  L3  An open port is locked (flock), whatever it is called: two names of one port, or a second
 *      program that asks, would talk into each other's answers.
 *
 * Depends on: base, libmodbus.  Threads: pure; a port has one user at a time.
 */
#ifndef DRIVERS_MODBUS_SERIAL_H
#define DRIVERS_MODBUS_SERIAL_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct _modbus; /* libmodbus' modbus_t */

/* In the order of the choices below. */
#define SERIAL_BAUD_CHOICES   "1200|2400|4800|9600|19200|38400|57600|115200"
#define SERIAL_PARITY_CHOICES "none|even|odd"
#define SERIAL_RS485_CHOICES  "none|kernel"

struct serial_settings {
    uint32_t baud_choice;
    uint32_t parity; /* 0 none, 1 even, 2 odd */
    uint64_t stop_bits;
    uint32_t rs485;        /* 0 none, 1 kernel */
    int64_t turnaround_ns; /* silence that slow devices need before a request; 0: the standard's */
};

/** Open `port` and set it up; the caller closes and frees *context. Errors: ERROR_UNREACHABLE,
 *  ERROR_BAD_CONFIG (L1), ERROR_NO_MEMORY. */
MUST_CHECK enum error_code serial_open(const struct serial_settings *settings, const char *port,
                                       struct _modbus **context, struct error *error);

/** As in a configuration. */
const char *serial_parity_name(const struct serial_settings *settings);
const char *serial_rs485_name(const struct serial_settings *settings);

/** Bits per second. */
unsigned serial_baud(const struct serial_settings *settings);

/** The silence before a request: 3.5 characters of 11 bits, above 19200 baud 1.75 ms (Modbus over
 *  Serial Line 1.02, 2.5.1.1), or the turnaround when that is longer. */
int64_t serial_silence_ns(const struct serial_settings *settings);

/** The silence that a device keeps before it answers: 3.5 of its characters, or the 1.75 ms. */
int64_t serial_gap_ns(const struct serial_settings *settings);

/** How long so many bytes are on the line, with their start, parity and stop bits. */
int64_t serial_bytes_ns(const struct serial_settings *settings, size_t bytes);

#endif

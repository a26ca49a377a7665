/* tests/sim/library/serial_line.h - a serial line with several Modbus RTU slaves, on a pseudo
 * terminal that spends 11 bit times on every byte.
 *
 * What is sent while something else is on the line is spoilt, the other one too. Each slave has
 * SERIAL_LINE_REGISTERS holding registers: register n of unit u holds u * 100 + n. Function 3 only.
 *
 * Depends on: nothing.  Threads: its own serves; the functions from one other.
 */
#ifndef TESTS_SIM_LIBRARY_SERIAL_LINE_H
#define TESTS_SIM_LIBRARY_SERIAL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERIAL_LINE_UNITS = 32, SERIAL_LINE_REGISTERS = 100 };

/** A slave. All zero: there is none of that unit. */
struct serial_slave {
    int64_t answers_after_ns; /* of the end of the request; 0: never */
    int64_t babbles_every_ns; /* 20 bytes that nobody asked for; 0: never */
};

struct serial_line_counts {
    unsigned requests, answers; /* sound ones, at their end */
    int64_t latest_ns;          /* answer, behind a whole interval of the system's clock */
};

struct serial_line_settings {
    unsigned baud;
    int64_t interval_ns;                           /* of the polls; for latest_ns */
    struct serial_slave slaves[SERIAL_LINE_UNITS]; /* [u] is unit u */
};

struct serial_line;

/** `port` gets the name to open. The settings are copied. NULL: it cannot be made. */
struct serial_line *serial_line_open(const struct serial_line_settings *settings, char *port,
                                     size_t port_size);

/** Of a unit since the last call; returns how many frames were spoilt since the opening. */
unsigned serial_line_take_counts(struct serial_line *line, unsigned unit,
                                 struct serial_line_counts *counts);

/** Until units 1 to `last_unit` have answered that often, in all, since the opening. false: not
 *  within that time. */
bool serial_line_wait_answers(struct serial_line *line, unsigned last_unit, uint64_t answers,
                              int64_t wait_ns);

/** How often they have, so far. */
uint64_t serial_line_answers(struct serial_line *line, unsigned last_unit);

/** Stop, close, free. Accepts NULL. */
void serial_line_close(struct serial_line *line);

#endif

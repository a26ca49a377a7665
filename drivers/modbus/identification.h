/* drivers/modbus/identification.h - what a slave says of itself, from the bytes of its answers.
 *
 *   answers of functions 43/14 and 17 --> [ IDENTIFICATION ] --> base/device_identity.h
 *
 *  I1  All objects are asked for (level 3). A slave that refuses that is asked for the regular (2),
 *      then for the basic ones (1).
 *  I2  "More follows" is believed while each answer brings an object with a higher number than all
 *      before: at most 256 answers, and no endless talk.
 *  I3  A text that is not clean UTF-8 is shown as hexadecimal bytes.
 *
 * Limits: Modbus Application Protocol 1.1b3, 6.13 and 6.21.
 *
 * Depends on: base.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_IDENTIFICATION_H
#define DRIVERS_MODBUS_IDENTIFICATION_H

#include "base/device_identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    IDENTIFICATION_SERVER_ID = 0x11, /* function codes */
    IDENTIFICATION_OBJECTS = 0x2b,
    IDENTIFICATION_QUESTION_MAX = 4
};

/** A conversation by function 43/14. */
struct identification {
    struct driver_identity *told;
    uint8_t level; /* asked for: 3 to 1 */
    uint8_t next;  /* object asked for */
    int highest;   /* object that came; -1: none yet */
    bool is_through;
};

void identification_begin(struct identification *identity, struct driver_identity *told);

/** What to ask next; its size. */
size_t identification_question(const struct identification *identity,
                               uint8_t pdu[IDENTIFICATION_QUESTION_MAX]);

/** Take an answer, function code first. Errors: ERROR_PROTOCOL with a sentence; what was whole
 *  before the fault is taken. */
MUST_CHECK enum error_code identification_take(struct identification *identity, const uint8_t *pdu,
                                               size_t size, struct error *error);

/** The slave refused. `exception` is named `name`. */
void identification_refuse(struct identification *identity, unsigned exception, const char *name);

/** An answer of function 17, likewise. */
MUST_CHECK enum error_code identification_take_server_id(struct driver_identity *told,
                                                         const uint8_t *pdu, size_t size,
                                                         struct error *error);

/** A raw_measure (raw.h) of the answers of both functions. */
size_t identification_size(const uint8_t *pdu, size_t size);

/** Add a sentence; one too many is left out. */
void identification_note(struct driver_identity *told, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

/* drivers/modbus/logs/functions.h - functions 20 and 24, which libmodbus does not know, as bytes.
 *
 *   what to read -> [ FUNCTIONS ] -> question ... answer -> [ FUNCTIONS ] -> registers
 *
 * Modbus Application Protocol 1.1b3, 6.14 (read file record) and 6.18 (read FIFO queue). Of the
 * first the standard says that a record number is the place of a register, as its example has it;
 * many devices number whole records instead. Both are asked for (struct file_part).
 *
 * Depends on: raw.  Threads: pure.
 */
#ifndef DRIVERS_MODBUS_LOGS_FUNCTIONS_H
#define DRIVERS_MODBUS_LOGS_FUNCTIONS_H

#include "base/error.h"
#include "drivers/modbus/raw.h"

#include <stdbool.h>

enum {
    FILE_NUMBER_MAX = 9999,   /* the last record number of a file */
    QUEUE_REGISTERS_MAX = 31, /* of a FIFO queue */
};

/** Consecutive records of a file. */
struct file_part {
    uint16_t file;    /* 1 to 65535 */
    uint16_t first;   /* record number of the first */
    uint16_t count;   /* of records: file_part_most() at most */
    uint16_t length;  /* registers of each */
    bool by_register; /* the device numbers registers: one group for all; else one for each */
};

/** How many records of that length fit into one answer; 0: not even one. */
unsigned file_part_most(uint16_t length, bool by_register);

/** The question's size. */
size_t file_question(const struct file_part *part, uint8_t pdu[RAW_PDU_MAX]);

/** Put the registers of all records, in order, into `registers` (count * length). Errors:
 *  ERROR_PROTOCOL with a sentence. */
MUST_CHECK enum error_code file_take(const struct file_part *part, const uint8_t *pdu, size_t size,
                                     uint16_t *registers, struct error *error);

/** The question's size; `address` is the queue's pointer. */
size_t queue_question(uint16_t address, uint8_t pdu[RAW_PDU_MAX]);

/** Put what is in the queue into `registers`, the oldest first, and how many these are into
 *  *count. Errors: as file_take(). */
MUST_CHECK enum error_code queue_take(const uint8_t *pdu, size_t size,
                                      uint16_t registers[QUEUE_REGISTERS_MAX], unsigned *count,
                                      struct error *error);

/** A raw_measure of the answers to both. */
size_t functions_measure(const uint8_t *pdu, size_t size);

#endif

#include "drivers/modbus/logs/functions.h"

enum {
    READ_FILE_RECORD = 0x14,
    READ_FIFO_QUEUE = 0x18,
    REFERENCE_TYPE = 6,
    ASKED_BYTES = 7,    /* of a group in the question: type, file, number, length */
    GROUP_BYTES = 2,    /* in front of the registers of a group in the answer: length, type */
    ANSWER_BYTES = 245, /* of all groups, in an answer as in a question: 7 to F5h */
    HEADER_BYTES = 2,   /* function, byte count */
    QUEUE_BYTES = 5,    /* function, byte count, FIFO count */
};

static void put16(uint8_t *bytes, unsigned value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

unsigned file_part_most(uint16_t length, bool by_register)
{
    unsigned asked = ANSWER_BYTES / ASKED_BYTES;
    unsigned answered = by_register ? (ANSWER_BYTES - GROUP_BYTES) / (2U * length)
                                    : ANSWER_BYTES / (GROUP_BYTES + 2U * length);

    return by_register || answered < asked ? answered : asked;
}

size_t file_question(const struct file_part *part, uint8_t pdu[RAW_PDU_MAX])
{
    unsigned groups = part->by_register ? 1 : part->count;
    unsigned length = part->by_register ? (unsigned)part->count * part->length : part->length;
    size_t at = HEADER_BYTES;

    pdu[0] = READ_FILE_RECORD;
    pdu[1] = (uint8_t)(groups * ASKED_BYTES);
    for (unsigned i = 0; i < groups; i++, at += ASKED_BYTES) {
        pdu[at] = REFERENCE_TYPE;
        put16(pdu + at + 1, part->file);
        put16(pdu + at + 3, part->first + i);
        put16(pdu + at + 5, length);
    }
    return at;
}

enum error_code file_take(const struct file_part *part, const uint8_t *pdu, size_t size,
                          uint16_t *registers, struct error *error)
{
    unsigned groups = part->by_register ? 1 : part->count;
    unsigned length = part->by_register ? (unsigned)part->count * part->length : part->length;
    size_t group_bytes = GROUP_BYTES + 2 * (size_t)length;
    const uint8_t *group = pdu + HEADER_BYTES;

    if (size != HEADER_BYTES + groups * group_bytes || pdu[0] != READ_FILE_RECORD ||
        pdu[1] != groups * group_bytes) {
        return error_set(error, ERROR_PROTOCOL,
                         "the answer to function 20 has %u bytes where %u records of %u registers "
                         "have %u; check length and file_numbers",
                         (unsigned)size, (unsigned)part->count, (unsigned)part->length,
                         (unsigned)(HEADER_BYTES + groups * group_bytes));
    }
    for (unsigned i = 0; i < groups; i++, group += group_bytes) {
        if (group[0] != group_bytes - 1 || group[1] != REFERENCE_TYPE) {
            return error_set(error, ERROR_PROTOCOL,
                             "the answer to function 20: record %u of %u has another length than "
                             "was asked for; check length",
                             i + 1, (unsigned)part->count);
        }
        for (size_t at = 0; at < length; at++) {
            *registers++ = (uint16_t)get16(group + GROUP_BYTES + 2 * at);
        }
    }
    return ERROR_OK;
}

size_t queue_question(uint16_t address, uint8_t pdu[RAW_PDU_MAX])
{
    pdu[0] = READ_FIFO_QUEUE;
    put16(pdu + 1, address);
    return 3;
}

enum error_code queue_take(const uint8_t *pdu, size_t size, uint16_t registers[QUEUE_REGISTERS_MAX],
                           unsigned *count, struct error *error)
{
    if (size < QUEUE_BYTES || pdu[0] != READ_FIFO_QUEUE || get16(pdu + 3) > QUEUE_REGISTERS_MAX ||
        get16(pdu + 1) != 2 + 2 * get16(pdu + 3) || size != QUEUE_BYTES + 2U * get16(pdu + 3)) {
        return error_set(error, ERROR_PROTOCOL, "what came is no answer to function 24 (%u bytes)",
                         (unsigned)size);
    }
    *count = get16(pdu + 3);
    for (size_t at = 0; at < *count; at++) {
        registers[at] = (uint16_t)get16(pdu + QUEUE_BYTES + 2 * at);
    }
    return ERROR_OK;
}

size_t functions_measure(const uint8_t *pdu, size_t size)
{
    if (pdu[0] == READ_FILE_RECORD) {
        return size < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + (size_t)pdu[1];
    }
    if (pdu[0] == READ_FIFO_QUEUE) {
        return size < 3 ? 3 : 3 + (size_t)get16(pdu + 1);
    }
    return 0;
}

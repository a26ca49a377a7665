/* base/status_code.h - the quality of a value, as an OPC UA status code.
 *
 * The two top bits are the severity (00 good, 01 uncertain, 10 bad); the sub-code says why. Values
 * are those of OPC UA part 4, section 7.39, and of the OPC Foundation's StatusCode.csv.
 *
 * Depends on: nothing.  Threads: pure.
 */
#ifndef BASE_STATUS_CODE_H
#define BASE_STATUS_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name, code, what it means here */
#define STATUS_TABLE(X)                                                                            \
    X(GOOD, 0x00000000, "the source gave this value")                                              \
    X(UNCERTAIN, 0x40000000, "the source gave this value and marked it doubtful")                  \
    X(UNCERTAIN_LAST_USABLE, 0x40900000, "an old value, repeated: an MQTT retained message")       \
    X(UNCERTAIN_SENSOR_NOT_ACCURATE, 0x40930000, "the sensor is at one of its limits")             \
    X(UNCERTAIN_ENGINEERING_UNITS_EXCEEDED, 0x40940000, "outside the range given for the point")   \
    X(BAD, 0x80000000, "no usable value")                                                          \
    X(BAD_TIMEOUT, 0x800A0000, "the device did not answer in time")                                \
    X(BAD_NO_COMMUNICATION, 0x80310000, "there is no connection to the device")                    \
    X(BAD_NODE_ID_UNKNOWN, 0x80340000, "the device knows no such address")                         \
    X(BAD_OUT_OF_RANGE, 0x803C0000, "the value does not fit the point's type")                     \
    X(BAD_TYPE_MISMATCH, 0x80740000, "the value is of another type than the point")                \
    X(BAD_DEVICE_FAILURE, 0x808B0000, "the device reports a failure of its own")                   \
    X(BAD_SENSOR_FAILURE, 0x808C0000, "the device reports that the sensor failed")                 \
    X(BAD_NO_DATA_AVAILABLE, 0x80B10000, "the device says that it has no value here")

enum status_code {
#define X(name, code, meaning) STATUS_##name = (int)(code),
    STATUS_TABLE(X)
#undef X
};

/** What is known about a record's time, in bits that OPC UA leaves free: its own code is
 *  `status & 0xFFFF0000`. */
enum status_time {
    STATUS_TIME_CORRECTED = 0x1,     /* moved, once the gateway's clock had become right */
    STATUS_TIME_UNSYNCHRONISED = 0x2 /* the clock was never right: good is uncertain then */
};

static inline bool status_is_good(uint32_t status)
{
    return (status >> 30) == 0;
}

enum { STATUS_TEXT_SIZE = 120 };

/** For people: "bad: the device did not answer in time"; "" of a good one. */
void status_describe(uint32_t status, char text[STATUS_TEXT_SIZE]);

#endif

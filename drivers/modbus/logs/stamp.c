#include "drivers/modbus/logs/stamp.h"

#include "base/clock.h"
#include "drivers/lines/line_time.h"

uint16_t stamp_registers(enum stamp_format format)
{
    static const uint8_t counts[] = {
        [STAMP_UNIX] = 2, [STAMP_UNIX_MS] = 4, [STAMP_CALENDAR] = 6, [STAMP_IEC] = 4};

    return counts[format];
}

int64_t stamp_unit_ns(enum stamp_format format)
{
    return format == STAMP_UNIX || format == STAMP_CALENDAR ? NS_PER_S : NS_PER_MS;
}

/** A whole number of `count` registers. */
static uint64_t whole(const struct stamp *stamp, const uint16_t *registers, uint16_t count)
{
    const struct value_format format = {
        .type = count == 1   ? VALUE_UINT16
                : count == 2 ? VALUE_UINT32
                             : VALUE_UINT64,
        .order = stamp->order,
        .registers = count,
    };
    struct sample sample = {0};

    value_decode(&format, registers, &sample, NULL); /* a number needs no room for a text */
    return (uint64_t)sample.value.integer;
}

static void read_calendar(const unsigned *words, struct line_time *time)
{
    enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, CENTURY = 100 };

    time->year = words[YEAR] < CENTURY ? 2000 + words[YEAR] : words[YEAR];
    time->month = words[MONTH];
    time->day = words[DAY];
    time->hour = words[HOUR];
    time->minute = words[MINUTE];
    time->second = words[SECOND];
}

static void read_iec(const unsigned *words, struct line_time *time)
{
    enum { YEAR, DAY, MINUTE, MILLISECOND, MS_PER_S = 1000 };

    time->year = 2000 + (words[YEAR] & 0x7f);
    time->month = words[DAY] >> 8 & 0xf;
    time->day = words[DAY] & 0x1f;
    time->hour = words[MINUTE] >> 8 & 0x1f;
    time->minute = words[MINUTE] & 0x3f;
    time->second = words[MILLISECOND] / MS_PER_S;
    time->fraction_ns = words[MILLISECOND] % MS_PER_S * NS_PER_MS;
}

bool stamp_read(struct stamp *stamp, const uint16_t *record, int64_t now_ns, int64_t *time_ns)
{
    const uint16_t *registers = record + stamp->offset;
    struct line_time time = {0};
    unsigned words[6] = {0};
    uint64_t number;

    if (!stamp_is_local(stamp->format)) {
        int64_t unit_ns = stamp_unit_ns(stamp->format);

        number = whole(stamp, registers, stamp_registers(stamp->format));
        if (number == 0 || number > (uint64_t)(INT64_MAX / unit_ns)) {
            return false;
        }
        *time_ns = (int64_t)number * unit_ns;
        return true;
    }
    for (uint16_t i = 0; i < stamp_registers(stamp->format); i++) {
        words[i] = (unsigned)whole(stamp, registers + i, 1);
    }
    if (stamp->format == STAMP_CALENDAR) {
        read_calendar(words, &time);
    } else {
        read_iec(words, &time);
    }
    return time.year != 0 && time.second < 60 && /* there is no 60 in a counter of them */
           line_time_utc(&time, &stamp->zone, now_ns, time_ns);
}

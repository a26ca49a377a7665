#include "drivers/lines/tzif.h"

#include <string.h>

enum { HEADER_BYTES = 44, OFFSET_MAX_S = 26 * 3600 }; /* RFC 8536, chapter 3.2: utoff */

/** RFC 8536, chapter 3.1. */
struct header {
    uint32_t is_ut, is_standard, leaps, times, types, characters;
};

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t read_i64(const uint8_t *bytes)
{
    return (int64_t)((uint64_t)read_u32(bytes) << 32 | read_u32(bytes + 4));
}

static bool read_header(struct header *header, const uint8_t *bytes, size_t size)
{
    if (size < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2') {
        return false;
    }
    *header = (struct header){read_u32(bytes + 20), read_u32(bytes + 24), read_u32(bytes + 28),
                              read_u32(bytes + 32), read_u32(bytes + 36), read_u32(bytes + 40)};
    return header->is_ut <= 256 && header->is_standard <= 256 && header->leaps <= 4096 &&
           header->times <= 4096 && header->types > 0 && header->types <= 256 &&
           header->characters <= 4096;
}

static size_t block_bytes(const struct header *header, size_t time_bytes)
{
    return header->times * (time_bytes + 1) + (size_t)header->types * 6 + header->characters +
           header->leaps * (time_bytes + 4) + header->is_standard + header->is_ut;
}

static bool read_offset(const struct header *header, const uint8_t *types, uint8_t index,
                        int32_t *offset_s)
{
    if (index >= header->types) {
        return false;
    }
    *offset_s = (int32_t)read_u32(types + (size_t)index * 6);
    return *offset_s >= -OFFSET_MAX_S && *offset_s <= OFFSET_MAX_S;
}

/** RFC 8536, chapter 3.2, with times of eight bytes. */
static bool read_block(struct tzif *tzif, const struct header *header, const uint8_t *bytes)
{
    const uint8_t *indexes = bytes + (size_t)header->times * 8, *types = indexes + header->times;

    if (header->times > TZIF_TRANSITIONS || !read_offset(header, types, 0, &tzif->first_s)) {
        return false;
    }
    tzif->count = header->times;
    for (size_t i = 0; i < tzif->count; i++) {
        tzif->from_s[i] = read_i64(bytes + i * 8);
        if (!read_offset(header, types, indexes[i], &tzif->offset_s[i]) ||
            (i > 0 && tzif->from_s[i] <= tzif->from_s[i - 1])) {
            return false;
        }
    }
    return true;
}

bool tzif_parse(struct tzif *tzif, const uint8_t *bytes, size_t size)
{
    struct header header;
    size_t at, rule_size;

    *tzif = (struct tzif){0};
    if (!read_header(&header, bytes, size)) {
        return false;
    }
    at = HEADER_BYTES + block_bytes(&header, 4); /* of version 1, for older readers */
    if (at > size || !read_header(&header, bytes + at, size - at)) {
        return false;
    }
    at += HEADER_BYTES;
    if (block_bytes(&header, 8) > size - at || !read_block(tzif, &header, bytes + at)) {
        return false;
    }
    at += block_bytes(&header, 8);
    rule_size = size - at;
    if (rule_size < 2 || bytes[at] != '\n' || bytes[size - 1] != '\n') {
        return false;
    }
    return rule_size == 2 ||
           tzif_parse_rule(&tzif->rule, (const char *)bytes + at + 1, rule_size - 2);
}

int32_t tzif_offset_s(const struct tzif *tzif, int64_t utc_s)
{
    size_t low = 0, high = tzif->count;

    if (tzif->rule.is_there && (high == 0 || utc_s >= tzif->from_s[high - 1])) {
        return tzif_rule_offset_s(&tzif->rule, utc_s);
    }
    while (low < high) { /* the first that is later */
        size_t middle = low + (high - low) / 2;

        if (tzif->from_s[middle] <= utc_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? tzif->first_s : tzif->offset_s[low - 1];
}

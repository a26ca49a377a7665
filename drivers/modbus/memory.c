#include "drivers/modbus/memory.h"

#include "base/crc.h"
#include "base/varint.h"

#include <string.h>

enum { VERSION = 1, HAS_CUT = 1, HAS_REFUSAL = 2, FLAGS = 4 };

uint32_t memory_fingerprint(const struct plan *plan, const char *address, unsigned unit)
{
    const uint32_t settings[] = {unit, plan->gap, plan->block, plan->bit_block};
    uint32_t sum = crc32c(0, address, strlen(address));

    sum = crc32c(sum, settings, sizeof(settings));
    for (size_t i = 0; i < plan->item_count; i++) {
        const struct plan_item *item = &plan->items[i];
        const uint32_t facts[] = {item->table, item->number, item->count, item->schedule};

        sum = crc32c(sum, facts, sizeof(facts));
    }
    return sum;
}

bool memory_is_needed(const struct plan *plan)
{
    bool needed = plan->limit.refused != 0 || plan->bit_limit.refused != 0;

    for (size_t i = 0; !needed && i < plan->item_count; i++) {
        needed = plan->items[i].cut_proven || plan->items[i].refused;
    }
    return needed;
}

static void write_limit(const struct limit *limit, struct buffer *bytes)
{
    (void)buffer_append_varint(bytes, limit->answered); /* the caller looks at `failed` */
    (void)buffer_append_varint(bytes, limit->refused);
    (void)buffer_append_varint(bytes, limit->confirmed ? 1 : 0);
}

void memory_write(const struct plan *plan, uint32_t fingerprint, int64_t probed_s,
                  struct buffer *bytes)
{
    size_t next = 0;

    (void)buffer_append_varint(bytes, VERSION);
    (void)buffer_append_varint(bytes, fingerprint);
    (void)buffer_append_varint(bytes, zigzag_encode(probed_s));
    write_limit(&plan->limit, bytes);
    write_limit(&plan->bit_limit, bytes);
    for (size_t i = 0; i < plan->item_count; i++) {
        const struct plan_item *item = &plan->items[i];
        unsigned flags = (item->cut_proven ? HAS_CUT : 0U) | (item->refused ? HAS_REFUSAL : 0U);

        if (flags != 0) {
            (void)buffer_append_varint(bytes, (i - next) * FLAGS + flags);
            next = i + 1;
        }
    }
}

static bool read_limit(const uint8_t **at, const uint8_t *end, unsigned most, struct limit *limit)
{
    uint64_t answered, refused, confirmed;

    if (!varint_read(at, end, &answered) || !varint_read(at, end, &refused) ||
        !varint_read(at, end, &confirmed) || answered > most || refused > most || confirmed > 1 ||
        (refused != 0 && refused <= answered) ||
        (confirmed == 1 && (refused == 0 || answered == 0))) {
        return false;
    }
    *limit = (struct limit){(uint16_t)answered, (uint16_t)refused, confirmed == 1};
    return true;
}

/** Each item is named once, in order. `take`: note what it says; else only look whether it fits. */
static bool read_items(struct plan *plan, const uint8_t *at, const uint8_t *end, bool take)
{
    size_t next = 0;

    while (at < end) {
        uint64_t word;

        if (!varint_read(&at, end, &word) || word % FLAGS == 0 ||
            word / FLAGS >= plan->item_count - next) {
            return false;
        }
        next += (size_t)(word / FLAGS); /* below item_count */
        if (take) {
            plan->items[next].cut_before = (word & HAS_CUT) != 0;
            plan->items[next].cut_proven = plan->items[next].cut_before;
            plan->items[next].refused = (word & HAS_REFUSAL) != 0;
        }
        next++;
    }
    return true;
}

bool memory_read(struct plan *plan, uint32_t fingerprint, int64_t *probed_s, const uint8_t *bytes,
                 size_t size_bytes)
{
    const uint8_t *end = bytes + size_bytes;
    const uint8_t *at = bytes;
    struct limit limit, bit_limit;
    uint64_t version, print, probed;

    if (!varint_read(&at, end, &version) || version != VERSION || !varint_read(&at, end, &print) ||
        print != fingerprint || !varint_read(&at, end, &probed) ||
        !read_limit(&at, end, plan->block, &limit) ||
        !read_limit(&at, end, plan->bit_block, &bit_limit) || !read_items(plan, at, end, false)) {
        return false;
    }
    (void)read_items(plan, at, end, true); /* it fits */
    plan->limit = limit;
    plan->bit_limit = bit_limit;
    *probed_s = zigzag_decode(probed);
    return true;
}

#include "agent/store/stray_slot.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_HEADER_BYTES = 5, /* its own size, type of the row number, type of the BLOB */
    PAYLOAD_BYTES = RECORD_HEADER_BYTES + SLOT_BYTES,
    POINTER_BYTES = 4,
    LIST_LEAST = 1024,
};

/** How many of a slot's bytes stand in the leaf page; no page is so large that all of them do. */
static size_t local_bytes(uint32_t page_bytes)
{
    size_t usable = page_bytes;
    size_t least = (usable - 12) * 32 / 255 - 23;
    size_t local = least + (PAYLOAD_BYTES - least) % (usable - POINTER_BYTES);

    return (local <= usable - 35 ? local : least) - RECORD_HEADER_BYTES;
}

static bool add(struct stray_slots *slots, const struct stray_slot *slot)
{
    if (slots->count == slots->capacity) {
        size_t capacity = slots->capacity > 0 ? 2 * slots->capacity : LIST_LEAST;
        struct stray_slot *list =
            capacity <= STRAY_SLOTS_MAX ? realloc(slots->list, capacity * sizeof(*list)) : NULL;

        if (list == NULL) {
            return false;
        }
        slots->list = list;
        slots->capacity = capacity;
    }
    slots->list[slots->count++] = *slot;
    return true;
}

/** Look for headers in one page. */
static bool search_page(const struct page_source *source, uint32_t number, const uint8_t *page,
                        uint64_t *incarnation, struct stray_slots *slots)
{
    static const char magic[] = "LEATSLOT";
    size_t wanted = local_bytes(source->page_bytes) + POINTER_BYTES;
    const uint8_t *at = page;

    while ((at = memmem(at, source->page_bytes - (size_t)(at - page), magic, sizeof(magic) - 1)) !=
           NULL) {
        size_t offset = (size_t)(at - page);
        struct slot_header header;
        uint32_t chain;

        if (offset + wanted <= source->page_bytes && slot_read_header(at, &header, &chain) &&
            (int)header.stream >= 0 && (int)header.stream < (int)STREAM_RING_COUNT &&
            (*incarnation == 0 || header.incarnation == *incarnation)) {
            const struct stray_slot slot = {header.first_sequence, number, (uint16_t)offset,
                                            (uint8_t)header.stream};

            *incarnation = header.incarnation;
            if (!add(slots, &slot)) {
                return false;
            }
        }
        at++;
    }
    return true;
}

static int compare_slots(const void *left, const void *right)
{
    const struct stray_slot *one = left, *two = right;

    if (one->stream != two->stream) {
        return one->stream < two->stream ? -1 : 1;
    }
    return one->first_sequence < two->first_sequence ? -1
                                                     : one->first_sequence > two->first_sequence;
}

enum error_code stray_slots_find(struct page_source *source, uint64_t *incarnation,
                                 struct stray_slots *slots, struct error *error)
{
    uint8_t *page = malloc(source->page_bytes);
    bool fits = page != NULL;

    *slots = (struct stray_slots){0};
    for (uint32_t number = 1; number <= source->page_count && fits; number++) {
        fits = !page_source_read(source, number, page) ||
               search_page(source, number, page, incarnation, slots);
        if (number == UINT32_MAX) {
            break;
        }
    }
    free(page);
    if (!fits) {
        stray_slots_free(slots);
        return error_set(error, ERROR_NO_MEMORY, "not enough memory to list the slots of a queue");
    }
    if (slots->count > 0) {
        qsort(slots->list, slots->count, sizeof(*slots->list), compare_slots);
    }
    return ERROR_OK;
}

void stray_slots_free(struct stray_slots *slots)
{
    free(slots->list);
    *slots = (struct stray_slots){0};
}

void stray_slot_read(struct page_source *source, const struct stray_slot *slot,
                     uint8_t bytes[SLOT_BYTES])
{
    size_t size = local_bytes(source->page_bytes);
    size_t each = source->page_bytes - POINTER_BYTES;
    uint32_t next;

    memset(bytes, 0, SLOT_BYTES);
    if (!page_source_read(source, slot->page, source->page)) {
        return;
    }
    memcpy(bytes, source->page + slot->offset, size);
    next = raw_get(source->page + slot->offset + size, POINTER_BYTES);
    while (size < SLOT_BYTES) {
        size_t part = SLOT_BYTES - size < each ? SLOT_BYTES - size : each;

        if (next == 0 || next > source->page_count ||
            !page_source_read(source, next, source->page)) {
            return; /* rule 3 */
        }
        memcpy(bytes + size, source->page + POINTER_BYTES, part);
        size += part;
        next = raw_get(source->page, POINTER_BYTES);
    }
}

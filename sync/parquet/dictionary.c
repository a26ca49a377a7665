#include "sync/parquet/dictionary.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 4, FIRST_SLOTS = 64 };

void dictionary_init(struct dictionary *dictionary, size_t maximum_bytes)
{
    *dictionary = (struct dictionary){0};
    buffer_init(&dictionary->plain, maximum_bytes);
}

void dictionary_deinit(struct dictionary *dictionary)
{
    free(dictionary->entries);
    free(dictionary->slots);
    buffer_deinit(&dictionary->plain);
    *dictionary = (struct dictionary){0};
}

void dictionary_clear(struct dictionary *dictionary)
{
    buffer_clear(&dictionary->plain);
    dictionary->entry_count = 0;
    if (dictionary->slots != NULL) {
        memset(dictionary->slots, 0, dictionary->slot_count * sizeof(dictionary->slots[0]));
    }
}

uint32_t dictionary_text(const struct dictionary *dictionary, uint32_t number, const char **bytes)
{
    const uint8_t *at = dictionary->plain.bytes + dictionary->entries[number].offset;

    *bytes = (const char *)at + LENGTH_BYTES;
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/** The slot of this text: its own, or the free one where it belongs. */
static uint32_t *slot_of(const struct dictionary *dictionary, uint32_t hash, const char *bytes,
                         uint32_t size_bytes)
{
    uint32_t mask = dictionary->slot_count - 1;

    for (uint32_t at = hash * UINT32_C(2654435761) >> 7;; at++) { /* numbers in a row spread out */
        uint32_t *slot = &dictionary->slots[at & mask];
        const char *found;

        if (*slot == 0 || (dictionary->entries[*slot - 1].hash == hash &&
                           dictionary_text(dictionary, *slot - 1, &found) == size_bytes &&
                           memcmp(found, bytes, size_bytes) == 0)) {
            return slot;
        }
    }
}

/** Twice the slots, of which at most half are ever taken. */
static bool grow(struct dictionary *dictionary)
{
    uint32_t slot_count = dictionary->slot_count == 0 ? FIRST_SLOTS : dictionary->slot_count * 2;
    struct dictionary_entry *entries =
        realloc(dictionary->entries, slot_count / 2 * sizeof(*entries));
    uint32_t *slots;

    if (entries == NULL) {
        return false;
    }
    dictionary->entries = entries;
    slots = calloc(slot_count, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->slot_count = slot_count;
    for (uint32_t i = 0; i < dictionary->entry_count; i++) {
        const char *bytes;
        uint32_t size_bytes = dictionary_text(dictionary, i, &bytes);

        *slot_of(dictionary, entries[i].hash, bytes, size_bytes) = i + 1;
    }
    return true;
}

bool dictionary_find_or_add(struct dictionary *dictionary, uint32_t hash, const char *bytes,
                            uint32_t size_bytes, uint32_t *number)
{
    uint8_t length[LENGTH_BYTES] = {(uint8_t)size_bytes, (uint8_t)(size_bytes >> 8),
                                    (uint8_t)(size_bytes >> 16), (uint8_t)(size_bytes >> 24)};
    uint32_t *slot;

    if (dictionary->entry_count == dictionary->slot_count / 2 && !grow(dictionary)) {
        return false;
    }
    slot = slot_of(dictionary, hash, bytes, size_bytes);
    if (*slot == 0) {
        uint32_t offset = (uint32_t)dictionary->plain.size;

        if (!buffer_reserve(&dictionary->plain, LENGTH_BYTES + (size_t)size_bytes)) {
            return false;
        }
        (void)buffer_append(&dictionary->plain, length, LENGTH_BYTES); /* reserved just now */
        (void)buffer_append(&dictionary->plain, bytes, size_bytes);
        dictionary->entries[dictionary->entry_count++] =
            (struct dictionary_entry){.offset = offset, .hash = hash};
        *slot = dictionary->entry_count;
    }
    *number = *slot - 1;
    return true;
}

#include "lake/ranges.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
    const struct range *one = left;
    const struct range *two = right;

    if (one->first != two->first) {
        return one->first < two->first ? -1 : 1;
    }
    if (one->last != two->last) {
        return one->last < two->last ? -1 : 1;
    }
    return (one->source > two->source) - (one->source < two->source);
}

void ranges_separate(struct buffer *ranges)
{
    struct range *all = (struct range *)(void *)ranges->bytes;
    size_t count = ranges_count(ranges);
    size_t kept = 0;
    uint64_t covered = 0; /* up to this number; they begin at 1 */

    if (count == 0) {
        return;
    }
    qsort(all, count, sizeof(*all), compare);
    for (size_t i = 0; i < count; i++) {
        struct range range = all[i];

        if (range.last <= covered) {
            continue;
        }
        range.first = range.first <= covered ? covered + 1 : range.first;
        covered = range.last;
        all[kept++] = range;
    }
    ranges->size = kept * sizeof(*all);
}

const struct range *ranges_next(const struct buffer *ranges, uint64_t number)
{
    size_t low = 0;
    size_t high = ranges_count(ranges);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ranges_at(ranges, middle)->last < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < ranges_count(ranges) ? ranges_at(ranges, low) : NULL;
}

bool ranges_cover(const struct buffer *ranges, uint64_t first, uint64_t last)
{
    while (first <= last) {
        const struct range *range = ranges_next(ranges, first);

        if (range == NULL || range->first > first) {
            return false;
        }
        first = range->last + 1;
    }
    return true;
}

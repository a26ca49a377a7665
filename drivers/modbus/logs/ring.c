#include "drivers/modbus/logs/ring.h"

/** *nothing: the device says that no record was written yet. */
static bool find_head(const struct log_layout *layout, uint64_t index, uint64_t *head,
                      bool *nothing)
{
    uint64_t place = index - layout->index_first;

    *nothing = false;
    if (layout->index_says == LOG_INDEX_WRITTEN) {
        *head = index;
        return true;
    }
    if (layout->index_says == LOG_INDEX_NEWEST) {
        *nothing = index < layout->index_first;
        *head = *nothing ? 0 : (place + 1) % layout->count;
        return *nothing || place < layout->count;
    }
    *head = place % layout->count; /* some step to the beginning only when they write */
    return index >= layout->index_first && place <= layout->count;
}

static void see_all(const struct log_layout *layout, struct ring_view *view)
{
    bool is_counted = layout->index_says == LOG_INDEX_WRITTEN;

    view->left = is_counted && view->head < layout->count ? view->head : layout->count;
    view->next = is_counted ? view->head - view->left : view->head;
    view->with_last = false;
}

/** With a counter. */
static enum ring_news see_counted(const struct log_layout *layout,
                                  const struct log_position *position, struct ring_view *view)
{
    if (view->head < position->next) {
        see_all(layout, view);
        return RING_RESTARTED;
    }
    view->left = view->head - position->next;
    if (view->left < layout->count) {
        return RING_AS_KNOWN;
    }
    view->lost = view->left - layout->count;
    see_all(layout, view);
    return view->lost > 0 ? RING_LOST : RING_AS_KNOWN;
}

bool ring_see(const struct log_layout *layout, const struct log_position *position, uint64_t index,
              struct ring_view *view, enum ring_news *news)
{
    bool nothing;

    *view = (struct ring_view){0};
    *news = RING_AS_KNOWN;
    if (!find_head(layout, index, &view->head, &nothing)) {
        return false;
    }
    if (position == NULL) {
        see_all(layout, view);
        view->left = nothing ? 0 : view->left;
        return true;
    }
    view->next = position->next;
    view->with_last = position->sum != 0;
    if (layout->index_says == LOG_INDEX_WRITTEN) {
        *news = see_counted(layout, position, view);
    } else if (position->sum == 0) { /* all places were about to be read */
        see_all(layout, view);
    } else {
        view->left = (view->head + layout->count - ring_place(layout, view->next)) % layout->count;
    }
    return true;
}

enum ring_news ring_see_again(const struct log_layout *layout, struct ring_view *view)
{
    see_all(layout, view);
    return layout->index_says == LOG_INDEX_WRITTEN ? RING_RESTARTED : RING_UNKNOWN;
}

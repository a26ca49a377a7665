#include "drivers/lines/offset.h"

bool offset_take(struct cursor *cursor, int32_t *offset_s)
{
    struct cursor behind = *cursor, taken;
    unsigned hours, minutes = 0;
    bool west = cursor_sees(cursor, '-');

    if (cursor_take(cursor, 'Z') || cursor_take(cursor, 'z')) {
        *offset_s = 0;
        return true;
    }
    if ((!cursor_take(&behind, '+') && !cursor_take(&behind, '-')) ||
        !cursor_take_number(&behind, 2, 2, &hours)) {
        return false;
    }
    taken = behind;
    (void)cursor_take(&behind, ':'); /* may be left out */
    if (cursor_take_number(&behind, 2, 2, &minutes)) {
        taken = behind;
    }
    if (hours > 23 || minutes > 59) {
        return false;
    }
    *cursor = taken;
    *offset_s = (int32_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

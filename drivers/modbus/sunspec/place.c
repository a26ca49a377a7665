#include "drivers/modbus/sunspec/place.h"

#include <string.h>

enum { ABSENT_COUNT = 0xffff, NESTING_MAX = 4, REGISTERS_MAX = 65536 };

/** sum + count * each, and no more than there are registers. */
static unsigned add_registers(unsigned sum, unsigned count, unsigned each)
{
    uint64_t all = sum + (uint64_t)count * each;

    return all < REGISTERS_MAX ? (unsigned)all : REGISTERS_MAX;
}

/** One model of the device. */
struct search {
    struct sunspec_layout *layout;
    const struct sunspec_link *link;
    const struct sunspec_entry *entries;
    struct error *error;
};

/** The device's own word for how many there are (P1); nothing if it gives none. */
static enum error_code read_count(const struct search *search, const char *name, unsigned *count)
{
    struct sunspec_layout *layout = search->layout;
    const struct sunspec_entry *entry = search->entries;
    unsigned number = search->link->first;
    enum error_code code;
    uint16_t value = ABSENT_COUNT;
    bool refused = false;

    for (; strcmp(sunspec_name(entry), name) != 0; entry++) { /* the table has it, before groups */
        number += entry->registers;
    }
    for (unsigned i = 0; i < layout->count_count; i++) {
        if (layout->counts[i].register_number == number) {
            *count = layout->counts[i].value;
            return ERROR_OK;
        }
    }
    code = layout->reader->read(layout->reader, number, 1, &value, &refused, search->error);
    if (code != ERROR_OK) {
        return code;
    }
    *count = refused || value == ABSENT_COUNT ? 0 : value;
    if (layout->count_count < SUNSPEC_COUNTS_MAX) {
        layout->counts[layout->count_count].register_number = (uint16_t)number;
        layout->counts[layout->count_count++].value = (uint16_t)*count;
    }
    return ERROR_OK;
}

/** Of a group that is not the last thing in its model. */
static enum error_code count_given(const struct search *search, const struct sunspec_entry *group,
                                   unsigned *count)
{
    *count = group->registers;
    return group->other == 0 ? ERROR_OK : read_count(search, sunspec_text(group->other), count);
}

/** The registers of one `group`. Without recursion: `sums` and `times` hold the levels around. */
static enum error_code measure(const struct search *search, const struct sunspec_entry *group,
                               unsigned *registers)
{
    unsigned sums[NESTING_MAX + 1] = {0};
    unsigned times[NESTING_MAX + 1] = {0};
    unsigned depth = 0;

    for (const struct sunspec_entry *entry = group + 1;; entry++) {
        if (entry->kind == SUNSPEC_GROUP && depth < NESTING_MAX) {
            enum error_code code = count_given(search, entry, &times[++depth]);

            sums[depth] = 0;
            if (code != ERROR_OK) {
                return code;
            }
        } else if (entry->kind != SUNSPEC_END) {
            sums[depth] += entry->registers;
        } else if (depth == 0) {
            *registers = sums[0];
            return ERROR_OK;
        } else {
            depth--;
            sums[depth] = add_registers(sums[depth], times[depth + 1], sums[depth + 1]);
        }
    }
}

static enum error_code count_groups(const struct search *search, const struct sunspec_entry *group,
                                    unsigned before, unsigned *count, unsigned *registers)
{
    unsigned all = SUNSPEC_HEADER + search->link->length;
    enum error_code code = measure(search, group, registers);

    if (code == ERROR_OK) {
        code = count_given(search, group, count);
    }
    if (code == ERROR_OK && group->other == 0 && group->registers == 0) { /* P1 */
        *count = *registers == 0 || before > all ? 0 : (all - before) / *registers;
    }
    return code;
}

/** Go over the entries of a level up to the one called `name`; the registers before it come on top
 *  of *offset. A scale factor on the way is noted: those further in win. */
static enum error_code go_to(const struct search *search, const struct sunspec_entry **entry,
                             const char *name, unsigned *offset)
{
    while (strcmp(sunspec_name(*entry), name) != 0) { /* the table has it */
        if ((*entry)->kind == SUNSPEC_GROUP) {
            unsigned count = 0;
            unsigned registers = 0;
            enum error_code code = count_groups(search, *entry, *offset, &count, &registers);

            if (code != ERROR_OK) {
                return code;
            }
            *offset = add_registers(*offset, count, registers);
        } else {
            *offset += (*entry)->registers;
        }
        *entry = sunspec_entry_next(*entry);
    }
    return ERROR_OK;
}

/** If the factor is a point of this level, note its offset. Points stand before groups. */
static void note_factor(const struct sunspec_entry *level, unsigned offset,
                        const struct sunspec_entry *wanted, struct sunspec_place *place,
                        unsigned *factor_offset)
{
    for (; wanted->other != 0 && level->kind != SUNSPEC_END && level->kind != SUNSPEC_GROUP;
         level++) {
        if (level->name == wanted->other) {
            place->has_factor = true;
            *factor_offset = offset;
        }
        offset += level->registers;
    }
}

static bool is_missing(const struct search *search, const struct sunspec_point *point,
                       unsigned step, unsigned count, struct error *missing)
{
    if (point->steps[step].index <= count) {
        return false;
    }
    (void)error_set(missing, ERROR_UNREACHABLE, "model %u of the device has %u of %s",
                    search->link->id, count, point->steps[step].name);
    return true;
}

static bool fits(const struct search *search, unsigned end, const char *name, struct error *missing)
{
    if (end <= (unsigned)SUNSPEC_HEADER + search->link->length) {
        return true;
    }
    (void)error_set(missing, ERROR_UNREACHABLE,
                    "model %u of the device has %u registers; %s lies behind them",
                    search->link->id, search->link->length, name);
    return false;
}

static enum error_code find_in_model(const struct search *search, const struct sunspec_point *point,
                                     struct sunspec_place *place, bool *found,
                                     struct error *missing)
{
    const struct sunspec_entry *wanted = place->entry;
    const struct sunspec_entry *entry = search->entries;
    unsigned factor_offset = 0;
    unsigned offset = 0;

    for (unsigned i = 0; i < point->step_count; i++) {
        unsigned count = 0;
        unsigned registers = 0;
        enum error_code code;

        note_factor(entry, offset, wanted, place, &factor_offset);
        code = go_to(search, &entry, point->steps[i].name, &offset);
        if (code == ERROR_OK && entry->kind == SUNSPEC_GROUP) {
            code = count_groups(search, entry, offset, &count, &registers);
            if (code == ERROR_OK && is_missing(search, point, i, count, missing)) {
                return ERROR_OK;
            }
            offset = add_registers(offset, point->steps[i].index - 1U, registers);
            entry++;
        }
        if (code != ERROR_OK) {
            return code;
        }
    }
    if (fits(search, offset + wanted->registers, sunspec_name(wanted), missing) &&
        (!place->has_factor ||
         fits(search, factor_offset + 1, sunspec_text(wanted->other), missing))) {
        place->first = (uint16_t)(search->link->first + offset);
        place->factor_first = (uint16_t)(search->link->first + factor_offset);
        *found = true;
    }
    return ERROR_OK;
}

static void tell_models(const struct sunspec_layout *layout, const struct sunspec_point *point,
                        struct error *missing)
{
    (void)error_set(missing, ERROR_UNREACHABLE,
                    point->choice_count == 1 && point->choices[0].instance > 1
                        ? "the device has model %u less often than that; it has %u models in all"
                    : point->choice_count == 1 ? "the device has no model %u; it has %u others"
                                               : "the device has none of the models from %u on; it "
                                                 "has %u others",
                    point->choices[0].id, layout->chain->count);
}

enum error_code sunspec_place_find(struct sunspec_layout *layout, const struct sunspec_point *point,
                                   struct sunspec_place *place, bool *found, struct error *missing,
                                   struct error *error)
{
    struct sunspec_place where = {0};
    struct search search = {.layout = layout, .error = error};
    enum error_code code;

    *found = false;
    for (unsigned i = 0; i < point->choice_count && search.link == NULL; i++) {
        search.link =
            sunspec_chain_find(layout->chain, point->choices[i].id, point->choices[i].instance);
        where.entry = point->choices[i].entry;
    }
    if (search.link == NULL) {
        tell_models(layout, point, missing);
        return ERROR_OK;
    }
    search.entries = sunspec_model_entries(sunspec_model_find(search.link->id));
    code = find_in_model(&search, point, &where, found, missing);
    if (code == ERROR_OK && *found) {
        *place = where;
    }
    return code;
}

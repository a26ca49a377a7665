#include "agent/store/regime.h"

#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 3 };

/** Both clocks at one instant; false: something always came between. */
static bool read_both(const struct clock *clock, int64_t *boot_ns, int64_t *utc_ns)
{
    for (int i = 0; i < TRIES; i++) {
        int64_t before_ns = clock_boot_ns(clock);

        *utc_ns = clock_utc_ns(clock);
        *boot_ns = clock_boot_ns(clock);
        if (*boot_ns - before_ns < REGIME_TOLERANCE_NS / 4) {
            return true;
        }
    }
    return false;
}

static struct slot_regime regime_at(int64_t boot_ns, int64_t utc_ns, enum clock_state state)
{
    return (struct slot_regime){.boot_ns = boot_ns, .utc_ns = utc_ns, .state = state};
}

void regime_watch_init(struct regime_watch *watch, const struct clock *clock)
{
    int64_t boot_ns, utc_ns;

    (void)read_both(clock, &boot_ns, &utc_ns); /* the next look notices if they are apart */
    *watch = (struct regime_watch){
        .clock = clock,
        .now = {.regime = regime_at(boot_ns, utc_ns, clock_state(clock)),
                .from_ns = boot_ns,
                .to_ns = boot_ns,
                .asleep_from_ns = boot_ns,
                .asleep_to_ns = boot_ns,
                .looked_ns = clock_monotonic_ns(clock)},
    };
}

bool regime_look(struct regime_watch *watch, bool ask_state)
{
    struct regime_span *now = &watch->now;
    enum clock_state state = now->regime.state;
    int64_t boot_ns, utc_ns, awake_ns, last_ns = now->to_ns;
    bool stepped;

    if (!read_both(watch->clock, &boot_ns, &utc_ns)) {
        return false;
    }
    stepped = llabs(utc_ns - boot_ns - slot_regime_offset_ns(&now->regime)) > REGIME_TOLERANCE_NS;
    if (stepped || ask_state) {
        state = clock_state(watch->clock);
    }
    now->to_ns = boot_ns;
    awake_ns = clock_monotonic_ns(watch->clock) - now->looked_ns;
    now->looked_ns += awake_ns;
    if (!stepped && state == now->regime.state) {
        return false;
    }
    memmove(&watch->past[1], &watch->past[0], sizeof(watch->past) - sizeof(watch->past[0]));
    watch->past[0] = *now;
    watch->past_count += watch->past_count < REGIMES_PAST;
    *now = (struct regime_span){
        .regime = regime_at(boot_ns, utc_ns, state),
        .from_ns = last_ns,
        .to_ns = boot_ns,
        .asleep_from_ns = last_ns + awake_ns, /* when in between it slept is not known */
        .asleep_to_ns = boot_ns - awake_ns,
        .looked_ns = now->looked_ns,
    };
    return true;
}

/* W1, and stamps are cut to milliseconds here and there: so much older or younger may one seem. */
static bool spans(const struct regime_span *span, int64_t received_ns)
{
    const int64_t slack_ns = REGIME_TOLERANCE_NS + NS_PER_MS;
    uint64_t offset_ns = (uint64_t)slot_regime_offset_ns(&span->regime);
    int64_t boot_ns = (int64_t)((uint64_t)received_ns - offset_ns); /* may be anything: it wraps */

    return boot_ns >= span->from_ns - slack_ns && boot_ns <= span->to_ns + slack_ns &&
           (boot_ns <= span->asleep_from_ns + slack_ns || boot_ns >= span->asleep_to_ns - slack_ns);
}

const struct slot_regime *regime_of(const struct regime_watch *watch, int64_t received_ns)
{
    if (watch->past_count == 0 || spans(&watch->now, received_ns)) {
        return &watch->now.regime;
    }
    for (size_t i = 0; i < watch->past_count; i++) {
        if (watch->now.looked_ns - watch->past[i].looked_ns <= REGIME_PAST_NS &&
            spans(&watch->past[i], received_ns)) {
            return &watch->past[i].regime;
        }
    }
    return &watch->now.regime;
}

bool regime_same(const struct slot_regime *one, const struct slot_regime *other)
{
    return one->boot_ns == other->boot_ns && one->utc_ns == other->utc_ns &&
           one->state == other->state;
}

static void key_of(size_t place, char key[STORE_NOTE_KEY_SIZE])
{
    (void)snprintf(key, STORE_NOTE_KEY_SIZE, "boot:%zu", place);
}

static bool parse_boot_id(const char *digits, uint8_t boot_id[SLOT_BOOT_ID_BYTES])
{
    for (size_t i = 0; i < SLOT_BOOT_ID_BYTES; i++) {
        const char byte[] = {'0', 'x', digits[2 * i], digits[2 * i + 1], '\0'};
        uint64_t value;

        if (!parse_uint64(byte, &value)) {
            return false;
        }
        boot_id[i] = (uint8_t)value;
    }
    return true;
}

/** "boot-id order offset"; what is not of this form is no note of ours. */
static bool parse(const char *text, struct right *right)
{
    const size_t id_size = (size_t)2 * SLOT_BOOT_ID_BYTES;
    struct right found;
    char order[STORE_NOTE_SIZE];
    const char *offset = strlen(text) > id_size + 1 ? strchr(text + id_size + 1, ' ') : NULL;

    if (offset == NULL || text[id_size] != ' ' || !parse_boot_id(text, found.boot_id)) {
        return false;
    }
    (void)snprintf(order, sizeof(order), "%.*s", (int)(offset - text - (int)id_size - 1),
                   text + id_size + 1);
    if (!parse_uint64(order, &found.order) || !parse_int64(offset + 1, &found.offset_ns) ||
        found.order == 0 || !slot_offset_is_plausible(found.offset_ns)) {
        return false;
    }
    *right = found;
    return true;
}

void rights_load(struct rights *rights, struct notes *notes)
{
    *rights = (struct rights){0};
    for (size_t i = 0; i < RIGHTS_MAX; i++) {
        char key[STORE_NOTE_KEY_SIZE];
        const struct note *note;

        key_of(i, key);
        note = note_find(notes, key);
        if (note != NULL && !parse(note->value, &rights->list[i])) {
            rights->list[i] = (struct right){0};
        }
    }
}

/** The boot's place; RIGHTS_MAX: it has none. */
static size_t find(const struct rights *rights, const uint8_t boot_id[SLOT_BOOT_ID_BYTES])
{
    size_t i = 0;

    while (i < RIGHTS_MAX && (rights->list[i].order == 0 ||
                              memcmp(rights->list[i].boot_id, boot_id, SLOT_BOOT_ID_BYTES) != 0)) {
        i++;
    }
    return i;
}

bool rights_find(const struct rights *rights, const uint8_t boot_id[SLOT_BOOT_ID_BYTES],
                 int64_t *offset_ns)
{
    size_t i = find(rights, boot_id);

    if (i < RIGHTS_MAX) {
        *offset_ns = rights->list[i].offset_ns;
    }
    return i < RIGHTS_MAX;
}

/** The place of the boot that is longest ago, or an empty one; what it held is forgotten. */
static size_t make_place(struct rights *rights, const uint8_t boot_id[SLOT_BOOT_ID_BYTES])
{
    uint64_t newest_order = 0;
    size_t oldest = 0;

    for (size_t i = 0; i < RIGHTS_MAX; i++) {
        oldest = rights->list[i].order < rights->list[oldest].order ? i : oldest;
        newest_order = rights->list[i].order > newest_order ? rights->list[i].order : newest_order;
    }
    rights->list[oldest].order = newest_order + 1;
    memcpy(rights->list[oldest].boot_id, boot_id, SLOT_BOOT_ID_BYTES);
    return oldest;
}

static void save(const struct rights *rights, const struct right *right, struct notes *notes)
{
    char key[STORE_NOTE_KEY_SIZE], id[2 * SLOT_BOOT_ID_BYTES + 1];
    struct note *note;

    for (size_t i = 0; i < SLOT_BOOT_ID_BYTES; i++) {
        (void)snprintf(id + 2 * i, 3, "%02x", right->boot_id[i]);
    }
    key_of((size_t)(right - rights->list), key);
    note = note_find_or_add(notes, key);
    if (note != NULL) { /* without room for it only this run of the agent knows */
        (void)snprintf(note->value, sizeof(note->value), "%s %" PRIu64 " %" PRId64, id,
                       right->order, right->offset_ns);
        note->changes++;
    }
}

bool rights_learn(struct rights *rights, struct notes *notes,
                  const uint8_t boot_id[SLOT_BOOT_ID_BYTES], int64_t offset_ns)
{
    size_t place = find(rights, boot_id);

    if (place < RIGHTS_MAX &&
        llabs(rights->list[place].offset_ns - offset_ns) <= REGIME_TOLERANCE_NS) {
        return false;
    }
    if (place == RIGHTS_MAX) {
        place = make_place(rights, boot_id);
    }
    rights->list[place].offset_ns = offset_ns;
    rights->changes++;
    save(rights, &rights->list[place], notes);
    return true;
}

#include "agent/machine/wear.h"

#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const double days_in_year = 365.25;

static int64_t today(const struct wear *wear)
{
    return clock_day_of(clock_utc_ns(wear->clock));
}

static size_t row_of(int64_t day)
{
    return (size_t)((day % WEAR_DAYS + WEAR_DAYS) % WEAR_DAYS);
}

static void note_key(size_t row, char key[STORE_NOTE_KEY_SIZE])
{
    (void)snprintf(key, STORE_NOTE_KEY_SIZE, "wear:%zu", row); /* fits */
}

/** "day bytes syncs programmed"; false: it is not that. */
static bool read_day(char *text, struct wear_day *day)
{
    struct wear_day read = {0};
    uint64_t *numbers[] = {&read.bytes, &read.syncs, &read.programmed_bytes};
    char *rest = NULL;
    const char *word = strtok_r(text, " ", &rest);
    bool fine = word != NULL && parse_int64(word, &read.day);

    for (size_t i = 0; i < 3 && fine; i++) {
        word = strtok_r(NULL, " ", &rest);
        fine = word != NULL && parse_uint64(word, numbers[i]);
    }
    if (fine) {
        *day = read;
    }
    return fine;
}

void wear_init(struct wear *wear, struct store *store, const struct clock *clock)
{
    *wear = (struct wear){.store = store, .clock = clock};
    wear->started_ns = clock_monotonic_ns(clock);
    wear->save_due_ns = wear->started_ns + WEAR_SAVE_S * NS_PER_S;
    for (size_t row = 0; row < WEAR_DAYS; row++) {
        char key[STORE_NOTE_KEY_SIZE], value[STORE_NOTE_SIZE];
        struct wear_day day;

        note_key(row, key);
        if (store_note_get(store, key, value) && read_day(value, &day) && row_of(day.day) == row) {
            wear->days[row] = day;
        }
    }
}

static bool save_day(struct wear *wear, const struct wear_day *day)
{
    char key[STORE_NOTE_KEY_SIZE], value[STORE_NOTE_SIZE];

    note_key(row_of(day->day), key);
    (void)snprintf(value, sizeof(value), "%" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64, day->day,
                   day->bytes, day->syncs, day->programmed_bytes); /* 4 numbers of 20 digits fit */
    return store_note_leave(wear->store, key, value, NULL) == ERROR_OK;
}

void wear_count(struct wear *wear, bool save)
{
    int64_t now_ns = clock_monotonic_ns(wear->clock);
    int64_t day_number = today(wear);
    struct wear_day *day = &wear->days[row_of(day_number)];
    struct store_totals totals;

    store_totals(wear->store, &totals);
    if (day->day != day_number) {
        *day = (struct wear_day){.day = day_number};
    }
    day->bytes += totals.bytes_written - wear->counted.bytes_written;
    day->syncs += totals.syncs - wear->counted.syncs;
    day->programmed_bytes += totals.programmed_bytes - wear->counted.programmed_bytes;
    wear->counted = totals;
    if ((save || now_ns >= wear->save_due_ns) && save_day(wear, day)) {
        wear->save_due_ns = now_ns + WEAR_SAVE_S * NS_PER_S;
    }
}

struct wear_day wear_day(const struct wear *wear, unsigned ago)
{
    int64_t day_number = today(wear) - (int64_t)ago;
    const struct wear_day *day = &wear->days[row_of(day_number)];

    return ago < WEAR_DAYS && day->day == day_number ? *day : (struct wear_day){0};
}

/** F3: programmed bytes a day; *days as in struct wear_projection. Negative: too early to tell. */
static double daily_bytes(const struct wear *wear, unsigned *days)
{
    int64_t up_ns = clock_monotonic_ns(wear->clock) - wear->started_ns;
    double sum = 0, oldest = 0;

    *days = 0;
    for (unsigned ago = 1; ago < WEAR_DAYS; ago++) {
        struct wear_day day = wear_day(wear, ago);

        if (day.programmed_bytes > 0) {
            oldest = (double)day.programmed_bytes;
            sum += oldest;
            ++*days;
        }
    }
    if (*days > 1) {
        sum -= oldest;
        --*days;
    }
    if (*days > 0) {
        return sum / *days;
    }
    return up_ns < WEAR_PACE_LEAST_S * NS_PER_S
               ? -1
               : (double)wear->counted.programmed_bytes * ((double)NS_PER_DAY / (double)up_ns);
}

bool wear_project(const struct wear *wear, const struct config_card *card,
                  struct wear_projection *projection)
{
    double endurance_bytes = (double)card->size_bytes * (double)card->cycles;
    struct wear_projection made = {0};

    made.daily_bytes = daily_bytes(wear, &made.days);
    if (made.daily_bytes < 0) {
        return false;
    }
    made.life_percent = made.daily_bytes * days_in_year * 100 / endurance_bytes;
    made.years = made.life_percent > 0 ? 100 / made.life_percent : 0;
    *projection = made;
    return true;
}

#include "drivers/modbus/line.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <time.h>

/* How long a suspect waits before it asks again whether another one has finished. */
#define OTHER_SUSPECT_NS (100 * NS_PER_MS)

/** On the stack of who waits. */
struct line_place {
    struct line_place *next;
};

enum error_code line_init(struct line *line, struct error *error)
{
    pthread_condattr_t attributes;
    int problem = pthread_mutex_init(&line->lock, NULL);

    if (problem == 0) {
        problem = pthread_condattr_init(&attributes);
        if (problem == 0) {
            (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* a known clock */
            problem = pthread_cond_init(&line->changed, &attributes);
            (void)pthread_condattr_destroy(&attributes); /* cannot fail */
        }
        if (problem != 0) {
            (void)pthread_mutex_destroy(&line->lock); /* nobody has it */
        }
    }
    line->last = &line->first;
    return problem == 0 ? ERROR_OK
                        : error_set(error, ERROR_NO_MEMORY, "no memory to share a connection");
}

void line_deinit(struct line *line)
{
    assert(line->members == 0 && line->first == NULL);
    exchange_close(&line->exchange);
    dial_deinit(&line->dial);
    (void)pthread_cond_destroy(&line->changed); /* nobody waits, nobody has it */
    (void)pthread_mutex_destroy(&line->lock);
}

static void lock(struct line *line)
{
    (void)pthread_mutex_lock(&line->lock); /* fails for misuse alone */
}

static void unlock(struct line *line)
{
    (void)pthread_mutex_unlock(&line->lock);
}

void line_join(struct line_unit *unit, struct line *line)
{
    lock(line);
    line->members++;
    unlock(line);
    unit->line = line;
}

void line_leave(struct line_unit *unit)
{
    struct line *line = unit->line;

    if (line == NULL) {
        return;
    }
    line_disuse(unit);
    lock(line);
    line->members--;
    unlock(line);
    *unit = (struct line_unit){0};
}

void line_use(struct line_unit *unit)
{
    lock(unit->line);
    unit->line->users += !unit->uses;
    unit->uses = true;
    unit->failing_before = unit->failing;
    unlock(unit->line);
}

static void forget_suspect(struct line_unit *unit)
{
    struct line_unit **at = &unit->line->suspects;

    while (unit->queued && *at != unit) {
        at = &(*at)->next;
    }
    if (unit->queued) {
        *at = unit->next;
        unit->queued = false;
    }
    if (unit->line->trying == unit) {
        unit->line->trying = NULL;
    }
}

void line_disuse(struct line_unit *unit)
{
    struct line *line = unit->line;

    if (line == NULL) {
        return;
    }
    lock(line);
    forget_suspect(unit);
    line->users -= unit->uses;
    unit->uses = false;
    if (line->users == 0 && !line->taken) { /* who takes it uses it */
        exchange_close(&line->exchange);
    }
    unlock(line);
}

bool line_take(struct line_unit *unit, int64_t wait_ns)
{
    struct line *line = unit->line;
    int64_t until_ns = clock_monotonic_ns(&clock_system) + wait_ns;
    const struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                                   .tv_nsec = (long)(until_ns % NS_PER_S)};
    struct line_place place = {0};
    struct line_place **at;
    bool mine;

    lock(line);
    *line->last = &place;
    line->last = &place.next;
    while ((line->taken || line->first != &place) &&
           pthread_cond_timedwait(&line->changed, &line->lock, &until) != ETIMEDOUT) {
    }
    mine = !line->taken && line->first == &place;
    for (at = &line->first; *at != &place; at = &(*at)->next) {
    }
    *at = place.next;
    if (line->last == &place.next) {
        line->last = at;
    }
    line->taken = line->taken || mine;
    if (!mine) {
        (void)pthread_cond_broadcast(&line->changed); /* the one behind may be first now */
    }
    unlock(line);
    return mine;
}

void line_release(struct line_unit *unit)
{
    struct line *line = unit->line;

    lock(line);
    line->taken = false;
    if (line->first != NULL) {
        (void)pthread_cond_broadcast(&line->changed); /* cannot fail */
    }
    unlock(line);
}

static uint8_t one_more(uint8_t in_a_row)
{
    return in_a_row < LINE_TRUSTED ? in_a_row + 1 : in_a_row;
}

void line_note(struct line_unit *unit, bool answered, int64_t took_ns, int64_t now_ns)
{
    struct line *line = unit->line;

    lock(line);
    if (!answered && !unit->failing) {
        unit->trusted = unit->answers >= LINE_TRUSTED;
    }
    unit->failing = !answered;
    unit->failing_before = unit->failing_before && !answered;
    unit->suspect = !answered && (!unit->trusted || unit->failing_before); /* B2 */
    unit->proven = answered;
    unit->answers = answered ? one_more(unit->answers) : 0;
    unit->failures = answered ? 0 : one_more(unit->failures);
    if (answered) {
        forget_suspect(unit);
    } else if (now_ns + LINE_SUSPECTS_WAIT * took_ns > line->suspects_from_ns) {
        line->suspects_from_ns = now_ns + LINE_SUSPECTS_WAIT * took_ns;
    }
    unlock(line);
}

static void queue_suspect(struct line_unit *unit)
{
    struct line_unit **at = &unit->line->suspects;

    if (unit->queued) {
        return;
    }
    while (*at != NULL && (*at)->failures <= unit->failures) {
        at = &(*at)->next;
    }
    unit->next = *at;
    *at = unit;
    unit->queued = true;
}

int64_t line_not_before(struct line_unit *unit, int64_t now_ns)
{
    struct line *line = unit->line;
    int64_t from_ns = 0;

    if (line == NULL || !unit->suspect) {
        return 0;
    }
    lock(line);
    if (line->members > 1 && line->trying != unit) {
        queue_suspect(unit);
        if (now_ns < line->suspects_from_ns) {
            from_ns = line->suspects_from_ns;
        } else if (line->trying != NULL || line->suspects != unit) {
            from_ns = now_ns + OTHER_SUSPECT_NS;
        } else {
            forget_suspect(unit);
            line->trying = unit;
        }
    }
    unlock(line);
    return from_ns;
}

bool line_is_shared(const struct line_unit *unit)
{
    bool shared;

    lock(unit->line);
    shared = unit->line->members > 1;
    unlock(unit->line);
    return shared;
}

#include "agent/machine/presence.h"

#include "agent/journal.h"
#include "agent/store/store_clock.h"
#include "base/log.h"
#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BOOT_ID_DIGITS = 32 };

static const char note_key[] = "alive";
static const char runs[] = "runs";

static void write_boot_id(const struct store *store, char text[BOOT_ID_DIGITS + 1])
{
    const uint8_t *boot_id = store_boot_id(store);

    for (size_t i = 0; i < BOOT_ID_DIGITS / 2; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", boot_id[i]); /* fits */
    }
}

/** "time boot-id how": how is the word "runs", or the number of the signal that ended it. */
static void write_note(const struct presence *presence, const char *how,
                       char value[STORE_NOTE_SIZE])
{
    char boot_id[BOOT_ID_DIGITS + 1];

    write_boot_id(presence->store, boot_id);
    (void)snprintf(value, STORE_NOTE_SIZE, "%" PRId64 " %s %s", clock_utc_ns(presence->clock),
                   boot_id, how); /* 20 + 32 + 10 characters fit */
}

struct last_note {
    int64_t utc_ns;
    bool same_boot;
    uint64_t signal_number; /* 0: it was running */
};

/** false: there is none. */
static bool read_note(const struct presence *presence, struct last_note *last)
{
    char value[STORE_NOTE_SIZE], boot_id[BOOT_ID_DIGITS + 1];
    char *rest = NULL;
    const char *time, *boot, *how;

    if (!store_note_get(presence->store, note_key, value)) {
        return false;
    }
    time = strtok_r(value, " ", &rest);
    boot = strtok_r(NULL, " ", &rest);
    how = strtok_r(NULL, " ", &rest);
    if (how == NULL || !parse_int64(time, &last->utc_ns)) {
        return false;
    }
    write_boot_id(presence->store, boot_id);
    last->same_boot = strcmp(boot, boot_id) == 0;
    last->signal_number = 0;
    return strcmp(how, runs) == 0 || parse_uint64(how, &last->signal_number);
}

static void write_reason(struct presence *presence, const struct last_note *last)
{
    if (last->signal_number == 0) {
        (void)snprintf(presence->reason, sizeof(presence->reason), "%s",
                       last->same_boot ? "it was killed or crashed"
                                       : "the machine lost power or was reset"); /* fits */
    } else if (last->same_boot) {
        (void)snprintf(presence->reason, sizeof(presence->reason),
                       "it was stopped (signal %" PRIu64 ")", last->signal_number); /* fits */
    } else {
        (void)snprintf(presence->reason, sizeof(presence->reason),
                       "the machine was shut down or restarted"); /* fits */
    }
}

static void tell(struct presence *presence)
{
    int64_t to_ns =
        clock_utc_ns(presence->clock) - (clock_boot_ns(presence->clock) - presence->started_ns);
    char reason[PRESENCE_REASON_SIZE + 80];
    struct event event = {
        .kind = "down",
        .subject = "agent",
        .reason = presence->reason,
        .detail = presence->machine_restarted ? "the machine was restarted"
                                              : "only the agent was restarted",
        .from_ns = presence->from_ns,
        .to_ns = to_ns,
    };

    presence->waits = false;
    if (to_ns < presence->from_ns) {
        (void)snprintf(reason, sizeof(reason),
                       "%s; the clock went back, so nobody knows for how long", presence->reason);
        event.reason = reason;
        event.to_ns = presence->from_ns;
    }
    log_info("agent-was-down", "seconds=%lld reason=\"%s\"",
             (long long)((event.to_ns - event.from_ns) / NS_PER_S), event.reason);
    journal_append(presence->store, presence->clock, &event);
}

void presence_start(struct presence *presence, struct store *store, const struct clock *clock)
{
    struct last_note last;
    int64_t newest_ns = store_newest_ns(store);

    *presence = (struct presence){
        .store = store,
        .clock = clock,
        .started_ns = clock_boot_ns(clock),
        .save_due_ns = clock_monotonic_ns(clock),
    };
    if (read_note(presence, &last)) {
        presence->waits = true;
        presence->machine_restarted = !last.same_boot;
        presence->from_ns = last.utc_ns > newest_ns ? last.utc_ns : newest_ns;
        write_reason(presence, &last);
    }
    presence_look(presence);
}

void presence_look(struct presence *presence)
{
    int64_t up_ns = clock_boot_ns(presence->clock) - presence->started_ns;
    int64_t now_ns = clock_monotonic_ns(presence->clock);
    char value[STORE_NOTE_SIZE];

    if (presence->waits &&
        (!presence->machine_restarted || clock_state(presence->clock) == CLOCK_SYNCHRONISED ||
         up_ns >= PRESENCE_WAIT_S * NS_PER_S)) {
        tell(presence);
    }
    if (!presence->waits && now_ns >= presence->save_due_ns) {
        write_note(presence, runs, value);
        if (store_note_leave(presence->store, note_key, value, NULL) == ERROR_OK) {
            presence->save_due_ns = now_ns + PRESENCE_SAVE_S * NS_PER_S;
        }
    }
}

void presence_end(struct presence *presence, unsigned signal_number)
{
    char value[STORE_NOTE_SIZE], how[16];
    struct error error;

    if (presence->waits) {
        tell(presence);
    }
    (void)snprintf(how, sizeof(how), "%u", signal_number); /* fits */
    write_note(presence, how, value);
    if (store_note_set(presence->store, note_key, value, &error) != ERROR_OK) {
        log_warning("note-not-set", "error=\"%s\"", error.text);
    }
}

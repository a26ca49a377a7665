#include "drivers/lines/zone.h"

#include "base/cleanup.h"
#include "drivers/lines/offset.h"
#include "drivers/lines/tzif.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { QUARTER_S = 900, AHEAD_S = 60, NAME_MAX_BYTES = 64 };

#define ZONE_FOLDER "/usr/share/zoneinfo/"

static bool is_name(const char *text)
{
    size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "/_+-");

    return size > 0 && size <= NAME_MAX_BYTES && text[size] == '\0' && text[0] != '/';
}

static enum error_code read_rules(struct zone *zone, const char *name, struct arena *arena,
                                  struct error *error)
{
    char path[sizeof(ZONE_FOLDER) + NAME_MAX_BYTES];
    uint8_t bytes[TZIF_FILE_MAX];
    struct tzif *rules = arena_allocate(arena, sizeof(*rules));
    ssize_t got = -1;
    int fd;

    (void)snprintf(path, sizeof(path), ZONE_FOLDER "%s", name); /* fits: is_name() */
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        got = read(fd, bytes, sizeof(bytes));
        (void)close(fd); /* read only */
    }
    if (rules == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "no memory for zone %s", name);
    }
    if (got < 0) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "zone: '%s': there is no " ZONE_FOLDER "%s on this machine; install the "
                         "package tzdata, or write 'local', 'utc' or an offset such as +01:00",
                         name, name);
    }
    if (!tzif_parse(rules, bytes, (size_t)got)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "zone: '%s': " ZONE_FOLDER "%s is no zone of version 2 or later; write a "
                         "name such as Europe/Berlin, 'local', 'utc' or an offset",
                         name, name);
    }
    zone->rules = rules;
    return ERROR_OK;
}

enum error_code zone_set(struct zone *zone, const char *text, struct arena *arena,
                         struct error *error)
{
    struct cursor cursor = {text, text + strlen(text)};
    int32_t offset_s;

    *zone = (struct zone){0};
    if (strcmp(text, "utc") == 0) {
        return ERROR_OK;
    }
    if (strcmp(text, "local") == 0) {
        zone->is_local = true;
        return ERROR_OK;
    }
    if (offset_take(&cursor, &offset_s) && cursor.at == cursor.end) {
        zone->offset_s = offset_s;
        return ERROR_OK;
    }
    if (!is_name(text)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "zone: '%s' is none; write 'local', 'utc', an offset such as +01:00, or a "
                         "name such as Europe/Berlin",
                         text);
    }
    return read_rules(zone, text, arena, error);
}

/** Seconds east of UTC at a time of UTC. */
static int32_t offset_at(const struct zone *zone, int64_t utc_s)
{
    time_t when = (time_t)utc_s;
    struct tm local;

    if (zone->rules != NULL) {
        return tzif_offset_s(zone->rules, utc_s);
    }
    return zone->is_local && localtime_r(&when, &local) != NULL ? (int32_t)local.tm_gmtoff
                                                                : zone->offset_s;
}

int64_t zone_utc(struct zone *zone, int64_t local_s, int64_t now_s)
{
    int64_t quarter = local_s / QUARTER_S;
    int64_t early, late;

    if (zone->rules == NULL && !zone->is_local) {
        return local_s - zone->offset_s;
    }
    if (!zone->is_known || quarter != zone->known_quarter) { /* offsets change at full quarters */
        zone->known_s[0] = offset_at(zone, local_s - 86400);
        zone->known_s[1] = offset_at(zone, local_s + 86400);
        zone->known_quarter = quarter;
        zone->is_known = true;
    }
    early = local_s - zone->known_s[0];
    late = local_s - zone->known_s[1];
    if (late != early && offset_at(zone, late) == zone->known_s[1] &&
        (offset_at(zone, early) != zone->known_s[0] || late <= now_s + AHEAD_S)) {
        return late; /* Z1: the only one, or the later of two */
    }
    return early; /* Z2, or the only one */
}

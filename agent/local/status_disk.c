#include "agent/local/status_disk.h"

#include "agent/local/json_field.h"
#include "agent/machine/card.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { DAYS_SHOWN = 7, TENTHS_WORN_OUT = 11 };

static const double gigabyte = 1e9;

static void add_count(cJSON *object, const char *key, uint64_t count)
{
    (void)cJSON_AddNumberToObject(object, key, (double)count); /* exact below 2^53 */
}

static void add_days(cJSON *disk, const struct wear *wear)
{
    cJSON *list = cJSON_AddArrayToObject(disk, "days");

    for (unsigned ago = 0; ago < WEAR_DAYS; ago++) {
        struct wear_day day = wear_day(wear, ago);
        char date[CLOCK_DATE_SIZE];
        cJSON *row;

        if (day.syncs == 0) {
            continue;
        }
        clock_format_date(day.day, date, sizeof(date));
        row = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(row, "date", date);
        add_count(row, "bytes", day.bytes);
        add_count(row, "syncs", day.syncs);
        add_count(row, "programmed_bytes", day.programmed_bytes);
        (void)cJSON_AddItemToArray(list, row);
    }
}

static void add_card(cJSON *disk, const struct status_source *source)
{
    cJSON *row = cJSON_AddObjectToObject(disk, "card");
    const struct config_card *card = source->card;
    struct wear_projection projection;
    struct card_health health;

    add_count(row, "size", card->size_bytes);
    add_count(row, "cycles", card->cycles);
    add_count(row, "program_page", card->program_page_bytes);
    if (wear_project(source->wear, card, &projection)) {
        add_count(row, "from_days", projection.days);
        (void)cJSON_AddNumberToObject(row, "daily_bytes", projection.daily_bytes);
        (void)cJSON_AddNumberToObject(row, "life_percent_per_year", projection.life_percent);
        (void)cJSON_AddNumberToObject(row, "years", projection.years);
    }
    if (card_read(source->sysfs, source->queue_path, &health)) {
        cJSON *emmc = cJSON_AddObjectToObject(row, "emmc");

        (void)cJSON_AddStringToObject(emmc, "name", health.name);
        add_count(emmc, "life_time_a", health.used[0]);
        add_count(emmc, "life_time_b", health.used[1]);
        add_count(emmc, "pre_eol_info", health.spare);
    }
}

/** Is `name` "queue.db.damaged-3"? Its journal "...-wal" counts with it and is not listed. */
static bool is_set_aside(const char *name, const char *queue)
{
    static const char *const reasons[] = {".damaged-", ".other-host-", ".newer-"};
    size_t length = strlen(queue);

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        size_t reason = strlen(reasons[i]);

        if (strncmp(name, queue, length) == 0 && strncmp(name + length, reasons[i], reason) == 0 &&
            name[length + reason] != '\0' &&
            name[length + reason + strspn(name + length + reason, "0123456789")] == '\0') {
            return true;
        }
    }
    return false;
}

static uint64_t size_of(const char *folder, const char *name, const char *end)
{
    char path[PATH_MAX];
    struct stat about;

    return snprintf(path, sizeof(path), "%s/%s%s", folder, name, end) < (int)sizeof(path) &&
                   stat(path, &about) == 0
               ? (uint64_t)about.st_size
               : 0;
}

static void add_set_aside(cJSON *disk, const char *queue_path)
{
    cJSON *list = cJSON_AddArrayToObject(disk, "set_aside");
    char for_folder[PATH_MAX], for_name[PATH_MAX];
    const char *folder_name, *queue;
    const struct dirent *entry;
    DIR *folder;

    if (snprintf(for_folder, sizeof(for_folder), "%s", queue_path) >= (int)sizeof(for_folder)) {
        return; /* then the queue could not be opened either */
    }
    memcpy(for_name, for_folder, sizeof(for_name));
    folder_name = dirname(for_folder);
    queue = basename(for_name);
    folder = opendir(folder_name);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (is_set_aside(entry->d_name, queue)) {
            cJSON *row = cJSON_CreateObject();

            (void)cJSON_AddStringToObject(row, "name", entry->d_name);
            add_count(row, "bytes",
                      size_of(folder_name, entry->d_name, "") +
                          size_of(folder_name, entry->d_name, "-wal"));
            (void)cJSON_AddItemToArray(list, row);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder); /* was only read */
    }
}

void status_disk_add(cJSON *report, const struct status_source *source)
{
    cJSON *disk = cJSON_AddObjectToObject(report, "disk");
    struct store_totals totals;

    store_totals(source->store, &totals);
    add_count(disk, "bytes_written", totals.bytes_written);
    add_count(disk, "syncs", totals.syncs);
    add_count(disk, "programmed_bytes", totals.programmed_bytes);
    add_count(disk, "commits", totals.commits);
    (void)cJSON_AddStringToObject(disk, "error", source->queue_error);
    add_days(disk, source->wear);
    add_card(disk, source);
    add_set_aside(disk, source->queue_path);
}

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static void print_emmc(const cJSON *emmc, FILE *output)
{
    static const char *const spares[] = {"not told", "normal", "80 % used up", "90 % used up"};
    double one = json_number(emmc, "life_time_a"), two = json_number(emmc, "life_time_b");
    unsigned tenths = (unsigned)(one > two ? one : two);
    unsigned spare = (unsigned)json_number(emmc, "pre_eol_info");

    if (tenths >= TENTHS_WORN_OUT) {
        (void)fprintf(output, "  eMMC %s says: beyond its life; replace it",
                      json_text(emmc, "name"));
    } else if (tenths > 0) {
        (void)fprintf(output, "  eMMC %s says: %u to %u %% of its life used",
                      json_text(emmc, "name"), (tenths - 1) * 10, tenths * 10);
    } else {
        (void)fprintf(output, "  eMMC %s does not say how old it is", json_text(emmc, "name"));
    }
    (void)fprintf(output, ", spare blocks: %s\n", spare < 4 ? spares[spare] : "not told");
}

static void print_card(const cJSON *card, FILE *output)
{
    const cJSON *emmc = member(card, "emmc");
    double years = json_number(card, "years");
    double percent = json_number(card, "life_percent_per_year");

    (void)fprintf(output, "card    %.1f GiB, %.0f cycles: ", json_number(card, "size") / (1 << 30),
                  json_number(card, "cycles"));
    if (member(card, "years") == NULL) {
        (void)fprintf(output, "too early to tell how long it lasts\n");
    } else {
        (void)fprintf(output, "%.2f GB a day, %.*f %% of its life a year, ",
                      json_number(card, "daily_bytes") / gigabyte, percent < 0.1 ? 3 : 1, percent);
        if (years > 0 && years < 200) {
            (void)fprintf(output, "worn out in %.*f years by this agent alone\n",
                          years < 10 ? 1 : 0, years);
        } else {
            (void)fprintf(output, "it outlasts the gateway\n");
        }
    }
    if (emmc != NULL) {
        print_emmc(emmc, output);
    }
}

void status_disk_print(const cJSON *disk, FILE *output)
{
    const cJSON *row;
    unsigned shown = 0;

    (void)fprintf(output, "queue   %.0f commits, %.0f syncs, %.3f GB to the disk since the start\n",
                  json_number(disk, "commits"), json_number(disk, "syncs"),
                  json_number(disk, "bytes_written") / gigabyte);
    if (json_text(disk, "error")[0] != '\0') {
        (void)fprintf(output, "  %s\n", json_text(disk, "error"));
    }
    cJSON_ArrayForEach(row, member(disk, "set_aside"))
    {
        (void)fprintf(output, "  set aside: %s, %.1f MiB\n", json_text(row, "name"),
                      json_number(row, "bytes") / (1 << 20));
    }
    print_card(member(disk, "card"), output);
    cJSON_ArrayForEach(row, member(disk, "days"))
    {
        if (shown++ < DAYS_SHOWN) {
            (void)fprintf(output, "  %s  %.3f GB written, %.3f GB programmed, %.0f syncs\n",
                          json_text(row, "date"), json_number(row, "bytes") / gigabyte,
                          json_number(row, "programmed_bytes") / gigabyte,
                          json_number(row, "syncs"));
        }
    }
}

#include "drivers/gateway/items.h"

#include "drivers/gateway/text_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ZONES_MAX = 32,
    MONITORS_MAX = 16,
    MONITOR_INPUTS_MAX = 8,
    CARDS_MAX = 8,
    WORD_SIZE = 64,
    PATH_SIZE = 128,
    LINKS_TEXT_SIZE = 16 << 10
};

static void make_name(char *text) /* I1 */
{
    for (; *text != '\0'; text++) {
        if (!isalnum((unsigned char)*text) && *text != '_') {
            *text = '-';
        }
    }
}

struct item *items_find(struct items *items, const char *name)
{
    for (size_t i = 0; i < items->count; i++) {
        if (strcmp(items->list[i].name, name) == 0) {
            return &items->list[i];
        }
    }
    return NULL;
}

/** The item `name`, new or seen before; NULL when there are too many. */
static struct item *find_or_add(struct items *items, const char *wanted)
{
    char name[GATEWAY_ITEM_NAME_SIZE];
    struct item *item;

    (void)snprintf(name, sizeof(name), "%s", wanted); /* cut */
    make_name(name);
    item = items_find(items, name);
    for (unsigned number = 2; item != NULL && item->there; number++) {
        (void)snprintf(name, sizeof(name), "%.*s-%u", GATEWAY_ITEM_NAME_SIZE - 12, wanted, number);
        make_name(name);
        item = items_find(items, name);
    }
    if (item == NULL && items->count < GATEWAY_ITEMS_MAX) {
        item = &items->list[items->count++];
        *item = (struct item){0};
        memcpy(item->name, name, sizeof(name));
    }
    if (item != NULL) {
        item->there = true;
        item->problem = 0;
    }
    return item;
}

static void add_sensor(struct items *items, const char *name, const char *root, const char *path)
{
    struct item *item = find_or_add(items, name);

    if (item != NULL) {
        item->problem = text_file_read_number(root, path, &item->values[SENSOR_MILLIDEGREES]);
    }
}

static void look_at_zones(struct items *items, const char *root)
{
    for (unsigned i = 0; i < ZONES_MAX; i++) {
        char path[PATH_SIZE], type[WORD_SIZE];

        (void)snprintf(path, sizeof(path), "sys/class/thermal/thermal_zone%u/type", i);
        if (text_file_read_word(root, path, type, sizeof(type)) == 0) {
            (void)snprintf(path, sizeof(path), "sys/class/thermal/thermal_zone%u/temp", i);
            add_sensor(items, type, root, path);
        }
    }
}

/** I3: the kernel makes the monitor of a zone with its type as name, '_' for '-'. */
static bool is_a_zone(const struct items *items, size_t zone_count, const char *monitor)
{
    for (size_t i = 0; i < zone_count; i++) {
        const char *zone = items->list[i].name;
        size_t at = 0;

        while (zone[at] != '\0' &&
               (zone[at] == '-' ? '_' : zone[at]) == (monitor[at] == '-' ? '_' : monitor[at])) {
            at++;
        }
        if (zone[at] == '\0' && monitor[at] == '\0') {
            return true;
        }
    }
    return false;
}

static void look_at_monitor(struct items *items, const char *root, unsigned number,
                            const char *monitor)
{
    for (unsigned i = 1; i <= MONITOR_INPUTS_MAX; i++) {
        char path[PATH_SIZE], label[WORD_SIZE], name[2 * WORD_SIZE], value[WORD_SIZE];

        (void)snprintf(path, sizeof(path), "sys/class/hwmon/hwmon%u/temp%u_label", number, i);
        if (text_file_read_word(root, path, label, sizeof(label)) != 0) {
            (void)snprintf(label, sizeof(label), "temp%u", i);
        }
        (void)snprintf(name, sizeof(name), "%s-%s", monitor, label);
        (void)snprintf(path, sizeof(path), "sys/class/hwmon/hwmon%u/temp%u_input", number, i);
        if (text_file_read_word(root, path, value, sizeof(value)) != ENOENT) {
            add_sensor(items, name, root, path);
        }
    }
}

static void look_at_sensors(struct items *items, const char *root)
{
    size_t zone_count;

    look_at_zones(items, root);
    zone_count = items->count;
    for (unsigned i = 0; i < MONITORS_MAX; i++) {
        char path[PATH_SIZE], monitor[WORD_SIZE];

        (void)snprintf(path, sizeof(path), "sys/class/hwmon/hwmon%u/name", i);
        if (text_file_read_word(root, path, monitor, sizeof(monitor)) == 0 &&
            !is_a_zone(items, zone_count, monitor)) {
            look_at_monitor(items, root, i, monitor);
        }
    }
}

/** Without a state of its own (ppp, tunnels) the carrier counts. */
static bool is_up(const char *root, const char *link)
{
    char path[PATH_SIZE], state[WORD_SIZE];
    int64_t carrier;

    (void)snprintf(path, sizeof(path), "sys/class/net/%.16s/operstate", link);
    if (text_file_read_word(root, path, state, sizeof(state)) != 0) {
        return false;
    }
    (void)snprintf(path, sizeof(path), "sys/class/net/%.16s/carrier", link);
    return strcmp(state, "up") == 0 ||
           (strcmp(state, "unknown") == 0 && text_file_read_number(root, path, &carrier) == 0 &&
            carrier == 1);
}

/** One line of /proc/net/dev: "  eth0: bytes packets errs ... bytes packets errs ...". */
static void add_link(struct items *items, const char *root, char *line)
{
    enum { COLUMNS = 16, SENT_COLUMN = 8, ERRORS_COLUMN = 2 };
    char *colon = strchr(line, ':'), *at;
    int64_t numbers[COLUMNS];
    struct item *item;

    line += strspn(line, " ");
    if (colon == NULL || colon == line) {
        return; /* the heading */
    }
    *colon = '\0';
    at = colon + 1;
    if (strcmp(line, "lo") == 0 || strncmp(line, "veth", 4) == 0) {
        return; /* not a way out of the machine */
    }
    for (unsigned i = 0; i < COLUMNS; i++) {
        char *end;

        numbers[i] = (int64_t)strtoull(at, &end, 10);
        if (end == at) {
            return;
        }
        at = end;
    }
    item = find_or_add(items, line);
    if (item != NULL) {
        item->values[LINK_UP] = is_up(root, line) ? 1 : 0;
        item->values[LINK_RECEIVED] = numbers[0];
        item->values[LINK_SENT] = numbers[SENT_COLUMN];
        item->values[LINK_RECEIVE_ERRORS] = numbers[ERRORS_COLUMN];
        item->values[LINK_SEND_ERRORS] = numbers[SENT_COLUMN + ERRORS_COLUMN];
    }
}

static int look_at_links(struct items *items, const char *root)
{
    char text[LINKS_TEXT_SIZE];
    int problem = text_file_read(root, "proc/net/dev", text, sizeof(text));
    char *rest = NULL;

    if (problem == 0) {
        for (char *line = strtok_r(text, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest)) {
            add_link(items, root, line);
        }
    }
    return problem;
}

/** JESD84-B51, EXT_CSD 267 to 269: tenths of the life used by two kinds of cells, and how much of
 *  the spare blocks is left. */
static void look_at_flash(struct items *items, const char *root)
{
    for (unsigned i = 0; i < CARDS_MAX; i++) {
        char path[PATH_SIZE], name[WORD_SIZE], text[WORD_SIZE];
        struct item *item;
        char *second, *end;
        unsigned long long one, two;

        (void)snprintf(path, sizeof(path), "sys/block/mmcblk%u/device/life_time", i);
        if (text_file_read_word(root, path, text, sizeof(text)) != 0) {
            continue; /* an SD card tells nothing */
        }
        one = strtoull(text, &second, 16);
        two = strtoull(second, &end, 16);
        if (end != second && one == 0 && two == 0) {
            continue; /* the chip does not say */
        }
        (void)snprintf(name, sizeof(name), "mmcblk%u", i);
        item = find_or_add(items, name);
        if (item == NULL) {
            return;
        }
        item->problem =
            second == text || end == second || one > UINT8_MAX || two > UINT8_MAX ? EBADMSG : 0;
        item->values[FLASH_LIFE_USED] = (int64_t)(one > two ? one : two) * 10;
        (void)snprintf(path, sizeof(path), "sys/block/mmcblk%u/device/pre_eol_info", i);
        item->values[FLASH_SPARE] = 0;
        if (text_file_read_word(root, path, text, sizeof(text)) == 0) {
            item->values[FLASH_SPARE] = (int64_t)(strtoull(text, NULL, 16) & UINT8_MAX);
        }
    }
}

int items_look(struct items *items, enum items_kind kind, const char *root)
{
    for (size_t i = 0; i < items->count; i++) {
        items->list[i].there = false; /* I2 */
    }
    if (kind == ITEMS_LINKS) {
        return look_at_links(items, root);
    }
    if (kind == ITEMS_SENSORS) {
        look_at_sensors(items, root);
    } else if (kind == ITEMS_FLASH) {
        look_at_flash(items, root);
    }
    return 0;
}

const char *items_place(enum items_kind kind)
{
    static const char *const places[ITEMS_KINDS] = {"", "/sys/class/thermal and /sys/class/hwmon",
                                                    "/proc/net/dev", "/sys/block"};

    return places[kind];
}

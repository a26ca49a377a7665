#include "tests/sim/library/plant.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/sim/library/plant_point.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_SIZE = 65536, FUNCTION_COUNT = 4, POINTS_MAX = 100000, CATCH_UP_STEPS = 100000 };

struct plant {
    struct plant_point *points;
    size_t point_count;
    modbus_mapping_t *mapping;
    FILE *journal;
    uint64_t produced;
    int64_t begun_ns; /* monotonic; 0: not begun */
};

modbus_mapping_t *plant_mapping(struct plant *plant)
{
    return plant->mapping;
}

uint64_t plant_produced(const struct plant *plant)
{
    return plant->produced;
}

/** Put the point's value where libmodbus finds it. */
static void show(struct plant *plant, const struct plant_point *point)
{
    modbus_mapping_t *map = plant->mapping;
    uint16_t *table = point->function == 3 ? map->tab_registers : map->tab_input_registers;
    uint8_t *bit_table = point->function == 1 ? map->tab_bits : map->tab_input_bits;
    uint16_t registers[PLANT_REGISTERS_MAX];

    plant_point_encode(point, registers);
    if (point->function <= 2) {
        bit_table[point->address] = (uint8_t)registers[0];
    } else if (point->bit >= 0) {
        unsigned mask = 1u << point->bit;
        unsigned others = table[point->address] & ~mask;

        table[point->address] = (uint16_t)(others | (registers[0] != 0 ? mask : 0));
    } else {
        memcpy(table + point->address, registers, point->count * sizeof(registers[0]));
    }
}

void plant_advance(struct plant *plant, int64_t now_ns)
{
    if (plant->begun_ns == 0) {
        plant->begun_ns = now_ns;
    }
    for (size_t i = 0; i < plant->point_count; i++) {
        struct plant_point *point = &plant->points[i];
        uint64_t before = point->steps;
        uint64_t wanted;

        if (point->interval_ns == 0) {
            continue;
        }
        wanted = (uint64_t)((now_ns - plant->begun_ns) / point->interval_ns);
        for (unsigned n = 0; point->steps < wanted && n < CATCH_UP_STEPS; n++) {
            plant_point_step(point);
        }
        if (point->steps != before) {
            show(plant, point);
        }
    }
}

void plant_served(struct plant *plant, unsigned function, unsigned first, unsigned count,
                  int64_t utc_ns)
{
    for (size_t i = 0; i < plant->point_count; i++) {
        const struct plant_point *point = &plant->points[i];
        char raw[64];

        if (point->function != function || point->address < first ||
            point->address + point->count > first + count) {
            continue;
        }
        plant->produced++;
        if (plant->journal != NULL) {
            plant_point_format(point, raw, sizeof(raw));
            (void)fprintf(plant->journal, "{\"name\":\"%s\",\"t_ns\":%" PRId64 ",\"raw\":%s}\n",
                          point->name, utc_ns, raw); /* checked by ferror() at the end */
        }
    }
    if (plant->journal != NULL) {
        (void)fflush(plant->journal); /* as above */
    }
}

/** Two points may share a register only as different bits. `taken` has a mask per address. */
static bool overlaps(uint16_t *taken, const struct plant_point *point)
{
    uint16_t *masks = taken + (size_t)(point->function - 1) * TABLE_SIZE + point->address;
    uint16_t mask = (uint16_t)(point->bit >= 0 ? 1u << point->bit : UINT16_MAX);

    for (unsigned i = 0; i < point->count; i++) {
        if ((masks[i] & mask) != 0) {
            return true;
        }
        masks[i] = (uint16_t)(masks[i] | mask);
    }
    return false;
}

static const char *add_line(struct plant *plant, char *line, uint16_t *taken, uint64_t seed)
{
    struct plant_point *point;
    const char *problem;

    if (plant->point_count % 256 == 0) {
        struct plant_point *more =
            realloc(plant->points, (plant->point_count + 256) * sizeof(*more));

        if (more == NULL || plant->point_count >= POINTS_MAX) {
            return "too many points";
        }
        plant->points = more;
    }
    point = &plant->points[plant->point_count];
    problem = plant_point_parse(point, line);
    if (problem == NULL && overlaps(taken, point)) {
        problem = "its registers belong to another point as well";
    }
    if (problem == NULL) {
        plant_point_begin(point, seed);
        show(plant, point);
        plant->point_count++;
    }
    return problem;
}

static bool load(struct plant *plant, const struct plant_settings *settings, char *problem)
{
    CLEANUP(cleanup_fclose) FILE *file = fopen(settings->points_path, "re");
    CLEANUP(cleanup_free)
    uint16_t *taken = calloc((size_t)FUNCTION_COUNT * TABLE_SIZE, sizeof(*taken));
    char line[512];

    if (file == NULL || taken == NULL) {
        (void)snprintf(problem, PLANT_PROBLEM_SIZE, "%s: cannot be read: %s", settings->points_path,
                       strerror(errno));
        return false;
    }
    for (unsigned number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
        const char *wrong;

        line[strcspn(line, "\r\n")] = '\0';
        if (number == 1 || line[0] == '\0' || line[0] == '#') {
            continue;
        }
        wrong = add_line(plant, line, taken, settings->seed);
        if (wrong != NULL) {
            (void)snprintf(problem, PLANT_PROBLEM_SIZE, "%s:%u: %s", settings->points_path, number,
                           wrong);
            return false;
        }
    }
    return true;
}

struct plant *plant_open(const struct plant_settings *settings, char *problem)
{
    struct plant *plant = calloc(1, sizeof(*plant));

    (void)snprintf(problem, PLANT_PROBLEM_SIZE, "not enough memory");
    if (plant == NULL) {
        return NULL;
    }
    plant->mapping = modbus_mapping_new(TABLE_SIZE, TABLE_SIZE, TABLE_SIZE, TABLE_SIZE);
    if (plant->mapping == NULL ||
        (settings->points_path != NULL && !load(plant, settings, problem))) {
        plant_close(plant);
        return NULL;
    }
    if (settings->journal_path != NULL) {
        plant->journal = fopen(settings->journal_path, "we");
        if (plant->journal == NULL) {
            (void)snprintf(problem, PLANT_PROBLEM_SIZE, "%s: cannot be written: %s",
                           settings->journal_path, strerror(errno));
            plant_close(plant);
            return NULL;
        }
    }
    return plant;
}

void plant_close(struct plant *plant)
{
    if (plant == NULL) {
        return;
    }
    if (plant->journal != NULL) {
        bool failed = ferror(plant->journal) != 0;

        failed = fclose(plant->journal) != 0 || failed;
        if (failed) {
            (void)fprintf(stderr, "the journal is not complete: is the disk full?\n");
        }
    }
    if (plant->mapping != NULL) {
        modbus_mapping_free(plant->mapping);
    }
    free(plant->points);
    free(plant);
}

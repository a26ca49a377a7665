#include "drivers/modbus/sunspec/point.h"

#include <limits.h>
#include <string.h>

static const char prefix[] = "sunspec:";

bool sunspec_point_is(const char *address)
{
    return strncmp(address, prefix, sizeof(prefix) - 1) == 0;
}

/** Decimal digits, 1 to 65535; they end at *at. 0: none. */
static uint16_t read_number(const char **at)
{
    unsigned number = 0;

    while (**at >= '0' && **at <= '9' && number <= UINT16_MAX) {
        number = number * 10 + (unsigned)(**at - '0');
        (*at)++;
    }
    return number <= UINT16_MAX ? (uint16_t)number : 0;
}

/** "[2]", or nothing, which is 1. 0: neither. */
static uint16_t read_index(const char **at)
{
    uint16_t index;

    if (**at != '[') {
        return 1;
    }
    (*at)++;
    index = read_number(at);
    if (**at != ']') {
        return 0;
    }
    (*at)++;
    return index;
}

/** "101|102[2]|103." */
static bool read_choices(const char **at, struct sunspec_point *point)
{
    for (;; (*at)++) {
        uint16_t id = read_number(at);
        uint16_t instance = read_index(at);

        if (id == 0 || instance == 0 || point->choice_count == SUNSPEC_CHOICES_MAX) {
            return false;
        }
        point->choices[point->choice_count].id = id;
        point->choices[point->choice_count++].instance = instance;
        if (**at != '|') {
            return *(*at)++ == '.';
        }
    }
}

/** "module[2].DCW" */
static bool read_steps(const char **at, struct sunspec_point *point)
{
    for (;; (*at)++) {
        size_t size = strcspn(*at, ".[");

        if (size == 0 || size >= SUNSPEC_NAME_SIZE || point->step_count == SUNSPEC_STEPS_MAX) {
            return false;
        }
        memcpy(point->steps[point->step_count].name, *at, size);
        *at += size;
        point->steps[point->step_count].index = read_index(at);
        if (point->steps[point->step_count++].index == 0) {
            return false;
        }
        if (**at != '.') {
            return **at == '\0';
        }
    }
}

/** The point's entry in one model; NULL with `error` filled. */
static const struct sunspec_entry *look_up(const char *address, unsigned id,
                                           const struct sunspec_point *point, struct error *error)
{
    const struct sunspec_model *model = sunspec_model_find(id);
    const struct sunspec_entry *entry = NULL;

    if (model == NULL) {
        (void)error_set(error, ERROR_BAD_CONFIG,
                        "address '%.60s': model %u is not known; docs/sunspec.md lists the known "
                        "ones. Its registers can be given as holding:...",
                        address, id);
        return NULL;
    }
    for (unsigned i = 0; i < point->step_count; i++) {
        bool is_last = i + 1 == point->step_count;

        entry = sunspec_entry_find(i == 0 ? sunspec_model_entries(model) : entry + 1,
                                   point->steps[i].name);
        if (entry == NULL || entry->kind == SUNSPEC_PAD) {
            (void)error_set(error, ERROR_BAD_CONFIG,
                            "address '%.60s': model %u (%s) has nothing called %s there; mind "
                            "capitals, and groups, as in 160.module[2].DCW",
                            address, id, sunspec_text(model->name), point->steps[i].name);
            return NULL;
        }
        if ((entry->kind == SUNSPEC_GROUP) == is_last || (is_last && point->steps[i].index != 1)) {
            (void)error_set(error, ERROR_BAD_CONFIG, "address '%.60s': %s is a %s", address,
                            point->steps[i].name,
                            entry->kind == SUNSPEC_GROUP
                                ? "group; write which of it and a point, as in module[2].DCW"
                                : "point; nothing can follow it");
            return NULL;
        }
    }
    return entry;
}

/** What a sample can be; choices must agree in it. */
static bool same_kind_of_sample(const char *one, const char *other)
{
    bool is_real = strncmp(one, "float", 5) == 0;
    bool is_text = strcmp(one, "string") == 0;

    return is_real == (strncmp(other, "float", 5) == 0) &&
           is_text == (strcmp(other, "string") == 0);
}

enum error_code sunspec_point_parse(const char *address, struct sunspec_point *point,
                                    struct error *error)
{
    const char *at = address + sizeof(prefix) - 1;
    struct sunspec_point parsed = {0};

    if (!sunspec_point_is(address) || !read_choices(&at, &parsed) || !read_steps(&at, &parsed)) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "address '%.60s': write the model and the point, as in sunspec:103.W, "
                         "sunspec:160.module[2].DCW, sunspec:203[2].W or sunspec:101|102|103.W",
                         address);
    }
    for (unsigned i = 0; i < parsed.choice_count; i++) {
        parsed.choices[i].entry = look_up(address, parsed.choices[i].id, &parsed, error);
        if (parsed.choices[i].entry == NULL) {
            return ERROR_BAD_CONFIG;
        }
        if (!same_kind_of_sample(sunspec_entry_type(parsed.choices[0].entry),
                                 sunspec_entry_type(parsed.choices[i].entry))) {
            return error_set(error, ERROR_BAD_CONFIG,
                             "address '%.60s': it is of type %s in model %u and %s in model %u; "
                             "give them as two points",
                             address, sunspec_entry_type(parsed.choices[0].entry),
                             parsed.choices[0].id, sunspec_entry_type(parsed.choices[i].entry),
                             parsed.choices[i].id);
        }
    }
    *point = parsed;
    return ERROR_OK;
}

const char *sunspec_entry_type(const struct sunspec_entry *entry)
{
    static const char *const types[] = {
        [SUNSPEC_INT16] = "int16",     [SUNSPEC_UINT16] = "uint16",
        [SUNSPEC_COUNT] = "uint16",    [SUNSPEC_ACC16] = "uint16",
        [SUNSPEC_ENUM16] = "uint16",   [SUNSPEC_BITFIELD16] = "uint16",
        [SUNSPEC_SUNSSF] = "int16",    [SUNSPEC_INT32] = "int32",
        [SUNSPEC_UINT32] = "uint32",   [SUNSPEC_ACC32] = "uint32",
        [SUNSPEC_ENUM32] = "uint32",   [SUNSPEC_BITFIELD32] = "uint32",
        [SUNSPEC_INT64] = "int64",     [SUNSPEC_UINT64] = "uint64",
        [SUNSPEC_ACC64] = "uint64",    [SUNSPEC_FLOAT32] = "float32",
        [SUNSPEC_FLOAT64] = "float64", [SUNSPEC_STRING] = "string",
        [SUNSPEC_IPADDR] = "string",   [SUNSPEC_IPV6ADDR] = "string",
        [SUNSPEC_EUI48] = "string",
    };

    return entry->other != 0 || entry->factor != 0 ? "float64" : types[entry->kind];
}

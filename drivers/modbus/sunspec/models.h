/* drivers/modbus/sunspec/models.h - what stands in which SunSpec model: a table, compiled in.
 *
 * models.inc is made by make_models.py from the SunSpec Alliance's definitions. A model is a list
 * of entries in the order of its registers: points, and groups that hold further entries up to
 * their SUNSPEC_END; one more ends the model.
 *
 * Depends on: nothing.  Threads: constant data.
 */
#ifndef DRIVERS_MODBUS_SUNSPEC_MODELS_H
#define DRIVERS_MODBUS_SUNSPEC_MODELS_H

#include <stddef.h>
#include <stdint.h>

/** Types by the SunSpec Device Information Model Specification 1.1, and what is no point. */
enum sunspec_kind {
    SUNSPEC_END,
    SUNSPEC_GROUP,
    SUNSPEC_PAD,
    SUNSPEC_INT16,
    SUNSPEC_UINT16,
    SUNSPEC_COUNT,
    SUNSPEC_ACC16,
    SUNSPEC_ENUM16,
    SUNSPEC_BITFIELD16,
    SUNSPEC_SUNSSF,
    SUNSPEC_INT32,
    SUNSPEC_UINT32,
    SUNSPEC_ACC32,
    SUNSPEC_ENUM32,
    SUNSPEC_BITFIELD32,
    SUNSPEC_INT64,
    SUNSPEC_UINT64,
    SUNSPEC_ACC64,
    SUNSPEC_FLOAT32,
    SUNSPEC_FLOAT64,
    SUNSPEC_STRING,
    SUNSPEC_IPADDR,
    SUNSPEC_IPV6ADDR,
    SUNSPEC_EUI48,
};

/** Texts are places in the pool, for sunspec_text(); 0 is the empty one. */
struct sunspec_entry {
    uint16_t name;
    uint16_t other; /* the scale factor's name; of a group the point that says how many there are */
    uint16_t unit;  /* UCUM */
    uint8_t kind;   /* enum sunspec_kind */
    uint8_t registers; /* of a group without `other` how many there are; 0: as many as fit */
    int8_t factor;     /* power of ten that the model itself fixes */
};

struct sunspec_model {
    uint16_t id;
    uint16_t first; /* entry */
    uint16_t name;
};

const char *sunspec_text(uint16_t place);

/** NULL: not in the table. */
const struct sunspec_model *sunspec_model_find(unsigned id);

static inline const char *sunspec_name(const struct sunspec_entry *entry)
{
    return sunspec_text(entry->name);
}

const struct sunspec_entry *sunspec_model_entries(const struct sunspec_model *model);

/** The entry behind `entry`: of a group the one behind its SUNSPEC_END. */
const struct sunspec_entry *sunspec_entry_next(const struct sunspec_entry *entry);

/** The point or group called `name` among `entry` and what follows on its level; NULL: none. */
const struct sunspec_entry *sunspec_entry_find(const struct sunspec_entry *entry, const char *name);

#endif

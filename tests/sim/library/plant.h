/* tests/sim/library/plant.h - the simulated plant: points with values that change, in Modbus
 * tables.
 *
 *   points.csv -> [ PLANT ] -> modbus_server (answers) -> the agent under test
 *                     \-> journal: what was served, to compare with what arrived
 *
 * Points file: CSV, a header line, then `name,address,type,order,interval_ms`. Lines that are empty
 * or begin with '#' are skipped.
 *
 *   name         letters, digits, '-', '_', '.', '/'
 *   address      holding:100  input:200  coil:4  discrete:7  holding:100.3 (a bit)
 *                holding:50/8 (a text of 8 registers)
 *   type         bool int16 uint16 int32 uint32 int64 uint64 float32 float64 string
 *   order        ABCD (or empty) CDAB BADC DCBA; 64 bits: ABCDEFGH GHEFCDAB BADCFEHG HGFEDCBA
 *   interval_ms  how often the value changes; 0: never
 *
 * What a point does at each change, by its type:
 *
 *   bool                    toggles
 *   uint32, uint64          counters, grow by 1 to 50; uint32 starts below 2^31, uint64 above 2^53
 *   int16 uint16 int32 int64, float32 float64   walk at random; int64 far beyond 2^53
 *   string                  "lot 000083", "lot 000084", ...
 *
 * The n-th value of a point depends on its name, its type, the seed and n alone. Values change
 * only inside plant_advance(). Registers that no point covers read as 0.
 *
 * Journal: one JSON line per served point, {"name":"flow","t_ns":1760000000123456789,"raw":-12}.
 * `raw` is an integer (bool: 0 or 1; uint64 in full), a text, or for a float the hexadecimal of its
 * bits as text: 8 digits of a float32 ("41a00000"), 16 of a float64.
 *
 * Depends on: base, libmodbus (its mapping).  Threads: one user at a time.
 */
#ifndef TESTS_SIM_LIBRARY_PLANT_H
#define TESTS_SIM_LIBRARY_PLANT_H

#include <modbus/modbus.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLANT_PROBLEM_SIZE = 200 };

struct plant;

struct plant_settings {
    const char *points_path;  /* NULL: no points */
    const char *journal_path; /* NULL: none; else written anew */
    uint64_t seed;
};

/** NULL, with a sentence in `problem` (PLANT_PROBLEM_SIZE bytes), when a file cannot be used. */
struct plant *plant_open(const struct plant_settings *settings, char *problem);

/** Write out the journal and free. Accepts NULL. */
void plant_close(struct plant *plant);

/** What libmodbus answers from: 65536 of each table. */
modbus_mapping_t *plant_mapping(struct plant *plant);

/** Bring every value up to `now_ns` (monotonic); the first call is the beginning of time. */
void plant_advance(struct plant *plant, int64_t now_ns);

/** A read by `function` (1 to 4) of `count` from `first` was answered in full: count and journal
 *  each point that lies inside it. `utc_ns`: when. */
void plant_served(struct plant *plant, unsigned function, unsigned first, unsigned count,
                  int64_t utc_ns);

/** How often a point was served. */
uint64_t plant_produced(const struct plant *plant);

#endif

/* agent/config/unit.h - whether a text can be a UCUM unit, and what to write instead.
 *
 * Not a UCUM parser: it refuses what UCUM cannot be (characters outside ASCII, blanks, open
 * brackets) and the spellings that are common in plants and mean something else or nothing in UCUM.
 *
 * Depends on: nothing.  Threads: pure.
 */
#ifndef AGENT_CONFIG_UNIT_H
#define AGENT_CONFIG_UNIT_H

#include <stddef.h>

/** NULL: usable. Else a sentence, kept in `sentence`. */
const char *unit_problem(const char *unit, char *sentence, size_t size);

#endif

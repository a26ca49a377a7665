/* agent/local/value_text.h - values as people write and read them, and as the source has them.
 *
 * Depends on: base.  Threads: pure.
 */
#ifndef AGENT_LOCAL_VALUE_TEXT_H
#define AGENT_LOCAL_VALUE_TEXT_H

#include "base/definition.h"
#include "base/error.h"
#include "base/sample.h"

#include <stddef.h>

/** The raw value of `text`, which is in the unit of `definition`: a whole number stays one where
 *  there is neither scale nor offset, anything else becomes a double, not yet rounded; true, on,
 * yes, 1 and their opposites of a bool; of a text point `raw` borrows `text`. *value is what was
 * asked for as a number; NaN of a text. Errors: ERROR_REFUSED with what to write. */
MUST_CHECK enum error_code value_text_parse(const struct definition *definition, const char *text,
                                            struct sample *raw, double *value, struct error *error);

/** What a raw value is in the unit. NaN of a text, and of none. */
double value_text_number(const struct definition *definition, const struct sample *raw);

/** The same for people: "21.5", "true", a text as it is; "" of none. Cut at `size`. */
void value_text_print(const struct definition *definition, const struct sample *raw, char *text,
                      size_t size);

#endif

/* lake/listing.h - what the verification knows, written down for the models.
 *
 *   verify -> [ LISTING ] -> lake/dbt (macros/listing.sql reads it)
 *
 * Three CSV files with a header line: objects.csv (every object, with its path, range, digest,
 * times and whether it is sound), accounts.csv (one row per stream of a gateway's incarnation),
 * gaps.csv (ranges that no sound object holds: lost, with the gateway's reason and times, missing,
 * damaged).
 *
 * Depends on: base/fs, verify.  Threads: one user at a time.
 */
#ifndef LAKE_LISTING_H
#define LAKE_LISTING_H

#include "lake/verify.h"

/** Write the three files into `folder`. `lake` is the lake's absolute path. Errors: those of
 *  fs_replace_file(), ERROR_NO_MEMORY. */
MUST_CHECK enum error_code listing_write(const struct verification *verification, const char *lake,
                                         const char *folder, struct error *error);

#endif

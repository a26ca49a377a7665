/* base/fs.h - the only door to files of our own (SQLite has its VFS).
 *
 *  F1  A file that becomes visible under its name is whole and on disk: write, fsync, rename or
 *      link, fsync of the directory; each result is checked, the failing step is named.
 *  F2  ENOSPC and EDQUOT are ERROR_NO_SPACE; EROFS, EACCES and EPERM are ERROR_REFUSED (a person
 *      must act); a missing file is ERROR_UNREACHABLE; anything else is ERROR_IO.
 *
 * Depends on: buffer, error.  Threads: all.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Append the whole file to `content`; one larger than its maximum is ERROR_BAD_DATA. */
MUST_CHECK enum error_code fs_read_file(const char *path, struct buffer *content,
                                        struct error *error);

/** Replace `path` with these bytes (F1), mode `mode`. */
MUST_CHECK enum error_code fs_replace_file(const char *path, const void *bytes, size_t size_bytes,
                                           unsigned mode, struct error *error);

/** Create `path` with these bytes (F1), never overwriting: `*existed` says that it was there before
 *  (then nothing was written and ERROR_OK is returned). Mode 0644. What a crash leaves behind is
 *  called ".NAME.XXXXXX". Where the file system knows neither hard links nor RENAME_NOREPLACE, two
 *  callers with the same path at the same moment may replace one another. */
MUST_CHECK enum error_code fs_create_file(const char *path, const void *bytes, size_t size_bytes,
                                          bool *existed, struct error *error);

/** Copy what `from` holds into the new file `to` (mode 0644), sharing the blocks where the file
 *  system can. `to` is not synced. Errors: F2; ERROR_REFUSED when `to` is there already. Of what
 *  failed nothing stays behind. */
MUST_CHECK enum error_code fs_copy_file(const char *from, const char *to, struct error *error);

/** mkdir -p for `path`, each made directory and its parent synced. Mode 0755. */
MUST_CHECK enum error_code fs_make_directories(const char *path, struct error *error);

/** errno as F2 has it, with the sentence "cannot <step> <path>: <reason>". */
enum error_code fs_error(struct error *error, int system_errno, const char *step, const char *path);

#endif

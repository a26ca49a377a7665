/* agent/store/inspect.h - look at a queue's files before SQLite does, since SQLite would repair.
 *
 *   the files -> [ INSPECT ] -> store: open it, or put it aside as it is
 *
 *  1. Nothing is written, but for rule 7. The files are read through the VFS, under an exclusive
 *     lock, so that a queue that another process uses is never judged.
 *  2. A journal that is gone, or damaged so that what was committed is lost (wal_file.h), would let
 *     SQLite go back in time silently, and numbers be given twice: that is damage.
 *  3. An empty database makes SQLite delete its journal: that, too.
 *  4. A database that is shorter than it says, and whose missing pages the journal does not have,
 *     is damaged: reading might go on, writing would not.
 *  5. Another program's database is not ours to change, not even its journal mode.
 *  6. The making of a queue may be interrupted anywhere: until page 1 of the file itself carries
 *     our application id nothing in it was ever acknowledged, and all is well.
 *  7. A journal's header that was torn while the journal began anew is zeroed, once all that the
 *     journal holds is known to be in the database. SQLite takes frames from no torn header, but it
 *     does take the salts over for the next one; then frames of two laps have the same salts, and
 *     those of the older one look like commits that were lost (rule 2).
 *
 * What it costs: one pass over the journal, 2 to 4 ms; the database is not read.
 *
 * Depends on: wal_file.  Threads: pure.
 */
#ifndef AGENT_STORE_INSPECT_H
#define AGENT_STORE_INSPECT_H

#include "agent/store/raw_file.h"

enum inspect_verdict { INSPECT_USABLE, INSPECT_DAMAGED, INSPECT_NEWER };

enum { INSPECT_APPLICATION_ID = 0x4c656174, INSPECT_FORM = 2 };

struct inspection {
    enum inspect_verdict verdict;
    const char *reason;    /* "its journal is damaged"; NULL: usable */
    bool is_made;          /* rule 6: page 1 of the file carries our id, for all we know */
    int64_t journal_bytes; /* -1: there is none */
};

void inspect_queue(sqlite3_vfs *vfs, const char *path, struct inspection *found);

#endif

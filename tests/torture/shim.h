/* tests/torture/shim.h - what a torture harness and the shim inside the agent tell each other.
 *
 *   kill.py, disk.py <-> [ a file of 64-bit words, mapped by both ] <-> shim.c in the agent
 *
 * Every word may change at any time; a word that the shim only counts is never reset by it, so the
 * counts go on over kills. The names of the words, in this order, stand in shim.py too.
 *
 * Environment: LEAT_SHIM_STATE (this file), LEAT_SHIM_QUEUE (path of the database), LEAT_SHIM_LAKE
 * (folder of the lake); absolute, without symbolic links. Without the first one nothing is done.
 */
#ifndef TESTS_TORTURE_SHIM_H
#define TESTS_TORTURE_SHIM_H

#include "base/stream.h"
#include "tests/support/milestone.h"

#include <stdatomic.h>
#include <stdint.h>

enum shim_event {
    SHIM_NONE,
    SHIM_COMMIT,     /* one step of a statement COMMIT */
    SHIM_SLOT_TURN,  /* from the write of a slot's header to the end of its transaction */
    SHIM_CHECKPOINT, /* from the first write to the database itself to the end of that COMMIT */
    SHIM_CUT,        /* from the step that saves an active cut to the end of its transaction */
    SHIM_UPLOAD, /* from the creation of a temporary file in the lake to the sync of its folder */
    SHIM_EVENT_COUNT
};

/** Where inside an event. The numbered ones (`nth`) count from 1. A moment that the event does not
 *  come to becomes SHIM_END. */
enum shim_moment {
    SHIM_BEGIN,
    SHIM_WRITE,     /* before the n-th write */
    SHIM_HALF,      /* when the n-th write has written half its bytes */
    SHIM_WRITTEN,   /* after the n-th write */
    SHIM_SYNC,      /* before the n-th sync */
    SHIM_SYNCED,    /* after it */
    SHIM_END,       /* all is done, nobody was told */
    SHIM_LINK,      /* upload: before the object has its name */
    SHIM_LINKED,    /* it has it, and its temporary one too */
    SHIM_DIRECTORY, /* before the folder is synced */
    SHIM_FINISH, /* upload: after its end; the cut is finished in memory, its transaction not yet on
                    disk */
    SHIM_RESTART, /* checkpoint: after its end; half the header of the journal that begins anew is
                     written */
};

struct shim_state {
    /* Asked for by the harness. */
    _Atomic uint64_t armed;  /* enum shim_event: kill inside the next one */
    _Atomic uint64_t pass;   /* events of that kind to let go first */
    _Atomic uint64_t moment; /* enum shim_moment */
    _Atomic uint64_t nth;
    _Atomic uint64_t io_error_ppm; /* writes and syncs of the queue that answer EIO */
    _Atomic uint64_t no_space_ppm; /* writes of the queue that answer ENOSPC */
    _Atomic uint64_t slow_ppm;     /* syncs of the queue that take slow_us longer */
    _Atomic uint64_t slow_us;
    _Atomic uint64_t random; /* not 0 */
    /* Told by the shim. */
    _Atomic uint64_t killed_event; /* SHIM_NONE: it killed nobody */
    _Atomic uint64_t killed_moment;
    _Atomic uint64_t events[SHIM_EVENT_COUNT];
    _Atomic uint64_t committed[STREAM_COUNT]; /* highest number in a transaction that succeeded */
    _Atomic uint64_t given_twice;             /* numbers committed that were committed before */
    _Atomic uint64_t pubacks;
    _Atomic uint64_t io_errors, no_spaces, slow_syncs;
    struct milestone milestones[STREAM_COUNT]; /* of `committed` */
};

#endif

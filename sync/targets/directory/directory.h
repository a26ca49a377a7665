/* sync/targets/directory/directory.h - a folder as the lake: a disk, an NFS mount, a USB stick.
 *
 *   sync/encoder -> [ DIRECTORY ] -> raw zone
 *
 *  Y1  An object gets its name when it is whole and on disk (base/fs.h F1) and is never written
 *      again; when it is there already, that is success (T2).
 *  Y2  The root is never made: a missing one may be a disk that is not mounted, and what would be
 *      written in its place fills the system's own. `mounted: true` asks for a mount as well.
 *  Y3  What a crash left under a temporary name is removed by a later put() into the same folder,
 *      an hour after, in the file system's own time.
 *
 * The deadline cannot interrupt a file system that hangs (a dead NFS server, mounted hard); it is
 * looked at before each step.
 *
 * Depends on: base, object_name.  Threads: as sync/target.h.
 */
#ifndef SYNC_TARGETS_DIRECTORY_DIRECTORY_H
#define SYNC_TARGETS_DIRECTORY_DIRECTORY_H

#include "sync/target.h"

extern const struct target directory_target;

#endif

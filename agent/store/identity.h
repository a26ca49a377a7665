/* agent/store/identity.h - to which machine and under which name a queue belongs.
 *
 *  1. A queue keeps, as notes, the machine, the hardware, the site and the gateway it was used on,
 *     and when its file was made. A queue for which any of them is known and is another one now was
 *     copied, or its objects would get other names: it must not go on (numbers would be given
 *     twice).
 *     A hardware text may begin with where it was read ("tree:"); two places are not compared.
 *  2. What is not known on either side says nothing; what becomes known is noted.
 *  3. The time at which a file was made is believed only on file systems that keep it as it is.
 *
 * Depends on: inside.  Threads: the opening's.
 */
#ifndef AGENT_STORE_IDENTITY_H
#define AGENT_STORE_IDENTITY_H

#include "agent/store/inside.h"
#include "agent/store/store_aside.h"

/** Rule 1: true, and `reason` is filled, when the queue belongs elsewhere. Never, when the settings
 *  name no identity. */
bool identity_is_other(struct store *store, const struct store_settings *settings,
                       char reason[STORE_REASON_SIZE]);

/** Note what is known (rule 2); rides in the next commit. Errors: ERROR_BUG, as store_note_set().
 */
MUST_CHECK enum error_code identity_note(struct store *store, const struct store_settings *settings,
                                         struct error *error);

#endif

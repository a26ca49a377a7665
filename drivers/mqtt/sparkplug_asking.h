/* drivers/mqtt/sparkplug_asking.h - which node to ask for its births anew, and when; and the words.
 *
 *   sparkplug.c (a birth is wanted) -> [ ASKING ] -> publish.c -> NCMD "Node Control/Rebirth"
 *
 * Eclipse Sparkplug 3.0.0, 5 "Commands"
 * (tck-id-operational-behavior-data-commands-ncmd-rebirth-verb, -name, -value): a host asks by a
 * command; the node publishes NBIRTH and the DBIRTHs of its devices again. A command is a write to
 * the plant, so this runs only where it was configured.
 *
 *  H1  A birth is wanted when data or a DBIRTH come without the births before them, under an alias
 *      or without a datatype that no birth explains, behind a jump of seq, while a birth may have
 *      been missed (S5), and when an NDEATH's bdSeq is not that of the birth. An NBIRTH, and a
 *      death that counts, end it; asking does, too, until a message wants it again.
 *  H2  A node is asked SPARKPLUG_ASK_SOON_NS at the earliest after it was wanted, spread over
 *      SPARKPLUG_ASK_SPREAD_NS by the host id and its name: a birth on its way spares the asking,
 *      and two hosts do not ask at once.
 *  H3  Between two commands to one node lies SPARKPLUG_ASK_PAUSE_NS at least, twice as long each
 *      time, up to SPARKPLUG_ASK_PAUSE_MAX_NS: births that do not help are not asked for in vain
 *      for ever. A node that was not asked for twice that long begins anew.
 *  H4  Between any two commands of one connection lies SPARKPLUG_ASK_GAP_NS.
 *
 * Depends on: base, births, nanopb.  Threads: one user at a time.
 */
#ifndef DRIVERS_MQTT_SPARKPLUG_ASKING_H
#define DRIVERS_MQTT_SPARKPLUG_ASKING_H

#include "drivers/mqtt/sparkplug_births.h"

#define SPARKPLUG_ASK_SOON_NS      (1 * NS_PER_S)
#define SPARKPLUG_ASK_SPREAD_NS    (4 * NS_PER_S)
#define SPARKPLUG_ASK_PAUSE_NS     (60 * NS_PER_S)
#define SPARKPLUG_ASK_PAUSE_MAX_NS (3600 * NS_PER_S)
#define SPARKPLUG_ASK_GAP_NS       (500 * NS_PER_MS)

enum { SPARKPLUG_COMMAND_MAX = 64 }; /* bytes of the payload */

/** The node to ask now (monotonic), or NULL. `*wake_ns`: nothing is to be done before, unless a
 *  birth is wanted meanwhile. */
struct sparkplug_node *sparkplug_next_to_ask(struct sparkplug_births *births, const char *host_id,
                                             int64_t now_ns, int64_t *wake_ns);

/** It was sent (or could not be): this counts for H3 and H4. */
void sparkplug_was_asked(struct sparkplug_births *births, struct sparkplug_node *node,
                         int64_t now_ns);

/** The payload of the command, made at `time_ns` (UTC); its size: a timestamp and no seq
 *  (tck-id-payloads-ncmd-timestamp). */
size_t sparkplug_rebirth_payload(int64_t time_ns, uint8_t bytes[SPARKPLUG_COMMAND_MAX]);

#endif

/* agent/agent.h - the running agent: what main() starts, reloads and stops.
 *
 *  G1  SIGTERM, SIGINT: collectors finish the read they are in, everything is committed, the
 *      process ends with 0 within 2 s. One that is still in its driver then is left to the exit.
 *  G2  SIGHUP: the configuration is read again. A bad one changes nothing and is told finding by
 *      finding. Devices whose fingerprint did not change go on untouched. What concerns the queue
 *      (path, rings) waits for a restart, and the log says so.
 *  G3  The main thread commits once per flush interval, whatever else happens. A failed commit is
 *      told once and tried again at the next flush; acquisition goes on (P4).
 *  G4  High-water marks are recorded every 15 minutes and at the end.
 *  G5  A queue that turns out damaged where it must be written is given up: the agent stops as by
 *      G1 and starts again in the same process; the opening sets the queue aside, a new one begins.
 *
 * Depends on: everything in agent/.  Threads: called on the main thread.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/config/config.h"
#include "agent/store/store.h"
#include "base/clock.h"
#include "base/error.h"

#define AGENT_CONFIG_PATH "/etc/leat/leat.yaml"
#define AGENT_SOCKET_PATH "/run/leat/leat.sock"

struct agent_settings {
    const char *config_path;
    const char *socket_path;
};

/** Run until a signal ends it. Returns the exit status: 0 after a clean end. */
int agent_run(const struct agent_settings *settings);

/** Load a configuration; NULL after every finding was printed on standard error. */
struct config *agent_load_config(const char *path);

/** Open the queue as configured. Errors: what store_open() gives. */
MUST_CHECK enum error_code agent_open_store(const struct config *config, const struct clock *clock,
                                            struct store **store, struct error *error);

#endif

/* agent/uplink/upload.h - `leat upload`: everything that waits goes to the target now.
 *
 * For the technician who leaves, the gateway that is taken down, the USB stick that is carried
 * home. A running agent is asked through its socket and does it in its own time; without one the
 * queue is opened here and drained.
 *
 * Depends on: config, local_client, store, uplink.  Threads: the main thread.
 */
#ifndef AGENT_UPLINK_UPLOAD_H
#define AGENT_UPLINK_UPLOAD_H

/** Returns the exit status; tells what happened on standard output, failures on standard error. */
int upload_now(const char *config_path, const char *socket_path);

#endif

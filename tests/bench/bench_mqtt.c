/* tests/bench/bench_mqtt.c - what durability costs: the agent beside a bare Paho subscriber.
 *
 *  plain    messages a second at QoS 1 that stand in the agent's queue, committed and synced before
 *           they are acknowledged, against Paho alone, which acknowledges and forgets
 *  tls      the same over TLS, with the broker's name checked
 *  slow     5 ms more for every flush of the disk, as flash takes them; Paho writes nothing. With
 *           the window twice as large: what it holds may be two flushes away from its commit
 *  file     against `mosquitto_sub`, whose file nobody syncs
 *  window   with the window that mosquitto and the agent have when nobody sets it
 *  processor  nanoseconds of all processors that a message costs the candidate, in the rounds of
 *           plain and tls: what a gateway with other work to do pays
 *
 * Each candidate drains a session in which mosquitto holds MESSAGES of them, so that nothing but
 * broker and candidate runs; the rate is taken from the first tenth on, so that starting and
 * connecting are not in it. What the agent has committed is read from tests/torture/shim.c inside
 * it, which also slows the flushes. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/bench/agent_process.h"
#include "tests/bench/committed.h"
#include "tests/bench/figure.h"
#include "tests/bench/mqtt_backlog.h"
#include "tests/bench/scratch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUNDS = 9, /* of pairs: a rate here is one of two, by where the scheduler puts broker and
                   candidate */
    MESSAGES = 60000,
    FIRST = MESSAGES / 10, /* what is measured lies between these */
    LAST = MESSAGES - MESSAGES / 20,
    WINDOW = 1000,
    SLOW_WINDOW = 4000, /* 100,000 a second come, and each waits for two flushes of 5 ms and more */
    USUAL_WINDOW = 20,  /* of both, when nobody sets it */
    SLOW_US = 5000,
    ALWAYS_PPM = 1000000,
    DRAINED_IN_S = 60,
};

/* How much more processor time than Paho alone storing a message may cost. */
#define PROCESSOR_TARGET 1.3

struct subject {
    const struct backlog *backlog;
    const char *folder;
    struct shim_state *state; /* of the shim, and of the bare Paho */
    bool tls;
    unsigned slow_us, window;
    char state_path[PATH_MAX], output_path[PATH_MAX];
};

/** Of one drained session. */
struct pace {
    double per_s, processor_ns; /* messages; of one message */
};

struct candidate {
    const char *client_id, *topic;
    pid_t (*start)(struct subject *subject);
    /** Until that many have come, or DRAINED_IN_S; returns how many. */
    uint64_t (*wait)(const struct subject *subject, pid_t process, uint64_t least);
    void (*stop)(struct subject *subject, pid_t process);
};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_mqtt: %s\n", what);
    exit(1);
}

static void broker_uri(const struct subject *subject, const char *plain, const char *tls, char *uri,
                       size_t size)
{
    (void)snprintf(
        uri, size, "%s://localhost:%u", subject->tls ? tls : plain,
        (unsigned)(subject->tls ? subject->backlog->tls_port : subject->backlog->broker.port));
}

/* The agent. */

static void write_config(const struct subject *subject)
{
    char path[PATH_MAX], uri[80];
    FILE *file;

    broker_uri(subject, "mqtt", "mqtts", uri, sizeof(uri));
    (void)snprintf(path, sizeof(path), "%s/leat.yaml", subject->folder);
    file = fopen(path, "w");
    if (file == NULL) {
        die("no configuration for the agent");
    }
    (void)fprintf(file,
                  "site: bench\ngateway: gw-1\nqueue: { path: %s/queue.db }\ndevices:\n"
                  "  - name: line\n    driver: mqtt\n    broker: %s\n    client_id: agent\n"
                  "    window: %u\n",
                  subject->folder, uri, subject->window);
    if (subject->tls) {
        (void)fprintf(file, "    ca: %s/broker.pem\n", subject->backlog->broker.folder);
    }
    (void)fprintf(file, "    subscriptions:\n      - topic: bench/agent\n        payload: json\n"
                        "        time: { path: t, format: epoch-ms }\n        points:\n"
                        "          - { name: count, path: v, type: int }\n");
    if (fclose(file) != 0) {
        die("no configuration for the agent");
    }
}

static pid_t start_agent(struct subject *subject)
{
    char library[PATH_MAX], queue[PATH_MAX];
    /* Which file is the queue's the shim looks up at each write: it is told only to slow it. */
    const char *const variables[] = {"LD_PRELOAD",
                                     library,
                                     "LEAT_SHIM_STATE",
                                     subject->state_path,
                                     subject->slow_us > 0 ? "LEAT_SHIM_QUEUE" : NULL,
                                     queue,
                                     NULL};

    (void)mkdir(subject->folder, 0700); /* a missing one is told of below */
    write_config(subject);
    agent_process_path("tests/torture/libshim.so", library, sizeof(library));
    (void)snprintf(queue, sizeof(queue), "%s/queue.db", subject->folder);
    subject->state->random = 1;
    subject->state->slow_us = subject->slow_us;
    subject->state->slow_ppm = subject->slow_us > 0 ? ALWAYS_PPM : 0;
    return agent_process_start(subject->folder, variables);
}

static uint64_t wait_counted(const struct subject *subject, pid_t process, uint64_t least)
{
    (void)process;
    return committed_wait(subject->state, STREAM_READINGS, least, DRAINED_IN_S);
}

static void stop_agent(struct subject *subject, pid_t process)
{
    agent_process_stop(process);
    agent_process_remove(subject->folder);
}

/* Paho alone. */

static pid_t start_paho(struct subject *subject)
{
    char program[PATH_MAX], uri[80], authority[PATH_MAX];
    pid_t process;

    broker_uri(subject, "tcp", "ssl", uri, sizeof(uri));
    (void)snprintf(authority, sizeof(authority), "%s/broker.pem", subject->backlog->broker.folder);
    agent_process_path("tests/bench/paho_subscriber", program, sizeof(program));
    process = fork();
    if (process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)execl(program, "paho_subscriber", uri, subject->tls ? authority : "-", "paho",
                    subject->state_path, (char *)NULL);
        _exit(127);
    }
    return process;
}

static void stop_process(struct subject *subject, pid_t process)
{
    (void)subject;
    agent_process_stop(process);
}

/* mosquitto_sub into a file. */

static pid_t start_mosquitto_sub(struct subject *subject)
{
    char port[16], last[16];
    CLEANUP(cleanup_close)
    int output = open(subject->output_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    pid_t process;

    (void)snprintf(last, sizeof(last), "%d", LAST);
    (void)snprintf(port, sizeof(port), "%u", (unsigned)subject->backlog->broker.port);
    process = fork();
    if (process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (output >= 0 && dup2(output, STDOUT_FILENO) >= 0) {
            (void)execlp("mosquitto_sub", "mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-c",
                         "-i", "file", "-q", "1", "-t", "bench/file", "-C", last, (char *)NULL);
        }
        _exit(127);
    }
    return process;
}

static uint64_t written(const struct subject *subject)
{
    struct stat status;

    return stat(subject->output_path, &status) == 0
               ? (uint64_t)status.st_size / (BACKLOG_PAYLOAD_BYTES + 1)
               : 0;
}

/** Its beginning is seen at the file. To watch that costs it something; the end of what is measured
 *  is the end of the process, which comes by itself behind LAST messages. */
static uint64_t wait_written(const struct subject *subject, pid_t process, uint64_t least)
{
    CLEANUP(cleanup_close) int watch = inotify_init1(IN_CLOEXEC);
    CLEANUP(cleanup_close) int end = (int)syscall(SYS_pidfd_open, process, 0);
    struct pollfd ready[] = {{.fd = end, .events = POLLIN}, {.fd = watch, .events = POLLIN}};
    char events[4096];

    if (watch < 0 || end < 0 ||
        (least < LAST && inotify_add_watch(watch, subject->output_path, IN_MODIFY) < 0)) {
        die("cannot watch the file of mosquitto_sub");
    }
    while (written(subject) < least && poll(ready, 2, DRAINED_IN_S * 1000) > 0 &&
           ready[0].revents == 0 && read(watch, events, sizeof(events)) > 0) {
    }
    return written(subject);
}

static void stop_mosquitto_sub(struct subject *subject, pid_t process)
{
    if (process > 0) { /* it may overlook to be asked (2.0.11) */
        (void)kill(process, SIGKILL);
        (void)waitpid(process, NULL, 0);
    }
    (void)unlink(subject->output_path);
}

static const struct candidate the_agent = {"agent", "bench/agent", start_agent, wait_counted,
                                           stop_agent};
static const struct candidate bare_paho = {"paho", "bench/paho", start_paho, wait_counted,
                                           stop_process};
static const struct candidate file_writer = {"file", "bench/file", start_mosquitto_sub,
                                             wait_written, stop_mosquitto_sub};

static int64_t processor_of(pid_t process)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        die("a candidate ended early");
    }
    return used.tv_sec * NS_PER_S + used.tv_nsec;
}

/** `is_timed`: with its processor time; mosquitto_sub has ended when its last message is seen. */
static struct pace drain(const struct candidate *candidate, struct subject *subject, bool is_timed)
{
    int64_t begin_ns, end_ns, begin_processor_ns, end_processor_ns;
    uint64_t first, last;
    pid_t process;

    if (!backlog_session(subject->backlog, candidate->client_id, candidate->topic) ||
        !backlog_fill(subject->backlog, candidate->topic, MESSAGES)) {
        die("the broker took no messages");
    }
    memset(subject->state, 0, sizeof(*subject->state));
    process = candidate->start(subject);
    first = candidate->wait(subject, process, FIRST);
    begin_ns = figure_now_ns();
    begin_processor_ns = is_timed ? processor_of(process) : 0;
    last = candidate->wait(subject, process, LAST);
    end_ns = figure_now_ns();
    end_processor_ns = is_timed ? processor_of(process) : 0;
    candidate->stop(subject, process);
    if (first < FIRST || last < LAST) {
        die("a candidate did not get its messages");
    }
    if (subject->state->slow_ppm > 0 && subject->state->slow_syncs == 0) {
        die("no flush of the agent's queue was slowed");
    }
    return (struct pace){
        .per_s = (double)(last - first) / ((double)(end_ns - begin_ns) / 1e9),
        .processor_ns = (double)(end_processor_ns - begin_processor_ns) / (double)(last - first),
    };
}

/** What is compared, and its aims. */
struct comparison {
    const char *rate, *processor; /* names of the figures; processor: NULL for none */
    const struct candidate *reference;
    const char *reference_name;
    double target; /* of the rates */
};

static void compare(struct figure_sheet *sheet, struct subject *subject,
                    const struct comparison *comparison)
{
    double our_rates[ROUNDS], their_rates[ROUNDS], our_times[ROUNDS], their_times[ROUNDS];
    bool is_timed = comparison->processor != NULL;

    for (int i = 0; i < ROUNDS; i++) {
        struct pace ours = drain(&the_agent, subject, is_timed);
        struct pace theirs = drain(comparison->reference, subject, is_timed);

        our_rates[i] = ours.per_s;
        our_times[i] = ours.processor_ns;
        their_rates[i] = theirs.per_s;
        their_times[i] = theirs.processor_ns;
    }
    (void)figure_put(sheet, &(struct figure){comparison->rate, figure_median(our_rates, ROUNDS),
                                             "messages/s", comparison->reference_name,
                                             figure_median(their_rates, ROUNDS), FIGURE_AT_LEAST,
                                             comparison->target, 0});
    if (is_timed) {
        (void)figure_put(sheet,
                         &(struct figure){comparison->processor, figure_median(our_times, ROUNDS),
                                          "ns/message", comparison->reference_name,
                                          figure_median(their_times, ROUNDS), FIGURE_AT_MOST,
                                          PROCESSOR_TARGET, 0});
    }
}

static void start_broker(struct subject *subject, struct backlog *backlog, unsigned window)
{
    subject->backlog = backlog;
    subject->window = window;
    if (!backlog_open(backlog, window)) {
        die("the broker does not start");
    }
}

int main(void)
{
    struct subject subject = {0};
    struct figure_sheet sheet;
    struct backlog backlog;
    char folder[SCRATCH_SIZE], agent_folder[SCRATCH_SIZE + 8];

    if (!figure_open(&sheet, "mqtt")) {
        return EXIT_FAILURE;
    }
    if (!scratch_make("mqtt", folder)) {
        die("cannot make a folder in LEAT_BENCH_DIR");
    }
    (void)snprintf(agent_folder, sizeof(agent_folder), "%s/agent", folder);
    (void)snprintf(subject.state_path, sizeof(subject.state_path), "%s/state", folder);
    (void)snprintf(subject.output_path, sizeof(subject.output_path), "%s/output", folder);
    subject.state = committed_open(subject.state_path);
    subject.folder = agent_folder;
    if (subject.state == NULL) {
        die("no file to count in");
    }
    start_broker(&subject, &backlog, WINDOW);
    compare(&sheet, &subject,
            &(struct comparison){"durable-plain", "processor", &bare_paho, "bare-paho", 0.8});
    subject.tls = true;
    compare(&sheet, &subject,
            &(struct comparison){"durable-tls", "processor-tls", &bare_paho, "bare-paho-tls", 0.8});
    subject.tls = false;
    compare(&sheet, &subject,
            &(struct comparison){"durable-beside-file", NULL, &file_writer, "mosquitto-sub-to-file",
                                 0.4});
    backlog_close(&backlog);
    start_broker(&subject, &backlog, SLOW_WINDOW);
    subject.slow_us = SLOW_US;
    compare(&sheet, &subject,
            &(struct comparison){"durable-flush-5ms", NULL, &bare_paho, "bare-paho", 0.8});
    subject.slow_us = 0;
    backlog_close(&backlog);
    start_broker(&subject, &backlog, USUAL_WINDOW);
    compare(&sheet, &subject,
            &(struct comparison){"durable-window-20", NULL, &bare_paho, "bare-paho", 0.4});
    backlog_close(&backlog);
    committed_close(subject.state);
    scratch_remove(folder);
    return figure_close(&sheet) ? EXIT_SUCCESS : EXIT_FAILURE;
}

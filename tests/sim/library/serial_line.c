#include "tests/sim/library/serial_line.h"

#include "base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

enum { BITS = 11, FRAMES_MAX = 16, FRAME_SIZE = 256, BABBLE_SIZE = 20, REQUEST_SIZE = 8 };
enum { KIND_FREE, KIND_REQUEST, KIND_ANSWER, KIND_BABBLE };

struct frame {
    int kind;
    uint8_t bytes[FRAME_SIZE];
    size_t size, sent;
    int64_t begin_ns, end_ns; /* on the line, monotonic */
    bool spoilt;
};

struct serial_line {
    struct serial_line_settings settings;
    int near, far, stop; /* ends of the pseudo terminal: ours, and the driver's held open */
    pthread_t thread;
    bool runs;
    struct frame frames[FRAMES_MAX];
    int64_t next_babble_ns[SERIAL_LINE_UNITS];
    pthread_mutex_t lock;
    struct serial_line_counts counts[SERIAL_LINE_UNITS];
    unsigned spoilt;
    uint64_t answers[SERIAL_LINE_UNITS]; /* since the opening */
    pthread_cond_t answered;
};

static int64_t now_ns(void)
{
    return clock_monotonic_ns(&clock_system);
}

static int64_t bytes_ns(const struct serial_line *line, size_t count)
{
    return (int64_t)count * BITS * NS_PER_S / line->settings.baud;
}

/** Modbus over Serial Line 1.02, 6.2.2. */
static uint16_t checksum(const uint8_t *bytes, size_t size)
{
    unsigned crc = 0xffff;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xa001 : crc >> 1;
        }
    }
    return (uint16_t)crc;
}

/** On the line from `begin_ns` on; what overlaps it is spoilt, and it, too. */
static void put(struct serial_line *line, int kind, const uint8_t *bytes, size_t size,
                int64_t begin_ns)
{
    int64_t end_ns = begin_ns + bytes_ns(line, size);
    struct frame *place = NULL;
    bool spoilt = false;

    for (size_t i = 0; i < FRAMES_MAX; i++) {
        struct frame *other = &line->frames[i];

        if (other->kind == KIND_FREE) {
            place = other;
        } else if (other->begin_ns < end_ns && begin_ns < other->end_ns) {
            spoilt = other->spoilt = true;
        }
    }
    if (place != NULL && size <= FRAME_SIZE) {
        *place = (struct frame){
            .kind = kind, .size = size, .begin_ns = begin_ns, .end_ns = end_ns, .spoilt = spoilt};
        memcpy(place->bytes, bytes, size);
    }
}

static void answer(struct serial_line *line, const struct frame *request)
{
    const uint8_t *bytes = request->bytes;
    unsigned unit = bytes[0] % SERIAL_LINE_UNITS;
    unsigned first = (unsigned)bytes[2] << 8 | bytes[3];
    unsigned count = (unsigned)bytes[4] << 8 | bytes[5];
    uint8_t reply[FRAME_SIZE] = {(uint8_t)unit, 3, (uint8_t)(count * 2)};
    size_t size = 3;
    uint16_t sum;

    if (request->size != REQUEST_SIZE || bytes[0] >= SERIAL_LINE_UNITS || bytes[1] != 3 ||
        first + count > SERIAL_LINE_REGISTERS) {
        return;
    }
    line->counts[unit].requests++;
    if (line->settings.slaves[unit].answers_after_ns == 0) {
        return;
    }
    for (unsigned n = first; n < first + count; n++) {
        unsigned value = unit * 100 + n;

        reply[size++] = (uint8_t)(value >> 8);
        reply[size++] = (uint8_t)value;
    }
    sum = checksum(reply, size);
    reply[size++] = (uint8_t)sum;
    reply[size++] = (uint8_t)(sum >> 8);
    put(line, KIND_ANSWER, reply, size,
        request->end_ns + line->settings.slaves[unit].answers_after_ns);
}

/** It is over: what it was counts. */
static void finish(struct serial_line *line, struct frame *frame)
{
    struct serial_line_counts *counts = &line->counts[frame->bytes[0] % SERIAL_LINE_UNITS];
    const struct frame copy = *frame;

    frame->kind = KIND_FREE;
    line->spoilt += copy.spoilt;
    if (copy.kind == KIND_REQUEST && !copy.spoilt) {
        answer(line, &copy);
    } else if (copy.kind == KIND_ANSWER && !copy.spoilt) {
        int64_t late_ns = clock_utc_ns(&clock_system) % line->settings.interval_ns;

        counts->answers++;
        line->answers[copy.bytes[0] % SERIAL_LINE_UNITS]++;
        (void)pthread_cond_broadcast(&line->answered); /* cannot fail */
        counts->latest_ns = late_ns > counts->latest_ns ? late_ns : counts->latest_ns;
    }
}

/** Bytes are heard when their time is over; returns when the next one's is. */
static int64_t carry(struct serial_line *line)
{
    int64_t next_ns = now_ns() + NS_PER_S;

    for (size_t i = 0; i < FRAMES_MAX; i++) {
        struct frame *frame = &line->frames[i];
        int64_t due_ns;

        if (frame->kind == KIND_FREE) {
            continue;
        }
        while (frame->sent < frame->size &&
               frame->begin_ns + bytes_ns(line, frame->sent + 1) <= now_ns()) {
            uint8_t byte = frame->bytes[frame->sent++];

            byte = frame->spoilt ? (uint8_t)(byte ^ 0x5a) : byte;
            if (frame->kind != KIND_REQUEST) { /* the master does not hear itself */
                (void)!write(line->near, &byte, 1);
            }
        }
        if (frame->sent == frame->size) {
            finish(line, frame);
            next_ns = now_ns(); /* there may be an answer now */
            continue;
        }
        due_ns = frame->begin_ns + bytes_ns(line, frame->sent + 1);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}

static int64_t babble(struct serial_line *line, int64_t next_ns)
{
    uint8_t noise[BABBLE_SIZE];

    memset(noise, 0xa7, sizeof(noise));
    for (unsigned unit = 0; unit < SERIAL_LINE_UNITS; unit++) {
        int64_t every_ns = line->settings.slaves[unit].babbles_every_ns;

        if (every_ns == 0) {
            continue;
        }
        if (line->next_babble_ns[unit] <= now_ns()) {
            put(line, KIND_BABBLE, noise, sizeof(noise), now_ns());
            line->next_babble_ns[unit] = now_ns() + every_ns;
            next_ns = now_ns();
        }
        next_ns = line->next_babble_ns[unit] < next_ns ? line->next_babble_ns[unit] : next_ns;
    }
    return next_ns;
}

static void *serve(void *argument)
{
    struct serial_line *line = argument;
    struct pollfd fds[] = {{.fd = line->stop, .events = POLLIN},
                           {.fd = line->near, .events = POLLIN}};

    while (fds[0].revents == 0) {
        uint8_t request[FRAME_SIZE];
        struct timespec wait = {0};
        int64_t wait_ns;

        (void)pthread_mutex_lock(&line->lock);
        wait_ns = babble(line, carry(line)) - now_ns();
        (void)pthread_mutex_unlock(&line->lock);
        wait.tv_nsec = wait_ns > 0 ? (long)(wait_ns % NS_PER_S) : 0;
        if (ppoll(fds, 2, &wait, NULL) > 0 && fds[1].revents != 0) {
            ssize_t size = read(line->near, request, sizeof(request));

            (void)pthread_mutex_lock(&line->lock);
            if (size > 0) {
                put(line, KIND_REQUEST, request, (size_t)size, now_ns());
            }
            (void)pthread_mutex_unlock(&line->lock);
        }
    }
    return NULL;
}

/** Raw, so that nothing is echoed before the driver has set it up. */
static bool open_ends(struct serial_line *line, char *port, size_t port_size)
{
    struct termios set;

    line->near = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (line->near < 0 || grantpt(line->near) != 0 || unlockpt(line->near) != 0 ||
        ptsname_r(line->near, port, port_size) != 0) {
        return false;
    }
    line->far = open(port, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (line->far < 0 || tcgetattr(line->far, &set) != 0) {
        return false;
    }
    cfmakeraw(&set);
    return tcsetattr(line->far, TCSANOW, &set) == 0;
}

struct serial_line *serial_line_open(const struct serial_line_settings *settings, char *port,
                                     size_t port_size)
{
    struct serial_line *line = calloc(1, sizeof(*line));
    pthread_condattr_t attributes;

    if (line == NULL) {
        return NULL;
    }
    line->settings = *settings;
    line->near = line->far = -1;
    (void)pthread_mutex_init(&line->lock, NULL); /* cannot fail on Linux */
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&line->answered, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    line->stop = eventfd(0, EFD_CLOEXEC);
    for (unsigned unit = 0; unit < SERIAL_LINE_UNITS; unit++) {
        line->next_babble_ns[unit] = now_ns() + settings->slaves[unit].babbles_every_ns;
    }
    line->runs = line->stop >= 0 && open_ends(line, port, port_size) &&
                 pthread_create(&line->thread, NULL, serve, line) == 0;
    if (!line->runs) {
        serial_line_close(line);
        return NULL;
    }
    return line;
}

unsigned serial_line_take_counts(struct serial_line *line, unsigned unit,
                                 struct serial_line_counts *counts)
{
    unsigned spoilt;

    (void)pthread_mutex_lock(&line->lock);
    *counts = line->counts[unit];
    line->counts[unit] = (struct serial_line_counts){0};
    spoilt = line->spoilt;
    (void)pthread_mutex_unlock(&line->lock);
    return spoilt;
}

static uint64_t answers_up_to(const struct serial_line *line, unsigned last_unit)
{
    uint64_t sum = 0;

    for (unsigned unit = 1; unit <= last_unit; unit++) {
        sum += line->answers[unit];
    }
    return sum;
}

bool serial_line_wait_answers(struct serial_line *line, unsigned last_unit, uint64_t answers,
                              int64_t wait_ns)
{
    int64_t until_ns = now_ns() + wait_ns;
    const struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                                   .tv_nsec = (long)(until_ns % NS_PER_S)};
    bool enough;

    (void)pthread_mutex_lock(&line->lock);
    while (answers_up_to(line, last_unit) < answers &&
           pthread_cond_timedwait(&line->answered, &line->lock, &until) == 0) {
    }
    enough = answers_up_to(line, last_unit) >= answers;
    (void)pthread_mutex_unlock(&line->lock);
    return enough;
}

uint64_t serial_line_answers(struct serial_line *line, unsigned last_unit)
{
    uint64_t answers;

    (void)pthread_mutex_lock(&line->lock);
    answers = answers_up_to(line, last_unit);
    (void)pthread_mutex_unlock(&line->lock);
    return answers;
}

void serial_line_close(struct serial_line *line)
{
    if (line == NULL) {
        return;
    }
    if (line->runs) {
        (void)eventfd_write(line->stop, 1); /* cannot be full */
        (void)pthread_join(line->thread, NULL);
    }
    for (size_t i = 0; i < 3; i++) {
        int fd = i == 0 ? line->near : i == 1 ? line->far : line->stop;

        if (fd >= 0) {
            (void)close(fd); /* nothing is left to be written */
        }
    }
    (void)pthread_cond_destroy(&line->answered); /* nobody waits */
    (void)pthread_mutex_destroy(&line->lock);
    free(line);
}

#include "tests/bench/logs_file.h"

#include <inttypes.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { TICKS_S = 1000, TICK_NS = 1000 * 1000 };

/** A number that looks random and is the same in each run (splitmix64). */
static uint64_t mix(uint64_t n)
{
    n += UINT64_C(0x9e3779b97f4a7c15);
    n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ (n >> 27)) * UINT64_C(0x94d049bb133111eb);
    return n ^ (n >> 31);
}

static bool put_line(FILE *file, uint64_t n)
{
    uint64_t random = mix(n);
    unsigned second = (unsigned)(n / 20 % 86400), some = (unsigned)(random >> 32);
    unsigned few = (unsigned)(random & 0xFF);

    if (fprintf(file, "Mar  5 %02u:%02u:%02u gw-1 ", second / 3600, second / 60 % 60, second % 60) <
        0) {
        return false;
    }
    switch (few % 8) {
    case 0:
        return fprintf(file, "sshd[%u]: Accepted publickey for service from 10.0.%u.%u port %u\n",
                       some % 30000, few, some & 0xFF, some >> 16) > 0;
    case 1:
        return fprintf(file,
                       "kernel: [%8u.%06u] usb 1-1.%u: reset high-speed USB device number "
                       "%u using xhci_hcd\n",
                       second, some % 1000000, few % 4, few) > 0;
    case 2:
        return fprintf(file,
                       "line-3[811]: WARN recipe '%s' step %u took %u ms, limit %u ms, "
                       "operator informed on panel %u\n",
                       some % 2 == 0 ? "Deckel 40" : "Boden 12", few, some % 5000, 4000U,
                       few % 3) > 0;
    case 3:
        return fprintf(file, "systemd[1]: Started backup-%u.service.\n", some % 100) > 0;
    default:
        return fprintf(file, "plc-bridge[711]: unit %u register %u = %u, %u ms\n", few % 32,
                       40000 + some % 2000, some >> 16, few) > 0;
    }
}

bool logs_file_append(FILE *file, uint64_t first, uint64_t count)
{
    for (uint64_t n = first; n < first + count; n++) {
        if (!put_line(file, n)) {
            return false;
        }
    }
    return fflush(file) == 0;
}

bool logs_file_pace(FILE *file, uint64_t first, unsigned lines_s, unsigned seconds)
{
    const struct itimerspec each = {{.tv_nsec = TICK_NS}, {.tv_nsec = TICK_NS}};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    uint64_t ticks = (uint64_t)seconds * TICKS_S, passed = 0, now;
    bool good = timer >= 0 && timerfd_settime(timer, 0, &each, NULL) == 0;

    while (good && passed < ticks) {
        good = read(timer, &now, sizeof(now)) == (ssize_t)sizeof(now);
        for (uint64_t end = good ? passed + now : 0; good && passed < end && passed < ticks;
             passed++) {
            for (unsigned i = 0; i < lines_s / TICKS_S && good; i++) {
                good = logs_file_append(file, first++, 1);
            }
        }
    }
    if (timer >= 0) {
        (void)close(timer); /* holds nothing */
    }
    return good;
}

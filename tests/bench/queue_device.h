/* tests/bench/queue_device.h - a file system of its own on a loop device, whose writes are counted.
 *
 * What a process hands to the kernel is not what reaches the flash: the journal of the file system
 * and partly filled pages come on top. A loop device counts the sectors. It takes root.
 *
 * Life: device_open() -> device_written_bytes()* -> device_close().
 */
#ifndef TESTS_BENCH_QUEUE_DEVICE_H
#define TESTS_BENCH_QUEUE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct device {
    char folder[256]; /* where it is mounted */
    char image[288];
    int number; /* of /dev/loop<number> */
    int descriptor;
};

/** A fresh ext4 of 512 MiB, mounted below `folder`. false: no root, no loop device, no mkfs. */
bool device_open(struct device *device, const char *folder);
void device_close(struct device *device);

/** Everything the device was ever told to write, after what waits was written. */
uint64_t device_written_bytes(const struct device *device);

#endif

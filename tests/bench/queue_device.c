#include "tests/bench/queue_device.h"

#include "tests/bench/queue_candidates.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECTOR_BYTES = 512, IMAGE_BYTES = 512 << 20, LOOP_NAME_SIZE = 32 };

static bool make_file_system(const char *name)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        (void)execlp("mkfs.ext4", "mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", name,
                     (char *)NULL);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void loop_name(char name[LOOP_NAME_SIZE], int number)
{
    (void)snprintf(name, LOOP_NAME_SIZE, "/dev/loop%d", number); /* fits */
}

/** Put the image behind a free loop device. */
static bool attach(struct device *device)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int image = open(device->image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char name[LOOP_NAME_SIZE];
    bool done = false;

    if (control >= 0 && image >= 0 && ftruncate(image, IMAGE_BYTES) == 0) {
        device->number = ioctl(control, LOOP_CTL_GET_FREE);
        loop_name(name, device->number);
        device->descriptor = open(name, O_RDWR | O_CLOEXEC);
        done = device->descriptor >= 0 && ioctl(device->descriptor, LOOP_SET_FD, image) == 0;
    }
    if (control >= 0) {
        (void)close(control); /* nothing was written through it */
    }
    if (image >= 0) {
        (void)close(image); /* the loop device holds it */
    }
    return done;
}

bool device_open(struct device *device, const char *folder)
{
    char name[LOOP_NAME_SIZE];

    *device = (struct device){.number = -1, .descriptor = -1};
    if (geteuid() != 0 ||
        snprintf(device->folder, sizeof(device->folder), "%s/device", folder) >=
            (int)sizeof(device->folder) ||
        snprintf(device->image, sizeof(device->image), "%s.image", device->folder) >=
            (int)sizeof(device->image) ||
        mkdir(device->folder, 0700) != 0 || !attach(device)) {
        return false;
    }
    loop_name(name, device->number);
    if (!make_file_system(name) || mount(name, device->folder, "ext4", MS_NOATIME, NULL) != 0) {
        device_close(device);
        return false;
    }
    return true;
}

void device_close(struct device *device)
{
    (void)umount2(device->folder, MNT_DETACH); /* mounted or not */
    if (device->descriptor >= 0) {
        (void)ioctl(device->descriptor, LOOP_CLR_FD); /* goes when the last user does */
        (void)close(device->descriptor);              /* nothing was written through it */
        device->descriptor = -1;
    }
    (void)unlink(device->image); /* there or not */
    (void)rmdir(device->folder);
}

/** The seventh number of a line: sectors written (the kernel's Documentation/block/stat.rst). */
static uint64_t seventh_number(const char *line)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < 7; i++) {
        char *end = NULL;

        number = strtoull(line, &end, 10);
        if (end == line) {
            bench_fail("reading what the device wrote");
        }
        line = end;
    }
    return number;
}

uint64_t device_written_bytes(const struct device *device)
{
    char path[64], line[256];
    int descriptor = open(device->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FILE *file;

    if (descriptor < 0 || syncfs(descriptor) != 0) {
        bench_fail("syncfs");
    }
    (void)close(descriptor); /* only synced through it */
    (void)snprintf(path, sizeof(path), "/sys/block/loop%d/stat", device->number); /* fits */
    file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL) {
        bench_fail(path);
    }
    (void)fclose(file); /* read only */
    return seventh_number(line) * SECTOR_BYTES;
}

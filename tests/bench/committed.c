#include "tests/bench/committed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

struct shim_state *committed_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *mapped = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, sizeof(struct shim_state)) == 0) {
        mapped = mmap(NULL, sizeof(struct shim_state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) {
        (void)close(fd); /* the mapping keeps it */
    }
    return mapped == MAP_FAILED ? NULL : mapped;
}

uint64_t committed_wait(struct shim_state *state, enum stream stream, uint64_t least,
                        unsigned seconds)
{
    (void)milestone_wait(&state->milestones[stream], &state->committed[stream], least, seconds);
    return state->committed[stream];
}

void committed_close(struct shim_state *state)
{
    if (state != NULL) {
        (void)munmap(state, sizeof(*state)); /* only takes room */
    }
}

/* tests/sim/modbus_slave.c - the Modbus TCP slave of the simulated plant, as a program.
 *
 *   modbus_slave [--host ADDRESS] [--port N] [--unit N] [--points FILE] [--journal FILE] [--seed N]
 *
 * Listens on 127.0.0.1 unless told otherwise; port 0 (the default) is any free one. Prints
 * "port N" when it listens. SIGTERM or SIGINT: writes out the journal, prints "produced N" (points
 * served, once per answered request), exits 0. Exit 2: the arguments or a file are wrong.
 *
 * How the points file and the journal look: library/plant.h. Which registers misbehave, and how:
 * library/modbus_server.h. */
#include "base/parse.h"
#include "tests/sim/library/modbus_server.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool number_option(const char *text, uint64_t most, uint64_t *value)
{
    if (parse_uint64(text, value) && *value <= most) {
        return true;
    }
    (void)fprintf(stderr, "modbus_slave: '%s' is not a number up to %" PRIu64 "\n", text, most);
    return false;
}

static bool parse_arguments(int argc, char **argv, struct modbus_server_settings *settings)
{
    static const struct option known[] = {
        {"host", required_argument, NULL, 'h'},
        {"port", required_argument, NULL, 'p'},
        {"unit", required_argument, NULL, 'u'},
        {"points", required_argument, NULL, 'f'},
        {"journal", required_argument, NULL, 'j'},
        {"seed", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    uint64_t value = 0;
    int letter;

    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        bool good = true;

        switch (letter) {
        case 'h':
            settings->host = optarg;
            break;
        case 'f':
            settings->plant.points_path = optarg;
            break;
        case 'j':
            settings->plant.journal_path = optarg;
            break;
        case 'p':
            good = number_option(optarg, UINT16_MAX, &value);
            settings->port = (uint16_t)value;
            break;
        case 'u':
            good = number_option(optarg, UINT8_MAX, &value);
            settings->unit = (int)value;
            break;
        case 's':
            good = number_option(optarg, UINT64_MAX, &settings->plant.seed);
            break;
        default:
            good = false;
        }
        if (!good) {
            return false;
        }
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    struct modbus_server_settings settings = {.unit = -1};
    char problem[PLANT_PROBLEM_SIZE];
    struct modbus_server *server;
    sigset_t stopping;
    int stop_fd;
    bool served;

    if (!parse_arguments(argc, argv, &settings)) {
        (void)fprintf(stderr, "usage: modbus_slave [--host ADDRESS] [--port N] [--unit N] "
                              "[--points FILE] [--journal FILE] [--seed N]\n");
        return 2;
    }
    (void)sigemptyset(&stopping); /* these three cannot fail for valid signals */
    (void)sigaddset(&stopping, SIGTERM);
    (void)sigaddset(&stopping, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &stopping, NULL);
    stop_fd = signalfd(-1, &stopping, SFD_CLOEXEC);
    server = modbus_server_open(&settings, problem);
    if (server == NULL || stop_fd < 0) {
        (void)fprintf(stderr, "modbus_slave: %s\n", problem);
        modbus_server_close(server);
        return 2;
    }
    (void)printf("port %u\n", (unsigned)modbus_server_port(server));
    (void)fflush(stdout); /* a closed output is the starter's choice */
    served = modbus_server_run(server, stop_fd);
    (void)printf("produced %" PRIu64 "\n", modbus_server_produced(server));
    modbus_server_close(server);
    (void)close(stop_fd); /* nothing of value */
    return served ? 0 : 1;
}

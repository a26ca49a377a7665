#include "drivers/modbus/serial.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <modbus/modbus.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>

enum { PARITY_NONE, PARITY_EVEN, PARITY_ODD };
enum { RS485_NONE, RS485_KERNEL };
enum {
    SILENCE_BITS = 11 /* a character of the standard */,
    FIXED_SILENCE_ABOVE_BAUD = 19200,
    FIXED_SILENCE_US = 1750
};

static const char *const parity_names[] = {"none", "even", "odd"};

const char *serial_parity_name(const struct serial_settings *settings)
{
    return parity_names[settings->parity];
}

const char *serial_rs485_name(const struct serial_settings *settings)
{
    return settings->rs485 == RS485_KERNEL ? "kernel" : "none";
}

unsigned serial_baud(const struct serial_settings *settings)
{
    static const unsigned bauds[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};

    return bauds[settings->baud_choice];
}

int64_t serial_bytes_ns(const struct serial_settings *settings, size_t bytes)
{
    unsigned bits =
        1U + 8U + (settings->parity == PARITY_NONE ? 0U : 1U) + (unsigned)settings->stop_bits;

    return (int64_t)bytes * bits * NS_PER_S / serial_baud(settings);
}

int64_t serial_gap_ns(const struct serial_settings *settings)
{
    return serial_baud(settings) > FIXED_SILENCE_ABOVE_BAUD ? FIXED_SILENCE_US * NS_PER_US
                                                            : serial_bytes_ns(settings, 7) / 2;
}

int64_t serial_silence_ns(const struct serial_settings *settings)
{
    int64_t silence_ns = serial_baud(settings) > FIXED_SILENCE_ABOVE_BAUD
                             ? FIXED_SILENCE_US * NS_PER_US
                             : (int64_t)7 * SILENCE_BITS * NS_PER_S / 2 / serial_baud(settings);

    return silence_ns > settings->turnaround_ns ? silence_ns : settings->turnaround_ns;
}

static enum error_code cannot_open(const char *port, int problem, struct error *error)
{
    const char *advice = problem == ENOENT || problem == ENODEV || problem == ENXIO
                             ? "check the adapter and the name of the port"
                         : problem == EACCES || problem == EPERM
                             ? "give the agent's user the port's group, often dialout"
                         : problem == EBUSY ? "another program uses it"
                                            : "is it a serial port?";

    (void)error_set(error, ERROR_UNREACHABLE, "%.100s cannot be opened (%s); %s", port,
                    strerror(problem), advice);
    if (error != NULL) {
        error->system_errno = problem;
    }
    return ERROR_UNREACHABLE;
}

/** L1 */
static enum error_code check_port(const struct serial_settings *settings, const char *port, int fd,
                                  struct error *error)
{
    struct termios set = {0};
    tcflag_t parity = settings->parity == PARITY_NONE   ? 0
                      : settings->parity == PARITY_EVEN ? PARENB
                                                        : PARENB | PARODD;
    tcflag_t stop = settings->stop_bits == 2 ? CSTOPB : 0;

    if (fd >= FD_SETSIZE) { /* libmodbus waits with select(), which knows no higher numbers */
        return error_set(error, ERROR_UNREACHABLE,
                         "%.100s: this gateway has too many connections open (%d)", port,
                         FD_SETSIZE);
    }
    if (tcgetattr(fd, &set) != 0) {
        return cannot_open(port, errno, error);
    }
    if ((set.c_cflag & (tcflag_t)(PARENB | PARODD)) != parity) {
        return error_set(error, ERROR_BAD_CONFIG,
                         "%.100s does not do parity: %s; set parity: none here and at the devices, "
                         "or use another port",
                         port, parity_names[settings->parity]);
    }
    if ((set.c_cflag & CSTOPB) != stop) {
        return error_set(error, ERROR_BAD_CONFIG, "%.100s does not do stop_bits: %u; use another",
                         port, (unsigned)settings->stop_bits);
    }
    return ERROR_OK;
}

/** L2 */
static enum error_code switch_rs485(const char *port, int fd, struct error *error)
{
    struct serial_rs485 mode = {0};

    if (ioctl(fd, TIOCGRS485, &mode) == 0) {
        mode.flags |= SER_RS485_ENABLED;
        if (ioctl(fd, TIOCSRS485, &mode) == 0) {
            return ERROR_OK;
        }
    }
    return error_set(error, ERROR_BAD_CONFIG,
                     "%.100s: this kernel does not drive RS-485 on it (%s); write rs485: none when "
                     "the board or the adapter does it by itself",
                     port, strerror(errno));
}

/** L3. The lock is held as long as `fd`, and by nobody else who asks for it. */
static enum error_code lock_port(const char *port, int fd, struct error *error)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) { /* no locks: as it was */
        return ERROR_OK;
    }
    return error_set(error, ERROR_UNREACHABLE,
                     "%.100s is locked: another program has it, or another device here under a "
                     "second name of the port; give all devices on one port the same name of it",
                     port);
}

/** Set up through libmodbus, which opens it once more. */
static enum error_code connect_port(const struct serial_settings *settings, const char *port,
                                    int looked, modbus_t *made, struct error *error)
{
    enum error_code code;

    if (modbus_connect(made) != 0) {
        return cannot_open(port, errno, error);
    }
    (void)flock(looked, LOCK_UN); /* both hold the port, or its signals would drop in between */
    code = lock_port(port, modbus_get_socket(made), error);
    if (code == ERROR_OK) {
        code = check_port(settings, port, modbus_get_socket(made), error);
    }
    if (code == ERROR_OK && settings->rs485 == RS485_KERNEL) {
        code = switch_rs485(port, modbus_get_socket(made), error);
    }
    if (code != ERROR_OK) {
        modbus_close(made);
    }
    return code;
}

enum error_code serial_open(const struct serial_settings *settings, const char *port,
                            modbus_t **context, struct error *error)
{
    static const char parities[] = {'N', 'E', 'O'};
    /* Nothing of the port is changed before it is known to be nobody else's. */
    CLEANUP(cleanup_close) int looked = open(port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    enum error_code code =
        looked < 0 ? cannot_open(port, errno, error) : lock_port(port, looked, error);
    modbus_t *made;

    if (code != ERROR_OK) {
        return code;
    }
    made = modbus_new_rtu(port, (int)serial_baud(settings), parities[settings->parity], 8,
                          (int)settings->stop_bits);
    if (made == NULL) {
        return error_set(error, ERROR_NO_MEMORY, "%.100s: no memory for a connection", port);
    }
    code = connect_port(settings, port, looked, made, error);
    if (code != ERROR_OK) {
        modbus_free(made);
        return code;
    }
    *context = made;
    return ERROR_OK;
}

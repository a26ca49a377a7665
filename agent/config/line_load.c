#include "agent/config/line_load.h"

#include <string.h>

/* Above, little is left for slow answers, retries and dead devices. */
static const double much_share = 0.7;

static const char *line_name(const struct config_device *device)
{
    return device->driver->link->name(device->state);
}

static bool on_one_line(const struct config_device *one, const struct config_device *two)
{
    return one->driver == two->driver && strcmp(line_name(one), line_name(two)) == 0;
}

/** All zero where it is not known (Q2). */
static struct device_load load_of(const struct config_device *device)
{
    if (device->driver->link == NULL) {
        return (struct device_load){0};
    }
    return device->driver->link->load(device->state, device->intervals_ns, device->interval_count);
}

/** Of all devices of the configuration on the line of `device`. */
static struct device_load sum_of(const struct config *config, const struct config_device *device,
                                 size_t *devices)
{
    struct device_load sum = {0};

    *devices = 0;
    for (size_t i = 0; i < config->device_count; i++) {
        if (on_one_line(config->devices[i], device)) {
            struct device_load load = load_of(config->devices[i]);

            sum.share += load.share;
            sum.requests_per_s += load.requests_per_s;
            ++*devices;
        }
    }
    return sum;
}

bool line_load_check(struct loading *loading, const struct config_place *place,
                     const struct config *config, const struct config_device *device)
{
    struct device_load own = load_of(device);
    struct device_load others;
    size_t devices;

    if (own.share == 0) {
        return true;
    }
    others = sum_of(config, device, &devices);
    if (own.share + others.share <= 1) {
        return true;
    }
    if (devices == 0) {
        return finding_add(loading, place,
                           "'%s': reading it takes %.0f %% of the time of %.100s (%s), though it "
                           "answered at once; read it %.1f times less often, take out points, or "
                           "raise the baud rate",
                           device->name, 100 * own.share, line_name(device),
                           device->driver->link->terms(device->state), own.share);
    }
    return finding_add(loading, place,
                       "'%s': reading it takes %.1f %% of the time of %.100s (%s), of which %zu "
                       "other device%s take%s %.1f %%; together that is more than there is, though "
                       "all answered at once. Read them less often, take out points, or raise the "
                       "baud rate",
                       device->name, 100 * own.share, line_name(device),
                       device->driver->link->terms(device->state), devices, devices == 1 ? "" : "s",
                       devices == 1 ? "s" : "", 100 * others.share);
}

/** Is it the first one on its line? */
static bool is_first(const struct config *config, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (on_one_line(config->devices[i], config->devices[index])) {
            return false;
        }
    }
    return true;
}

void line_load_print(FILE *out, const struct config *config)
{
    for (size_t i = 0; i < config->device_count; i++) {
        const struct config_device *device = config->devices[i];
        struct device_load sum;
        size_t devices;

        if (load_of(device).share == 0 || !is_first(config, i)) {
            continue;
        }
        sum = sum_of(config, device, &devices);
        (void)fprintf(out, "  %s (%s): readings take %.0f %% of its time", line_name(device),
                      device->driver->link->terms(device->state), 100 * sum.share);
        (void)fprintf(out, "; they fit while devices answer within %.0f ms on average%s\n",
                      1000 * (1 - sum.share) / sum.requests_per_s,
                      sum.share > much_share
                          ? ". Little is left for slow answers, retries and dead devices"
                          : "");
    }
}

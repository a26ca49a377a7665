/* The standard points (docs/gateway.md). What changes slowly has a deadband and comes at least once
 * an hour all the same. */
#include "drivers/gateway/quantity.h"

#define PERCENT .unit = "%", .range_low = "0", .range_high = "100", .deadband = "1"
#define RARE    .heartbeat = "1h"
#define COUNTED .role = "counter", .deadband = "0.5", RARE
#define RING(stream)                                                                               \
    {"queue-" stream "-waiting", "queue-waiting:" stream, "int64", .deadband = "5%", RARE},        \
        {"queue-" stream "-used", "queue-used:" stream, "double", PERCENT, RARE},                  \
        {"queue-" stream "-oldest",                                                                \
         "queue-oldest:" stream,                                                                   \
         "int64",                                                                                  \
         .unit = "s",                                                                              \
         .deadband = "30",                                                                         \
         RARE},                                                                                    \
    {                                                                                              \
        "queue-" stream "-lost", "queue-lost:" stream, "int64", COUNTED                            \
    }

const struct driver_standard_point gateway_standard_points[] = {
    {"cpu-busy", "cpu-busy", "double", PERCENT, RARE},
    {"load-1min", "load-1min", "double", .deadband = "0.05", RARE},
    {"load-5min", "load-5min", "double", .deadband = "0.05", RARE},
    {"load-15min", "load-15min", "double", .deadband = "0.05", RARE},
    {"memory-available", "memory-available", "int64", .unit = "By", .deadband = "2%", RARE},
    {"memory-used", "memory-used", "double", PERCENT, RARE},
    {"agent-memory", "agent-memory", "int64", .unit = "By", .deadband = "2%", RARE},
    {"uptime", "uptime", "int64", .unit = "s", .role = "counter"},
    {"temperature-{sensor}", "temperature", "int64", .unit = "Cel", .scale = "0.001",
     .range_low = "-40", .range_high = "125", .deadband = "0.5", RARE},
    {"disk-free", "disk-free:/", "int64", .unit = "By", .deadband = "1%", RARE},
    {"disk-used", "disk-used:/", "double", PERCENT, RARE},
    {"queue-disk-free", "disk-free:queue", "int64", .unit = "By", .deadband = "1%", RARE},
    {"queue-disk-used", "disk-used:queue", "double", PERCENT, RARE},
    {"flash-life-used-{chip}", "flash-life-used", "int64", .unit = "%", .range_low = "0",
     .range_high = "100", .role = "status", .deadband = "0.5", RARE},
    {"flash-spare-{chip}", "flash-spare", "int64", .role = "status", .deadband = "0.5", RARE},
    {"link-{link}-up", "link-up", "bool", .role = "status", .deadband = "0.5", RARE},
    {"link-{link}-received", "link-received", "int64", .unit = "By", COUNTED},
    {"link-{link}-sent", "link-sent", "int64", .unit = "By", COUNTED},
    {"link-{link}-receive-errors", "link-receive-errors", "int64", COUNTED},
    {"link-{link}-send-errors", "link-send-errors", "int64", COUNTED},
    {"clock-synchronised", "clock-synchronised", "bool", .role = "status", .deadband = "0.5", RARE},
    {"clock-offset", "clock-offset", "int64", .unit = "us", .deadband = "1000", RARE},
    {"clock-error", "clock-error", "int64", .unit = "us", .deadband = "1000", RARE},
    RING("events"),
    RING("readings"),
    RING("logs"),
    {"sync-up", "sync-up", "bool", .role = "status", .deadband = "0.5", RARE},
    {"sync-age", "sync-age", "int64", .unit = "s", .deadband = "30", RARE},
    {"sync-failures", "sync-failures", "int64", COUNTED},
    {"sync-bytes", "sync-bytes", "int64", .unit = "By", COUNTED},
    {"devices-up", "devices-up", "int64", .role = "status", .deadband = "0.5", RARE},
    {"devices-down", "devices-down", "int64", .role = "status", .deadband = "0.5", RARE},
    {"polls-missed", "polls-missed", "int64", COUNTED},
    {"payloads-rejected", "payloads-rejected", "int64", COUNTED},
    {.name = NULL},
};

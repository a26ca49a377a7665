#include "drivers/lines/severity.h"

#include <string.h>
#include <strings.h>

/* The keywords of syslog.conf(5) and the names of RFC 5424, chapter 6.2.1; beside them the levels
 * of java.util.logging, Log4j, Python's logging, .NET and Serilog (three letters), glog. What those
 * have above an error that ends the program is critical, what is below debug is debug. */
static const struct {
    const char *word;
    enum log_severity severity;
} words[] = {
    {"emerg", LOG_SEVERITY_EMERGENCY},    {"emergency", LOG_SEVERITY_EMERGENCY},
    {"panic", LOG_SEVERITY_EMERGENCY},    {"alert", LOG_SEVERITY_ALERT},
    {"crit", LOG_SEVERITY_CRITICAL},      {"critical", LOG_SEVERITY_CRITICAL},
    {"fatal", LOG_SEVERITY_CRITICAL},     {"ftl", LOG_SEVERITY_CRITICAL},
    {"err", LOG_SEVERITY_ERROR},          {"error", LOG_SEVERITY_ERROR},
    {"severe", LOG_SEVERITY_ERROR},       {"fail", LOG_SEVERITY_ERROR},
    {"warn", LOG_SEVERITY_WARNING},       {"warning", LOG_SEVERITY_WARNING},
    {"wrn", LOG_SEVERITY_WARNING},        {"notice", LOG_SEVERITY_NOTICE},
    {"info", LOG_SEVERITY_INFORMATIONAL}, {"information", LOG_SEVERITY_INFORMATIONAL},
    {"inf", LOG_SEVERITY_INFORMATIONAL},  {"informational", LOG_SEVERITY_INFORMATIONAL},
    {"config", LOG_SEVERITY_DEBUG},       {"debug", LOG_SEVERITY_DEBUG},
    {"dbg", LOG_SEVERITY_DEBUG},          {"dbug", LOG_SEVERITY_DEBUG},
    {"fine", LOG_SEVERITY_DEBUG},         {"finer", LOG_SEVERITY_DEBUG},
    {"finest", LOG_SEVERITY_DEBUG},       {"trace", LOG_SEVERITY_DEBUG},
    {"trc", LOG_SEVERITY_DEBUG},          {"verbose", LOG_SEVERITY_DEBUG},
    {"vrb", LOG_SEVERITY_DEBUG},
};

enum log_severity severity_of_word(const char *word, size_t size)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].word) == size && strncasecmp(words[i].word, word, size) == 0) {
            return words[i].severity;
        }
    }
    return LOG_SEVERITY_UNKNOWN;
}

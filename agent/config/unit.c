#include "agent/config/unit.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *written, *ucum;
} spellings[] = {
    {"°C", "Cel"},
    {"degC", "Cel"},
    {"DegC", "Cel"},
    {"celsius", "Cel"},
    {"°F", "[degF]"},
    {"degF", "[degF]"},
    {"°", "deg"},
    {"kWh", "kW.h"},
    {"MWh", "MW.h"},
    {"Wh", "W.h"},
    {"kVA", "kV.A"},
    {"VA", "V.A"},
    {"kvar", "kV.A{reactive}"},
    {"kVAr", "kV.A{reactive}"},
    {"var", "V.A{reactive}"},
    {"Nm", "N.m"},
    {"rpm", "/min"},
    {"RPM", "/min"},
    {"psi", "[psi]"},
    {"ppm", "[ppm]"},
    {"m³", "m3"},
    {"m³/h", "m3/h"},
    {"m^3/h", "m3/h"},
    {"m²", "m2"},
    {"µm", "um"},
    {"Ω", "Ohm"},
    {"ohm", "Ohm"},
    {"sec", "s"},
    {"hour", "h"},
    {"percent", "%"},
    {"pcs", "{pieces}"},
};

static int is_balanced(const char *unit, char open, char close)
{
    int depth = 0;

    for (; *unit != '\0' && depth >= 0; unit++) {
        depth += *unit == open ? 1 : *unit == close ? -1 : 0;
    }
    return depth == 0;
}

const char *unit_problem(const char *unit, char *sentence, size_t size)
{
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        if (strcmp(spellings[i].written, unit) == 0) {
            (void)snprintf(sentence, size, "unit: units are UCUM; write '%s' instead of '%s'",
                           spellings[i].ucum, unit);
            return sentence;
        }
    }
    for (const char *at = unit; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || (unsigned char)*at > '~') {
            (void)snprintf(sentence, size,
                           "unit: '%.40s' is not UCUM, which has neither blanks nor special "
                           "characters: Cel, kW.h, m3/h, /min",
                           unit);
            return sentence;
        }
    }
    if (!is_balanced(unit, '[', ']') || !is_balanced(unit, '{', '}') ||
        !is_balanced(unit, '(', ')')) {
        (void)snprintf(sentence, size, "unit: '%.40s' has a bracket that is not closed", unit);
        return sentence;
    }
    return NULL;
}

#!/usr/bin/env python3
"""Makes models.inc from the SunSpec Alliance's model definitions, as pysunspec2 ships them.

    make_models.py FOLDER VERSION >models.inc

FOLDER holds model_<id>.json; VERSION is that of pysunspec2. Names, types, sizes, scale factors and
units are taken, nothing else. tests/system/test_sunspec.py makes the table anew and compares.
"""
import json
import pathlib
import sys

# Widely used ones, without the curves of the 129s and without vendors' own (64000 and on). 63001 is
# the Alliance's own for tests: it has every type.
MODELS = [1, 11, 12, 13, 16, *range(101, 104), *range(111, 114), *range(120, 129), 160,
          *range(201, 205), *range(211, 215), 220, *range(302, 309), *range(401, 405), 501, 502, 601,
          *range(701, 715), *range(801, 806), 63001]

# As the models write them, and in UCUM. What is not here is left out (a share of a setting).
UNITS = {
    "A": "A", "V": "V", "W": "W", "Hz": "Hz", "VA": "V.A", "var": "V.A{reactive}", "Var": "V.A{reactive}", "Pct": "%",
    "%": "%", "Wh": "W.h", "WH": "W.h", "C": "Cel", "VAh": "V.A.h", "varh": "V.A{reactive}.h",
    "Varh": "V.A{reactive}.h",
    "Ah": "A.h", "AH": "A.h", "Secs": "s", "mSecs": "ms", "ohms": "Ohm", "kO": "kOhm",
    "W/m2": "W/m2", "Degrees": "deg", "deg": "deg", "mps": "m/s", "m/s": "m/s", "HPa": "hPa",
    "mm": "mm", "meters": "m", "S": "S", "cos()": "1", "PF": "1",
}


class Pool:
    """Texts one behind the other, each once; 0 is the empty one."""

    def __init__(self):
        self.places = {"": 0}
        self.size = 1

    def place(self, text):
        if text not in self.places:
            self.places[text] = self.size
            self.size += len(text) + 1
        return self.places[text]


def entry(pool, comment, kind, name, other="", registers=0, factor=0, unit=""):
    return (f"    {{{pool.place(name)}, {pool.place(other)}, {pool.place(unit)}, SUNSPEC_{kind}, "
            f"{registers}, {factor}}}, /* {comment} */")


def group_entries(pool, group, path):
    rows = []
    for point in group.get("points", []):
        factor = point.get("sf", "")
        fixed = factor if isinstance(factor, int) else 0
        unit = UNITS.get((point.get("units") or "").strip(), "")
        rows.append(entry(pool, f"{path}.{point['name']}", point["type"].upper(), point["name"],
                          "" if isinstance(factor, int) else factor, point["size"], fixed, unit))
    for inner in group.get("groups", []):
        count = inner.get("count", 1)
        named = isinstance(count, str)
        rows.append(entry(pool, f"{path}.{inner['name']}", "GROUP", inner["name"],
                          count if named else "", 0 if named else count))
        rows += group_entries(pool, inner, f"{path}.{inner['name']}")
        rows.append("    {0, 0, 0, SUNSPEC_END, 0, 0},")
    return rows


def main(folder, version):
    pool = Pool()
    models, rows = [], []
    for number in MODELS:
        group = json.loads((pathlib.Path(folder) / f"model_{number}.json").read_text())["group"]
        models.append(f"    {{{number}, {len(rows)}, {pool.place(group['name'])}}}, "
                      f"/* {group['name']} */")
        rows += group_entries(pool, group, str(number)) + ["    {0, 0, 0, SUNSPEC_END, 0, 0},"]
    print(f"/* Made by make_models.py from the models in pysunspec2 {version} (PyPI; SunSpec Alliance,\n"
          " * Apache License 2.0). Do not change by hand. */")
    print('#pragma GCC diagnostic ignored "-Woverlength-strings"')
    print("static const char texts[] =")
    print("\n".join(f'    "{text}\\0"' for text in pool.places) + ";")
    print("static const struct sunspec_model models[] = {", *models, "};", sep="\n")
    print("static const struct sunspec_entry entries[] = {", *rows, "};", sep="\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])

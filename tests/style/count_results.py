#!/usr/bin/env python3
"""Sums what the steps of `./dev test` found: count_results.py FOLDER NAME:EXIT_CODE ...

A step that tests leaves FOLDER/NAME.xml (JUnit). A step that failed and counted no failure itself
(a build, a crash of the test runner) is one failure. The last line is the sum.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def counts(path):
    """(passed, failed, skipped) of one JUnit file; its suites may stand in <testsuites>."""
    passed = failed = skipped = 0
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):
        number = {key: int(suite.get(key) or 0)
                  for key in ("tests", "failures", "errors", "skipped", "disabled")}
        bad = number["failures"] + number["errors"]
        left_out = number["skipped"] + number["disabled"]
        passed += number["tests"] - bad - left_out
        failed += bad
        skipped += left_out
    return passed, failed, skipped


def main(folder, steps):
    total = [0, 0, 0]
    for step in steps:
        name, code = step.rsplit(":", 1)
        path = pathlib.Path(folder, f"{name}.xml")
        passed, failed, skipped = counts(path) if path.is_file() else (0, 0, 0)
        if code != "0" and failed == 0:
            failed = 1
        print(f"{name:10} {passed} passed, {failed} failed, {skipped} skipped")
        total = [sum_ + one for sum_, one in zip(total, (passed, failed, skipped))]
    print("{} passed, {} failed, {} skipped".format(*total))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files under 500 lines, headers under 200, functions under 60 (counted by pmccabe). Tables (*.def) may be longer, and
the list of cases in a test program's main()."""
import os
import shutil
import subprocess
import sys

import source

FILE_LINES, HEADER_LINES, FUNCTION_LINES = 500, 200, 60


def check_functions(paths, faults):
    if not shutil.which("pmccabe"):
        print("tests/lint/sizes.py: pmccabe is not installed, functions are not measured", file=sys.stderr)
        if os.environ.get("ECS_LINT_STRICT"):
            faults.add("tests/lint/sizes.py", 0, "pmccabe is missing")
        return
    output = subprocess.run(["pmccabe", *paths], cwd=source.ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    for row in output.splitlines():
        fields = row.split("\t")
        if len(fields) < 6:
            continue
        lines, place = int(fields[4]), fields[5]
        path, name = place.split("(")[0], place.split(": ")[-1]
        if lines >= FUNCTION_LINES and not (name == "main" and path.startswith("tests/")):
            faults.add(path, int(fields[3]), f"function {name} has {lines} lines, allowed are {FUNCTION_LINES - 1}")


def check(faults):
    code = source.files("src", "tests", suffixes=(".c",))
    headers = source.files("src", "include", "tests", suffixes=(".h",))
    for paths, limit in (code, FILE_LINES), (headers, HEADER_LINES):
        for path in paths:
            lines = source.read(path).count("\n")
            if lines >= limit:
                faults.add(path, 0, f"has {lines} lines, allowed are {limit - 1}")
    if code:
        check_functions(code, faults)


source.main(check)

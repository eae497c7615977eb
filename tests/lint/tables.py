#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rows of *.def files have unique keys, SQL statements unique names, and "proves:" marks name requirements that exist
and stand above a test."""
import os
import re
import sys

import source

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import marks  # noqa: E402

# The arguments that make the key of a row, where it is not the first one alone.
KEYS = {
    ("decisions.def", "DECISION"): (0, 1),
    ("decisions.def", "GROUP"): (0, 1),
    ("routes.def", "ROUTE"): (0, 1),
    ("callback_routes.def", "CALLBACK"): (0, 1),
    ("smdp_status.def", "PAIR"): (0, 1, 2),
}
PARAMS_KEY = (0, 1, 2)
ROW = re.compile(r"^([A-Z][A-Z0-9_]*)\(", re.M)
STATEMENT = re.compile(r"^--[ \t]*name:[ \t]*(\S+)", re.M)


def arguments(code, raw, opening, end):
    """Top-level arguments of a row; brackets are counted in code, the text is taken from raw."""
    parts, depth, start = [], 0, opening + 1
    for position in range(opening + 1, end + 1):
        depth += {"(": 1, ")": -1}.get(code[position], 0)
        if depth < 0 or (depth == 0 and code[position] == ","):
            parts.append(" ".join(raw[start:position].split()))
            start = position + 1
    return parts


def key_of(path, macro):
    name = os.path.basename(path)
    if name.startswith("params_"):
        return PARAMS_KEY
    return KEYS.get((name, macro), (0,))


def check_rows(path, faults):
    text = source.read(path)
    code, raw = source.strip(text), source.strip(text, keep_strings=True)
    seen, rows = {}, 0
    for match in ROW.finditer(code):
        end = source.closing(code, match.end() - 1)
        line = source.line_of(code, match.start())
        if end < 0:
            faults.add(path, line, f"{match.group(1)}: the bracket is not closed")
            return
        values = arguments(code, raw, match.end() - 1, end)
        key = (match.group(1),) + tuple(values[i] for i in key_of(path, match.group(1)) if i < len(values))
        rows += 1
        if key in seen:
            faults.add(path, line, f"{' '.join(key)} stands twice, first in line {seen[key]}")
        seen.setdefault(key, line)
    if not rows:
        faults.add(path, 0, "has no rows")


def check_statements(faults):
    seen = {}
    for path in source.files("sql/queries", suffixes=(".sql",)):
        text = source.read(path)
        for match in STATEMENT.finditer(text):
            name, line = match.group(1), source.line_of(text, match.start())
            if name in seen:
                faults.add(path, line, f"statement {name} stands twice, first in {seen[name]}")
            seen.setdefault(name, f"{path}:{line}")


def check_marks(faults):
    known = {}
    if os.path.exists(os.path.join(source.ROOT, marks.REQUIREMENTS)):
        known = marks.read_requirements(source.ROOT)
        for line, name in marks.repeated_requirements(source.ROOT):
            faults.add(marks.REQUIREMENTS, line, f"{name} stands twice")
    else:
        faults.add(marks.REQUIREMENTS, 0, "is missing")
    found, wrong = marks.collect(source.ROOT)
    for path, line, text in wrong:
        faults.add(path, line, text)
    for mark in found:
        for name in mark.ids:
            if known and name not in known:
                faults.add(mark.path, mark.line, f"there is no requirement {name}")


def check(faults):
    for path in source.files("src", suffixes=(".def",)):
        check_rows(path, faults)
    check_statements(faults)
    check_marks(faults)


source.main(check)

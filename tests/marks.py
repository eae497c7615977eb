# SPDX-License-Identifier: Apache-2.0
"""The marks "proves: P-004 X-003" in tests, and the list of requirements. Used by tests/conformance.py and the lint.

In C and Python the mark is a comment of its own above a test function; in scripts and data of tests (replay, golden,
scenarios) it stands anywhere as a # comment and speaks for the whole file."""
import os
import re
from collections import namedtuple

REQUIREMENTS = "docs/requirements.tsv"
Mark = namedtuple("Mark", "path line ids case")  # case "" for a whole file
Requirement = namedtuple("Requirement", "id clause level text how")

ID = re.compile(r"[A-Z]{1,3}-\d{3}$")
C_MARK = re.compile(r"/\*\s*proves:(.*?)\*/", re.S)
HASH_MARK = re.compile(r"^[ \t]*#[ \t]*proves:(.*)$", re.M)
C_TEST = re.compile(r"\s*(?:/\*.*?\*/\s*)*(?:static\s+)?void\s+(test_\w+)\s*\(", re.S)
PY_TEST = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)[ \t]*\(", re.M)
PY_OTHER = re.compile(r"^[ \t]*class\b", re.M)
DATA = (".play", ".req", ".facts", ".yaml", ".yml", ".sh", ".tap", ".js", ".mjs", ".ts")
SKIP = {"lint", "__pycache__", "node_modules", "corpus", "vectors"}


def rows(root):
    with open(os.path.join(root, REQUIREMENTS), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            fields = line.rstrip("\n").split("\t")
            if number > 1 and fields[0]:
                yield number, fields + [""] * (5 - len(fields))


def read_requirements(root):
    """id -> Requirement, in the order of the list."""
    return {fields[0]: Requirement(*fields[:5]) for _, fields in rows(root)}


def repeated_requirements(root):
    seen = set()
    for number, fields in rows(root):
        if fields[0] in seen:
            yield number, fields[0]
        seen.add(fields[0])


def case_behind(path, text, end):
    """Name of the test below a mark; None when there is none."""
    if path.endswith(".c"):
        match = C_TEST.match(text, end)
        return match.group(1) if match else None
    match = PY_TEST.search(text, end)  # decorators may stand between
    if not match or not match.group(1).startswith("test_") or PY_OTHER.search(text, end, match.start()):
        return None
    return match.group(1)


def collect_file(root, path):
    """Marks of one file, and what is wrong with them as (path, line, text)."""
    found, wrong = [], []
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    is_code = path.endswith((".c", ".py"))
    for match in (C_MARK if path.endswith(".c") else HASH_MARK).finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        ids = match.group(1).replace(",", " ").replace("*", " ").split()
        case = case_behind(path, text, match.end()) if is_code else ""
        bad = [name for name in ids if not ID.match(name)]
        if bad or not ids:
            wrong.append((path, line, f'"proves:" must be followed by requirement ids, not "{" ".join(bad)}"'))
        elif case is None:
            wrong.append((path, line, '"proves:" stands above no test function'))
        else:
            found.append(Mark(path, line, tuple(ids), case))
    return found, wrong


def collect(root):
    found, wrong = [], []
    for where, names, entries in os.walk(os.path.join(root, "tests")):
        names[:] = sorted(name for name in names if name not in SKIP)
        for entry in sorted(entries):
            path = os.path.relpath(os.path.join(where, entry), root)
            if entry.endswith((".c", ".py") + DATA) and path not in ("tests/marks.py", "tests/conformance.py"):
                marks, faults = collect_file(root, path)
                found += marks
                wrong += faults
    return found, wrong

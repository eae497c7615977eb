# SPDX-License-Identifier: Apache-2.0
"""What the checks share: finding files, reading C without comments and texts, telling faults."""
import os
import re
import sys

ROOT = os.path.abspath(os.environ.get("ECS_LINT_ROOT") or os.path.join(os.path.dirname(__file__), "..", ".."))


class Faults:
    """Faults as "path:line: text"; the exit status says whether there were any."""

    def __init__(self):
        self.lines = []

    def add(self, path, line, text):
        self.lines.append((path, line, text))

    def finish(self):
        for path, line, text in sorted(set(self.lines)):
            print(f"{path}:{line}: {text}" if line else f"{path}: {text}")
        return 1 if self.lines else 0


def files(*folders, suffixes):
    """Paths below the root with one of the suffixes, sorted; without folders of builds and caches."""
    found = []
    for folder in folders:
        for where, names, entries in os.walk(os.path.join(ROOT, folder)):
            names[:] = sorted(n for n in names if not n.startswith((".", "build", "__pycache__")))
            found += [os.path.relpath(os.path.join(where, e), ROOT) for e in entries if e.endswith(suffixes)]
    return sorted(found)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


TOKEN = re.compile(r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""", re.X | re.S)


def strip(text, keep_strings=False):
    """C without comments and, unless kept, without what stands in quotes; every line keeps its number."""
    def blank(match):
        token = match.group()
        if token[0] in "\"'":
            return token if keep_strings else token[0] + " " * (len(token) - 2) + token[-1]
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def closing(text, opening):
    """Position of the bracket that closes the one at opening, in text without strings; -1 when there is none."""
    depth = 0
    for position in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position
    return -1


def main(check):
    faults = Faults()
    check(faults)
    sys.exit(faults.finish())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The server never ends itself: no assert, abort or exit below the programs. No unfinished work is marked in the text,
and no code is switched off."""
import re

import source

ENDS = re.compile(r"(?<![\w.>])(assert|abort|exit|_exit|_Exit|quick_exit|__builtin_trap|__builtin_unreachable)\s*\(")
# Written in pieces, so that this file does not find itself.
MARKS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
OFF = re.compile(r"^[ \t]*#[ \t]*if[ \t]+0\b", re.M)
PROGRAMS = ("src/tools/", "src/main.c")


def check(faults):
    for path in source.files("src", "include", suffixes=(".c", ".h", ".def")):
        code = source.strip(source.read(path))
        if not path.startswith(PROGRAMS):
            for match in ENDS.finditer(code):
                faults.add(path, source.line_of(code, match.start()), f"{match.group(1)}() ends the server")
    everywhere = source.files("src", "include", "tests", "scripts", "sql", "conf", "packaging", "systemd", "cmake",
                              suffixes=(".c", ".h", ".def", ".py", ".sql", ".yaml", ".cmake", ".txt", ".sh", ".service"))
    for path in everywhere:
        text = source.read(path)
        for match in MARKS.finditer(text):
            faults.add(path, source.line_of(text, match.start()), f"{match.group(1)}: finish it or describe it in docs")
        if path.endswith((".c", ".h", ".def")):
            for match in OFF.finditer(text):
                faults.add(path, source.line_of(text, match.start()), "code that is switched off")


source.main(check)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/conformance.md: which test proves which requirement, and what is open.

A requirement is proven when at least one test carries its mark. With --results (JUnit XML files of ctest, cmocka and
pytest) every one of its tests must also have run and passed; the document without results is the one that is checked
in, so a failing or missing test makes --check fail."""
import argparse
import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict

sys.dont_write_bytecode = True
import marks  # noqa: E402

OPEN_REASONS = "docs/open-requirements.tsv"
DOCUMENT = "docs/conformance.md"
STATES = ("proven", "open", "failed", "not run")
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
WHOLE_FILE = "whole file"


class Results:
    """Results of test cases by program and case name."""

    def __init__(self, folder):
        self.cases = defaultdict(list)     # case -> [(name of the file, class, result)]
        self.programs = defaultdict(list)  # names of ctest -> [result]
        for where, _, entries in os.walk(folder):
            for entry in sorted(entries):
                if entry.endswith(".xml"):
                    self.read(os.path.join(where, entry))

    def read(self, path):
        try:
            tree = ElementTree.parse(path)
        except ElementTree.ParseError as error:
            sys.exit(f"conformance: {path} is not a JUnit file: {error}")
        stem = os.path.basename(path).removesuffix(".xml")
        for suite in tree.iter("testsuite"):
            for case in suite.findall("testcase"):
                self.add(stem, case)

    def add(self, stem, case):
        name = case.get("name", "").split("[")[0]
        result = PASSED
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            result = FAILED
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            result = SKIPPED
        place = (case.get("classname") or "").replace(".", "/")
        self.cases[name].append((stem, place, result))
        self.programs[name].append(result)

    def of(self, path, case):
        """Result of one test, None when it did not run."""
        program = program_of(path)
        stem = os.path.splitext(path)[0]
        found = [result for file, place, result in self.cases.get(case, ())
                 if file == program or stem.endswith(place or "\0") or place.startswith(stem)]
        found = found or self.programs.get(program) or self.programs.get(os.path.basename(stem))
        found = found or [result for name, results in self.programs.items() if runs_folder(name, path)
                          for result in results]
        if FAILED in (found or ()):
            return FAILED
        return PASSED if PASSED in (found or ()) else None


def program_of(path):
    """tests/unit/codec/test_eap.c -> unit_codec_eap, as tests/CMakeLists.txt names it."""
    match = re.match(r"tests/unit/(\w+)/test_(\w+)\.c$", path)
    return f"unit_{match.group(1)}_{match.group(2)}" if match else ""


def runs_folder(name, path):
    """Data of tests (tests/golden/..., tests/replay/...) is run by a program that carries the folder's name."""
    parts = path.split("/")
    return len(parts) > 2 and not path.endswith((".c", ".py")) and parts[1] in name


def read_reasons(root, known):
    reasons, faults = {}, []
    path = os.path.join(root, OPEN_REASONS)
    if not os.path.exists(path):
        return reasons, faults
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, reason = line.rstrip("\n").partition("\t")
            if name == "id":
                continue
            if name not in known:
                faults.append(f"{OPEN_REASONS}:{number}: there is no requirement {name}")
            elif name in reasons:
                faults.append(f"{OPEN_REASONS}:{number}: {name} stands twice")
            elif not reason.strip():
                faults.append(f"{OPEN_REASONS}:{number}: {name} has no reason")
            reasons[name] = reason.strip()
    return reasons, faults


def state_of(tests, results):
    if not tests:
        return "open"
    if not results:
        return "proven"
    outcomes = [results.of(path, case) for path, case in tests]
    if FAILED in outcomes:
        return "failed"
    return "not run" if None in outcomes else "proven"


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def name_of(test):
    path, case = test
    return f"`{path.removeprefix('tests/')}`: {case or WHOLE_FILE}"


def summary(requirements, states):
    by_prefix = defaultdict(Counter)
    for name in requirements:
        by_prefix[name.split("-")[0]][states[name]] += 1
        by_prefix["all"][states[name]] += 1
    prefixes = sorted(prefix for prefix in by_prefix if prefix != "all") + ["all"]
    shown = [state for state in STATES if state in ("proven", "open") or by_prefix["all"][state]]
    lines = ["| Group | Requirements | " + " | ".join(shown) + " |", "|---" * (len(shown) + 2) + "|"]
    for prefix in prefixes:
        counts = by_prefix[prefix]
        lines.append(f"| {prefix} | {sum(counts.values())} | " + " | ".join(str(counts[s]) for s in shown) + " |")
    return lines


def levels(requirements, states):
    counts = defaultdict(Counter)
    for name, row in requirements.items():
        counts[row.level][states[name]] += 1
    return ["| Level | Requirements | proven |", "|---|---|---|"] + [
        f"| {cell(level)} | {sum(count.values())} | {count['proven']} |" for level, count in sorted(counts.items())]


def document(requirements, tests, states, reasons):
    lines = ["# Conformance", "",
             "Written by `tests/conformance.py` from the marks in the tests; do not edit. A requirement is proven when",
             "a test carries its mark and passes. The list is `docs/requirements.tsv`, clauses are those of GSMA TS.43",
             "v12.0 unless they say otherwise.", "", "## Summary", ""]
    lines += summary(requirements, states) + [""] + levels(requirements, states)
    group = None
    for name, row in requirements.items():
        prefix = name.split("-")[0]
        if prefix != group:
            group = prefix
            lines += ["", f"## {prefix}", "", "| Id | Level | Clause | Requirement | State | Tests |",
                      "|---|---|---|---|---|---|"]
        proof = "<br>".join(name_of(test) for test in tests[name]) or cell(reasons.get(name, ""))
        lines.append(f"| {name} | {cell(row.level)} | {cell(row.clause)} | {cell(row.text)} | {states[name]} "
                     f"| {proof} |")
    return "\n".join(lines) + "\n"


def collect(root):
    """requirements, id -> tests, faults"""
    requirements = marks.read_requirements(root)
    found, wrong = marks.collect(root)
    faults = [f"{path}:{line}: {text}" for path, line, text in wrong]
    tests = defaultdict(list)
    for mark in found:
        for name in mark.ids:
            if name not in requirements:
                faults.append(f"{mark.path}:{mark.line}: there is no requirement {name}")
            elif (mark.path, mark.case) not in tests[name]:
                tests[name].append((mark.path, mark.case))
    for name in tests:
        tests[name].sort()
    return requirements, tests, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the document is out of date")
    parser.add_argument("--results", metavar="DIR", help="folder with JUnit XML files of the last run")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    options = parser.parse_args()
    root = os.path.abspath(options.root)

    requirements, tests, faults = collect(root)
    reasons, more = read_reasons(root, requirements)
    results = Results(options.results) if options.results else None
    states = {name: state_of(tests[name], results) for name in requirements}
    for fault in faults + more:
        print(f"conformance: {fault}", file=sys.stderr)
    for name in reasons:
        if states.get(name) == "proven":
            print(f"conformance: {name} is proven now, take it out of {OPEN_REASONS}", file=sys.stderr)
    bad = [name for name in requirements if states[name] in ("failed", "not run")]
    for name in bad:
        print(f"conformance: {name}: a test that proves it {'failed' if states[name] == 'failed' else 'did not run'}",
              file=sys.stderr)

    text = document(requirements, tests, states, reasons)
    path = os.path.join(root, DOCUMENT)
    if options.check:
        old = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                old = file.read()
        if old != text:
            faults.append("out of date")
            print(f"conformance: {DOCUMENT} is out of date; run tests/conformance.py", file=sys.stderr)
    else:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    proven = sum(state == "proven" for state in states.values())
    print(f"conformance: {proven} of {len(requirements)} requirements are proven")
    return 1 if faults or more or bad else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Includes go down the layers of src/layers.txt only, headers do not include each other in circles, and third-party
headers stay in the files that src/layers.txt names."""
import fnmatch
import os
import re
from collections import Counter

import source

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
DECLARED = re.compile(r"\b(ecs_\w+)\s*(?=[(\[;])")
DEFINED = re.compile(r"^(?!static|extern|#)[A-Za-z_][^;={}#\n]*?\b(ecs_\w+)\s*[(\[][^;]*$", re.M)


class Layers:
    def __init__(self, faults):
        self.level, self.allowed, self.owner, self.only = {}, set(), {}, []
        for number, line in enumerate(source.read("src/layers.txt").splitlines(), 1):
            word, *rest = line.split("#")[0].split() or [""]
            if word == "layer":
                self.level.update({module: number for module in rest})
            elif word == "allow" and len(rest) == 2:
                self.allowed.add(tuple(rest))
            elif word == "header" and len(rest) == 2:
                self.owner[rest[0]] = rest[1]
            elif word == "only" and len(rest) >= 2:
                self.only.append((rest[0], rest[1:]))
            elif word:
                faults.add("src/layers.txt", number, f"cannot be read: {line}")

    def module_of(self, path):
        """Module of a file in src; headers of include/ecs by their owner."""
        parts = path.split("/")
        if parts[0] == "include":
            return self.owner.get(parts[-1].removesuffix(".h"))
        return parts[1] if len(parts) > 2 else "main"

    def may_use(self, user, used):
        if user == used or (user, used) in self.allowed:
            return True
        return self.level.get(used, 0) < self.level.get(user, 0)


def find_owners(layers, headers, faults):
    """A header belongs to the module that defines most of what it declares."""
    home = {}
    for path in source.files("src", suffixes=(".c",)):
        for name in DEFINED.findall(source.strip(source.read(path))):
            home[name] = layers.module_of(path)
    for path in headers:
        stem = os.path.basename(path).removesuffix(".h")
        if stem in layers.owner:
            continue
        found = Counter(home[name] for name in set(DECLARED.findall(source.strip(source.read(path)))) if name in home)
        if not found:
            faults.add(path, 0, 'belongs to no module yet; if it only declares types, add "header '
                       f'{stem} MODULE" to src/layers.txt')
        else:
            layers.owner[stem] = found.most_common(1)[0][0]


def resolve(path, name):
    """The file of the tree that is included, or None (generated, or of the system)."""
    candidates = [os.path.join("include", name), os.path.join("src", name),
                  os.path.normpath(os.path.join(os.path.dirname(path), name))]
    for candidate in candidates:
        if os.path.isfile(os.path.join(source.ROOT, candidate)):
            return candidate
    return None


def check_third_party(layers, path, line, name, faults):
    for pattern, places in layers.only:
        if fnmatch.fnmatch(name, pattern) and not any(fnmatch.fnmatch(path, place) for place in places):
            faults.add(path, line, f"<{name}> belongs into {' '.join(places)} only")


def find_circle(graph):
    """A circle of includes as a list of files, or None."""
    state = {}

    def visit(node, trail):
        state[node] = 1
        for target in graph.get(node, ()):
            if state.get(target) == 1:
                return trail[trail.index(target):] + [target]
            if target not in state:
                circle = visit(target, trail + [target])
                if circle:
                    return circle
        state[node] = 2
        return None

    for node in sorted(graph):
        if node not in state:
            circle = visit(node, [node])
            if circle:
                return circle
    return None


def check(faults):
    layers = Layers(faults)
    headers = source.files("include", suffixes=(".h",))
    find_owners(layers, headers, faults)
    graph = {}
    for path in source.files("src", suffixes=(".c", ".h")) + headers:
        text = source.strip(source.read(path), keep_strings=True)
        user = layers.module_of(path)
        if user and user not in layers.level:
            faults.add(path, 0, f'module "{user}" is not in src/layers.txt')
            continue
        for match in INCLUDE.finditer(text):
            line, name = source.line_of(text, match.start(2)), match.group(2)
            check_third_party(layers, path, line, name, faults)
            target = resolve(path, name) if match.group(1) == '"' else None
            if not target:
                if match.group(1) == "<" and name.startswith("ecs/"):
                    faults.add(path, line, "our own headers are included with quotes")
                continue
            if target.endswith(".h"):
                graph.setdefault(path, set()).add(target)
            used = layers.module_of(target)
            if not user or not used:
                continue
            if not layers.may_use(user, used):
                faults.add(path, line, f"{user} must not use {used} ({name})")
            elif target.startswith("src/") and user != used and target.endswith(".h"):
                faults.add(path, line, f"{name} is internal to {used}")
    circle = find_circle(graph)
    if circle:
        faults.add(circle[0], 0, "includes in a circle: " + " -> ".join(circle))


source.main(check)

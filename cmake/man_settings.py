#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps docs/man/entitlementd.yaml.5.scd in step with the setting tables: reads the Markdown of "entitlementctl config
manual" and writes the section between the two marks of the page anew.

usage: entitlementctl config manual | man_settings.py PAGE [--check]

--check changes nothing and ends with 1 when the page is not what it should be."""
import re
import sys

BEGIN, END = "; settings: begin (made by cmake/man_settings.py)", "; settings: end"


def escape(text):
    """Characters that scdoc takes for mark-up."""
    return re.sub(r"([\\*_#.])", r"\\\1", text.replace("`", ""))


def section(markdown):
    """-> scdoc text of all sections of settings"""
    lines, out, inside = markdown.splitlines(), [], False
    for line in lines:
        head = re.fullmatch(r"### `([a-z_0-9]+)`.*", line)
        if head:
            out += [f"## {head.group(1)}", ""]
            inside = True
        elif line.startswith("#"):
            inside = False
        elif inside and line.startswith("| `"):
            cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
            key, kind, default, limits, change, meaning = (c.replace("\\|", "|") for c in cells)
            about = [kind] + [part for part in (limits,) if part]
            if default:
                about.append("default " + default)
            if change == "restart":
                about.append("a change needs a restart")
            out += [f"*{escape(key.strip('`'))}* ({escape('; '.join(about))})", "\t" + escape(meaning), ""]
        elif inside and line and not line.startswith("|"):
            out += [escape(line), ""]
    if not out:
        sys.exit("man_settings.py: no settings in the input")
    return "\n".join(out)


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--check"]):
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        page = file.read()
    before, rest = page.split(BEGIN + "\n", 1)
    behind = rest.split(END + "\n", 1)[1]
    wanted = f"{before}{BEGIN}\n\n{section(sys.stdin.read())}\n{END}\n{behind}"
    if sys.argv[2:]:
        if wanted != page:
            sys.exit(f"{sys.argv[1]} is not in step with the settings: run cmake/man_settings.py")
        return
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(wanted)


if __name__ == "__main__":
    main()

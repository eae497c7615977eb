#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes C out of the SQL files: sql/queries/*.sql gives an enumeration and an array of named statements,
sql/schema/NNNN_name.sql gives an array of numbered schema files with their checksums.

usage: gen_statements.py SOURCE_DIR OUTPUT_DIR

A query file holds blocks. "-- name: NAME [read-only]" begins a statement, "-- fragment: NAME" a text that other blocks
take over by {{NAME}}; other comment lines are dropped. read-only statements may be repeated on another connection.
"""
import hashlib
import pathlib
import re
import sys

HEAD = re.compile(r"^-- (name|fragment): ([a-z][a-z0-9_]*)( read-only)?$")


def stop(path, line, text):
    sys.exit(f"{path}:{line}: {text}")


def read_blocks(paths):
    """-> {name: (kind, read_only, text, path, line)} in order of the files"""
    blocks = {}
    for path in paths:
        name = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            head = HEAD.match(line)
            if head:
                kind, name, read_only = head.group(1), head.group(2), bool(head.group(3))
                if name in blocks:
                    stop(path, number, f"{name} is already defined at {blocks[name][3]}:{blocks[name][4]}")
                blocks[name] = [kind, read_only, "", path, number]
            elif line.startswith("-- name:") or line.startswith("-- fragment:"):
                stop(path, number, "malformed block line")
            elif line.lstrip().startswith("--") or not line.strip():
                continue
            elif name is None:
                stop(path, number, "text before the first block")
            else:
                blocks[name][2] += line.rstrip() + "\n"
    return blocks


def expand(blocks, name, seen=()):
    kind, _, text, path, line = blocks[name]
    if name in seen:
        stop(path, line, f"fragment {name} contains itself")

    def fill(match):
        inner = match.group(1)
        if inner not in blocks or blocks[inner][0] != "fragment":
            stop(path, line, f"no fragment {inner}")
        return expand(blocks, inner, (*seen, name)).strip()

    return re.sub(r"\{\{([a-z0-9_]+)\}\}", fill, text)


def c_string(text, indent="        "):
    lines = text.strip().split("\n")
    return "\n".join(
        indent + '"' + line.replace("\\", "\\\\").replace('"', '\\"') + ("\\n" if i + 1 < len(lines) else "") + '"'
        for i, line in enumerate(lines)
    )


def count_parameters(blocks, name, sql):
    numbers = {int(n) for n in re.findall(r"\$(\d+)", sql)}
    if numbers != set(range(1, len(numbers) + 1)):
        stop(blocks[name][3], blocks[name][4], f"{name}: parameters are not $1 to $n without gaps")
    return len(numbers)


def write_statements(source, out):
    blocks = read_blocks(sorted((source / "sql/queries").glob("*.sql")))
    names = [n for n, b in blocks.items() if b[0] == "name"]
    if not names:
        sys.exit("gen_statements.py: no statements found")
    head = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by cmake/gen_statements.py from sql/: do not edit. */\n"
    enum = "".join(f"    ECS_STMT_{n.upper()},\n" for n in names)
    header = head + "#pragma once\n\n#include \"ecs/pg.h\"\n\nenum ecs_stmt {\n" + enum + "    ECS_STMT_COUNT\n};\n"
    header += "\nextern const struct ecs_pg_statement ecs_stmt_table[ECS_STMT_COUNT];\n"
    body = head + '#include "store/statements.h"\n\nconst struct ecs_pg_statement ecs_stmt_table[ECS_STMT_COUNT] = {\n'
    for name in names:
        sql = expand(blocks, name)
        if ";" in sql:
            stop(blocks[name][3], blocks[name][4], f"{name}: one statement per block, without semicolon")
        if not sql.strip():
            stop(blocks[name][3], blocks[name][4], f"{name} is empty")
        body += f"    [ECS_STMT_{name.upper()}] = {{\n        .name = \"{name}\",\n"
        body += f"        .params = {count_parameters(blocks, name, sql)},\n"
        body += f"        .read_only = {'true' if blocks[name][1] else 'false'},\n"
        body += "        .sql =\n" + c_string(sql, "            ") + ",\n    },\n"
    (out / "store").mkdir(parents=True, exist_ok=True)
    (out / "store/statements.h").write_text(header, encoding="utf-8")
    (out / "store/statements.c").write_text(body + "};\n", encoding="utf-8")


def write_schema(source, out):
    body = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by cmake/gen_statements.py from sql/: do not edit. */\n"
    body += '#include "store/schema_files.h"\n\nconst struct ecs_schema_file ecs_schema_files[] = {\n'
    expected = 1
    for path in sorted((source / "sql/schema").glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)\.sql", path.name)
        if not match or int(match.group(1)) != expected:
            sys.exit(f"{path}: expected a file {expected:04d}_name.sql")
        raw = path.read_bytes()
        body += f"    {{\n        .number = {expected},\n        .name = \"{match.group(2)}\",\n"
        body += f"        .checksum = \"{hashlib.sha256(raw).hexdigest()}\",\n        .sql =\n"
        body += c_string(raw.decode("utf-8"), "            ") + ",\n    },\n"
        expected += 1
    if expected == 1:
        sys.exit("gen_statements.py: no schema files found")
    body += f"}};\nconst unsigned ecs_schema_file_count = {expected - 1};\n"
    (out / "store/schema_files.c").write_text(body, encoding="utf-8")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: gen_statements.py SOURCE_DIR OUTPUT_DIR")
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    write_statements(source, out)
    write_schema(source, out)


if __name__ == "__main__":
    main()

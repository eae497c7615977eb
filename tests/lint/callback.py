#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""src/front/callback_routes.def, the handlers and docs/callback-api.yaml name the same calls, callers, members and faults.

Bodies of SM-DP+ and BSS follow documents of others and are read tolerantly: only those of partners are compared."""
import re

import yaml

import source
from openapi import check_references, follow

ROUTES, API, CODE = "src/front/callback_routes.def", "docs/callback-api.yaml", "src/front/callback.c"
ROW = re.compile(r'^CALLBACK\((\w+),\s*"([^"]+)",\s*(\w+),\s*(\w+),\s*"([^"]+)"\)', re.M)
FIELDS = re.compile(r"static const struct ecs_json_field (\w+)_fields\[\] = \{(.*?)\n\};", re.S)
MEMBER = re.compile(r'\{\s*"(\w+)",\s*ECS_JSON_T_\w+,?([^}]*)', re.S)
FAULT = re.compile(r'\[CALLBACK_\w+\] = \{(\d+),\s*"(\w+)"')


def check_body(api, operation, path, code, faults):
    schema = follow(api, operation["requestBody"]["content"]["application/json"]["schema"])
    members = dict(MEMBER.findall(code))
    for name in sorted(set(members) ^ set(schema.get("properties", {}))):
        faults.add(API, 0, f"{path}: member {name} is only in the {'code' if name in members else 'description'}")
    needed = {name for name, rest in members.items() if ".required = true" in rest}
    if needed != set(schema.get("required", [])):
        faults.add(API, 0, f"{path}: required are {sorted(needed)} in the code")
    if schema.get("additionalProperties") is not False:
        faults.add(API, 0, f"{path}: the body must say additionalProperties: false")


def check_faults(api, faults):
    codes = {code: status for status, code in FAULT.findall(source.read(CODE))}
    named = set(api["components"]["schemas"]["Fault"]["properties"]["error"]["enum"]) - {"unavailable", "internal"}
    for code in sorted(set(codes) ^ named):
        faults.add(API, 0, f"error {code} is only in the {'code' if code in codes else 'description'}")
    text = api["components"]["responses"]["Fault"]["description"]
    for code, status in codes.items():
        group = re.search(rf"{status} ([a-z_, ]+)", text)
        if not group or code not in re.split(r"[, ]+", group.group(1)):
            faults.add(API, 0, f"error {code}: the description does not say {status}")


def check(faults):
    text = source.read(ROUTES)
    rows = {(m.group(1).lower(), m.group(2)): (m.group(3), m.group(4)) for m in ROW.finditer(text)}
    if not rows or len(rows) != len(re.findall(r"^CALLBACK\(", text, re.M)):
        faults.add(ROUTES, 0, "a row cannot be read, or stands twice")
    api = yaml.safe_load(source.read(API))
    calls = {(method, path): item[method] for path, item in api["paths"].items() for method in item}
    for key in sorted(set(rows) ^ set(calls)):
        faults.add(ROUTES if key in rows else API, 0, f"{key[0].upper()} {key[1]} is only here")
    for key in sorted(set(rows) & set(calls)):
        name, who = rows[key]
        if calls[key].get("operationId") != name:
            faults.add(API, 0, f"{key[1]}: operationId must be {name}")
        if who not in calls[key].get("tags", []):
            faults.add(API, 0, f"{key[1]}: tags must name {who}, who calls it")
        if who != "partner":
            continue
        found = [m for m in FIELDS.finditer(source.read(f"src/front/callback_{name}.c")) if m.group(1) == name]
        if len(found) != 1:
            faults.add(f"src/front/callback_{name}.c", 0, f"{name}_fields was not found")
        else:
            check_body(api, calls[key], key[1], found[0].group(2), faults)
    check_references(API, api, api, faults)
    check_faults(api, faults)


source.main(check)

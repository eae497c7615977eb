#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""src/front/routes.def and docs/admin-api.yaml name the same calls, with the same roles and path parts; references of the
description lead somewhere, and the members that handlers read are those of the schemas."""
import glob
import os
import re

import yaml

import source
from openapi import check_references, follow

ROUTES, API = "src/front/routes.def", "docs/admin-api.yaml"
ROW = re.compile(r'^ROUTE\((\w+),\s*"([^"]+)",\s*(\w+),\s*(\w+),\s*"([^"]+)"\)', re.M)
METHODS = {"get", "put", "post", "delete", "head", "options", "patch"}
# JSON_FIELD arrays of the handlers -> operation whose body they read.
FIELDS = re.compile(r"static const struct ecs_json_field (\w+)\[\] = \{(.*?)\n\};", re.S)
MEMBER = re.compile(r'\{\s*"(\w+)",\s*ECS_JSON_T_|\b(?:TEXT|NUMBER)\((\w+)')
BODIES = {
    ("admin_subscriber.c", "put_fields"): "subscriber_put", ("admin_subscriber.c", "revoke_fields"): "subscriber_revoke",
    ("admin_service.c", "put_fields"): "service_put", ("admin_catalog.c", "plan_fields"): "plan_put",
    ("admin_catalog.c", "brand_fields"): "brand_put", ("admin_catalog.c", "model_fields"): "model_put",
    ("admin_catalog.c", "identity_fields"): "identity_put", ("admin_notice.c", "notice_fields"): "notice_add",
    ("admin_notice.c", "order_fields"): "order_done", ("admin_notice.c", "reference_fields"): "flow_reference",
    ("admin_explain.c", "explain_fields"): "explain", ("admin_subject.c", "put_fields"): "subject_put",
    ("admin_push.c", "notify_fields"): "subscriber_notify", ("admin_push.c", "campaign_fields"): "campaign_add",
    ("admin_odsa.c", "act_fields"): "journey_retry", ("admin_odsa_keep.c", "enterprise_fields"): "enterprise_put",
    ("admin_odsa_keep.c", "relation_fields"): "family_put", ("admin_odsa_offer.c", "offer_fields"): "offer_put",
    ("admin_qos.c", "apply_fields"): "qos_apply", ("admin_qos_plan.c", "plan_fields"): "qos_plan_put",
    ("admin_availability.c", "set_fields"): "availability_set", ("admin_visited.c", "visited_fields"): "visited_put",
    ("admin_data.c", "change_fields"): "line_data_put", ("admin_data.c", "data_fields"): "plan_data_put",
    ("admin_data.c", "network_fields"): "satellite_put",
    ("admin_grant.c", "issue_fields"): "grant_issue", ("admin_grant.c", "end_fields"): "grant_end",
}


def check_parts(api, path, item, operation, faults):
    declared = {follow(api, p)["name"] for p in item.get("parameters", []) + operation.get("parameters", [])
                if follow(api, p).get("in") == "path"}
    parts = set(re.findall(r"\{(\w+)\}", path))
    for name in sorted(declared ^ parts):
        faults.add(API, 0, f"{path}: part {name} is only in the {'path' if name in parts else 'parameters'}")


def check_members(api, operations, faults):
    seen = set()
    for path in sorted(glob.glob(os.path.join(source.ROOT, "src/front/admin_*.c"))):
        name = os.path.basename(path)
        for match in FIELDS.finditer(source.read(os.path.join("src/front", name))):
            key = (name, match.group(1))
            seen.add(key)
            if key not in BODIES:
                faults.add(f"src/front/{name}", 0, f"{match.group(1)} is not in the list of tests/lint/routes.py")
                continue
            members = {a or b for a, b in MEMBER.findall(match.group(2))}
            body = operations.get(BODIES[key], {}).get("requestBody", {})
            schema = follow(api, body.get("content", {}).get("application/json", {}).get("schema", {}))
            for member in sorted(members ^ set(schema.get("properties", {}))):
                where = "code" if member in members else "description"
                faults.add(API, 0, f"{BODIES[key]}: member {member} is only in the {where}")
            if schema.get("additionalProperties") is not False:
                faults.add(API, 0, f"{BODIES[key]}: the body must say additionalProperties: false")
    for key in sorted(set(BODIES) - seen):
        faults.add(f"src/front/{key[0]}", 0, f"{key[1]} was not found")


def check(faults):
    text = source.read(ROUTES)
    rows = {(m.group(1).lower(), m.group(2)): m for m in ROW.finditer(text)}
    if len(rows) != len(re.findall(r"^ROUTE\(", text, re.M)):
        faults.add(ROUTES, 0, "a row cannot be read, or stands twice")
    api = yaml.safe_load(source.read(API))
    calls, operations = {}, {}
    for path, item in api["paths"].items():
        for method in METHODS & set(item):
            operation = calls[(method, path)] = item[method]
            operations[operation.get("operationId")] = operation
            check_parts(api, path, item, operation, faults)
    for key in sorted(set(rows) ^ set(calls)):
        faults.add(ROUTES if key in rows else API, 0, f"{key[0].upper()} {key[1]} is only here")
    for key in sorted(set(rows) & set(calls)):
        row, call = rows[key], calls[key]
        line = source.line_of(text, row.start())
        if call.get("x-role") != row.group(3).lower():
            faults.add(ROUTES, line, f"{row.group(4)}: role {row.group(3).lower()} here, {call.get('x-role')} in {API}")
        if call.get("operationId") != row.group(4):
            faults.add(ROUTES, line, f"{row.group(4)}: operationId is {call.get('operationId')} in {API}")
    check_references(API, api, api, faults)
    check_members(api, operations, faults)


source.main(check)

# SPDX-License-Identifier: Apache-2.0
"""References of an OpenAPI description, for the checks that compare descriptions with code."""


def follow(api, node):
    """What a $ref stands for; {} when it leads nowhere."""
    while isinstance(node, dict) and "$ref" in node:
        target = api
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target.get(part, {}) if isinstance(target, dict) else {}
        node = target
    return node


def check_references(path, api, node, faults):
    if isinstance(node, dict):
        if "$ref" in node and not follow(api, node):
            faults.add(path, 0, f"{node['$ref']} leads nowhere")
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            check_references(path, api, item, faults)

# SPDX-License-Identifier: Apache-2.0
"""The comparison of routes.def and admin-api.yaml itself: the tree passes, and each kind of difference is found."""
import os
import re
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def run(root):
    return subprocess.run(["/usr/bin/python3", os.path.join(HERE, "routes.py")], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "ECS_LINT_ROOT": str(root), "PYTHONDONTWRITEBYTECODE": "1"})


@pytest.fixture(name="tree")
def make_tree(tmp_path):
    shutil.copytree(os.path.join(ROOT, "src", "front"), tmp_path / "src" / "front")
    (tmp_path / "docs").mkdir()
    shutil.copy(os.path.join(ROOT, "docs", "admin-api.yaml"), tmp_path / "docs")
    return tmp_path


def test_the_tree_is_in_step(tree):
    result = run(tree)
    assert result.returncode == 0 and result.stdout == "", result.stdout


@pytest.mark.parametrize("path,old,new,fault", [
    ("docs/admin-api.yaml", "  /v1/orders:\n", "  /v1/order:\n", "GET /v1/orders is only here"),
    ("docs/admin-api.yaml", "      x-role: care\n", "      x-role: viewer\n", "role care here, viewer in"),
    ("docs/admin-api.yaml", "operationId: status\n", "operationId: state\n", "operationId is state"),
    ("docs/admin-api.yaml", "name: tac, in: path", "name: tax, in: path", "part tac is only in the path"),
    ("docs/admin-api.yaml", "schemas/ModelFields\"", "schemas/ModelField\"", "leads nowhere"),
    ("docs/admin-api.yaml", "        tc_version: { type: integer, minimum: 0 }\n", "", "member tc_version is only in the code"),
    ("docs/admin-api.yaml", "    PlanFields:\n      type: object\n      additionalProperties: false\n",
     "    PlanFields:\n      type: object\n", "must say additionalProperties: false"),
    ("src/front/admin_audit.c", "struct audit {",
     "static const struct ecs_json_field more_fields[] = {\n    {0},\n};\nstruct audit {", "more_fields is not in the list"),
    ("src/front/routes.def", 'ROUTE(GET,    "/health",', 'ROUTE(GET,    "/healthy",', "GET /health is only here"),
])
def test_a_difference_is_found(tree, path, old, new, fault):
    text = (tree / path).read_text(encoding="utf-8")
    assert old in text
    (tree / path).write_text(text.replace(old, new), encoding="utf-8")
    result = run(tree)
    assert result.returncode == 1 and re.search(re.escape(fault), result.stdout), result.stdout

# SPDX-License-Identifier: Apache-2.0
"""The checks themselves: each fault is found in a small tree that has it, and a clean tree passes."""
import os
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
LAYERS = "layer base\nlayer codec conf\nlayer net\nlayer main tools\nallow codec conf\nonly zlib.h src/codec/gzip.c\n"
REQUIREMENTS = "id\tclause\tlevel\trequirement\thow\nP-001\t2.4\tMUST\tIt works.\tTry it\nP-002\t2.5\tMAY\tMore | less.\t\n"
CLEAN = {
    "src/layers.txt": LAYERS,
    "docs/requirements.tsv": REQUIREMENTS,
    "include/ecs/str.h": "int ecs_str_len(void);\n",
    "include/ecs/pg.h": '#include "ecs/str.h"\nint ecs_pg_send(void);\n',
    "include/ecs/json.h": '#include "ecs/str.h"\nint ecs_json_read(void);\n',
    "include/ecs/conf.h": "int ecs_conf_get(void);\n",
    "src/base/str.c": '#include "ecs/str.h"\n\nint ecs_str_len(void)\n{\n    return 0;\n}\n',
    "src/net/pg.c": '#include "ecs/pg.h"\n#include "ecs/json.h"\n\nint ecs_pg_send(void)\n{\n    return 0;\n}\n',
    "src/net/pg_int.h": "struct x;\n",
    "src/codec/json.c": '#include "ecs/json.h"\n#include "ecs/conf.h"\n\nint ecs_json_read(void)\n{\n    return 0;\n}\n',
    "src/codec/gzip.c": "#include <zlib.h>\n",
    "src/conf/conf.c": "int ecs_conf_get(void)\n{\n    return 0;\n}\n",
    "src/base/error.def": '/* code */\nERR(OK, "a")\nERR(BAD,\n    "b, c)")\n',
    "src/tools/ctl/main.c": "int main(void)\n{\n    exit(1);\n}\n",
    "sql/queries/a.sql": "-- name: one\nselect 1;\n",
    "tests/unit/base/test_str.c": "/* proves: P-001 */\nstatic void test_it_works(void **state)\n{\n}\n",
    "tests/system/test_x.py": "# proves: P-002\n@mark(1,\n      2)\ndef test_more():\n    pass\n",
    "tests/replay/a.play": "# proves: P-001\n",
}


@pytest.fixture(name="tree")
def make_tree(tmp_path):
    def write(changes=None):
        for path, text in {**CLEAN, **(changes or {})}.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path
    return write


def run(root, check):
    environment = {**os.environ, "ECS_LINT_ROOT": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(["/usr/bin/python3", os.path.join(HERE, check + ".py")], env=environment, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def conformance(root, *options):
    return subprocess.run(["/usr/bin/python3", os.path.join(HERE, "..", "conformance.py"), "--root", str(root), *options],
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("check", ["layers", "sizes", "asserts", "tables", "secrets"])
def test_clean_tree_passes(tree, check):
    result = run(tree(), check)
    assert result.returncode == 0, result.stdout
    assert result.stdout == ""


FAULTS = [
    ("layers", {"src/base/str.c": '#include "ecs/pg.h"\nint ecs_str_len(void)\n{\n}\n'},
     "src/base/str.c:1: base must not use net (ecs/pg.h)"),
    ("layers", {"src/conf/conf.c": '#include "ecs/json.h"\nint ecs_conf_get(void)\n{\n}\n'},
     "src/conf/conf.c:1: conf must not use codec (ecs/json.h)"),
    ("layers", {"include/ecs/str.h": '#include "ecs/conf.h"\nint ecs_str_len(void);\n'},
     "include/ecs/str.h:1: base must not use conf (ecs/conf.h)"),
    ("layers", {"src/tools/ctl/main.c": '#include "net/pg_int.h"\n'},
     "src/tools/ctl/main.c:1: net/pg_int.h is internal to net"),
    ("layers", {"src/base/str.c": '#include "../net/pg_int.h"\nint ecs_str_len(void)\n{\n}\n'},
     "src/base/str.c:1: base must not use net (../net/pg_int.h)"),
    ("layers", {"src/net/pg.c": "#include <zlib.h>\nint ecs_pg_send(void)\n{\n}\n"},
     "src/net/pg.c:1: <zlib.h> belongs into src/codec/gzip.c only"),
    ("layers", {"src/net/pg.c": "#include <ecs/json.h>\nint ecs_pg_send(void)\n{\n}\n"},
     "src/net/pg.c:1: our own headers are included with quotes"),
    ("layers", {"src/strange/a.c": "int x;\n"}, 'src/strange/a.c: module "strange" is not in src/layers.txt'),
    ("layers", {"include/ecs/types.h": "struct ecs_x;\n"}, "include/ecs/types.h: belongs to no module yet"),
    ("layers", {"src/net/a.h": '#include "net/b.h"\n', "src/net/b.h": '#include "a.h"\n'},
     "includes in a circle: src/net/a.h -> src/net/b.h -> src/net/a.h"),
    ("layers", {"src/layers.txt": LAYERS + "nonsense\n"}, "src/layers.txt:7: cannot be read: nonsense"),
    ("sizes", {"src/net/pg.c": "\n" * 500}, "src/net/pg.c: has 500 lines, allowed are 499"),
    ("sizes", {"src/net/pg_int.h": "\n" * 200}, "src/net/pg_int.h: has 200 lines, allowed are 199"),
    ("sizes", {"src/net/pg.c": "int f(void)\n{\n" + "    g();\n" * 57 + "}\n"},
     "src/net/pg.c:1: function f has 60 lines, allowed are 59"),
    ("asserts", {"src/net/pg.c": "\nvoid f(void) { abort(); }\n"}, "src/net/pg.c:2: abort() ends the server"),
    ("asserts", {"src/net/pg.c": "void f(void) { assert (1); }\n"}, "src/net/pg.c:1: assert() ends the server"),
    ("asserts", {"src/net/pg.c": "/* TO" + "DO later */\n"}, "src/net/pg.c:1: TO" + "DO: finish it"),
    ("asserts", {"src/net/pg.c": "# if 0\n"}, "src/net/pg.c:1: code that is switched off"),
    ("tables", {"src/base/error.def": "ERR(OK, 1)\nERR(BAD, 1)\nERR(OK, 2)\n"},
     "src/base/error.def:3: ERR OK stands twice, first in line 1"),
    ("tables", {"src/base/error.def": "/* ERR(OK, 1) */\n"}, "src/base/error.def: has no rows"),
    ("tables", {"src/base/params_x.def": 'P(1, "a", "b")\nP(1, "a", "c")\nP(1, "a", "b")\n'},
     'src/base/params_x.def:3: P 1 "a" "b" stands twice, first in line 1'),
    ("tables", {"sql/queries/b.sql": "-- name: one\n"},
     "sql/queries/b.sql:1: statement one stands twice, first in sql/queries/a.sql:1"),
    ("tables", {"tests/replay/a.play": "# proves: P-003\n"}, "tests/replay/a.play:1: there is no requirement P-003"),
    ("tables", {"tests/replay/a.play": "# proves: soon\n"}, "must be followed by requirement ids"),
    ("tables", {"tests/unit/base/test_str.c": "/* proves: P-001 */\nint helper(void);\n"},
     'tests/unit/base/test_str.c:1: "proves:" stands above no test function'),
    ("tables", {"tests/system/test_x.py": "# proves: P-002\ndef helper():\n    pass\ndef test_more():\n    pass\n"},
     'tests/system/test_x.py:1: "proves:" stands above no test function'),
    ("tables", {"docs/requirements.tsv": REQUIREMENTS + "P-001\t\t\t\t\n"},
     "docs/requirements.tsv:4: P-001 stands twice"),
    ("secrets", {"src/net/pg.c": 'void f(void)\n{\n    ecs_log(ctx, E, "%s",\n            sub->imsi.s);\n}\n'},
     "src/net/pg.c:3: sub->imsi.s: an identity goes to the log unmasked"),
    ("secrets", {"src/net/pg.c": 'void f(void) { ecs_log_at(c, E, L, "%s", request.token); }\n'},
     "src/net/pg.c:1: request.token: a secret goes to the log"),
    ("secrets", {"src/net/pg.c": 'void f(void) { ecs_flow_fail(f, E, "%s", msisdn.s); }\n'},
     "src/net/pg.c:1: msisdn.s: an identity goes to the log unmasked"),
    ("secrets", {"src/net/pg.c": 'void f(void) { ecs_log(c, E, "%.*s", ECS_FMT(refresh_token)); }\n'},
     "src/net/pg.c:1: refresh_token: a secret goes to the log"),
]


@pytest.mark.parametrize("check,changes,fault", FAULTS)
def test_fault_is_found(tree, check, changes, fault):
    result = run(tree(changes), check)
    assert result.returncode == 1
    assert fault in result.stdout
    assert result.stdout.count("\n") == 1, result.stdout


HARMLESS = [
    ("asserts", '_Static_assert(1, "x"); /* abort() */ const char *s = "exit(1)"; int a = x->exit(1);\n'),
    ("asserts", 'char path[] = "/tmp/XXXXXX";\n'),
    ("secrets", 'void f(void) { ecs_log(c, E, "token imsi %s", masked_imsi(imsi.s)); }\n'),
    ("secrets", 'void f(void) { ecs_log(c, E, "%s %zu", ctx->imsi_masked, token.n); }\n'),
    ("secrets", "void f(void) { printf(imsi.s); }\n"),
]


@pytest.mark.parametrize("check,text", HARMLESS)
def test_harmless_code_passes(tree, check, text):
    result = run(tree({"src/net/pg.c": text}), check)
    assert result.returncode == 0, result.stdout


def test_document_counts_and_names_tests(tree):
    root = tree({"docs/open-requirements.tsv": "id\treason\n"})
    assert conformance(root).returncode == 0
    text = (root / "docs/conformance.md").read_text()
    assert "| P | 2 | 2 | 0 |" in text
    assert ("| P-001 | MUST | 2.4 | It works. | proven | `replay/a.play`: whole file<br>"
            "`unit/base/test_str.c`: test_it_works |") in text
    assert "| P-002 | MAY | 2.5 | More \\| less. | proven | `system/test_x.py`: test_more |" in text


def test_check_fails_when_the_document_is_old(tree):
    root = tree()
    assert conformance(root, "--check").returncode == 1
    assert conformance(root).returncode == 0
    assert conformance(root, "--check").returncode == 0
    tree({"tests/replay/b.play": "# proves: P-002\n"})
    assert "out of date" in conformance(root, "--check").stdout


def test_open_requirement_shows_its_reason(tree):
    root = tree({"tests/system/test_x.py": "", "docs/open-requirements.tsv": "P-002\tnobody asks for it\n"})
    assert conformance(root).returncode == 0
    text = (root / "docs/conformance.md").read_text()
    assert "| P-002 | MAY | 2.5 | More \\| less. | open | nobody asks for it |" in text
    assert "| P | 2 | 1 | 1 |" in text


@pytest.mark.parametrize("row,fault", [("P-009\tx\n", "no requirement P-009"), ("P-002\t\n", "has no reason"),
                                       ("P-002\ta\nP-002\tb\n", "stands twice")])
def test_wrong_reasons_are_refused(tree, row, fault):
    result = conformance(tree({"docs/open-requirements.tsv": row}))
    assert result.returncode == 1
    assert fault in result.stdout


CMOCKA = '<testsuites><testsuite name="tests"><testcase name="test_it_works">{}</testcase></testsuite></testsuites>'
PYTEST = ('<testsuites><testsuite name="pytest"><testcase classname="tests.system.test_x" name="test_more[1]"/>'
          '<testcase classname="tests.system.test_x" name="test_more[2]">{}</testcase></testsuite></testsuites>')
CTEST = '<testsuite name="x"><testcase name="unit_app_replay" status="{}"/></testsuite>'


@pytest.mark.parametrize("unit,system,replay,code,text", [
    ("", "", "run", 0, "2 of 2 requirements are proven"),
    ("<failure/>", "", "run", 1, "P-001: a test that proves it failed"),
    ("<skipped/>", "", "run", 1, "P-001: a test that proves it did not run"),
    ("", "<error/>", "run", 1, "P-002: a test that proves it failed"),
    ("", "", "fail", 1, "P-001: a test that proves it failed"),
    ("", "", "disabled", 1, "P-001: a test that proves it did not run"),
])
def test_results_decide_what_is_proven(tree, unit, system, replay, code, text):
    root = tree({"results/unit_base_str.xml": CMOCKA.format(unit), "results/system.xml": PYTEST.format(system),
                 "results/ctest.xml": CTEST.format(replay)})
    result = conformance(root, "--results", str(root / "results"))
    assert result.returncode == code, result.stdout
    assert text in result.stdout

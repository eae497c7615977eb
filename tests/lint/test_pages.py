# SPDX-License-Identifier: Apache-2.0
"""The check of the pages' callbacks itself: the tree passes, and each kind of fault is found."""
import os
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def run(root):
    return subprocess.run(["/usr/bin/python3", os.path.join(HERE, "pages.py")], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "ECS_LINT_ROOT": str(root), "PYTHONDONTWRITEBYTECODE": "1"})


@pytest.fixture(name="tree")
def make_tree(tmp_path):
    shutil.copytree(os.path.join(ROOT, "conf", "websheet"), tmp_path / "conf" / "websheet")
    for path in ("src/front/sheet_pages.def", "tests/browser/browser.mjs"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.join(ROOT, path), tmp_path / path)
    return tmp_path


# proves: D-023 B-017 Z-012
def test_the_tree_is_in_step(tree):
    result = run(tree)
    assert result.returncode == 0 and result.stdout == "", result.stdout


# proves: D-023 B-017 Z-012
@pytest.mark.parametrize("path,old,new,fault", [
    ("conf/websheet/service-flow.js", "'DCBWebServiceFlow'", "'DcbWebServiceFlow'", "DcbWebServiceFlow is no object of phones"),
    ("conf/websheet/service-flow.js", "flow.entitlementChanged()", "flow.entitlementChanged(1)", "entitlementChanged has 0 arguments"),
    ("conf/websheet/service-flow.js", "Number(value('code')), value('reason')", "value('reason')", "notifyPurchaseFailed has 2 arguments"),
    ("conf/websheet/service-flow.js", "flow.dismissFlow()", "flow.dismiss()", "dismiss is no function"),
    ("conf/websheet/service-flow.js", "            failed: function", "            broken: function", "does not know how boost ends failed"),
    ("conf/websheet/service-flow.js", "satmode: { object", "satellite: { object", "does not know how satmode ends changed"),
    ("conf/websheet/close.js", "['entitlementChanged']", "['finishFlow']", "VoWiFiWebServiceFlow has no function finishFlow"),
    ("conf/websheet/boost-end.html", ' data-outcome="{outcome}"', "", "the last page of a flow has data-outcome"),
    ("conf/websheet/boost-offer.html", 'data-flow="boost"', 'data-flow="boost" data-outcome="purchased"', "and no other page"),
    ("conf/websheet/billing-terms.html", 'data-flow="billing"', 'data-flow="boost"', 'has no <main id="flow" data-flow="billing">'),
    ("conf/websheet/satmode-end.html", "{>service-foot.html}", "{>foot.html}", "does not call SatModeWebServiceFlow"),
    ("conf/websheet/odsa-dismiss.js", "flow.dismissFlow()", "flow.finishFlow()", "may call dismissFlow only"),
    ("tests/browser/browser.mjs", "SatModeWebServiceFlow: ['entitlementChanged', ", "SatModeWebServiceFlow: [", "has other functions"),
    ("tests/browser/browser.mjs", "    DCBWebServiceFlow: ['entitlementChanged', 'dismissFlow'],\n", "", "DCBWebServiceFlow is only in"),
])
def test_a_fault_is_found(tree, path, old, new, fault):
    file = tree / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    result = run(tree)
    assert result.returncode == 1 and fault in result.stdout, result.stdout

# SPDX-License-Identifier: Apache-2.0
"""Companions served out of a pool of prepared activation codes (docs/smdp.md): no SM-DP+ is asked."""
import itertools
import subprocess

import pytest

import harness
import odsa
from odsa_documents import ACTIVATED, DELAYED, DOWNLOAD, SUCCESS

serial = itertools.count(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("p")), odsa_site)
    made.site.cluster.sql("TRUNCATE profile_pool")
    made.daemon = make_module_daemon(**made.settings(smdp=[{"name": "stock", "type": "pool"}], callback={"listen": []}))
    yield made
    made.close()


@pytest.fixture
def stock(world, build, tmp_path):
    """Function: imports so many codes: {iccid: code}."""
    def make(count):
        found = {}
        for _ in range(count):
            n = next(serial)
            found[f"8949777{n:012d}"] = f"1$rsp.example.com$POOL-{n:04d}"
        path = str(tmp_path / f"codes-{next(serial)}.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("iccid,code,smdp,profile_type\n" + "".join(f"{i},{c},stock,companion\n" for i, c in found.items()))
        subprocess.run([build.ctl, "-c", world.daemon.conf_path, "pool", "import", path], check=True, capture_output=True,
                       env=harness.environment())
        return found
    return make


def states(world):
    return dict(world.site.cluster.sql("SELECT state, count(*) FROM profile_pool GROUP BY state"))


# proves: O-031
@pytest.mark.parametrize("with_eid", [False, True], ids=["any-eUICC", "with-EID"])
def test_a_watch_gets_a_code_of_the_pool(world, stock, with_eid):
    codes, watch, before = stock(1), world.watch(), world.daemon.mark()
    answer = watch.subscribe() if with_eid else watch.subscribe(companion_terminal_eid=None)
    assert answer.result == SUCCESS and answer.subscription in (DOWNLOAD, DELAYED)
    ready = watch.until_ready()
    (iccid, code), = codes.items()
    assert (ready.iccid, ready.status, ready.download.code) == (iccid, ACTIVATED, code)
    assert states(world)["given"] >= 1
    assert "POOL-" not in world.daemon.text(before) and iccid not in world.daemon.text(before)


def test_an_empty_pool_makes_the_watch_wait_until_codes_come(world, stock):
    watch = world.watch()
    assert watch.subscribe().subscription == DELAYED
    world.daemon.wait_event("SMDP", text="no-stock")
    codes = stock(1)
    assert watch.until_ready().download.code in codes.values()

# SPDX-License-Identifier: Apache-2.0
"""Gatekeeping by what the card says, by the network that a line visits, and by the enterprise that pays for it: facts that an
operator's policy uses."""
import os
import shutil
import subprocess

import pytest

import harness

APPS = ["ap2003", "ap2004"]
SIMS = [{"brand": "mvno-a", "plmns": [harness.PLMN], "gid1": ["0a"]}, {"brand": "mvno-b", "plmns": [harness.PLMN], "gid1": ["0B", "0c"]}]
RULES = """rules:
  - { name: card-of-a, when: [ "brand is mvno-a" ], then: { offer: no, message: not-in-plan } }
  - { name: foreign-card, when: [ "sim.other_brand is yes" ], then: { offer: no, message: service-blocked } }
  - { name: enterprise, when: [ "line.enterprise is ent-x" ], then: { offer: no, message: device-refused } }
  - { name: no-agreement, when: [ "visited.services has not vowifi", "visited.partner is yes" ], then: { offer: no, message: roaming-not-in-plan } }
  - { name: abroad, when: [ "line.roaming is roaming" ], then: { offer: provisioning } }
"""


@pytest.fixture(scope="module")
def server(own_site, area):
    policies = os.path.join(area, "sim-policy.d")
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policies, ignore=shutil.ignore_patterns("tests"))
    path = os.path.join(policies, "vowifi.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert "rules:\n" in text
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("rules:\n", RULES, 1))
    own_site.cluster.sql("INSERT INTO brand (brand, name) VALUES ('mvno-a', 'A'), ('mvno-b', 'B') ON CONFLICT DO NOTHING")
    own_site.cluster.sql("INSERT INTO enterprise (enterprise_id, name) VALUES ('ent-x', 'X') ON CONFLICT DO NOTHING")
    made = own_site.daemon(sims=SIMS, policy={"directory": policies}).start()
    yield made
    try:
        made.stop()
    finally:
        made.kill()


@pytest.fixture
def phone(own_site, server):
    def make(**fields):
        p = own_site.phone(server)
        if fields:
            set_line(server, p, **fields)
        p.login(APPS)
        return p
    return make


def set_line(server, p, **fields):
    status, reply = server.admin("PUT", f"/v1/subscribers/{p.imsi}", fields)
    assert status == 200, reply


def status_of(p, **more):
    answer = p.ask(APPS, **more)["ap2004"]
    return answer["EntitlementStatus"], answer["MessageForIncompatible"]


# proves: P-071
def test_group_identifiers_choose_the_brand_of_a_line_that_has_none(phone):
    p = phone()
    assert status_of(p) == ("1", "")
    assert status_of(p, gid1="0aff")[0] == "2"
    assert status_of(p, GID1="0CFF") == ("1", "")
    assert status_of(p, gid1="") == ("1", "")


def test_a_brand_of_the_row_is_not_overruled_by_what_a_device_says(phone):
    p = phone(brand="mvno-b")
    assert status_of(p) == ("1", "")
    assert status_of(p, gid1="0b") == ("1", "")
    assert status_of(p, gid1="0a")[0] == "2", "a card of another brand: the operator's rule decides"


def test_an_enterprise_of_a_line_is_a_fact(server, phone):
    p = phone()
    before = p.ask(APPS)
    set_line(server, p, enterprise="ENT-X")
    after = p.ask(APPS)
    assert after["ap2004"]["EntitlementStatus"] == "2" and after.version > before.version
    shown = server.admin("GET", f"/v1/subscribers/{p.imsi}")[1]
    assert shown["enterprise"] == "ent-x"
    assert server.admin("PUT", f"/v1/subscribers/{p.imsi}", {"enterprise": "nobody"})[0] == 400
    set_line(server, p, enterprise="")
    assert status_of(p)[0] == "1"


def test_the_visited_network_says_that_a_line_roams(server, phone):
    p = phone()
    assert status_of(p)[0] == "1"
    set_line(server, p, visited_plmn=harness.PLMN)
    assert status_of(p)[0] == "1", "its own network"
    set_line(server, p, visited_plmn="26299")
    assert status_of(p)[0] == "3", "roaming, although the row says unknown"
    set_line(server, p, roaming="home")
    assert status_of(p)[0] == "1", "the row's word counts"


def test_agreements_with_partners_are_facts(own_site, server, phone, tmp_path):
    p = phone(visited_plmn="26201")
    assert status_of(p)[0] == "3", "no partner: nothing is known of services"
    path = tmp_path / "networks.csv"
    path.write_text("plmn,name,country,services\n26201,Nord,DE,volte vonr\n26202,West,DE,volte;vowifi\n2620,x,,\n26203,y,d,\n",
                    encoding="ascii")
    done = subprocess.run([own_site.build.ctl, "-c", server.conf_path, "visited", "import", str(path)], capture_output=True,
                          text=True, timeout=60, env=harness.environment())
    assert "2 accepted, 2 rejected" in done.stdout, done.stdout + done.stderr
    listed = server.admin("GET", "/v1/visited-networks?limit=10")[1]["networks"]
    assert listed == [{"plmn": "26201", "name": "Nord", "country": "DE", "services": ["volte", "vonr"]},
                      {"plmn": "26202", "name": "West", "country": "DE", "services": ["volte", "vowifi"]}]
    before = p.ask(APPS)
    assert before["ap2004"]["EntitlementStatus"] == "2"
    assert server.admin("PUT", "/v1/visited-networks/26201", {"name": "Nord", "country": "DE", "services": ["volte", "vowifi"]})[0] == 200
    after = p.ask(APPS)
    assert after["ap2004"]["EntitlementStatus"] == "3" and after.version > before.version
    assert server.admin("DELETE", "/v1/visited-networks/26201")[0] == 200
    assert server.admin("DELETE", "/v1/visited-networks/26201")[0] == 404
    assert server.admin("PUT", "/v1/visited-networks/2620", {})[0] == 400
    assert server.admin("PUT", "/v1/visited-networks/26209", {"country": "de"})[0] == 400
    assert server.admin("PUT", "/v1/visited-networks/26209", {"services": ["volte vowifi"]})[0] == 400, "two words in one"


def test_areas_and_enterprises_come_by_import(own_site, server, phone, tmp_path):
    p = phone()
    path = tmp_path / "lines.csv"
    path.write_text(f"imsi,area,enterprise\n{p.imsi},north.coast,ent-x\n001019999999999,Nord,\n001019999999998,,nobody\n", encoding="ascii")
    done = subprocess.run([own_site.build.ctl, "-c", server.conf_path, "subscriber", "import", str(path)], capture_output=True,
                          text=True, timeout=60, env=harness.environment())
    shown = server.admin("GET", f"/v1/subscribers/{p.imsi}")[1]
    assert (shown["area"], shown["enterprise"]) == ("north.coast", "ent-x"), done.stdout + done.stderr
    assert status_of(p)[0] == "2"


def test_explain_names_the_rule(server, phone):
    p = phone(enterprise="ent-x")
    status, told = server.admin("POST", "/v1/explain", {"imsi": p.imsi, "app": "ap2004", "terminal_id": p.terminal_id})
    assert status == 200 and "enterprise" in str(told)

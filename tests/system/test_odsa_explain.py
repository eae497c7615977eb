# SPDX-License-Identifier: Apache-2.0
"""Explanations of eSIM activation for care agents: the eligibility that the device gets, with rule, facts and sentences."""
import json

import pytest

import client
import odsa


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("x")), odsa_site)
    made.daemon = make_module_daemon(**made.settings())
    odsa_site.cluster.sql("INSERT INTO enterprise (enterprise_id, name, state) VALUES ('ent-x', 'X', 'active'), "
                          "('ent-y', 'Y', 'suspended') ON CONFLICT DO NOTHING")
    yield made
    made.close()


def explain(world, **question):
    status, found = world.daemon.admin("POST", "/v1/explain", question)
    assert status == 200, found
    return found


# proves: OC-001
def test_the_explained_block_is_the_one_that_the_phone_gets(world):
    watch = world.watch()
    asked = watch.eligibility()
    found = explain(world, imsi=watch.phone.imsi, app="ap2006", terminal_id=watch.phone.terminal_id, target_id=watch.imei)
    app = found["applications"][0]
    assert app["offered"] and (app["status"], app["status_word"]) == (1, "enabled") and asked.eligibility == 1
    block = client.read_xml(found["document"]["text"])["ap2006"]
    assert {k: v for k, v in block.items() if k != "AppID"} == {k: v for k, v in asked.block.items() if k != "AppID"}
    assert "may be activated, services SharedNumber" in app["summary"] and "offers to set up" in app["phone"]
    assert app["facts"]["operation"] == "check-eligibility" and app["facts"]["target.tac"] == watch.imei[:8]
    assert "target.tac" not in found["facts"]
    assert watch.phone.imsi not in json.dumps(found).replace(f"p{watch.phone.imsi}", "plan")


# proves: OC-001 OP-001
@pytest.mark.parametrize("case", ["plan", "phone as a watch", "stolen phone", "poll"])
def test_what_stands_in_the_way_is_named(world, case):
    app, more, target = "ap2006", {}, None
    if case == "plan":
        line = world.lines.take(features=["vowifi"])
        rule, reason, status, does = "not-in-plan", "plan.features has not companion", 0, "Your plan does not include"
    elif case == "phone as a watch":
        line, target = world.lines.take(features=odsa.FEATURES), world.lines.imei(world.model("35999955", "phone"))
        rule, reason, status, does = "not-a-companion", "target.category", 2, "does not offer"
    elif case == "stolen phone":
        line, app = world.lines.take(features=odsa.FEATURES), "ap2009"
        more["terminal_id"] = world.lines.imei()
        world.identity(more["terminal_id"], "stolen")
        rule, reason, status, does = "device-refused", "device.state", 0, "does not offer"
    else:
        line, app = world.lines.take(features=odsa.FEATURES + ["t-poll"]), "ap2009"
        rule, reason, status, does = "t-poll", "plan.features has t-poll", 0, "asks again after 30 s"
    if target:
        more["target_id"] = target
    found = explain(world, imsi=line.imsi, app=app, **more)["applications"][0]
    assert (found["status"], found["rule"]) == (status, rule)
    assert f'rule "{rule}" applies' in found["summary"] and reason in found["summary"] and does in found["phone"]
    assert [r for r in found["explanation"]["rules"] if r["name"] == rule][0]["matches"] is True
    assert target is None or target not in json.dumps(found)


def test_explaining_counts_no_poll_and_opens_nothing(world):
    line = world.lines.take(features=odsa.FEATURES + ["t-poll"])
    count = "SELECT (SELECT count(*) FROM journey) + (SELECT count(*) FROM eligibility_poll)"
    before = world.site.cluster.sql(count)
    for _ in range(3):
        assert explain(world, imsi=line.imsi)["applications"]
    assert world.site.cluster.sql(count) == before


def test_all_applications_are_explained_together(world):
    line = world.lines.take(features=odsa.FEATURES + ["vowifi"])
    found = explain(world, imsi=line.imsi)["applications"]
    assert [a["app"] for a in found] == ["ap2003", "ap2004", "ap2005", "ap2006", "ap2009"]
    assert all(a["offered"] and a["explanation"]["decisions"] for a in found)


# proves: OS-005
def test_an_enterprise_is_explained_by_its_id(world):
    app = explain(world, enterprise="ENT-X")["applications"]
    assert [a["app"] for a in app] == ["ap2011"] and app[0]["status"] == 1
    app = explain(world, enterprise="ent-y", app="ap2011")["applications"][0]
    assert (app["status"], app["rule"]) == (0, "enterprise-not-active") and "cannot order" in app["phone"]
    assert app["facts"]["enterprise.active"] == "no"


@pytest.mark.parametrize("question, field", [
    ({"imsi": "001010000000001", "app": "ap2011"}, "enterprise"), ({"enterprise": "ent-x", "app": "ap2006"}, "enterprise"),
    ({"imsi": "001010000000001", "enterprise": "ent-x"}, "msisdn"), ({"imsi": "001010000000001", "target_id": "a b"}, "target_id"),
])
def test_questions_that_cannot_be_answered_are_refused_by_field(world, question, field):
    status, found = world.daemon.admin("POST", "/v1/explain", question)
    assert status == 400 and found["field"] == field


def test_the_command_line_says_the_same(world, ctl):
    line = world.lines.take(features=["vowifi"])
    conf = world.daemon.conf_path
    text = ctl("explain", "--imsi", line.imsi, "--app", "ap2006", "--target", "351756051523999", conf=conf).stdout
    assert "Companions such as watches cannot be activated" in text and "not-in-plan" in text and "target.tac" in text
    assert "Enterprise ent-y" in ctl("explain", "--enterprise", "ent-y", conf=conf).stdout

# SPDX-License-Identifier: Apache-2.0
"""Server-initiated activation (ap2011): figures 52 and 53 of TS.43 clause 10, with an MDM server that proves itself by OAuth."""
import types

import pytest

import client
import odsa
import partner
from odsa_documents import (ACTIVATED, ACTIVATING, DELAYED, DISMISS, DOWNLOAD, FINISHED, INVALID_PARAMETER, NO_REUSE, SUCCESS, Answer)

MDM, OTHER, READER = "8f0c2c1e-6a36-4f7a-9f2b-3d6c0a4a51aa", "1f4a7c1e-6a36-4f7a-9f2b-3d6c0a4a51bb", "reader-1"
SECRET = "mdm-7-secret-0123456789abcdef-0123456789"
ALL = ["CheckEligibility", "AcquirePlan", "AcquireConfiguration", "ManageSubscription", "ManageService"]


def caller(name, requestors, enterprises, operations=ALL):
    return {"client_id": name, "requestor_ids": requestors, "applications": ["ap2011"], "operations": operations, "scopes": ["odsa"],
            "client_secret": SECRET, "authentication": ["client_secret_basic"], "enterprise_ids": enterprises}


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("e")), odsa_site)
    made.callers = {"oauth": {"enabled": True, "failures_per_minute": 10000},
                    "server_callers": [caller("mdm-7", [MDM, OTHER], ["ENT-1", "ENT-2", "ENT-OFF"]),
                                       caller("reader", [READER], ["ENT-1"], ["CheckEligibility", "AcquirePlan"])]}
    for name, state in (("ent-1", "active"), ("ent-2", "active"), ("ent-off", "suspended")):
        odsa_site.cluster.sql("INSERT INTO enterprise (enterprise_id, name, state) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", name,
                              name.upper(), state)
    for plan, enterprise in (("FLEET-5", "ent-1"), ("FLEET-9", "ent-1"), ("SHOP-1", "ent-2")):
        odsa_site.cluster.sql("INSERT INTO plan_offer (plan_id, app, enterprise, profile_type, name, description) VALUES "
                              "(%s, 2011, %s, 'enterprise', %s, %s) ON CONFLICT DO NOTHING", plan, enterprise, f"Plan {plan}",
                              f"{plan} in words")
    made.daemon = make_module_daemon(**made.settings(**made.callers))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean(world):
    world.reset()
    yield
    world.check()


def mdm(world, enterprise="ENT-1", requestor=MDM, name="mdm-7", daemon=None, enter=True):
    daemon = daemon or world.daemon
    phone = client.Phone(daemon.device, "001010000000001", b"0" * 16, b"0" * 16, "0")
    made = odsa.Mdm(phone, requestor)
    made.access_token = partner.Endpoint(daemon).by_basic(name, SECRET).token
    if enter:
        assert made.enter(made.access_token, enterprise).eligibility == 1
    return made


def device(world):
    made = types.SimpleNamespace(imei=world.lines.imei(), eid=odsa.eid())
    made.names = {"enterprise_terminal_id": made.imei, "enterprise_terminal_eid": made.eid}
    return made


# ---- figure 53 ----

# proves: OS-002 OS-004 OS-005 OS-007 OS-009 OS-010 OS-011 OS-012 OS-013 OS-016 OS-018 O-069 O-070
@pytest.mark.parametrize("json", [False, True], ids=["xml", "json"])
@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
def test_figure_53_a_server_activates_a_device_of_its_enterprise(world, json, post):
    server = mdm(world, enter=False)
    server.json, server.post = json, post
    answer = server.enter(server.access_token, "ENT-1", terminal_id="0", terminal_model="none")
    assert (answer.eligibility, answer.result) == (1, SUCCESS) and server.token
    plans = server.plans()
    assert [(p["PlanId"], p["PlanName"], p["PlanDescription"]) for p in plans] == [
        (n, f"Plan {n}", f"{n} in words") for n in ("FLEET-5", "FLEET-9")]
    target = device(world)
    assert server.configuration(enterprise_terminal_id=target.imei).configurations == []
    answer = server.manage(0, plan_id="FLEET-5", **target.names)
    assert (answer.subscription, answer.result) == (DOWNLOAD, SUCCESS) and answer.download.code
    assert world.smdp.entries("downloadOrder")[0]["body"] == {"profileType": "enterprise", "eid": target.eid}
    [order] = world.rows("SELECT * FROM local_order WHERE eid = %s AND action = 'subscribe'", target.eid)
    assert (order["enterprise"], order["plan"], order["target_id"]) == ("ent-1", "FLEET-5", target.imei)
    profile = odsa.take(world.smdp, answer.download, target.eid)
    assert server.manage(4, enterprise_terminal_iccid=profile.iccid, **target.names).subscription in (FINISHED, DISMISS)
    shown = server.until(lambda a: a.only.download is None, enterprise_terminal_id=target.imei).only
    assert (shown.iccid, shown.status) == (profile.iccid, ACTIVATED)
    world.smdp.check_once()


# proves: O-061
def test_the_same_request_again_orders_nothing(world):
    server, target = mdm(world), device(world)
    one, two = (server.manage(0, plan_id="FLEET-5", **target.names) for _ in range(2))
    assert one.download == two.download
    world.smdp.check_once()


# proves: OS-009
def test_each_enterprise_has_its_own_plans(world):
    assert [p["PlanId"] for p in mdm(world, "ENT-2").plans()] == ["SHOP-1"]


# proves: OS-014
@pytest.mark.parametrize("plan", ["SHOP-1", "NONE", "x" * 80])
def test_a_plan_that_is_not_offered_is_102(world, plan):
    answer = mdm(world).manage(0, plan_id=plan, **device(world).names)
    assert (answer.result, answer.subscription) == (INVALID_PARAMETER, DISMISS)
    assert not world.smdp.ledger


# proves: OS-015
def test_a_delayed_activation_is_polled(world):
    server, target = mdm(world), device(world)
    world.smdp.fault("downloadOrder", delay=4.5)
    assert server.manage(0, plan_id="FLEET-5", **target.names).subscription == DELAYED
    pending = server.configuration(enterprise_terminal_id=target.imei).only
    assert pending.status == ACTIVATING and int(pending.polling) > 0
    assert server.until_ready(enterprise_terminal_id=target.imei).download.code
    world.smdp.check_once()


def test_an_enterprise_gets_profiles_for_as_many_devices_as_it_may_have(world):
    server, first, second = mdm(world), device(world), device(world)
    download = server.manage(0, plan_id="FLEET-5", **first.names).download
    world.site.cluster.sql("UPDATE enterprise SET max_devices = 1 WHERE enterprise_id = 'ent-1'")
    try:
        assert server.manage(0, plan_id="FLEET-5", **second.names).subscription == DISMISS
        assert server.manage(0, plan_id="FLEET-5", **first.names).download == download  # its order is under way
        assert len(world.smdp.entries("downloadOrder")) == 1
    finally:
        world.site.cluster.sql("UPDATE enterprise SET max_devices = NULL WHERE enterprise_id = 'ent-1'")
    assert server.manage(0, plan_id="FLEET-5", **second.names).download.code


def test_the_end_of_a_device_subscription(world):
    server, target = mdm(world), device(world)
    odsa.take(world.smdp, server.manage(0, plan_id="FLEET-5", **target.names).download, target.eid)
    server.until(lambda a: a.only.download is None, enterprise_terminal_id=target.imei)
    assert server.manage(1, **target.names).subscription == FINISHED
    assert [c.status for c in server.configuration(enterprise_terminal_id=target.imei).configurations] in ([], [NO_REUSE])


def test_devices_of_one_enterprise_are_not_seen_by_another(world):
    one, two, target = mdm(world), mdm(world, "ENT-2", OTHER), device(world)
    assert one.manage(0, plan_id="FLEET-5", **target.names).subscription == DOWNLOAD
    assert two.configuration(enterprise_terminal_id=target.imei).configurations == []
    assert one.configuration(enterprise_terminal_id=target.imei).only.status == ACTIVATED


# ---- who may not ----

# proves: OS-001
@pytest.mark.parametrize("extra", [{}, {"EAP_ID": "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"}])
def test_without_a_credential_there_is_no_redirect_and_no_challenge(world, extra):
    server = mdm(world, enter=False)
    reply = server.send("CheckEligibility", enterprise_id="ENT-1", token=None, **extra)
    assert reply.status in (511, 403, 400), reply
    assert reply.header("Location") is None and b"eap-relay" not in reply.body


# proves: OS-002
@pytest.mark.parametrize("token", ["", "x", "a" * 60])
def test_a_bad_access_token_is_refused(world, token):
    server = mdm(world, enter=False)
    assert server.send("CheckEligibility", enterprise_id="ENT-1", token=None, access_token=token).status in (403, 511, 400)


# proves: OS-003
def test_a_foreign_enterprise_is_refused(world):
    server = mdm(world, enter=False)
    reply = server.send("CheckEligibility", enterprise_id="ENT-9", token=None, access_token=server.access_token)
    assert reply.status == 403 or Answer(reply, "ap2011", "CheckEligibility", token=False).eligibility == 0


def test_a_suspended_enterprise_is_not_eligible(world):
    server = mdm(world, enter=False)
    assert server.enter(server.access_token, "ENT-OFF").eligibility == 0
    if server.token:
        assert server.manage(0, plan_id="FLEET-5", **device(world).names).subscription == DISMISS
    assert not world.smdp.ledger


# proves: OS-006
def test_eligibility_without_an_enterprise_is_400(world):
    server = mdm(world, enter=False)
    assert server.send("CheckEligibility", token=None, access_token=server.access_token).status == 400


# proves: OS-017
def test_an_operation_that_the_caller_may_not_is_403(world):
    reader = mdm(world, requestor=READER, name="reader")
    assert len(reader.plans()) == 2
    assert reader.send("ManageSubscription", 0, plan_id="FLEET-5", **device(world).names).status == 403


# proves: OS-008
@pytest.mark.parametrize("change", [{"token": "x" * 90}, {"requestor_id": OTHER}, {"token": None}], ids=str)
def test_a_token_that_is_not_good_means_a_new_authentication(world, change):
    server = mdm(world)
    reply = server.send("AcquirePlan", **change)
    assert reply.status in (511, 403), reply
    assert reply.status == 511 or "token" in change and change["token"] is None, reply

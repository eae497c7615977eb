# SPDX-License-Identifier: Apache-2.0
"""Call flows of TS.43 clauses 7 and 8 that need a further party: the portal that orders at the BSS, notifications, logins by OIDC
and by a code (figures 22 to 24, 26, 28, 30, 33, 34, 39). BSS and SM-DP+ are doubles."""
import itertools
import urllib.parse

import pytest

import client
import odsa
from idp import Idp
from odsa_documents import ACTIVATED, ACTIVATING, DELAYED, DOWNLOAD, FINISHED, NO_REUSE, WEBSHEET, Answer
from push_site import Providers
from test_otp import Gateway

PUBLIC = "https://aes.example.net"
serial = itertools.count(1)


@pytest.fixture(scope="module")
def providers(area):
    with Providers(area) as found:
        yield found


@pytest.fixture(scope="module")
def idp():
    provider = Idp().start()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def gateway():
    found = Gateway()
    yield found
    found.server.shutdown()


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site, providers, idp, gateway):
    made = odsa.World(str(tmp_path_factory.mktemp("f")), odsa_site, bss={})
    made.policy("companion", lambda d: d["rules"].insert(0, {
        "name": "early", "when": ["target.category is phone"],
        "then": {"eligibility": "incompatible", "not-enabled-url": odsa.PORTAL + "/no", "not-enabled-data": "why=model"}}))
    made.model("35999944", "phone")
    made.daemon = make_module_daemon(**made.settings(
        odsa={"max_refresh": 4}, notify={"policy_delay": "0s", "channel_pause": "2s", "lease": "5s"}, fcm=providers.fcm,
        oidc=[idp.settings()], otp={"login": True}, sms=gateway.settings()))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean(world, providers, idp, gateway):
    world.reset()
    providers.clear()
    idp.reset()
    gateway.messages.clear()
    yield
    world.check()
    world.bss.check_once()


def service(watch, iccid, state="active", code=None, **more):
    """A service of the BSS's inventory that stands for a companion's profile."""
    values = {"primaryMsisdn": watch.phone.line.msisdn, "primaryImsi": watch.phone.imsi, "eid": watch.eid, "iccid": iccid,
              "terminalId": watch.imei, "serviceType": "SharedNumber", **({"activationCode": code} if code else {}), **more}
    return {"id": f"svc-{iccid}", "name": "Companion", "state": state, "isServiceEnabled": state == "active",
            "serviceSpecification": {"id": "CFS_COMPANION"},
            "serviceCharacteristic": [{"name": n, "value": v} for n, v in values.items()]}


def prepared(world, watch, released=True):
    """A profile that the BSS has ordered at the SM-DP+ by itself: (ICCID, activation code)."""
    iccid = world.smdp.put("companion", "Released" if released else "Allocated", watch.eid)
    world.smdp.profiles[iccid].matching_id = f"BSS-{next(serial):04d}"
    return iccid, f"1${odsa.ADDRESS}${world.smdp.profiles[iccid].matching_id}"


# ---- the portal orders at the BSS ----

# proves: OC-020 O-057
def test_figure_22_the_portal_activates_and_the_bss_tells(world):
    watch = world.watch(features=["t-portal"])
    assert watch.subscribe().subscription == WEBSHEET
    iccid, code = prepared(world, watch)
    world.bss.event("ServiceCreateEvent", {"service": service(watch, iccid, code=code)})
    shown = watch.until_ready()
    assert (shown.iccid, shown.download.code) == (iccid, code)
    watch.install(world.smdp, shown.download)
    assert watch.switch(True).status == ACTIVATED
    assert watch.until(lambda a: a.only.download is None).only.status == ACTIVATED
    assert not world.smdp.done("downloadOrder"), "the BSS has done that"


# proves: O-057
def test_the_configuration_right_after_the_portal_knows_the_procedure(world):
    watch = world.watch(features=["t-portal"])
    assert watch.subscribe().subscription == WEBSHEET
    assert watch.configuration().only.status == ACTIVATING


# proves: OC-020 OC-021 G-001 G-014
def test_figure_23_a_delayed_activation_is_pushed(world, providers):
    watch = world.watch()
    world.bss.behave("acknowledged")
    assert watch.subscribe().subscription == DELAYED
    token = f"tok-odsa-{next(serial)}"
    answer = watch.configuration(notif_token=token, notif_action="2")
    assert (answer.only.status, answer["RegisterNotifStatus"]) == (ACTIVATING, "0")
    world.bss.finish(world.bss.placed(eid=watch.eid)[0])
    message = providers.wait(1, token)[0]
    assert "ap2006" in message["data"]["app"]
    for secret in (watch.eid, watch.imei, watch.phone.imsi, watch.phone.line.msisdn):
        assert secret not in str(message)
    shown = watch.configuration().only
    assert shown.status == ACTIVATED and shown.download
    watch.install(world.smdp, shown.download)
    world.wait_state(watch.phone.imsi, "done")


# proves: OP-025
def test_figure_43_a_transfer_behind_the_portal_is_pushed_when_it_is_ready(world, providers):
    old = with_esim(world)
    old.phone.line.features(odsa.FEATURES + ["t-portal"])
    world.smdp.delete(old.iccid)
    token = f"tok-odsa-{next(serial)}"
    answer = old.transfer(old_terminal_iccid=old.iccid, terminal_iccid=None, redownloadable_profile="1", notif_token=token,
                          notif_action="2")
    assert (answer.subscription, answer["RegisterNotifStatus"]) == (WEBSHEET, "0") and answer.url
    iccid = world.smdp.put("primary", "Released", old.eid)
    world.smdp.profiles[iccid].matching_id = f"BSS-{next(serial):04d}"
    code = f"1${odsa.ADDRESS}${world.smdp.profiles[iccid].matching_id}"
    values = {"primaryMsisdn": old.phone.line.msisdn, "primaryImsi": old.phone.imsi, "eid": old.eid, "iccid": iccid,
              "terminalId": old.imei, "activationCode": code}
    world.bss.event("ServiceCreateEvent", {"service": {
        "id": f"svc-{iccid}", "name": "Primary", "state": "active", "isServiceEnabled": True,
        "serviceSpecification": {"id": "CFS_PRIMARY"}, "serviceCharacteristic": [{"name": n, "value": v} for n, v in values.items()]}})
    assert "ap2009" in providers.wait(1, token)[0]["data"]["app"]
    shown = old.until(lambda a: any(c.download for c in a.configurations)).only
    assert (shown.status, shown.iccid, shown.download.code) == (ACTIVATED, iccid, code)


# proves: O-016 O-017
def test_figure_24_polling_comes_to_an_end(world):
    watch = world.watch()
    world.bss.behave("acknowledged")
    assert watch.subscribe().subscription == DELAYED
    polls = [watch.configuration().only for _ in range(4)]
    assert [p.status for p in polls] == [ACTIVATING] * 3 + [NO_REUSE]
    assert all(int(p.polling) > 0 for p in polls[:3])
    world.wait_state(watch.phone.imsi, "expired")
    world.smdp.check_once(1, 0, 1)
    assert world.bss.order("so-1").state == "cancelled"


# proves: O-018
@pytest.mark.parametrize("minutes,told", [(False, [15, 30, 60, 60]), (True, [1, 1, 1, 1])])
def test_the_interval_may_grow_from_answer_to_answer(world, make_daemon, minutes, told):
    odsa_settings = {"polling_steps": [15, 30, 60], "polling_minutes": minutes, "max_refresh": 10}
    daemon = make_daemon(**world.settings(odsa=odsa_settings, callback=None))
    watch = world.watch(world.phone(daemon))
    world.bss.behave("acknowledged", times=2)
    assert watch.subscribe().subscription == DELAYED
    assert [int(watch.configuration().only.polling) for _ in range(4)] == told
    world.bss.finish(world.bss.placed(eid=watch.eid)[0])
    watch.install(world.smdp, watch.until_ready().download)
    world.smdp.check_once()


# proves: O-019
def test_a_new_request_counts_its_polls_anew(world):
    watch = world.watch()
    world.bss.behave("acknowledged", times=2)
    assert watch.subscribe().subscription == DELAYED
    assert [watch.configuration().only.status for _ in range(3)] == [ACTIVATING] * 3
    assert watch.subscribe().subscription == DELAYED
    assert [watch.configuration().only.status for _ in range(3)] == [ACTIVATING] * 3
    world.bss.finish(world.bss.placed(eid=watch.eid)[0])
    watch.install(world.smdp, watch.until_ready().download)
    world.smdp.check_once()


# proves: OC-023
@pytest.mark.parametrize("how", ["event", "asked"])
def test_figure_26_a_profile_that_came_another_way_is_told(world, make_daemon, how):
    daemon = world.daemon if how == "event" else make_daemon(**world.settings(bss={"ask_eligibility": True}, callback=None))
    watch = world.watch(world.phone(daemon))
    iccid, code = prepared(world, watch)
    if how == "event":
        world.bss.event("ServiceCreateEvent", {"service": service(watch, iccid, code=code)})
    else:
        world.bss.services.append(service(watch, iccid, code=code))
        world.bss.products.append({"id": f"prd-{iccid}", "name": "Line", "status": "active", "productCharacteristic": [
            {"name": "msisdn", "value": watch.phone.line.msisdn}, {"name": "companionEligible", "value": {"value": "true"}}]})
    assert watch.eligibility().eligibility == 1
    shown = watch.until_ready()
    assert (shown.iccid, shown.service, shown.download.code) == (iccid, "SharedNumber", code)
    watch.install(world.smdp, shown.download)
    assert watch.until(lambda a: a.only.download is None).only.status == ACTIVATED
    assert not world.journeys(watch.phone.imsi) and not world.bss.placed(eid=watch.eid)


def test_the_bss_ends_a_profile(world):
    watch = world.watch()
    watch.subscribe()
    watch.install(world.smdp, watch.until_ready().download)
    world.wait_state(watch.phone.imsi, "done")
    world.bss.event("ServiceStateChangeEvent", {"service": service(watch, watch.iccid, "terminated")})
    assert watch.until(lambda a: not a.configurations or a.only.status == NO_REUSE)


# ---- figure 28: the early check ----

# proves: OC-027
def test_figure_28_an_unfit_companion_is_told_before_any_login(world):
    phone = client.Phone(world.daemon.device, "001010000000001", b"0" * 16, b"0" * 16, world.lines.imei())
    watch = odsa.Watch(phone, world.lines.imei("35999944"))
    reply = watch.send("CheckEligibility", token=None)
    assert reply.status == 302 and reply.header("Location") == odsa.PORTAL + "/no?why=model", reply
    other = odsa.Watch(phone, world.lines.imei("35999911")).send("CheckEligibility", token=None)
    assert other.status == 302 and "/authorize" in other.header("Location"), "an ordinary login"


# ---- logins ----

def by_oidc(world, idp, handset, line, operation="CheckEligibility"):
    """Figures 29 and 34: no identity, the operator's login, the token."""
    subject = f"user-{line.imsi}"
    world.site.cluster.sql("INSERT INTO subject_identity (provider, subject, imsi) VALUES ('idp', %s, %s) ON CONFLICT DO NOTHING",
                           subject, line.imsi)
    reply = handset.send(operation, token=None)
    assert reply.status == 302, reply
    back = urllib.parse.urlsplit(idp.login(reply.header("Location"), subject))
    reply = handset.phone.target.request("GET", f"{back.path}?{back.query}", [("Accept", client.ACCEPT_XML)])
    answer = Answer(reply, "ap2009", operation)
    handset.phone.token = answer.token["token"]
    return answer


def fresh_phone(world):
    return odsa.Handset(client.Phone(world.daemon.device, "001010000000001", b"0" * 16, b"0" * 16, world.lines.imei()))


def with_esim(world):
    """A phone with an eSIM of its line, which is lost now."""
    old = world.handset()
    old.manage(0)
    old.install(world.smdp, old.until_ready().download)
    world.wait_state(old.phone.imsi, "done")
    world.reset()
    return old


# proves: OP-004
def test_figure_30_a_phone_without_any_identity_gets_its_first_esim(world, idp):
    line = world.lines.take(features=odsa.FEATURES)
    handset = fresh_phone(world)
    assert by_oidc(world, idp, handset, line).eligibility == 1
    assert handset.configuration().configurations == []
    assert handset.manage(0).subscription in (DOWNLOAD, DELAYED)
    handset.install(world.smdp, handset.until_ready().download)
    assert handset.manage(4).subscription == FINISHED
    assert world.wait_state(line.imsi, "done")["kind"] == "primary"


# proves: OP-004
def test_figure_34_a_lost_phone_is_replaced_behind_a_login(world, idp):
    old = with_esim(world)
    handset = fresh_phone(world)
    assert by_oidc(world, idp, handset, old.phone.line).eligibility == 1
    assert handset.transfer(old_terminal_iccid=old.iccid).subscription in (DOWNLOAD, DELAYED)
    ready = handset.until(lambda a: any(c.download for c in a.configurations))
    handset.install(world.smdp, next(c.download for c in ready.configurations if c.download))
    world.wait_state(old.phone.imsi, "done")
    assert {p["iccid"]: p["status"] for p in world.profiles(old.phone.imsi)} == {old.iccid: NO_REUSE, handset.iccid: ACTIVATED}


# proves: OP-041
def test_figure_33_a_transfer_behind_a_code_by_message(world, gateway):
    old = with_esim(world)
    handset = fresh_phone(world)
    reply = handset.send("CheckEligibility", token=None, msisdn="+" + old.phone.line.msisdn)
    assert reply.status == 200 and reply.body == b"", reply
    cookie = reply.header("Set-Cookie").split(";")[0]
    reply = handset.phone.get([("otp", gateway.code(old.phone.line.msisdn))], [("Cookie", cookie), ("Accept", client.ACCEPT_XML)])
    answer = Answer(reply, "ap2009", "CheckEligibility")
    assert answer.eligibility == 1
    handset.phone.token = answer.token["token"]
    assert handset.transfer(old_terminal_iccid=old.iccid).subscription in (DOWNLOAD, DELAYED)


# ---- more than one delayed procedure of a line is told apart ----

def test_two_companions_wait_and_only_the_finished_one_is_ready(world):
    one = world.watch()
    two = world.watch(one.phone)
    world.bss.behave("acknowledged", times=2)
    for watch in (one, two):
        assert watch.subscribe().subscription == DELAYED
    world.bss.finish(world.bss.placed(eid=two.eid)[0])
    two.install(world.smdp, two.until_ready().download)
    assert one.configuration().only.status == ACTIVATING
    world.bss.finish(world.bss.placed(eid=one.eid)[0])
    one.install(world.smdp, one.until_ready().download)
    world.smdp.check_once(2, 2)

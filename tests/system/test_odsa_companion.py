# SPDX-License-Identifier: Apache-2.0
"""Companion devices (ap2006): figures 21 to 28 of TS.43 clause 7 at the real daemon with doubles of SM-DP+ and BSS."""
import itertools
import re

import pytest

import odsa
from odsa_documents import (ACTIVATED, ACTIVATING, DEACTIVATED, DELAYED, DISMISS, DOWNLOAD, FINISHED, INVALID_PARAMETER, NO_REUSE,
                            NOT_SUPPORTED, SUCCESS, WEBSHEET)

serial = itertools.count(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("c")), odsa_site)
    made.daemon = make_module_daemon(**made.settings(odsa={"no_web_view": ["35999922"]}))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean(world):
    world.reset()
    yield
    world.check()


# ---- figure 25: without a portal ----

# proves: OC-001 OC-002 OC-013 OC-014 OC-015 OC-016 OC-022 O-001 O-002 O-020 O-027 O-028 O-029 O-030 O-035 O-043 X-040
@pytest.mark.parametrize("json", [False, True], ids=["xml", "json"])
@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
def test_figure_25_a_watch_gets_its_profile_without_a_portal(world, json, post):
    watch = world.watch()
    watch.json, watch.post = json, post
    answer = watch.eligibility()
    assert (answer.eligibility, answer.services) == (1, ["SharedNumber"])
    assert watch.configuration().block == {"OperationResult": "1"}
    answer = watch.subscribe()
    assert (answer.result, answer.subscription) == (SUCCESS, DOWNLOAD)
    assert answer.download.addresses == [odsa.ADDRESS] and answer.download.code is None and answer.download.iccid
    ready = watch.configuration().only
    assert (ready.status, ready.service, ready.download) == (ACTIVATED, "SharedNumber", answer.download)
    assert watch.configuration().only.download == answer.download, "it is told until it is installed"
    profile = watch.install(world.smdp, answer.download)
    assert (profile.kind, profile.eid) == ("companion", watch.eid)
    done = watch.until(lambda a: a.only.download is None).only
    assert (done.iccid, done.status) == (watch.iccid, ACTIVATED)
    assert watch.manage(4).subscription == FINISHED
    world.smdp.check_once()
    journey = world.wait_state(watch.phone.imsi, "done")
    assert journey["kind"] == "companion"


# proves: O-061
def test_the_same_request_again_gets_the_same_and_orders_nothing(world):
    watch = world.watch()
    first = watch.subscribe()
    again = [watch.subscribe() for _ in range(3)]
    assert {a.subscription for a in again} == {DOWNLOAD} and all(a.download == first.download for a in again)
    world.smdp.check_once()
    assert len(world.journeys(watch.phone.imsi)) == 1


# proves: O-031 O-033
def test_without_an_eid_an_activation_code_is_handed_out(world):
    watch = world.watch()
    answer = watch.subscribe(companion_terminal_eid=None)
    assert answer.download.code and answer.download.code.startswith(f"1${odsa.ADDRESS}$")
    assert world.smdp.entries("downloadOrder")[0]["body"] == {"profileType": "companion"}
    watch.install(world.smdp, answer.download)
    assert watch.until(lambda a: a.only.download is None).only.status == ACTIVATED


# proves: O-029 O-031
def test_the_policy_chooses_an_activation_code(world):
    watch = world.watch(features=["t-code"])
    answer = watch.subscribe()
    matching = answer.download.code.split("$")[2]
    assert re.fullmatch(r"[A-Z0-9-]{8,}", matching), answer.download.code
    assert world.smdp.entries("confirmOrder")[0]["body"]["matchingId"] == matching
    assert matching not in world.daemon.text(), "a matching id is a secret"
    watch.install(world.smdp, answer.download)
    assert watch.manage(4).subscription == FINISHED


def test_two_watches_of_one_line_are_two_procedures(world):
    one = world.watch()
    two = world.watch(one.phone)
    first, second = one.subscribe(), two.subscribe()
    assert first.download.iccid != second.download.iccid
    world.smdp.check_once(2, 2)
    assert one.configuration().only.iccid == first.download.iccid
    assert two.configuration().only.iccid == second.download.iccid


# proves: OC-006 OC-018
def test_a_configuration_without_a_companion_lists_all(world):
    one = world.watch()
    two = world.watch(one.phone)
    iccids = {watch.subscribe().download.iccid for watch in (one, two)}
    everything = one.configuration(companion_terminal_id=None)
    assert {c.iccid for c in everything.configurations} == iccids
    assert all(c.info is None for c in everything.configurations)
    assert one.configuration().only.iccid in iccids


# ---- figures 21 to 24: the portal ----

# proves: OC-019 O-021 O-022 O-026
def test_figure_21_the_user_is_sent_to_the_portal(world):
    watch = world.watch(features=["t-portal"])
    assert watch.eligibility().eligibility == 1
    assert watch.configuration().configurations == []
    answer = watch.subscribe()
    assert (answer.subscription, answer.url, answer.contents) == (WEBSHEET, odsa.PORTAL, None)
    assert re.fullmatch(r"sid=[a-z2-7]+", answer.data)
    for secret in (watch.eid, watch.imei, watch.phone.imsi):
        assert secret not in answer.data
    assert not world.smdp.ledger, "nothing is ordered before the user has chosen"
    assert watch.subscribe().subscription == WEBSHEET
    assert len(world.journeys(watch.phone.imsi)) == 1


# proves: O-024 O-025
@pytest.mark.parametrize("words", [["t-json"], ["t-xml"], ["t-json", "t-open"], ["t-xml", "t-open"]], ids="-".join)
def test_user_data_have_the_form_of_their_contents_type(world, words):
    watch = world.watch(features=["t-portal", *words])
    watch.json = "t-open" in words  # in XML quotes would have to be written as references, which phones do not read
    answer = watch.subscribe()
    assert answer.contents == words[0][2:]
    assert answer.data.startswith("encodedValue=") == ("t-open" not in words)
    if answer.contents == "json":
        assert set(answer.opened) == {"sid"} and answer.opened["sid"]
    else:
        [node] = [node for node in answer.opened.iter() if "sid" in (node.tag, node.get("name"))]
        assert node.text or node.get("value")


# ---- figure 27: from watch to watch ----

# proves: OC-017 OC-026 O-042
def test_figure_27_a_profile_moves_between_two_watches(world):
    phone = world.phone(tac="35999922")  # cannot show web pages
    old, other, new = (world.watch(phone) for _ in range(3))
    old.name, other.name = "Old watch of Ana", "Watch of Ben"
    for watch in (old, other):
        watch.install(world.smdp, watch.subscribe().download)
        watch.until(lambda a: a.only.download is None)
    shown = new.configuration(companion_terminal_id=None)
    assert {c.iccid: c.info["CompanionTerminalFriendlyName"] for c in shown.configurations} == {
        old.iccid: "Old watch of Ana", other.iccid: "Watch of Ben"}
    assert shown.of(old.iccid).info == {"CompanionTerminalFriendlyName": "Old watch of Ana", "CompanionTerminalVendor": "ACME",
                                        "CompanionTerminalModel": "W3", "CompanionTerminalEid": old.eid}
    answer = new.manage(3, old_companion_terminal_iccid=old.iccid, old_companion_terminal_id=old.imei)
    assert answer.subscription == DOWNLOAD and answer.download.iccid not in (old.iccid, other.iccid)
    assert old.configuration().only.status == ACTIVATED, "the old one works until the new one is installed"
    new.install(world.smdp, answer.download)
    assert new.manage(4).subscription == FINISHED
    world.wait_state(phone.imsi, "done")
    shown = new.configuration(companion_terminal_id=None)
    assert shown.of(new.iccid).status == shown.of(other.iccid).status == ACTIVATED
    assert [c.status for c in shown.configurations if c.iccid == old.iccid] in ([], [NO_REUSE])
    world.smdp.check_once(3, 3)


# proves: OC-024
def test_a_move_without_the_old_profile_goes_to_the_portal(world):
    old = world.watch()
    old.install(world.smdp, old.subscribe().download)
    answer = world.watch(old.phone).manage(3)
    assert answer.subscription == WEBSHEET
    assert len(world.smdp.done("downloadOrder")) == 1


# proves: OC-025
@pytest.mark.parametrize("given", [("old_companion_terminal_iccid",), ("old_companion_terminal_id",)], ids="-".join)
def test_a_move_where_none_is_offered_is_406(world, given):
    old = world.watch(features=["t-no-move"])
    old.install(world.smdp, old.subscribe().download)
    values = {"old_companion_terminal_iccid": old.iccid, "old_companion_terminal_id": old.imei}
    reply = world.watch(old.phone).send("ManageSubscription", 3, companion_terminal_eid=odsa.eid(),
                                        **{name: values[name] for name in given})
    assert reply.status == 406


# proves: O-060
def test_the_profile_of_another_line_cannot_be_moved(world):
    victim, thief = world.watch(), world.watch()
    victim.install(world.smdp, victim.subscribe().download)
    before = world.daemon.mark()
    reply = thief.send("ManageSubscription", 3, companion_terminal_eid=thief.eid, companion_terminal_vendor="ACME",
                       old_companion_terminal_iccid=victim.iccid)
    assert reply.status == 403
    assert victim.iccid not in world.daemon.text(before)
    assert victim.configuration().only.status == ACTIVATED
    assert world.journeys(thief.phone.imsi) == []


# ---- service on and off, end, change ----

@pytest.fixture
def installed(world):
    watch = world.watch()
    watch.install(world.smdp, watch.subscribe().download)
    watch.until(lambda a: a.only.download is None)
    world.wait_state(watch.phone.imsi, "done")
    return watch


# proves: O-040 O-041 OC-028
def test_the_service_is_switched_off_and_on(world, installed):
    answer = installed.switch(False)
    assert (answer.result, answer.status) == (SUCCESS, DEACTIVATED)
    assert installed.configuration().only.status == DEACTIVATED
    assert installed.switch(False).status == DEACTIVATED
    assert installed.switch(True).status == ACTIVATED
    assert installed.configuration().only.status == ACTIVATED


# proves: OC-030
def test_types_6_and_5_switch_the_profile_and_may_be_repeated(world, installed):
    for operation_type, status in ((6, DEACTIVATED), (6, DEACTIVATED), (5, ACTIVATED), (5, ACTIVATED)):
        answer = installed.manage(operation_type)
        assert (answer.result, answer.subscription) == (SUCCESS, FINISHED)
        assert installed.configuration().only.status == status


# proves: O-006
def test_manage_service_where_it_is_not_offered_is_103(world):
    watch = world.watch(features=["t-no-service"])
    watch.install(world.smdp, watch.subscribe().download)
    answer = watch.switch(False)
    assert answer.result == NOT_SUPPORTED and answer.status == ACTIVATED
    assert watch.configuration().only.status == ACTIVATED


# proves: OC-029
def test_manage_service_needs_a_profile_of_the_line(world, installed):
    other = world.watch(installed.phone)
    assert other.switch(True, companion_terminal_iccid="8949090999999999990").result == INVALID_PARAMETER
    stranger = world.watch()
    reply = stranger.send("ManageService", 11, companion_terminal_service="SharedNumber", companion_terminal_iccid=installed.iccid)
    assert reply.status == 403
    assert installed.configuration().only.status == ACTIVATED


# proves: OC-031
def test_type_1_ends_the_subscription(world, installed):
    answer = installed.manage(1)
    assert (answer.result, answer.subscription) == (SUCCESS, FINISHED)
    world.wait_state(installed.phone.imsi, "ended")
    assert [c.status for c in installed.configuration().configurations] in ([], [NO_REUSE])
    iccid, installed.iccid = installed.iccid, None
    answer = installed.subscribe()
    assert answer.subscription == DOWNLOAD and answer.download.iccid != iccid, "a new subscription gets another ICCID"


# proves: OC-031
@pytest.mark.parametrize("words,result", [([], FINISHED), (["t-portal"], WEBSHEET)], ids=["native", "portal"])
def test_type_2_leads_to_the_management(world, words, result):
    watch = world.watch(features=words)
    assert watch.manage(2, companion_terminal_iccid=None).subscription in (result, DISMISS)
    if not words:
        watch.install(world.smdp, watch.subscribe().download)
        assert watch.manage(2).subscription == result


# ---- who may not ----

# proves: OC-001 OC-003 O-037
def test_a_line_without_the_option_is_not_served(world):
    line = world.lines.take(features=["vowifi"])
    watch = world.watch(world.phone(line=line))
    answer = watch.eligibility()
    assert (answer.eligibility, answer["CompanionDeviceServices"]) == (0, "")
    answer = watch.subscribe()
    assert answer.subscription == DISMISS
    assert world.journeys(line.imsi) == []


# proves: OC-001
def test_a_model_that_is_no_companion_is_incompatible(world):
    world.model("35999933", "phone")
    assert world.watch(tac="35999933").eligibility().eligibility == 2


# proves: OC-004
def test_a_page_tells_why_it_cannot_be_used(world):
    answer = world.watch(features=["t-not-yet"]).eligibility()
    assert (answer.eligibility, answer.url, answer.data) == (0, odsa.PORTAL + "/no", "why=plan")


# proves: OC-002 OC-032
def test_services_are_those_of_the_plan(world):
    watch = world.watch(features=["diff-number", "family-number"])
    assert sorted(watch.eligibility().services) == ["DiffNumber", "FamilyNumber", "SharedNumber"]
    watch.service = "DiffNumber"
    watch.install(world.smdp, watch.subscribe().download)
    assert watch.configuration().only.service == "DiffNumber"
    plain = world.watch()
    plain.service = "FamilyNumber"
    assert plain.subscribe().subscription == DISMISS


def test_five_companions_are_enough(world):
    phone = world.phone()
    for _ in range(5):
        assert world.watch(phone).subscribe().subscription == DOWNLOAD
    assert world.watch(phone).eligibility().eligibility == 0
    assert world.watch(phone).subscribe().subscription == DISMISS


# proves: P-029
@pytest.mark.parametrize("state", ["deny", "stolen"])
def test_a_blocked_device_or_eid_gets_nothing(world, state):
    watch = world.watch()
    world.identity(watch.imei, state)
    assert watch.send("ManageSubscription", 0, companion_terminal_vendor="ACME", companion_terminal_friendly_name="x",
                      companion_terminal_eid=watch.eid).status == 403
    other = world.watch()
    world.identity(other.eid, state)
    assert other.send("ManageSubscription", 0, companion_terminal_vendor="ACME", companion_terminal_friendly_name="x",
                      companion_terminal_eid=other.eid).status == 403
    assert not world.smdp.ledger


# proves: OC-012
def test_the_name_of_a_companion_is_data(world):
    phone = world.phone(tac="35999922")
    watch = world.watch(phone)
    watch.name = "A&B <i>\"'\u00e9\u4e2d"
    watch.install(world.smdp, watch.subscribe().download)
    for watch.json in (False, True):  # signs that XML needs references for are told by others that look alike (C-34)
        name = watch.configuration().only.info["CompanionTerminalFriendlyName"]
        assert name.startswith("A&B ") and name.endswith("\u00e9\u4e2d") and "i" in name and not set(name) & set("<>\"'")
    [row] = world.profiles(phone.imsi)
    assert row["name"] == watch.name, "it is kept as it was sent"


# proves: O-036 OC-021 O-071
def test_an_smdp_that_takes_its_time_is_a_delayed_download(world):
    watch = world.watch()
    world.smdp.fault("downloadOrder", delay=4.5)
    answer = watch.subscribe()
    assert answer.subscription == DELAYED
    pending = watch.configuration().only
    assert pending.status == ACTIVATING and int(pending.polling) > 0
    assert watch.subscribe().subscription in (DELAYED, DOWNLOAD), "a repeat waits for the driver, too: by then it may be ready"
    ready = watch.until_ready()
    watch.install(world.smdp, ready.download)
    world.smdp.check_once()

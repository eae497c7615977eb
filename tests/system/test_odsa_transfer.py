# SPDX-License-Identifier: Apache-2.0
"""Transfers of a subscription between phones (ap2009, operation_type 3): figures 33 to 37 and 40 to 43 of TS.43 clause 8."""
import threading

import pytest

import client
import harness
import odsa
from odsa_documents import (ACTIVATED, DELAYED, DELETE_IN_USE, DISMISS, DOWNLOAD, FINISHED, GENERAL, INVALID_MSG, INVALID_PARAMETER,
                            NO_REUSE, REDOWNLOADABLE, SUCCESS, USER_INPUT, WEBSHEET)


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("t")), odsa_site)
    made.daemon = make_module_daemon(**made.settings())
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean(world):
    world.reset()
    yield
    world.check()


@pytest.fixture
def old(world):
    """Function: an old phone with an installed eSIM of its line."""
    def make(**fields):
        handset = world.handset(**fields)
        handset.install(world.smdp, handset.manage(0).download)
        assert handset.manage(4).subscription == FINISHED
        handset.until(lambda a: a.only.download is None)
        world.wait_state(handset.phone.imsi, "done")
        world.reset()
        return handset
    return make


def new_phone(world, old=None, token=None):
    """Another phone of the same subscription: with the ECS token that a login (OIDC, OTP) has given it, or a temporary token."""
    made = odsa.Handset(client.Phone(world.daemon.device, "001010000000001", b"0" * 16, b"0" * 16, world.lines.imei()))
    made.temporary = token
    if old is not None and token is None:
        made.phone.token = login(world, old.phone.line, made)
    return made


def login(world, line, handset):
    """The line's own proof from the new phone: an authentication with the card, which gives a token for this terminal."""
    phone = client.Phone(world.daemon.device, line.imsi, line.ki, line.opc, handset.phone.terminal_id)
    world.login(phone, "ap2009")
    return phone.token


def wait_old_ended(world, old):
    """The old profile is out of service."""
    def look():
        found = [p for p in world.profiles(old.phone.imsi) if p["iccid"] == old.iccid]
        return found and found[0]["status"] == 4
    harness.wait_for(look, 15, lambda: str(world.profiles(old.phone.imsi)))


# ---- figure 35: the new phone asks ----

# proves: OP-009 OP-014 O-060
def test_figure_35_the_new_phone_takes_the_profile_over(world, old):
    first = old()
    second = new_phone(world, first)
    answer = second.transfer(old_terminal_iccid=first.iccid)
    assert answer.subscription == DOWNLOAD and answer.download.iccid != first.iccid
    assert world.smdp.entries("confirmOrder")[0]["body"]["eid"] == second.eid
    [row] = [p for p in world.profiles(first.phone.imsi) if p["iccid"] == first.iccid]
    assert row["status"] == ACTIVATED, "the old one ends after the confirmation"
    second.install(world.smdp, answer.download)
    assert second.manage(4).subscription == FINISHED
    wait_old_ended(world, first)
    assert second.configuration(terminal_iccid=second.iccid).of(second.iccid).status == ACTIVATED
    world.smdp.check_once()
    world.wait_state(first.phone.imsi, "done")


# proves: OP-014
def test_policy_may_end_the_old_one_before_the_new_one_is_given_out(world, old):
    first = old(features=["t-old-first"])
    second = new_phone(world, first)
    answer = second.transfer(old_terminal_iccid=first.iccid)
    assert answer.subscription in (DOWNLOAD, DELAYED)
    ready = second.until_ready(terminal_iccid=None)
    wait_old_ended(world, first)
    states = [step["state_to"] for step in world.steps(world.journeys(first.phone.imsi)[-1]["id"])]
    assert states.index("ending-old") < states.index("ready"), states
    second.install(world.smdp, ready.download)
    assert second.manage(4).subscription == FINISHED


def test_a_physical_card_becomes_an_esim(world):
    phone = world.phone(app="ap2009")
    iccid = "8949017" + f"{int(phone.line.msisdn) % 10**11:011d}"
    phone.line.set(iccid=iccid)
    handset = world.handset(phone)
    answer = handset.transfer(old_terminal_iccid=iccid)
    assert answer.subscription == DOWNLOAD
    handset.install(world.smdp, answer.download)
    assert handset.manage(4).subscription == FINISHED
    world.wait_state(phone.imsi, "done")
    assert phone.line.value("iccid") == handset.iccid


# proves: O-061
def test_a_repeated_transfer_gives_the_same(world, old):
    first = old()
    second = new_phone(world, first)
    one, two = (second.transfer(old_terminal_iccid=first.iccid) for _ in range(2))
    assert one.download == two.download
    world.smdp.check_once()


# proves: OP-009
@pytest.mark.parametrize("iccid", ["8949090999999999990", "12345", "x" * 19])
def test_a_wrong_old_iccid_orders_nothing(world, old, iccid):
    first = old()
    assert new_phone(world, first).transfer(old_terminal_iccid=iccid).result == INVALID_PARAMETER
    assert not world.smdp.ledger


# proves: OP-009 O-060
def test_the_profile_of_somebody_else_is_403_and_logged(world, old):
    first, stranger = old(), world.handset()
    before = world.daemon.mark()
    assert stranger.send("ManageSubscription", 3, terminal_eid=stranger.eid, old_terminal_iccid=first.iccid).status == 403
    assert not world.smdp.ledger
    text = world.daemon.text(before)
    assert first.iccid not in text and world.daemon.events(since=before), text


# proves: OP-039
def test_of_two_transfers_at_once_the_first_wins(world, old):
    first = old()
    phones = [new_phone(world, first) for _ in range(2)]
    for phone in phones:
        phone.post = True
    found = [None, None]

    def run(i):
        found[i] = phones[i].transfer(old_terminal_iccid=first.iccid)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results = sorted((a.result, a.subscription) for a in found)
    assert results[0] == (SUCCESS, DOWNLOAD) and results[1] in ((SUCCESS, DISMISS), (GENERAL, DISMISS)) or \
        results == [(SUCCESS, DOWNLOAD), (SUCCESS, DISMISS)], results
    world.smdp.check_once()


def test_a_line_whose_card_was_just_changed_is_not_moved(world, old):
    first = old()
    second = new_phone(world, first)
    first.phone.line.set(iccid="8949017000000000017")
    world.site.cluster.sql("UPDATE subscriber SET sim_changed_at = now() WHERE imsi = %s", first.phone.imsi)
    assert second.transfer(old_terminal_iccid=first.iccid).subscription == DISMISS
    assert not world.smdp.ledger


# ---- figure 36: which one is the old one? ----

# proves: OP-010 O-062
def test_figure_36_without_the_old_one_the_portal_finds_it(world, old):
    first = old()
    side = {"target_terminal_id": world.lines.imei(), "target_terminal_eid": odsa.eid()}
    other = first.manage(0, terminal_iccid=None, terminal_eid=None, **side).download  # a second profile of the line
    odsa.take(world.smdp, other, side["target_terminal_eid"])
    world.wait_state(first.phone.imsi, "done")
    world.reset()
    second = new_phone(world, first)
    answer = second.transfer()
    assert answer.subscription == WEBSHEET and answer.url
    assert not world.smdp.ledger
    answer = second.transfer(old_terminal_iccid=first.iccid)
    assert answer.subscription == DOWNLOAD
    journeys = [j for j in world.journeys(first.phone.imsi) if j["kind"] == "transfer"]
    assert len(journeys) == 1 and journeys[0]["old_iccid"] == first.iccid, "the same procedure goes on"


# ---- figure 37: the old phone asks ----

# proves: OP-012 OP-013
def test_figure_37_the_old_phone_asks_for_the_new_one(world, old):
    first = old()
    new_id, new_eid = world.lines.imei(), odsa.eid()
    target = {"target_terminal_id": new_id, "target_terminal_eid": new_eid}
    assert first.eligibility(**target).eligibility == 1
    answer = first.transfer(terminal_eid=None, terminal_iccid=None, old_terminal_id=first.imei, old_terminal_iccid=first.iccid, **target)
    assert answer.subscription == DOWNLOAD
    assert world.smdp.entries("downloadOrder")[0]["body"]["eid"] == new_eid
    with pytest.raises(AssertionError):
        odsa.take(world.smdp, answer.download, first.eid)
    profile = odsa.take(world.smdp, answer.download, new_eid)
    wait_old_ended(world, first)
    journey = world.wait_state(first.phone.imsi, "done")
    assert journey["iccid"] == profile.iccid and journey["target_id"] == new_id


# ---- figures 40 and 41: temporary token ----

# proves: OP-018 OP-019
def test_figure_40_a_new_phone_with_a_temporary_token(world, old):
    first = old()
    token = first.token_for("ManageSubscription", "AcquireConfiguration")["TemporaryToken"]
    second = new_phone(world, token=token)
    target = {"target_terminal_id": second.imei, "target_terminal_eid": second.eid}
    assert second.eligibility(**target).eligibility == 1
    answer = second.transfer(old_terminal_iccid=first.iccid, **target)
    assert answer.subscription == DOWNLOAD
    second.install(world.smdp, answer.download)
    assert second.manage(4, target_terminal_iccid=second.iccid, **target).subscription == FINISHED
    wait_old_ended(world, first)
    world.smdp.check_once()


# proves: OP-020 OP-015
def test_figure_41_the_token_lasts_as_long_as_the_delay(world, old):
    first = old()
    second = new_phone(world, token=first.token_for("ManageSubscription", "AcquireConfiguration")["TemporaryToken"])
    world.smdp.fault("downloadOrder", delay=4.5)
    target = {"target_terminal_id": second.imei, "target_terminal_eid": second.eid}
    assert second.transfer(old_terminal_iccid=first.iccid, **target).subscription == DELAYED
    ready = second.until_ready(**target)
    second.install(world.smdp, ready.download)
    wait_old_ended(world, first)


# proves: OP-021
def test_steps_11_to_13_a_question_before_the_transfer(world, old):
    first = old()
    first.phone.line.features(odsa.FEATURES + ["t-ask"])
    second = new_phone(world, token=first.token_for("ManageSubscription", "AcquireConfiguration")["TemporaryToken"])
    values = {"old_terminal_iccid": first.iccid, "target_terminal_id": second.imei, "target_terminal_eid": second.eid}
    assert second.transfer(**values).subscription == USER_INPUT
    assert second.transfer(MSG_btn="1", MSG_response="424242", **values).subscription == DOWNLOAD
    world.smdp.check_once()


def test_a_wrong_answer_leaves_the_old_profile_alone(world, old):
    first = old()
    first.phone.line.features(odsa.FEATURES + ["t-ask"])
    second = new_phone(world, first)
    assert second.transfer(old_terminal_iccid=first.iccid).subscription == USER_INPUT
    answer = second.transfer(old_terminal_iccid=first.iccid, MSG_btn="1", MSG_response="?")
    assert (answer.result, answer.subscription) == (INVALID_MSG, DISMISS)
    assert first.configuration().only.status == ACTIVATED


# ---- figure 42: the old profile is deleted first ----

# proves: OP-022 OP-023 O-034
def test_figure_42_the_old_profile_has_to_be_deleted_first(world, old):
    first = old()
    target = {"target_terminal_id": world.lines.imei(), "target_terminal_eid": odsa.eid()}
    values = {"terminal_eid": None, "terminal_iccid": None, "old_terminal_id": first.imei, "old_terminal_iccid": first.iccid,
              "redownloadable_profile": "1", **target}
    answer = first.transfer(**values)  # the same profile is ordered again: the SM-DP+ knows that it is installed
    assert answer.subscription == DELETE_IN_USE
    assert first.transfer(**values).subscription == DELETE_IN_USE, "asked again: still to be deleted"
    assert not world.smdp.done("downloadOrder")
    world.smdp.delete(first.iccid)
    ready = first.until(lambda a: any(c.download for c in a.configurations), **target)
    download = next(c.download for c in ready.configurations if c.download)
    assert download.iccid == first.iccid, "the reusable one of the request"
    assert odsa.take(world.smdp, download, target["target_terminal_eid"]).iccid == first.iccid
    world.wait_state(first.phone.imsi, "done")
    world.smdp.check_once()


# proves: OP-024 O-038
@pytest.mark.parametrize("value,result", [(None, REDOWNLOADABLE), ("0", REDOWNLOADABLE), ("1", DELETE_IN_USE)])
def test_where_redownloadable_profiles_are_demanded(world, old, value, result):
    first = old()
    first.phone.line.features(odsa.FEATURES + ["t-demand"])
    second = new_phone(world, first)
    assert second.transfer(old_terminal_iccid=first.iccid, redownloadable_profile=value).subscription == result
    if result == REDOWNLOADABLE:
        assert second.transfer(old_terminal_iccid=first.iccid, redownloadable_profile="1").subscription == DELETE_IN_USE


# proves: OP-040
def test_an_abandoned_portal_leaves_the_old_profile_untouched(world, old):
    first = old()
    first.phone.line.features(odsa.FEATURES + ["t-portal"])
    second = new_phone(world, first)
    assert second.transfer(old_terminal_iccid=first.iccid).subscription == WEBSHEET
    journey = world.journeys(first.phone.imsi)[-1]
    assert journey["state"] == "choosing" and journey["deadline_at"] is not None
    world.site.cluster.sql("UPDATE journey SET deadline_at = now() WHERE id = %s", journey["id"])  # nobody came back
    world.wait_state(first.phone.imsi, "expired")
    assert [c.status for c in first.configuration(terminal_iccid=first.iccid).configurations] == [ACTIVATED]
    assert not world.smdp.ledger
    assert NO_REUSE not in [p["status"] for p in world.profiles(first.phone.imsi)]

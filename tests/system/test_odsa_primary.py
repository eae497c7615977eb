# SPDX-License-Identifier: Apache-2.0
"""Subscriptions of phones and tablets (ap2009): figures 29 to 32, 38, 39, 44 and 45 of TS.43 clause 8."""
import pytest

import odsa
from odsa_documents import (ACTIVATED, ACTIVATING, DEACTIVATED, DELAYED, DISMISS, DOWNLOAD, FINISHED, INVALID_MSG, INVALID_PARAMETER,
                            NO_REUSE, SUCCESS, USER_INPUT, WEBSHEET)


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("p")), odsa_site)
    made.daemon = make_module_daemon(**made.settings())
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean(world):
    world.reset()
    yield
    world.check()


# ---- figure 38: without a portal, at once ----

# proves: OP-001 OP-003 OP-006 OP-007 OP-013 OP-031 OP-034 O-030 O-035
@pytest.mark.parametrize("json", [False, True], ids=["xml", "json"])
@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
def test_figure_38_a_phone_gets_an_esim_without_a_portal(world, json, post):
    handset = world.handset()
    handset.json, handset.post = json, post
    assert handset.eligibility().eligibility == 1
    assert handset.configuration().block == {"OperationResult": "1"}
    answer = handset.manage(0)
    assert (answer.result, answer.subscription) == (SUCCESS, DOWNLOAD)
    assert answer.download.addresses == [odsa.ADDRESS] and answer.download.iccid
    assert world.smdp.entries("downloadOrder")[0]["body"] == {"profileType": "primary", "eid": handset.eid}
    assert handset.configuration().only.status == ACTIVATED
    handset.install(world.smdp, answer.download)
    assert handset.manage(4).subscription == FINISHED
    done = handset.until(lambda a: a.only.download is None).only
    assert (done.iccid, done.status, done.secondary) == (handset.iccid, ACTIVATED, False)
    world.smdp.check_once()
    world.wait_state(handset.phone.imsi, "done")


# proves: OP-005 OP-003
def test_figure_32_a_phone_with_a_sim_orders_for_its_esim(world):
    handset = world.handset()
    side = {"target_terminal_id": world.lines.imei(), "target_terminal_eid": handset.eid}
    assert handset.eligibility(target_terminal_id=side["target_terminal_id"]).eligibility == 1
    assert handset.configuration(**side).configurations == []
    answer = handset.manage(0, terminal_eid=None, **side)
    assert answer.subscription == DOWNLOAD
    assert world.smdp.entries("confirmOrder")[0]["body"]["eid"] == handset.eid
    profile = handset.install(world.smdp, answer.download)
    assert handset.manage(4, terminal_iccid=None, terminal_eid=None, target_terminal_iccid=profile.iccid, **side).subscription == FINISHED
    assert handset.configuration(**side).of(profile.iccid).status == ACTIVATED
    [row] = world.profiles(handset.phone.imsi)
    assert row["terminal_id"] == side["target_terminal_id"]


# proves: O-033
def test_without_an_eid_there_is_a_code(world):
    handset = world.handset()
    answer = handset.manage(0, terminal_eid=None)
    assert answer.download.code
    handset.install(world.smdp, answer.download)
    assert handset.manage(4).subscription == FINISHED


# proves: O-061
def test_a_repeated_request_orders_nothing(world):
    handset = world.handset()
    one, two = handset.manage(0), handset.manage(0)
    assert one.download == two.download
    world.smdp.check_once()


# proves: OP-008
def test_an_iccid_that_was_never_ordered_is_not_confirmed(world):
    handset, stranger = world.handset(), world.handset()
    assert handset.manage(4, terminal_iccid="8949090999999999990").result == INVALID_PARAMETER
    stranger.install(world.smdp, stranger.manage(0).download)
    assert handset.send("ManageSubscription", 4, terminal_iccid=stranger.iccid).status == 403
    assert handset.manage(4, terminal_iccid=None).result == INVALID_PARAMETER


# ---- figure 39: delayed ----

# proves: OP-015 O-036 O-012 O-015 O-071
def test_figure_39_the_download_is_delayed_and_polled(world):
    handset = world.handset()
    world.smdp.fault("confirmOrder", delay=4.5)
    assert handset.manage(0).subscription == DELAYED
    pending = handset.configuration().only
    assert (pending.status, pending.block["PollingInterval"], pending.block["PollingIntervalUnit"]) == (ACTIVATING, "1", "1")
    ready = handset.until_ready()
    handset.install(world.smdp, ready.download)
    assert handset.manage(4).subscription == FINISHED
    world.smdp.check_once()


# ---- the portal ----

# proves: OP-006
def test_figure_29_the_user_is_sent_to_the_portal(world):
    handset = world.handset(features=["t-portal"])
    assert handset.eligibility().eligibility == 1
    answer = handset.manage(0)
    assert (answer.subscription, answer.url) == (WEBSHEET, odsa.PORTAL)
    assert not world.smdp.ledger


# proves: OP-006 OP-021
def test_a_question_comes_first_where_policy_asks(world):
    handset = world.handset(features=["t-ask"])
    assert handset.manage(0).subscription == USER_INPUT
    assert handset.manage(0, MSG_btn="1", MSG_response="000111").subscription == DOWNLOAD
    world.smdp.check_once()


def test_what_policy_refuses_ends_with_dismiss(world):
    answer = world.handset(features=["t-refuse"]).manage(0)
    assert answer.subscription == DISMISS
    assert not world.smdp.ledger


# proves: OP-002 O-012 O-014
def test_a_device_that_is_not_eligible_yet_is_told_when_to_ask_again(world):
    answer = world.handset(features=["t-poll"]).eligibility()
    assert (answer.eligibility, answer["PollingInterval"], answer["PollingIntervalUnit"]) == (0, "30", "1")


# ---- several profiles, on and off, end ----

@pytest.fixture
def installed(world):
    handset = world.handset()
    handset.install(world.smdp, handset.manage(0).download)
    assert handset.manage(4).subscription == FINISHED
    handset.until(lambda a: a.only.download is None)
    world.wait_state(handset.phone.imsi, "done")
    return handset


# proves: OP-032 OP-033 OP-037
def test_of_several_profiles_one_is_the_primary_one(world, installed):
    side = {"target_terminal_id": world.lines.imei(), "target_terminal_eid": odsa.eid()}
    second = installed.manage(0, terminal_iccid=None, terminal_eid=None, **side).download
    assert installed.configuration().only.iccid == second.iccid, "a phone that waits for its profile asks for that one"
    odsa.take(world.smdp, second, side["target_terminal_eid"])
    world.wait_state(installed.phone.imsi, "done")
    everything = installed.configuration()
    assert {c.iccid for c in everything.configurations} == {installed.iccid, second.iccid}
    assert not everything.of(installed.iccid).secondary and everything.of(second.iccid).secondary
    assert installed.configuration(terminal_iccid=installed.iccid).only.iccid == installed.iccid


# proves: OP-038
def test_types_6_and_5_switch_the_profile(world, installed):
    for number, status in ((6, DEACTIVATED), (6, DEACTIVATED), (5, ACTIVATED), (5, ACTIVATED)):
        answer = installed.manage(number)
        assert (answer.result, answer.subscription) == (SUCCESS, FINISHED)
        assert installed.configuration().only.status == status


def test_type_1_ends_the_subscription(world, installed):
    answer = installed.manage(1)
    assert (answer.result, answer.subscription) == (SUCCESS, FINISHED)
    assert [c.status for c in installed.configuration().configurations] in ([], [NO_REUSE])


# ---- figures 44 and 45: a profile waits at the default SM-DP+ ----

@pytest.fixture
def waiting(world):
    """Function: a handset whose profile was prepared at the SM-DP+ by somebody else."""
    def make(**fields):
        handset = world.handset(**fields)
        iccid = world.smdp.put("primary", "Confirmed", handset.eid)
        world.smdp.profiles[iccid].matching_id = ""
        world.site.cluster.sql(
            "INSERT INTO profile (imsi, app, iccid, eid, terminal_id, smdp, address, origin, status, waiting) "
            "VALUES (%s, 2009, %s, %s, %s, 'main', %s, 'import', 3, true)", handset.phone.imsi, iccid, handset.eid, handset.imei,
            odsa.ADDRESS)
        handset.iccid = iccid
        return handset
    return make


# proves: OP-026
def test_figure_44_a_waiting_profile_is_verified_on_the_portal(world, waiting):
    handset = waiting(features=["t-portal"])
    shown = handset.configuration().only
    assert (shown.iccid, shown.status, shown.message) == (handset.iccid, DEACTIVATED, None)
    assert handset.manage(0).subscription == WEBSHEET


# proves: OP-027 OP-036
def test_figure_45_a_waiting_profile_is_released_by_the_right_answer(world, waiting):
    handset = waiting(features=["t-ask"])
    shown = handset.configuration().only
    assert (shown.status, shown.message["Accept_freetext"]) == (DEACTIVATED, "1")
    answer = handset.manage(0, MSG_btn="1", MSG_response="123456")
    assert answer.subscription == DOWNLOAD and answer.download.iccid == handset.iccid
    assert len(world.smdp.done("releaseProfile")) == 1 and not world.smdp.entries("downloadOrder")
    handset.install(world.smdp, answer.download)
    assert handset.manage(4).subscription == FINISHED


# proves: OP-027
def test_figure_45_a_wrong_answer_is_the_end(world, waiting):
    handset = waiting(features=["t-ask"])
    assert handset.configuration().only.message
    answer = handset.manage(0, MSG_btn="1", MSG_response="nonsense")
    assert (answer.result, answer.subscription) == (INVALID_MSG, DISMISS)
    assert world.smdp.state(handset.iccid) == "Confirmed"


# proves: OP-035
def test_without_a_profile_there_is_no_question(world):
    handset = world.handset(features=["t-ask"])
    assert handset.configuration().block == {"OperationResult": "1"}

# SPDX-License-Identifier: Apache-2.0
"""Recovery of profiles that were deleted from their device (ap2009, operation_type 7): figures 46 and 47 of TS.43 8.13."""
import pytest

import odsa
from odsa_documents import (ACTIVATED, DELETE_IN_USE, DISMISS, DOWNLOAD, FINISHED, GENERAL, INVALID_PARAMETER, NO_REUSE, SUCCESS,
                            USER_INPUT, WEBSHEET)


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("r")), odsa_site)
    made.daemon = make_module_daemon(**made.settings())
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean(world):
    world.reset()
    yield
    world.check()


@pytest.fixture
def removed(world):
    """Function: a phone whose eSIM was deleted (report=False: nobody has told us)."""
    def make(report=True, **fields):
        handset = world.handset(**fields)
        handset.install(world.smdp, handset.manage(0).download)
        assert handset.manage(4).subscription == FINISHED
        world.wait_state(handset.phone.imsi, "done")
        world.smdp.delete(handset.iccid, notify=report)
        world.reset()
        return handset
    return make


# proves: OP-028 OP-030
@pytest.mark.parametrize("json", [False, True], ids=["xml", "json"])
def test_figure_47_a_profile_is_given_back_natively(world, removed, json):
    handset = removed()
    handset.json = json
    shown = handset.configuration(terminal_iccid=None)
    assert [c.iccid for c in shown.configurations] == [handset.iccid]
    answer = handset.manage(7)
    assert (answer.result, answer.subscription) == (SUCCESS, DOWNLOAD)
    assert answer.only.status == ACTIVATED and answer.only.download.iccid in (None, answer.download.iccid)
    assert answer.download.iccid != handset.iccid, "a new ICCID"
    former = handset.iccid
    handset.install(world.smdp, answer.download)
    assert handset.manage(4).subscription == FINISHED
    world.wait_state(handset.phone.imsi, "done")
    done = handset.configuration(terminal_iccid=None)
    assert done.of(handset.iccid).status == ACTIVATED
    assert [c.status for c in done.configurations if c.iccid == former] in ([], [NO_REUSE])
    world.smdp.check_once()


# proves: O-061
def test_a_repeated_recovery_gives_the_same(world, removed):
    handset = removed()
    one, two = handset.manage(7), handset.manage(7)
    assert one.download == two.download
    world.smdp.check_once()


# proves: OP-028
@pytest.mark.parametrize("word,result", [("t-portal", WEBSHEET), ("t-ask", USER_INPUT), ("t-refuse", DISMISS)])
def test_figure_46_portal_or_question_first(world, removed, word, result):
    handset = removed()
    handset.phone.line.features(odsa.FEATURES + [word])
    assert handset.manage(7).subscription == result
    assert not world.smdp.done("downloadOrder")
    if result == USER_INPUT:
        assert handset.manage(7, MSG_btn="1", MSG_response="123123").subscription == DOWNLOAD


def test_a_profile_of_somebody_else_or_of_nobody(world, removed):
    handset, stranger = removed(), world.handset()
    assert stranger.send("ManageSubscription", 7, terminal_iccid=handset.iccid).status == 403
    assert stranger.manage(7, terminal_iccid="8949090999999999990").result == INVALID_PARAMETER
    assert stranger.manage(7, terminal_iccid=None).result == INVALID_PARAMETER
    assert not world.smdp.ledger


# proves: OP-029
def test_a_profile_that_is_still_installed_is_not_given_twice(world):
    handset = world.handset()
    handset.install(world.smdp, handset.manage(0).download)
    assert handset.manage(4).subscription == FINISHED
    world.wait_state(handset.phone.imsi, "done")
    world.smdp.fault("downloadOrder", refuse=("8.2.1", "3.3"), times=None)
    answer = handset.manage(7)
    assert answer.result == GENERAL or answer.subscription in (DELETE_IN_USE, DISMISS)


def test_two_profiles_are_recovered_side_by_side(world):
    handset = world.handset()
    handset.install(world.smdp, handset.manage(0).download)
    assert handset.manage(4).subscription == FINISHED
    side = {"target_terminal_id": world.lines.imei(), "target_terminal_eid": odsa.eid()}
    second = odsa.take(world.smdp, handset.manage(0, terminal_iccid=None, terminal_eid=None, **side).download,
                       side["target_terminal_eid"])
    world.wait_state(handset.phone.imsi, "done")
    for iccid in (handset.iccid, second.iccid):
        world.smdp.delete(iccid)
    answers = [handset.manage(7, terminal_iccid=iccid) for iccid in (handset.iccid, second.iccid)]
    assert [a.subscription for a in answers] == [DOWNLOAD, DOWNLOAD], (answers, world.journeys(handset.phone.imsi))
    assert len({a.download.iccid for a in answers}) == 2

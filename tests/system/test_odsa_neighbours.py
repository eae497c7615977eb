# SPDX-License-Identifier: Apache-2.0
"""Procedures with neighbours that are slow, away, wrong, or say things twice, late and in the wrong order: bounded waits, the
specified answers, alarms, resumption, compensation. SM-DP+ and a TM Forum BSS are doubles."""
import threading
import time

import pytest

import harness
import odsa
from odsa_documents import ACTIVATED, ACTIVATING, DELAYED, DISMISS, DOWNLOAD, FINISHED, NO_REUSE, SUCCESS, WEBSHEET


@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("n")), odsa_site, bss={})
    made.limits = {"smdp": [made.source(connect="500ms", timeout="2s")], "bss": made.shop(connect="500ms", timeout="2s")}
    made.daemon = make_module_daemon(**made.settings(**made.limits))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean(world):
    world.reset()
    yield
    world.smdp.up()
    world.bss.up()
    world.check()
    world.bss.check_once()


@pytest.fixture
def watch(world):
    return world.watch()


def finish(world, watch, download=None):
    """The device goes on to the end; one order each at SM-DP+ and BSS."""
    ready = download or watch.until_ready().download
    watch.install(world.smdp, ready)
    journey = world.wait_state(watch.phone.imsi, "done")
    world.smdp.check_once()
    assert len(world.bss.placed(eid=watch.eid)) >= 1
    return journey


def subscriptions(world, watch):
    """Orders of a new subscription for this watch."""
    return [o for o in world.bss.placed(eid=watch.eid) if "add" in o.actions and o.state not in ("cancelled", "rejected")]


def test_all_well(world, watch):
    answer = watch.subscribe()
    assert answer.subscription == DOWNLOAD
    finish(world, watch, answer.download)
    [order] = subscriptions(world, watch)
    values = order.values()
    assert values["iccid"] == watch.iccid and str(values["primaryMsisdn"]) == watch.phone.line.msisdn


# ---- transport faults: resumed, exactly once ----

FAULTS = {
    "lost": {"drop": "before"}, "answer-lost": {"drop": "after"}, "503": {"http": 503, "headers": {"Retry-After": "1"}},
    "500": {"http": 500}, "processed-500": {"http": 500, "processed": True}, "garbage": {"body": b"\x00\xff{", "processed": True},
    "empty": {"body": b"", "processed": True}, "list": {"body": b"[]", "processed": True}, "text": {"body": b'"ok"', "processed": True},
    "huge": {"body": b'{"x":"' + b"a" * 600000 + b'"}', "processed": True}, "redirect": {"http": 302, "headers": {"Location": "/x"}},
    "slow": {"delay": 4.0}, "slow-answer": {"delay": 4.0, "late": True}, "twice": {"twice": True},
    "three-times": {"drop": "after", "times": 3},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("function", ["downloadOrder", "confirmOrder"])
def test_a_fault_of_the_smdp_is_overcome_without_a_second_order(world, watch, function, fault):
    world.smdp.fault(function, **FAULTS[fault])
    answer = watch.subscribe()
    assert answer.subscription in (DELAYED, DOWNLOAD)
    if answer.subscription == DELAYED:
        assert watch.configuration().only.status in (ACTIVATING, ACTIVATED)
    finish(world, watch)
    assert len(subscriptions(world, watch)) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_bss_is_overcome_without_a_second_order(world, watch, fault):
    world.bss.fault("serviceOrder", **FAULTS[fault])
    answer = watch.subscribe()
    assert answer.subscription in (DELAYED, DOWNLOAD)
    finish(world, watch)
    assert len(subscriptions(world, watch)) == 1


def test_a_forgetful_bss_is_asked_for_the_order_before_it_is_repeated(world, watch):
    world.bss.forgetful = True
    try:
        world.bss.fault("serviceOrder", drop="after")
        watch.subscribe()
        finish(world, watch)
        assert len(subscriptions(world, watch)) == 1
    finally:
        world.bss.forgetful = False


# proves: O-036
@pytest.mark.parametrize("name", ["smdp", "bss"])
def test_a_neighbour_that_is_down_is_waited_for(world, watch, name):
    double = getattr(world, name)
    double.down()
    begin = time.monotonic()
    assert watch.subscribe().subscription == DELAYED
    assert time.monotonic() - begin < 10
    assert watch.configuration().only.status == ACTIVATING
    double.up()
    finish(world, watch)


def test_a_hanging_smdp_does_not_hold_the_device(world, watch):
    world.smdp.fault("downloadOrder", hang=True)
    begin = time.monotonic()
    assert watch.subscribe().subscription == DELAYED
    assert time.monotonic() - begin < 8
    begin = time.monotonic()
    assert watch.configuration().only.status == ACTIVATING
    assert time.monotonic() - begin < 2


def test_token_trouble_at_the_bss(world, watch):
    world.bss.revoke_tokens()
    assert watch.subscribe().subscription in (DOWNLOAD, DELAYED)
    finish(world, watch)
    world.bss.fault("token", http=500, times=2)
    other = world.watch()
    world.bss.revoke_tokens()
    assert other.subscribe().subscription in (DOWNLOAD, DELAYED)
    assert other.until_ready().download


# ---- refusals and compensation ----

def test_no_stock_is_an_alarm_and_is_tried_again(world):
    watch = world.watch(features=["t-gold"])
    world.smdp.types.add("gold")
    before = world.daemon.mark()
    assert watch.subscribe().subscription == DELAYED
    harness.wait_for(lambda: [e for e in world.daemon.events(since=before) if e.get("level", e.get("severity")) in
                              ("warning", "err", "error", "alert", "crit", 3, 4)], 10, lambda: world.daemon.text(before)[-2000:])
    world.smdp.add("gold")
    finish(world, watch)


# proves: O-003 O-064
@pytest.mark.parametrize("why", [("8.2.5", "3.8"), ("8.2.5", "3.9"), ("8.1.1", "3.8")], ids="/".join)
def test_a_refusal_of_the_smdp_ends_the_procedure(world, watch, why):
    world.smdp.fault("downloadOrder", refuse=why, times=None)
    answer = watch.subscribe()
    assert answer.subscription == DISMISS
    assert world.wait_state(watch.phone.imsi, "failed")["reason"]
    assert not world.smdp.held(watch.eid) and not subscriptions(world, watch)


def test_a_refusal_of_the_bss_gives_the_profile_back(world, watch):
    world.bss.behave("rejected", error=("17", "the account is closed"))
    assert watch.subscribe().subscription == DISMISS
    world.wait_state(watch.phone.imsi, "failed")
    world.smdp.check_once(1, 0, 1)
    assert not world.smdp.held(watch.eid)
    assert [c.status for c in watch.configuration().configurations] in ([], [NO_REUSE])


def test_a_refusal_at_the_confirmation_undoes_the_order_of_the_bss(world, watch):
    world.smdp.fault("confirmOrder", refuse=("8.1.1", "3.8"), times=None)
    watch.subscribe()
    world.wait_state(watch.phone.imsi, "failed")
    assert not world.smdp.held(watch.eid)
    assert not subscriptions(world, watch) or [o for o in world.bss.placed(eid=watch.eid) if "delete" in o.actions]


def test_a_matching_id_that_is_taken_is_made_anew(world):
    watch = world.watch(features=["t-code"])
    world.smdp.fault("confirmOrder", refuse=("8.2.6", "3.8"))
    assert watch.subscribe().subscription in (DOWNLOAD, DELAYED)
    ready = watch.until_ready().download
    first, second = [e for e in world.smdp.entries("confirmOrder")][:2]
    assert first["call_id"] != second["call_id"], "another matching id is another call"
    finish(world, watch, ready)


@pytest.mark.parametrize("function", ["downloadOrder", "confirmOrder"])
def test_a_failure_without_code_is_no_success(world, watch, function):
    world.smdp.fault(function, refuse="Failed")
    watch.subscribe()
    journey = world.wait_state(watch.phone.imsi, "ready", "failed")
    if journey["state"] == "failed":
        assert not world.smdp.held(watch.eid)
    else:
        finish(world, watch)


def test_cancelling_that_fails_is_repeated(world, watch):
    world.bss.behave("rejected", error=("17", "no"))
    world.smdp.fault("cancelOrder", http=503, times=2)
    watch.subscribe()
    world.wait_state(watch.phone.imsi, "failed")
    world.smdp.check_once(1, 0, 1)


# ---- asynchronous orders ----

# proves: OP-015 OC-021
def test_an_order_that_takes_its_time_is_told_by_an_event(world, watch):
    world.bss.behave("acknowledged")
    assert watch.subscribe().subscription == DELAYED
    assert watch.configuration().only.status == ACTIVATING
    [order] = subscriptions(world, watch)
    assert not world.smdp.done("confirmOrder"), "nothing is released for a subscription that is not active"
    world.bss.finish(order)
    finish(world, watch)


@pytest.mark.parametrize("copies", [1, 3])
def test_an_event_that_comes_before_the_answer(world, watch, copies):
    world.bss.behave("acknowledged", event="completed", early=True)
    assert watch.subscribe().subscription in (DOWNLOAD, DELAYED)
    world.bss.tell(subscriptions(world, watch)[0], copies=copies)
    finish(world, watch)


def test_events_twice_late_and_in_the_wrong_order(world, watch):
    world.bss.behave("acknowledged")
    assert watch.subscribe().subscription == DELAYED
    [order] = subscriptions(world, watch)
    world.bss.finish(order, event_id="one", copies=2)
    order.state = "inProgress"
    world.bss.tell(order, at="2020-01-01T00:00:00Z")  # an old one
    order.state = "completed"
    finish(world, watch)
    world.bss.tell(order, event_id="one")
    order.state = "failed"
    world.bss.tell(order)  # much too late: the profile is installed
    order.state = "completed"
    assert watch.configuration().only.status == ACTIVATED


def test_an_order_that_fails_later(world, watch):
    world.bss.behave("acknowledged")
    assert watch.subscribe().subscription == DELAYED
    world.bss.finish(subscriptions(world, watch)[0], "failed", error=("3", "no number left"))
    assert watch.until(lambda a: not a.configurations or a.only.status == NO_REUSE)
    world.wait_state(watch.phone.imsi, "failed")
    world.smdp.check_once(1, 0, 1)


def test_an_event_that_is_lost_is_asked_for(world, watch):
    world.bss.behave("acknowledged")
    assert watch.subscribe().subscription == DELAYED
    [order] = subscriptions(world, watch)
    world.bss.finish(order, tell=False)
    journey = world.journeys(watch.phone.imsi)[-1]
    assert journey["due_at"] is not None, "it asks by itself"
    world.site.cluster.sql("UPDATE journey SET due_at = date_trunc('second', now()) WHERE id = %s", journey["id"])
    finish(world, watch)


def test_unknown_states_and_events_are_not_taken_for_an_end(world, watch):
    world.bss.behave("acknowledged")
    assert watch.subscribe().subscription == DELAYED
    [order] = subscriptions(world, watch)
    order.state = "somethingNew"
    world.bss.tell(order)
    world.bss.event("MoonPhaseChangeEvent", {"moon": {"id": "1"}})
    assert watch.configuration().only.status == ACTIVATING
    order.state = "completed"
    world.bss.tell(order)
    finish(world, watch)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"eventType":7}', b'{"event":{}}', b"\xff\xfe"], ids=repr)
def test_nonsense_in_an_event_is_refused_and_changes_nothing(world, watch, body):
    world.bss.behave("acknowledged")
    watch.subscribe()
    assert world.bss.post("/bss/listener/serviceOrderStateChangeEvent", body, good=(200, 201, 204, 400)) in (200, 201, 204, 400)
    assert watch.configuration().only.status == ACTIVATING
    world.bss.finish(subscriptions(world, watch)[0])
    finish(world, watch)


# proves: O-016 O-017 OP-016
def test_the_poll_limit_ends_a_procedure_and_undoes_it(world, make_daemon):
    daemon = make_daemon(**world.settings(odsa={"max_refresh": 3}, callback=None, **world.limits))
    watch = world.watch(world.phone(daemon))
    world.bss.behave("acknowledged")
    assert watch.subscribe().subscription == DELAYED
    states = [watch.configuration().only.status for _ in range(3)]
    assert states == [ACTIVATING, ACTIVATING, NO_REUSE]
    world.wait_state(watch.phone.imsi, "expired")
    world.smdp.check_once(1, 0, 1)
    assert not subscriptions(world, watch)


# proves: O-019
def test_polls_do_not_reach_the_bss(world, watch):
    world.bss.behave("acknowledged")
    watch.subscribe()
    before = len(world.bss.ledger)
    for _ in range(5):
        assert watch.configuration().only.status == ACTIVATING
    assert len(world.bss.ledger) == before
    world.bss.finish(subscriptions(world, watch)[0])
    finish(world, watch)


# ---- the SM-DP+'s notifications ----

def test_notifications_twice_and_out_of_order(world, watch):
    watch.subscribe()
    download = watch.until_ready().download
    profile = watch.install(world.smdp, download, notify=False)
    world.smdp.notify(profile, 4, copies=2)
    world.smdp.notify(profile, 3)
    world.smdp.notify(profile, 1)
    world.smdp.notify(profile, 4)
    world.wait_state(watch.phone.imsi, "done")
    assert watch.configuration().only.status == ACTIVATED


def test_a_notification_that_is_lost_is_made_up_by_the_device(world, watch):
    watch.subscribe()
    watch.install(world.smdp, watch.until_ready().download, notify=False)
    assert watch.manage(4).subscription == FINISHED
    world.wait_state(watch.phone.imsi, "done")


@pytest.mark.parametrize("change", [
    {"timestamp": None, "timeStamp": "local"}, {"timestamp": "epoch"}, {"timestamp": None}, {"notificationPointId": "4"},
    {"imei": None, "tac": "35999911", "resultData": None}, {"notificationPointId": 101}, {"eid": None}, {"profileType": None}], ids=str)
def test_notifications_as_real_servers_send_them(world, watch, change):
    watch.subscribe()
    profile = watch.install(world.smdp, watch.until_ready().download, notify=False)
    forms = {"epoch": str(int(time.time())), "local": time.strftime("%Y-%m-%dT%H:%M:%S+02:00", time.gmtime(time.time() + 7200))}
    world.smdp.notify(profile, 4, **{name: forms.get(value, value) for name, value in change.items()})
    if change.get("notificationPointId") == 101:
        world.smdp.notify(profile, 4)
    world.wait_state(watch.phone.imsi, "done")


def test_a_notification_of_an_unknown_profile_is_204(world):
    stranger = world.smdp.profiles[world.smdp.put("companion")]
    for point in (1, 3, 4, 5, 77):
        assert world.smdp.notify(stranger, point) == 204
    assert world.smdp.notify(stranger, 4, iccid=world.smdp.shown(stranger.iccid).lower()) == 204


@pytest.mark.parametrize("body", [b"", b"{", b"no", b"\xff" * 10], ids=repr)
def test_a_notification_that_is_no_json_is_400(world, body):
    assert world.smdp.send(body, good=(400,)) == 400


def test_only_the_smdp_may_notify(world, watch):
    watch.subscribe()
    profile = watch.install(world.smdp, watch.until_ready().download, notify=False)
    other = world.trust.client("someone")
    body = world.smdp.notification(profile, 4)
    assert world.smdp.send(body, identity=other, good=(401, 403)) in (401, 403)
    assert world.bss.post("/gsma/rsp2/es2plus/handleDownloadProgressInfo", body, good=(401, 403)) in (401, 403)
    assert world.journeys(watch.phone.imsi)[-1]["state"] == "ready"
    world.smdp.notify(profile, 4)
    world.wait_state(watch.phone.imsi, "done")


def test_a_failed_installation_is_seen_by_care(world, watch):
    watch.subscribe()
    download = watch.until_ready().download
    profile = watch.install(world.smdp, download, stop="downloaded")
    world.smdp.notify(profile, 4, ("8.8.4", "4.2"))
    steps = world.steps(world.journeys(watch.phone.imsi)[-1]["id"])
    assert [s for s in steps if s["event"] == "install-failed"], steps
    assert watch.configuration().only.download == download, "it may be tried again"


def test_a_deleted_profile_does_not_end_the_subscription(world, watch):
    watch.subscribe()
    finish(world, watch)
    world.smdp.delete(watch.iccid)
    harness.wait_for(lambda: world.profiles(watch.phone.imsi)[-1]["deleted_at"], 10, "deleted_at")
    assert world.profiles(watch.phone.imsi)[-1]["status"] != 4
    assert not [o for o in world.bss.placed(eid=watch.eid) if "delete" in o.actions]


# ---- the end of the old subscription never gives up ----

# proves: OP-014
def test_ending_the_old_one_is_repeated_and_never_undoes_the_new_one(world):
    handset = world.handset()
    handset.manage(0)
    handset.install(world.smdp, handset.until_ready().download)
    world.wait_state(handset.phone.imsi, "done")
    old = handset.iccid
    world.bss.behave("rejected", times=4, when=lambda o: "delete" in o.actions, error=("99", "not now"))
    side = {"target_terminal_id": world.lines.imei(), "target_terminal_eid": odsa.eid()}
    values = {"terminal_eid": None, "terminal_iccid": None, "old_terminal_id": handset.imei, "old_terminal_iccid": old, **side}
    assert handset.manage(3, **values).subscription in (DOWNLOAD, DELAYED)
    ready = handset.until(lambda a: any(c.download for c in a.configurations), **side)
    odsa.take(world.smdp, next(c.download for c in ready.configurations if c.download), side["target_terminal_eid"])
    world.wait_state(handset.phone.imsi, "ending-old", "done")
    world.wait_state(handset.phone.imsi, "done", seconds=40)
    assert {p["iccid"]: p["status"] for p in world.profiles(handset.phone.imsi)}[old] == 4


# proves: O-061
def test_impatient_devices_make_one_order(world):
    watches = [world.watch() for _ in range(3)]
    world.smdp.fault("downloadOrder", delay=1.0, times=3)
    results = []

    def run(watch):
        for _ in range(3):
            results.append(watch.subscribe().subscription)
    threads = [threading.Thread(target=run, args=(w,)) for w in watches for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) <= {DELAYED, DOWNLOAD}
    for watch in watches:
        watch.until_ready()
    world.smdp.check_once(3, 3)
    assert all(len(subscriptions(world, w)) == 1 for w in watches)


def test_the_bss_may_send_the_user_to_its_pages(world, watch):
    world.bss.behave("held", event=None)
    assert watch.subscribe().subscription in (DELAYED, WEBSHEET)
    world.bss.finish(subscriptions(world, watch)[0])
    finish(world, watch)
    assert watch.seen[-1].result == SUCCESS

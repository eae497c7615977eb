# SPDX-License-Identifier: Apache-2.0
"""The same procedures with the other BSS dialects (one address per question, TMF622, local with delay, profiles of the BSS) and with
the other sources of profiles (pool of prepared codes, static SM-DP+, several SM-DP+ by EID)."""
import subprocess

import pytest

import harness
import odsa
from neighbour_double import make_eid
from odsa_documents import ACTIVATED, ACTIVATING, DEACTIVATED, DELAYED, DISMISS, DOWNLOAD, FINISHED, WEBSHEET


@pytest.fixture(scope="module")
def rest(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("x")), odsa_site, bss={}, rest=True)
    made.daemon = make_module_daemon(**made.settings(bss={"ask_eligibility": True}))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean(request):
    used = [request.getfixturevalue(n) for n in ("rest",) if n in request.fixturenames]
    for world in used:
        world.reset()
        world.bss.results.clear()
    yield
    for world in used:
        world.check()


def finish(world, watch, answer):
    """A watch goes on to the end."""
    assert answer.subscription in (DOWNLOAD, DELAYED)
    download = answer.download or watch.until_ready().download
    watch.install(world.smdp, download)
    assert watch.manage(4).subscription == FINISHED
    world.wait_state(watch.phone.imsi, "done")


def operations(world):
    return [o.operation for o in world.bss.orders]


# ---- one address per question ----

def test_rest_activation(rest):
    watch = rest.watch()
    assert watch.eligibility().eligibility == 1
    finish(rest, watch, watch.subscribe())
    assert operations(rest) == ["subscribe", "confirm"]
    body = rest.bss.orders[0].body
    assert body["line"]["imsi"] == watch.phone.imsi and body["target"]["eid"] == watch.eid
    assert body["target"]["iccid"] == watch.iccid and body["app"] == "ap2006"


def test_rest_eligibility_decides(rest):
    rest.bss.answers["/eligibility"] = {"result": "ok", "eligible": False, "reason": "DEBT"}
    try:
        assert rest.watch().eligibility().eligibility == 0
    finally:
        rest.bss.answers["/eligibility"] = {"result": "ok", "eligible": True, "services": ["SharedNumber"]}


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"http": 503}, {"body": b"garbage", "processed": True}], ids=str)
def test_rest_order_after_a_fault_is_made_once(rest, fault):
    rest.bss.fault("/activations", **fault)
    watch = rest.watch()
    finish(rest, watch, watch.subscribe())
    assert operations(rest).count("subscribe") == 1


def test_rest_pending_order_is_asked_for_and_told(rest):
    rest.bss.results["/activations"] = ("pending", {})
    watch = rest.watch()
    assert watch.subscribe().subscription == DELAYED
    assert watch.configuration().only.status == ACTIVATING
    order = rest.bss.orders[0]
    order.result = "ok"
    assert rest.bss.post("/bss/events", {"id": f"e-{order.key}", "type": "order", "key": order.key, "result": "done"}) == 204
    finish(rest, watch, watch.subscribe())


@pytest.mark.parametrize("result,subscription", [("refused", DISMISS), ("website", WEBSHEET)])
def test_rest_results(rest, result, subscription):
    page = {"url": "https://shop.example.net/go?x=1", "userData": "a=b"} if result == "website" else {}
    rest.bss.results["/activations"] = (result, {"reason": "X-1", **page})
    watch = rest.watch()
    answer = watch.subscribe()
    assert answer.subscription == subscription
    if page:  # the BSS's own page, not the policy's; again when the device asks again
        assert (answer.url, answer.data) == ("https://shop.example.net/go", "x=1&a=b")
        again = watch.subscribe()
        assert (again.url, again.data) == (answer.url, answer.data)
    harness.wait_for(lambda: not rest.smdp.held(watch.eid), 10, "the profile is given back")


def test_rest_transfer_of_a_phone_and_of_a_watch(rest):
    phone, watch = rest.handset(), rest.watch()
    answer = phone.manage(0)
    phone.install(rest.smdp, answer.download or phone.until_ready().download)
    assert phone.manage(4).subscription == FINISHED
    rest.wait_state(phone.phone.imsi, "done")
    side = {"target_terminal_id": rest.lines.imei(), "target_terminal_eid": odsa.eid()}
    answer = phone.manage(3, terminal_eid=None, terminal_iccid=None, old_terminal_id=phone.imei, old_terminal_iccid=phone.iccid, **side)
    odsa.take(rest.smdp, answer.download, side["target_terminal_eid"])
    rest.wait_state(phone.phone.imsi, "done")
    assert [o.path for o in rest.bss.orders[2:]] == ["/transfers/primary", "/confirmations", "/deactivations/old"]
    finish(rest, watch, watch.subscribe())
    new = rest.watch(watch.phone)
    rest.bss.orders.clear()
    finish(rest, new, new.manage(3, old_companion_terminal_iccid=watch.iccid, old_companion_terminal_id=watch.imei))
    assert rest.bss.orders[0].path == "/transfers/shared-number"


def test_rest_service_and_end(rest):
    watch = rest.watch()
    finish(rest, watch, watch.subscribe())
    assert watch.switch(False).status in (DEACTIVATED, ACTIVATED, ACTIVATING)
    watch.until(lambda a: a.only.status == DEACTIVATED)
    assert watch.manage(1).subscription in (FINISHED, DELAYED)
    rest.wait_state(watch.phone.imsi, "ended")
    assert operations(rest)[2:] == ["service-off", "end"]


# ---- the BSS provides the profiles ----

def test_profiles_of_the_bss(tmp_path, make_daemon, odsa_site):
    world = odsa.World(str(tmp_path), odsa_site, bss={})
    try:
        def provide(order):
            if order.values()["operation"] not in ("subscribe", "transfer"):
                return {}
            iccid = world.smdp.put("companion", "Released", order.values()["eid"])
            world.smdp.profiles[iccid].matching_id = f"SHOP-{order.id[3:]}"
            return {"iccid": iccid, "activationCode": f"1${odsa.ADDRESS}$SHOP-{order.id[3:]}", "msisdn": "4915777000001"}
        world.bss.provide = provide
        world.daemon = make_daemon(**world.settings(bss={"provides_profiles": True}))
        watch = world.watch()
        answer = watch.subscribe()
        assert answer.download.code.split("$")[2].startswith("SHOP-")
        finish(world, watch, answer)
        assert not world.smdp.ledger, "no SM-DP+ of ours is asked"
        assert world.profiles(watch.phone.imsi)[0]["msisdn"] == "4915777000001"
        world.bss.behave("acknowledged", event="completed", after=0.3)
        other = world.watch()
        assert other.subscribe().subscription in (DELAYED, DOWNLOAD)
        finish(world, other, other.subscribe())
        world.check()
    finally:
        world.close()


def test_orders_of_products_by_tmf622(tmp_path, make_daemon, odsa_site):
    world = odsa.World(str(tmp_path), odsa_site, bss={})
    try:
        world.daemon = make_daemon(**world.settings(bss={"order_api": "product", "templates": ["offering-companion=PO-WATCH"]}))
        watch = world.watch()
        finish(world, watch, watch.subscribe())
        assert {o.function for o in world.bss.orders} == {"productOrder"}
        world.check()
        world.bss.check_once()
    finally:
        world.close()


def test_the_local_bss_may_take_its_time(tmp_path, make_daemon, odsa_site):
    world = odsa.World(str(tmp_path), odsa_site)
    try:
        world.daemon = make_daemon(**world.settings(bss={"type": "local", "local_async": "1s"}))
        watch = world.watch()
        assert watch.subscribe().subscription == DELAYED
        assert watch.configuration().only.status == ACTIVATING

        def wake(state):  # orders are asked for again after half a minute: time passes
            world.site.cluster.sql("UPDATE journey SET due_at = date_trunc('second', now()) WHERE imsi = %s AND ended_at IS NULL", watch.phone.imsi)
            return world.journeys(watch.phone.imsi)[-1]["state"] == state

        def stands():
            last = world.journeys(watch.phone.imsi)[-1]
            return f"{last}; {world.steps(last['id'])}; {world.rows('SELECT *, now() FROM local_order WHERE imsi = %s', watch.phone.imsi)}"
        harness.wait_for(lambda: wake("ready"), 20, stands, 0.5)
        watch.install(world.smdp, watch.until_ready().download)
        harness.wait_for(lambda: wake("done"), 20, stands, 0.5)
        world.smdp.check_once()
    finally:
        world.close()


# ---- other sources of profiles ----

def test_prepared_codes_are_given_out_once(tmp_path, make_daemon, odsa_site, build):
    world = odsa.World(str(tmp_path), odsa_site)
    try:
        world.daemon = make_daemon(start=False, **world.settings(smdp=[{"name": "shelf", "type": "pool"}], callback=None))
        path, codes = tmp_path / "pool.csv", {}
        with open(path, "w", encoding="ascii") as file:
            file.write("iccid,code,smdp,profile_type\n")
            for i in range(2):
                iccid = world.smdp.put("companion", "Released")
                world.smdp.profiles[iccid].matching_id = f"SHELF-{i}"
                codes[iccid] = f"1${odsa.ADDRESS}$SHELF-{i}"
                file.write(f"{iccid},{codes[iccid]},shelf,companion\n")
        done = subprocess.run([build.ctl, "-c", world.daemon.conf_path, "pool", "import", str(path)], capture_output=True, text=True,
                              env=harness.environment())
        assert done.returncode == 0, done.stderr + done.stdout
        world.daemon.start()
        watches = [world.watch() for _ in range(2)]
        for watch in watches:
            answer = watch.subscribe()
            assert watch.subscribe().download == answer.download
            assert answer.download.code in codes.values()
            profile = watch.install(world.smdp, answer.download, notify=False)
            assert codes[profile.iccid] == answer.download.code
            assert watch.manage(4).subscription == FINISHED
            assert profile.matching_id not in world.daemon.text()
        assert len({watch.iccid for watch in watches}) == 2
        assert world.watch().subscribe().subscription in (DELAYED, DISMISS), "the shelf is empty"
    finally:
        world.close()


def test_a_static_smdp_is_told_by_its_address(tmp_path, make_daemon, odsa_site):
    world = odsa.World(str(tmp_path), odsa_site)
    try:
        world.daemon = make_daemon(**world.settings(smdp=[{"name": "default", "type": "static", "address": odsa.ADDRESS}], callback=None))
        answer = world.watch().subscribe()
        assert answer.subscription in (DOWNLOAD, DISMISS, DELAYED)
        if answer.subscription == DOWNLOAD:
            assert answer.download.addresses == [odsa.ADDRESS]
    finally:
        world.close()


def test_the_eid_chooses_among_several_smdps(tmp_path, make_daemon, odsa_site):
    world, other = odsa.World(str(tmp_path), odsa_site), None
    try:
        other = odsa.Smdp(*world.trust.server("smdp2"), world.trust.path, odsa.REQUESTER, {"companion": 5}, address="dp2.example.com",
                          clients={"ecs"}, prefix="89490977777")
        world.daemon = make_daemon(**world.settings(smdp=[
            world.source(name="second", url=other.url, address="dp2.example.com", eid_prefixes=["89055555"], notifiers=[]),
            world.source(profile_types=["companion"])]))
        one, two = world.watch(), world.watch()
        two.eid = make_eid(7, "89055555")
        assert one.subscribe().download.addresses == [odsa.ADDRESS]
        assert two.subscribe().download.addresses == ["dp2.example.com"]
        world.smdp.check_once()
        other.check_once()
        other.check()
        world.check()
        assert world.handset().manage(0).subscription in (DISMISS, DELAYED), "nobody serves that profile type"
    finally:
        world.close()
        if other:
            other.close()

# SPDX-License-Identifier: Apache-2.0
"""The built-in eSIM pages in Chromium, as a phone's web view opens them: what ODSAServiceFlow is told, and how the pages look.
Screenshots go to websheet-shots in the build directory (ECS_SHOTS: another place)."""
import os
import re

import pytest

import odsa
import odsa_pages
from browser import Browser
from odsa_documents import DELAYED, DOWNLOAD
from odsa_pages import hand_over
from test_otp import Gateway
from test_websheet_browser import CONTRAST

EXPIRED = "Please open this page again"


@pytest.fixture(scope="module")
def pages(tmp_path_factory, odsa_site, make_module_daemon):
    made = odsa_pages.PagesWorld(str(tmp_path_factory.mktemp("browser")), odsa_site)
    made.daemon = make_module_daemon(**made.page_settings())
    made.offer(("watch-s", "Watch S", "1 GB a month, calls included"), ("watch-l", "Watch <L> & more", "Everything"))
    yield made
    made.offer()
    made.close()


@pytest.fixture
def world(pages):
    pages.reset()
    yield pages
    pages.check()


@pytest.fixture(scope="module")
def chromium():
    found = Browser()
    yield found
    found.end()


@pytest.fixture
def view(chromium):
    """Function: a fresh browser context, closed (and its faults looked at) behind the test."""
    made = []

    def make(**how):
        made.append(chromium.open(**{"objects": ["ODSAServiceFlow"], **how}))
        return made[-1]
    yield make
    for found in made:
        found.close()


@pytest.fixture(scope="module")
def shots(build):
    where = os.environ.get("ECS_SHOTS") or os.path.join(build.base, "websheet-shots")
    os.makedirs(where, exist_ok=True)
    return where


def told(view):
    view.tell("settle")
    return [tuple(call) for call in view.tell("told")]


def go(view, answer, method="POST"):
    url, data = hand_over(answer)
    if method == "POST":
        view.post(url, **data)
    else:
        view.get(f"{url}?sid={data['sid']}")
    return url, data


def choose(view, name, value):
    view.tell("click", selector=f"input[name={name}][value='{value}']")


def complete(view):
    """Plan and terms."""
    assert view.title() == "Choose a plan"
    choose(view, "plan", "watch-l")
    view.press("plan")
    assert view.title() == "Terms of the new eSIM"
    view.press("accept")


def two_watches(world, name):
    """The first of two watches in service, whose line goes on with the pages; and the watch that takes one over."""
    phone = world.phone()
    made = [odsa.Watch(phone, world.lines.imei("35999911"), name=text) for text in (name, "Second watch", "New watch")]
    for watch in made[:2]:
        watch.subscribe()
        watch.install(world.smdp, watch.until_ready().download)
    phone.line.features(odsa.FEATURES + ["t-pages"])
    return made[0], made[2]


@pytest.fixture
def owner(world):
    return two_watches(world, "Old <b>watch</b>")


# proves: O-055 O-057
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_the_phone_hears_the_plain_code_and_then_the_end(world, view, method):
    watch, v = world.watch(features=["t-pages", "t-code"]), view()
    go(v, watch.subscribe(), method)
    complete(v)
    assert v.title() == "Your eSIM is ready"
    calls = told(v)
    assert [call[0] for call in calls] == ["profileReadyWithActivationCode", "finishFlow"] and len(calls[1]) == 1
    assert calls[0][1:] == (watch.until_ready().download.code,) and calls[0][1].startswith("1$")
    assert not v.visible("#by-hand") and "sid=" not in v.tell("where")


# proves: O-056
def test_the_phone_hears_the_address_and_the_iccid_as_texts(world, view):
    watch, v = world.watch(features=["t-pages"]), view()
    go(v, watch.subscribe())
    complete(v)
    download = watch.until_ready().download
    assert told(v) == [("profileReadyWithDefaultSmdp", odsa.ADDRESS, download.iccid), ("finishFlow",)]


ALL = ["VoWiFiWebServiceFlow", "WiFiCallingWebViewController", "ODSAServiceFlow", "DataBoostWebServiceFlow"]


# proves: X-050
def test_every_object_that_is_there_hears_the_end(world, view):
    watch, v = world.watch(features=["t-pages", "t-code"]), view(objects=ALL)
    go(v, watch.subscribe())
    complete(v)
    assert [call[0] for call in told(v)] == ["profileReadyWithActivationCode", "finishFlow", "entitlementChanged",
                                             "phoneServicesAccountStatusChanged", "CloseWebView", "dismissFlow"]
    v = view(objects=ALL)
    go(v, world.watch(features=["t-pages"]).subscribe())
    v.press("dismiss")
    assert [call[0] for call in told(v)] == ["dismissFlow", "dismissFlow", "cancelButtonPressed", "cancelButtonClicked",
                                             "dismissFlow"]
    v = view(objects=["VoWiFiWebServiceFlow"])
    v.get(f"https://127.0.0.1:{world.daemon.device.port}/web/odsa/not-enabled")
    assert told(v) == [] and not v.visible("#by-hand")
    v.tell("click", selector="#close")
    assert told(v) == [("dismissFlow",)]


# proves: O-057
def test_a_delayed_profile_ends_with_finish_flow_alone(world, view):
    world.smdp.fault("downloadOrder", delay=5)
    watch, v = world.watch(features=["t-pages"]), view()
    go(v, watch.subscribe())
    complete(v)
    assert v.title() == "Your eSIM is being prepared" and told(v) == [("finishFlow",)]
    assert watch.configuration().configurations[0].status == 2
    watch.until_ready()


def test_a_refusal_ends_with_dismiss_flow(world, view):
    watch, v = world.watch(features=["t-pages"]), view()
    go(v, watch.subscribe())
    v.press("dismiss")
    assert v.title() == "Nothing was changed" and told(v) == [("dismissFlow",)]
    assert world.journeys(watch.phone.imsi)[-1]["state"] == "dismissed"


def test_a_failure_is_told_and_the_button_dismisses(world, view):
    watch, v = world.watch(features=["t-pages"]), view()
    go(v, watch.subscribe())
    world.site.cluster.sql("UPDATE journey SET state = 'failed', ended_at = now() WHERE imsi = %s", watch.phone.imsi)
    v.tell("reload")
    assert v.title() == "That did not work" and told(v) == []
    v.tell("click", selector="#close")
    assert told(v) == [("dismissFlow",)]


@pytest.mark.parametrize("without", [[], ["SelectionCompleted"]])
def test_the_chosen_old_device_is_handed_back(world, view, owner, without):
    first, second = owner
    v = view(without=without)
    go(v, second.manage(3))
    assert v.title() == "Which device do you leave?" and "Old <b>watch</b>" in v.texts("label b")
    row = next(p for p in world.profiles(first.phone.imsi) if p["iccid"] == first.iccid)
    choose(v, "old", f"p{row['id']}")
    v.press("old")
    assert v.title() == "Move your subscription?"
    v.press("confirm")
    assert told(v) == ([("finishFlow", "ManageSubscription")] if without else [("SelectionCompleted", first.iccid, first.imei)])
    answer = second.manage(3, old_companion_terminal_iccid=first.iccid, old_companion_terminal_id=first.imei)
    assert answer.subscription in (DOWNLOAD, DELAYED)


def test_the_old_profile_that_is_in_use_is_named(world, view, owner):
    first, second = owner
    v = view()
    go(v, second.manage(3, old_companion_terminal_iccid=first.iccid, old_companion_terminal_id=first.imei))
    world.site.cluster.sql("UPDATE journey SET state = 'deleting' WHERE imsi = %s AND ended_at IS NULL", first.phone.imsi)
    v.tell("reload")
    assert v.title() == "Delete the eSIM on the old device"
    assert told(v) == [("deleteProfileInUse", first.iccid, first.phone.line.msisdn)]
    v.press("deleted")
    assert v.title() == "Delete the eSIM on the old device"


def test_without_the_object_the_page_says_that_it_can_be_closed(world, view):
    watch, v = world.watch(features=["t-pages"]), view(objects=[])
    go(v, watch.subscribe())
    complete(v)
    assert v.title() == "Your eSIM is ready" and v.visible("#by-hand") and not v.visible("#close")


def test_everything_but_the_calls_works_without_javascript(world, view):
    watch, v = world.watch(features=["t-pages"]), view(javaScript=False)
    go(v, watch.subscribe())
    complete(v)
    assert v.title() == "Your eSIM is ready" and v.visible("#by-hand")
    watch.until_ready()


def test_back_reload_and_a_double_press_order_once(world, view):
    watch, v = world.watch(features=["t-pages"]), view()
    go(v, watch.subscribe())
    choose(v, "plan", "watch-s")
    v.press("plan")
    v.tell("back")
    v.tell("reload")
    assert v.title() == "Terms of the new eSIM"
    v.tell("evaluate", script="(() => { const b = document.querySelector('button[value=accept]'); b.click(); b.click(); })()")
    v.tell("settle", ms=1500)
    assert v.title() == "Your eSIM is ready"
    v.tell("back")
    v.tell("reload")
    assert v.title() == "Your eSIM is ready"
    world.smdp.check_once()
    assert len(world.journeys(watch.phone.imsi)) == 1


def test_a_stolen_reference_opens_nothing_in_another_browser(world, view):
    watch, v, thief = world.watch(features=["t-pages"]), view(), view()
    url, data = go(v, watch.subscribe())
    thief.post(url, **data)
    assert thief.title() == EXPIRED and thief.tell("status") == 403 and told(thief) == []
    thief.tell("click", selector="#close")
    assert told(thief) == [("dismissFlow",)]
    v.post(url, **data)
    assert v.title() == "Choose a plan"


# proves: O-054
@pytest.mark.parametrize("page", ["not-enabled", "not-enabled?why=device", "error"])
def test_notice_pages_dismiss_and_do_nothing_else(world, view, page):
    v = view()
    v.get(f"https://127.0.0.1:{world.daemon.device.port}/web/odsa/{page}")
    assert told(v) == [] and not v.visible("#by-hand")
    v.tell("click", selector="#close")
    assert told(v) == [("dismissFlow",)]


def test_the_keyboard_is_enough(world, view):
    watch, v = world.watch(features=["t-pages"]), view(width=1000)
    go(v, watch.subscribe())
    v.keys("Tab", "ArrowDown")
    assert v.tell("evaluate", script="document.querySelector('input[name=plan]:checked').value") == "watch-s"
    v.keys("Tab")
    assert v.tell("focused")[2] == "plan"
    v.keys("Enter")
    v.tell("settle")
    v.keys("Tab", "Enter")
    v.tell("settle", ms=1500)
    assert v.title() == "Your eSIM is ready"
    assert world.journeys(watch.phone.imsi)[-1]["plan"] == "watch-s"


@pytest.mark.parametrize("locale, dark", [("en-US", False), ("de-DE", False), ("fr-FR", True)])
def test_pages_are_readable_on_a_phone(make_daemon, world, view, shots, locale, dark):
    gateway = Gateway()
    daemon = make_daemon(**world.page_settings(websheet={"transfer_code": True}, sms=gateway.settings(), callback=None))

    def look(name):
        where = os.path.join(shots, f"odsa-{name}-{locale[:2]}.png")
        v.tell("shot", path=where)
        assert os.path.getsize(where) > 5000
        assert v.tell("evaluate", script=CONTRAST) == [], name
        assert v.tell("evaluate", script="document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
        assert v.tell("evaluate", script="document.documentElement.lang") == locale[:2]
        assert v.tell("evaluate", script="document.title.length > 3")

    v = view(locale=locale, dark=dark, objects=[])
    watch = world.watch(features=["t-pages"])
    watch.target = daemon.device
    go(v, watch.subscribe())
    look("plan")
    choose(v, "plan", "watch-s")
    v.press("plan")
    look("terms")
    v.press("accept")
    look("ready")
    imsi = watch.phone.imsi
    for state, name in (("deleting", "delete"), ("awaiting", "delayed"), ("failed", "failed"), ("dismissed", "dismissed")):
        world.site.cluster.sql("UPDATE journey SET state = %s, due_at = NULL "
                               "WHERE id = (SELECT max(id) FROM journey WHERE imsi = %s)", state, imsi)
        v.tell("reload")
        look(name)
    first, second = two_watches(world, "Old watch")
    second.target = daemon.device
    go(v, second.manage(3))
    look("old")
    v.tell("click", selector="input[name=old]")
    v.press("old")
    look("code")
    v.tell("click", selector="#code")
    v.keys("text:1")
    v.tell("click", selector="button[value=code]")
    v.tell("settle")
    look("code-wrong")
    v.tell("click", selector="#code")
    v.keys(f"text:{gateway.code(first.phone.line.msisdn)}")
    v.press("code")
    look("move")
    v.tell("forget")
    v.tell("reload")
    look("reopen")
    for page in ("not-enabled", "error"):
        v.get(re.sub(r"/odsa.*", f"/odsa/{page}", v.tell("where")))
        look(page)
    gateway.server.shutdown()

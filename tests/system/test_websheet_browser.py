# SPDX-License-Identifier: Apache-2.0
"""The built-in consent pages in Chromium, as a phone's web view opens them. Screenshots go to websheet-shots in the build
directory."""
import os

import pytest

import sheets
from browser import Browser
from sheets import GOOD, MISSING_ALL, hand_over

ALL = ["VoWiFiWebServiceFlow", "WiFiCallingWebViewController", "ODSAServiceFlow", "DataBoostWebServiceFlow"]
EXPIRED = "Please open this page again"


@pytest.fixture(scope="module")
def pages(make_module_daemon):
    return make_module_daemon(**sheets.overrides())


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
        made.append(chromium.open(**how))
        return made[-1]
    yield make
    for found in made:
        found.close()


@pytest.fixture
def line(pages, phone):
    """Function: a phone that has authenticated, with this state of the service."""
    def make(at=None, **columns):
        p = phone(at=at or pages, services={"vowifi": columns or MISSING_ALL})
        p.login()
        return p
    return make


@pytest.fixture(scope="module")
def shots(build):
    where = os.path.join(build.base, "websheet-shots")
    os.makedirs(where, exist_ok=True)
    return where


def status(p):
    block = p.ask()["ap2004"]
    return tuple(int(block[name]) for name in ("EntitlementStatus", "TC_Status", "AddrStatus"))


def open_pages(view, p, method="POST"):
    url, data = hand_over(p)
    if method == "POST":
        view.post(url, **data)
    else:
        view.get(f"{url}?sid={data['sid']}")
    return url, data


def enter_address(view):
    view.fill(**GOOD)
    view.press("address")
    assert view.title() == "Is this address right?"
    view.press("confirm")


# proves: V-020 X-042
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("terms, address", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_each_missing_set_ends_with_entitlement_changed(view, line, method, terms, address):
    p, v = line(tc_status=terms, addr_status=address), view()
    open_pages(v, p, method)
    if terms == 0:
        assert v.title() == "Terms of Wi-Fi calling"
        v.press("accept")
    if address == 0 or terms == 1:
        enter_address(v)
    assert v.title() == "Thank you"
    assert v.calls() == [("VoWiFiWebServiceFlow", "entitlementChanged", 0)]
    assert not v.visible("#by-hand")
    assert status(p) == (1, 1, 1)
    assert "sid=" not in v.tell("where")


# proves: V-020 V-021
@pytest.mark.parametrize("where", ["terms", "address", "confirm"])
def test_a_refusal_ends_with_dismiss_flow(view, line, where):
    p, v = line(), view()
    open_pages(v, p)
    if where != "terms":
        v.press("accept")
    if where == "confirm":
        v.fill(**GOOD)
        v.press("address")
    v.press("dismiss")
    assert v.title() == "Nothing was changed"
    assert v.calls() == [("VoWiFiWebServiceFlow", "dismissFlow", 0)]
    assert status(p) == (0, 0, 0)


# proves: X-050
def test_every_object_that_is_there_is_called(view, line):
    p, v = line(tc_status=0, addr_status=1), view(objects=ALL)
    open_pages(v, p)
    v.press("accept")
    assert v.calls() == [("VoWiFiWebServiceFlow", "entitlementChanged", 0),
                         ("WiFiCallingWebViewController", "phoneServicesAccountStatusChanged", 0),
                         ("WiFiCallingWebViewController", "CloseWebView", 0), ("ODSAServiceFlow", "finishFlow", 0),
                         ("DataBoostWebServiceFlow", "dismissFlow", 0)]
    p, v = line(), view(objects=ALL)
    open_pages(v, p)
    v.press("dismiss")
    assert v.calls() == [("VoWiFiWebServiceFlow", "dismissFlow", 0), ("WiFiCallingWebViewController", "cancelButtonPressed", 0),
                         ("WiFiCallingWebViewController", "cancelButtonClicked", 0), ("ODSAServiceFlow", "dismissFlow", 0),
                         ("DataBoostWebServiceFlow", "dismissFlow", 0)]


def test_without_an_object_the_page_says_that_it_can_be_closed(view, line):
    p, v = line(tc_status=0, addr_status=1), view(objects=[])
    open_pages(v, p)
    v.press("accept")
    assert v.calls() == [] and v.visible("#by-hand")


def test_the_back_button_shows_where_the_user_is(view, line):
    p, v = line(), view()
    open_pages(v, p)
    v.press("accept")
    v.fill(**GOOD)
    v.press("address")
    v.tell("back")
    # Whatever the browser shows from its memory: a press leads to the present step.
    v.tell("reload")
    assert v.title() == "Is this address right?"
    v.press("confirm")
    assert v.title() == "Thank you"
    v.tell("back")
    v.tell("reload")
    assert v.title() == "Thank you"
    assert status(p) == (1, 1, 1)


def test_a_second_tab_with_an_old_form_writes_nothing(view, line, pages):
    p, v = line(), view()
    url, _ = open_pages(v, p)
    before = v.tell("attribute", selector="input[name=step]", attribute="value")
    v.press("accept")
    user = sheets.User(pages.device)
    user.cookie = "; ".join(f"{c['name']}={c['value']}" for c in v.tell("cookies"))
    user.send("POST", "/web/vowifi", {"step": before, "do": "dismiss"})
    v.get(url)
    assert v.title() == "Emergency address"


def test_a_double_press_is_one_change(view, line):
    p, v = line(tc_status=1, addr_status=0), view()
    open_pages(v, p)
    v.fill(**GOOD)
    v.press("address")
    revision = p.line.cluster.one("SELECT revision FROM line_service WHERE imsi = %s AND service = 'vowifi'", p.imsi)
    # Both presses are sent: the second one while the first is on its way.
    v.tell("evaluate", script="(() => { const b = document.querySelector('button[value=confirm]'); b.click(); b.click(); })()")
    v.tell("settle", ms=500)
    assert v.title() == "Thank you"
    assert p.line.cluster.one("SELECT revision FROM line_service WHERE imsi = %s AND service = 'vowifi'",
                              p.imsi) == revision + 1


def test_a_stolen_reference_opens_nothing_in_another_browser(view, line):
    p, v, thief = line(), view(), view()
    url, data = open_pages(v, p)
    thief.post(url, **data)
    assert thief.title() == EXPIRED and thief.tell("status") == 403
    assert thief.visible("#close")
    thief.tell("click", selector="#close")
    assert thief.calls() == [("VoWiFiWebServiceFlow", "dismissFlow", 0)]
    v.press("accept")
    v.post(url, **data)  # the same browser goes on
    assert v.title() == "Emergency address"
    v.tell("forget")
    v.get(url)
    assert v.title() == EXPIRED


def test_an_expired_session_is_told(view, line):
    p, v = line(), view()
    open_pages(v, p)
    p.line.cluster.sql("UPDATE sheet_session SET expires_at = now() WHERE imsi = %s", p.imsi)
    v.press("accept")
    assert v.title() == EXPIRED and status(p) == (0, 0, 0)


def test_a_second_subscriber_in_the_same_browser_has_a_session_of_its_own(view, line):
    one, two, v = line(), line(tc_status=1, addr_status=0), view()
    url, data = open_pages(v, one)
    v.press("accept")
    open_pages(v, two)
    enter_address(v)
    assert status(two) == (1, 1, 1) and status(one) == (0, 0, 0)
    v.post(url, **data)
    assert v.title() == EXPIRED


def test_everything_but_the_callback_works_without_javascript(view, line):
    p, v = line(), view(javaScript=False)
    open_pages(v, p)
    v.press("accept")
    v.press("address")
    assert len(v.texts(".summary li")) == 5
    enter_address(v)
    assert v.title() == "Thank you" and v.visible("#by-hand")
    assert status(p) == (1, 1, 1)
    url, _ = hand_over(p)
    v.tell("forget")
    v.get(url)
    assert v.title() == EXPIRED and not v.visible("#close")


def test_the_keyboard_is_enough(view, line):
    p, v = line(), view(width=1000)
    open_pages(v, p)
    v.keys("Tab")
    assert v.tell("focused")[2] == "accept"
    v.keys("Enter")
    v.tell("settle")
    v.keys("Tab", "Tab", "Tab")
    for i, name in enumerate(("name", "street", "number", "unit", "postcode", "city")):
        assert v.tell("focused")[1] == f"f-{name}", i
        v.keys(f"text:{GOOD.get(name, '')}", "Tab")
    v.keys("Shift+Tab", "Enter")  # Enter in a field goes on, too
    v.tell("settle")
    assert v.title() == "Is this address right?"
    v.keys("Tab", "Enter")
    v.tell("settle")
    assert v.title() == "Thank you" and status(p) == (1, 1, 1)


def test_faults_are_linked_to_their_fields(view, line):
    p, v = line(tc_status=1, addr_status=0), view(width=1000)
    open_pages(v, p)
    v.fill(**{**GOOD, "postcode": "1"})
    v.press("address")
    assert v.tell("focused")[1] == "summary"
    assert v.texts(".summary li") == ["Postcode: This is not a postcode of the country"]
    v.tell("click", selector=".summary li a")
    assert v.tell("focused")[1] == "f-postcode"
    # Every field has a label, and what describes it exists.
    assert v.tell("evaluate", script="""
        [...document.querySelectorAll('input:not([type=hidden]), select')].every(i => i.labels.length === 1 &&
            (i.getAttribute('aria-describedby') || '').split(' ').filter(Boolean).every(id => document.getElementById(id)) &&
            parseFloat(getComputedStyle(i).fontSize) >= 16)""")


CONTRAST = """
(() => {
    const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const rgb = text => text.match(/[\\d.]+/g).map(Number);
    const behind = e => {
        for (; e; e = e.parentElement) {
            const c = rgb(getComputedStyle(e).backgroundColor);
            if (c.length === 3 || c[3] > 0) { return c; }
        }
        return [255, 255, 255];
    };
    const low = [];
    for (const e of document.querySelectorAll('h1, h2, p, a, label, span, button, input, select, dt, dd, li')) {
        const [x, y] = [luminance(rgb(getComputedStyle(e).color)), luminance(behind(e))].sort((a, b) => b - a);
        if (e.offsetParent && (x + 0.05) / (y + 0.05) < 4.5) { low.push(e.tagName + ' ' + e.className + ' ' + e.textContent.trim()); }
    }
    return low;
})()"""


@pytest.mark.parametrize("locale, dark", [("en-US", False), ("de-DE", False), ("fr-FR", True)])
def test_pages_are_readable_on_a_phone(view, line, shots, locale, dark):
    def look(name):
        where = os.path.join(shots, f"{name}-{locale[:2]}.png")
        v.tell("shot", path=where)
        assert os.path.getsize(where) > 5000
        assert v.tell("evaluate", script=CONTRAST) == [], name
        assert v.tell("evaluate", script="document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
        assert v.tell("evaluate", script="document.documentElement.lang") == locale[:2]
        assert v.tell("evaluate", script="document.title.length > 3")

    p, v = line(), view(locale=locale, dark=dark, objects=[])
    url, data = open_pages(v, p)
    look("terms")
    v.press("accept")
    look("address")
    v.fill(name="Ada Lovelace", street="Postfach 1", postcode="1011")
    v.press("address")
    look("address-faults")
    v.fill(**GOOD)
    v.press("address")
    look("confirm")
    v.press("confirm")
    look("done")
    other = view(locale=locale, dark=dark)
    v.tell("forget")
    v.post(url, **data)
    look("error")
    v = other
    p = line()
    open_pages(v, p)
    p.line.service("vowifi", override="deny")
    v.tell("reload")
    look("notice")


def test_suggestion_and_trouble_are_readable(make_daemon, line, view, shots):
    validator = sheets.Validator()
    try:
        daemon = make_daemon(address={"url": validator.url, "timeout": "1s"}, **sheets.overrides())
        p, v = line(at=daemon, tc_status=1, addr_status=0), view()
        open_pages(v, p)
        v.fill(**GOOD)
        v.press("address")
        validator.answers({}, {"result": "suggestion", "address": {**GOOD, "postcode": "10999"}}, {"result": "good"})
        v.press("confirm")
        assert v.title() == "We cannot check the address now"
        v.tell("shot", path=os.path.join(shots, "later-en.png"))
        assert v.tell("evaluate", script=CONTRAST) == []
        v.press("confirm")
        assert v.title() == "Did you mean this address?"
        v.tell("shot", path=os.path.join(shots, "suggest-en.png"))
        v.press("use")
        assert v.calls() == [("VoWiFiWebServiceFlow", "entitlementChanged", 0)] and status(p) == (1, 1, 1)
    finally:
        validator.end()

# SPDX-License-Identifier: Apache-2.0
"""The built-in pages of boosts, carrier billing and satellite in Chromium, as a phone's web view opens them: what the phone hears,
in which view, with which arguments. Screenshots go to ECS_SHOTS or service-shots in the build directory."""
import os

import pytest

import service_pages as pages
from browser import Browser
from test_websheet_browser import CONTRAST

OBJECT = {"boost": "DataBoostWebServiceFlow", "billing": "DCBWebServiceFlow", "satmode": "SatModeWebServiceFlow"}
ALL = ["VoWiFiWebServiceFlow", "WiFiCallingWebViewController", "ODSAServiceFlow", *OBJECT.values()]
SERVICES = tuple(OBJECT)
REOPEN = "Please open this page again"
FIRST = {"boost": "Data boost", "billing": "Pay on your phone bill", "satmode": "Stay in touch by satellite"}


@pytest.fixture(scope="module")
def site(make_module_daemon):
    return make_module_daemon(**pages.overrides())


@pytest.fixture(scope="module")
def chromium():
    found = Browser()
    yield found
    found.end()


@pytest.fixture
def view(chromium):
    """Function: a fresh browser context with that service's object, closed (and its faults looked at) behind the test."""
    made = []

    def make(service, **how):
        made.append(chromium.open(**{"objects": [OBJECT[service]], **how}))
        return made[-1]
    yield make
    for found in made:
        found.close()


@pytest.fixture
def line(site, phone):
    """Function: a phone of a line that may use the services."""
    def make(**what):
        p = phone(at=site)
        pages.subscribe(p.line, **what)
        return p
    return make


@pytest.fixture(scope="module")
def shots(build):
    where = os.environ.get("ECS_SHOTS", os.path.join(build.base, "service-shots"))
    os.makedirs(where, exist_ok=True)
    return where


def open_pages(view, p, service, method="POST"):
    url, data, kind = pages.hand_over(p, service)
    sid = pages.sid_of(data, kind)
    if method == "POST":
        view.post(url, sid=sid)
    else:
        view.get(f"{url}?{data}")
    return url, {"sid": sid}


def told(view):
    view.tell("settle")
    return view.tell("told")


def to_the_end(view, service):
    if service == "boost":
        view.press("next")
        view.press("buy")
    else:
        view.press("accept")


# ---- what the phone hears ----

# proves: D-023
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_purchase_is_told_with_its_duration(view, line, method):
    p, v = line(), view("boost")
    open_pages(v, p, "boost", method)
    assert v.title() == "Data boost" and told(v) == []
    v.press("next")
    assert v.title() == "Please check and buy" and told(v) == []
    v.press("buy")
    assert v.title() == "Thank you"
    assert told(v) == [["notifyPurchaseSuccessful", 5400000]]  # a number, in milliseconds
    assert not v.visible("#by-hand") and "sid=" not in v.tell("where")
    assert pages.boosts(p.line) == [(166, 5400, "active")]


# proves: D-023
def test_a_failed_purchase_is_told_with_code_and_reason(view, line):
    p, v = line(), view("boost")
    fail_purchase(p, v)
    assert v.title() == "That did not work" and told(v) == []  # the user reads it first
    v.tell("click", selector="#close")
    assert told(v) == [["notifyPurchaseFailed", 0, "The boost could not be bought. You pay nothing. Please try again later."]]


def fail_purchase(p, v):
    """The network gave up between the purchase and the answer to it."""
    open_pages(v, p, "boost")
    v.press("next")
    key = p.line.cluster.one("SELECT ref FROM sheet_session WHERE imsi = %s", p.imsi)
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    bits = "".join(f"{byte:08b}" for byte in bytes(key))
    bits += "0" * (-len(bits) % 5)
    text = "".join(alphabet[int(bits[i:i + 5], 2)] for i in range(0, len(bits), 5))
    p.line.cluster.sql("INSERT INTO data_boost (imsi, boost_type, key, seconds, ends_at, ended_at, shown) "
                       "VALUES (%s, 166, %s, 5400, now() + interval '1 hour', now(), 'none')", p.imsi, text)
    v.press("buy")


def test_a_failure_that_nobody_closes_is_told_by_itself(view, line):
    p, v = line(), view("boost")
    v.tell("quicken")
    fail_purchase(p, v)
    v.tell("settle", ms=600)
    assert [call[0] for call in v.tell("told")] == ["notifyPurchaseFailed"]


def test_a_phone_whose_function_takes_no_argument_hears_of_the_purchase(view, line):
    p, v = line(), view("boost", strict=["notifyPurchaseSuccessful"])
    open_pages(v, p, "boost")
    to_the_end(v, "boost")
    assert told(v) == [["notifyPurchaseSuccessful"]]


# proves: B-017 Z-012
@pytest.mark.parametrize("service", ["billing", "satmode"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_change_is_told_and_the_next_answer_shows_it(view, line, service, method):
    p, v = line(), view(service)
    open_pages(v, p, service, method)
    assert v.title() == FIRST[service] and told(v) == []
    v.press("accept")
    assert v.title() == "Thank you" and told(v) == [["entitlementChanged"]]
    assert v.calls() == [(OBJECT[service], "entitlementChanged", 0)]
    assert pages.ask(p, service)["EntitlementStatus"] == ("1" if service == "billing" else "3")


# proves: D-023 B-017 Z-012
@pytest.mark.parametrize("service", SERVICES)
def test_a_refusal_ends_with_dismiss_flow(view, line, service):
    p, v = line(), view(service)
    open_pages(v, p, service)
    v.press("dismiss")
    assert v.calls() == [(OBJECT[service], "dismissFlow", 0)]
    assert not pages.boosts(p.line) and not pages.accounts(p.line) and pages.satellite(p.line) in (None, (None, None, False))


@pytest.mark.parametrize("service", SERVICES)
def test_a_notice_tells_nothing_until_it_is_closed(view, line, service):
    p, v = line(), view(service)
    url, _ = open_pages(v, p, service)
    p.line.service("dataplan" if service == "boost" else service, override="deny")
    v.get(url)
    assert v.calls() == []
    v.press("dismiss")
    assert v.calls() == [(OBJECT[service], "dismissFlow", 0)]


# proves: X-050
def test_every_object_that_is_there_is_called_with_what_it_knows(view, line):
    p, v = line(), view("boost", objects=ALL)
    open_pages(v, p, "boost")
    to_the_end(v, "boost")
    assert v.calls() == [("DataBoostWebServiceFlow", "notifyPurchaseSuccessful", 1), ("VoWiFiWebServiceFlow", "entitlementChanged", 0),
                         ("WiFiCallingWebViewController", "phoneServicesAccountStatusChanged", 0),
                         ("WiFiCallingWebViewController", "CloseWebView", 0), ("ODSAServiceFlow", "finishFlow", 0),
                         ("DCBWebServiceFlow", "entitlementChanged", 0), ("SatModeWebServiceFlow", "entitlementChanged", 0)]
    p, v = line(), view("satmode", objects=ALL)
    open_pages(v, p, "satmode")
    v.press("dismiss")
    assert v.calls() == [("SatModeWebServiceFlow", "dismissFlow", 0), ("VoWiFiWebServiceFlow", "dismissFlow", 0),
                         ("WiFiCallingWebViewController", "cancelButtonPressed", 0),
                         ("WiFiCallingWebViewController", "cancelButtonClicked", 0), ("ODSAServiceFlow", "dismissFlow", 0),
                         ("DataBoostWebServiceFlow", "dismissFlow", 0), ("DCBWebServiceFlow", "dismissFlow", 0)]


@pytest.mark.parametrize("service", SERVICES)
def test_without_an_object_the_page_says_that_it_can_be_closed(view, line, service):
    p, v = line(), view(service, objects=[])
    open_pages(v, p, service)
    to_the_end(v, service)
    assert v.calls() == [] and v.visible("#by-hand")


# ---- back, double press, strangers ----

@pytest.mark.parametrize("service", SERVICES)
def test_the_back_button_shows_where_the_user_is(view, line, service):
    p, v = line(), view(service)
    open_pages(v, p, service)
    to_the_end(v, service)
    v.tell("back")
    v.tell("reload")
    assert v.title() == "Thank you"
    assert len(pages.boosts(p.line)) == (service == "boost") and len(pages.accounts(p.line)) == (service == "billing")


@pytest.mark.parametrize("service", SERVICES)
def test_a_double_press_is_one_change(view, line, service):
    p, v = line(), view(service)
    open_pages(v, p, service)
    if service == "boost":
        v.press("next")
    button = "buy" if service == "boost" else "accept"
    v.tell("evaluate", script=f"(() => {{ const b = document.querySelector('button[value={button}]'); b.click(); b.click(); }})()")
    v.tell("settle", ms=500)
    assert v.title() == "Thank you"
    assert len(pages.boosts(p.line)) == (service == "boost") and len(pages.accounts(p.line)) == (service == "billing")


@pytest.mark.parametrize("service", SERVICES)
def test_a_stolen_reference_opens_nothing_in_another_browser(view, line, service):
    p, v, thief = line(), view(service), view(service)
    url, data = open_pages(v, p, service)
    thief.post(url, **data)
    assert thief.title() == REOPEN and thief.tell("status") == 403 and thief.calls() == []
    thief.tell("click", selector="#close")
    assert thief.calls() == [(OBJECT[service], "dismissFlow", 0)]
    v.post(url, **data)  # the same browser goes on
    assert v.title() == FIRST[service]
    v.tell("forget")
    v.get(url)
    assert v.title() == REOPEN


@pytest.mark.parametrize("service", SERVICES)
def test_an_expired_session_is_told(view, line, service):
    p, v = line(), view(service)
    open_pages(v, p, service)
    p.line.cluster.sql("UPDATE sheet_session SET expires_at = now() WHERE imsi = %s", p.imsi)
    v.press("next" if service == "boost" else "accept")
    assert v.title() == REOPEN and not pages.boosts(p.line) and not pages.accounts(p.line)


@pytest.mark.parametrize("service", SERVICES)
def test_everything_but_the_callback_works_without_javascript(view, line, service):
    p, v = line(), view(service, javaScript=False)
    open_pages(v, p, service)
    to_the_end(v, service)
    assert v.title() == "Thank you" and v.visible("#by-hand")


@pytest.mark.parametrize("service", SERVICES)
def test_the_keyboard_is_enough(view, line, service):
    p, v = line(), view(service, width=1000)
    open_pages(v, p, service)
    for button in (("next", "buy") if service == "boost" else ("accept",)):
        v.keys("Tab")
        assert v.tell("focused")[2] == button
        v.keys("Enter")
        v.tell("settle")
    assert v.title() == "Thank you"


# ---- how they look ----

@pytest.mark.parametrize("locale, dark", [("en-US", False), ("de-DE", True), ("fr-FR", False)])
def test_pages_are_readable_on_a_phone(view, line, shots, locale, dark):
    def look(v, name):
        where = os.path.join(shots, f"{name}-{locale[:2]}.png")
        v.tell("shot", path=where)
        assert os.path.getsize(where) > 5000
        assert v.tell("evaluate", script=CONTRAST) == [], name
        assert v.tell("evaluate", script="document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
        assert v.tell("evaluate", script="document.documentElement.lang") == locale[:2]
        assert v.tell("evaluate", script="document.title.length > 3")
        assert v.tell("evaluate", script="document.querySelectorAll('h1').length") == 1

    p, v = line(), view("boost", locale=locale, dark=dark, objects=[])
    url, data = open_pages(v, p, "boost")
    look(v, "boost-offer")
    v.press("next")
    look(v, "boost-terms")
    v.press("buy")
    look(v, "boost-bought")
    v.tell("forget")
    open_pages_again = view("boost", locale=locale, dark=dark)
    open_pages_again.post(url, **data)
    look(open_pages_again, "service-error")
    p, v = line(), view("boost", locale=locale, dark=dark)
    fail_purchase(p, v)
    look(v, "boost-failed")
    for service in ("billing", "satmode"):
        p, v = line(), view(service, locale=locale, dark=dark, objects=[])
        url, _ = open_pages(v, p, service)
        look(v, f"{service}-terms")
        v.press("accept")
        look(v, f"{service}-done")
        p, v = line(), view(service, locale=locale, dark=dark)
        url, _ = open_pages(v, p, service)
        p.line.service(service, override="deny")
        v.get(url)
        look(v, f"{service}-notice")
        v.press("dismiss")
        look(v, f"{service}-dismissed")

# SPDX-License-Identifier: Apache-2.0
"""The built-in consent pages of VoWiFi over HTTP: hand-over, sessions, what is written, and what is refused. What only a
browser shows is in test_websheet_browser.py."""
import concurrent.futures
import json
import os
import re
import shutil
import time

import pytest

import harness
import sheets
from sheets import GOOD, MISSING_ALL, User, hand_over

EXPIRED = "Please open this page again"


@pytest.fixture(scope="module")
def pages(make_module_daemon):
    return make_module_daemon(**sheets.overrides())


@pytest.fixture
def visitor(pages, phone):
    """Function: (phone, user) with the state of the line; the phone has authenticated."""
    def make(language="en", **columns):
        p = phone(at=pages, services={"vowifi": columns or MISSING_ALL})
        p.login()
        return p, User(pages.device, language)
    return make


def row(p):
    names = ("tc_status", "tc_version", "tc_at", "addr_status", "addr_expiry", "addr_identifier", "flow_closed_at")
    found = p.line.cluster.sql(f"SELECT {', '.join(names)} FROM line_service WHERE imsi = %s AND service = 'vowifi'", p.imsi)
    return dict(zip(names, found[0]))


def audits(p):
    """Rows of this line's consent pages."""
    masked = f"{p.imsi[:5]}{'*' * (len(p.imsi) - 8)}{p.imsi[-3:]}"
    return [json.loads(text) for (text,) in p.line.cluster.sql(
        "SELECT detail::text FROM audit WHERE action = 'sheet.finish' AND subject_masked = %s ORDER BY id", masked)]


def status(p):
    block = p.ask()["ap2004"]
    return tuple(int(block[name]) for name in ("EntitlementStatus", "TC_Status", "AddrStatus"))


# proves: V-017 V-018 V-019 V-026 X-042 X-051
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_terms_and_address_make_the_next_answer_enabled(visitor, method):
    p, user = visitor()
    url, data = hand_over(p)
    assert url.endswith("/web/vowifi") and list(data) == ["sid"]
    assert p.imsi not in data["sid"] and p.line.msisdn not in data["sid"]
    assert status(p) == (0, 0, 0)
    user.open(data, method=method)
    user.follow()
    assert user.title() == "Terms of Wi-Fi calling"
    assert f"ending in {p.line.msisdn[-3:]}" in user.text and p.line.msisdn[-5:] not in user.text
    user.press("accept")
    assert user.title() == "Emergency address" and row(p)["tc_status"] == 0
    user.press("address", **GOOD)
    assert user.title() == "Is this address right?" and "Unter den Linden" in user.text
    before = audits(p)
    user.act("confirm")
    assert status(p) == (1, 1, 1)
    user.follow()
    assert user.title() == "Thank you" and 'data-outcome="changed"' in user.text
    found = row(p)
    assert found["tc_version"] == 0 and found["tc_at"] and found["flow_closed_at"] and not found["addr_expiry"]
    assert audits(p)[len(before):] == [{"service": "vowifi", "tc_version": 0, "addr_status": 1}]


@pytest.mark.parametrize("columns, first", [({"tc_status": 0, "addr_status": 1}, "Terms of Wi-Fi calling"),
                                            ({"tc_status": 1, "addr_status": 0}, "Emergency address")])
def test_only_what_is_missing_is_asked_for(visitor, columns, first):
    p, user = visitor(**columns)
    user.begin(hand_over(p)[1])
    assert user.title() == first
    if columns["tc_status"] == 0:
        user.press("accept")
    else:
        user.press("address", **GOOD)
        user.press("confirm")
    assert user.title() == "Thank you" and status(p) == (1, 1, 1)


def test_an_address_can_be_changed_and_the_old_identifier_goes(visitor):
    p, user = visitor(tc_status=1, addr_status=1, addr_identifier="old-one", addr_expiry="2040-01-01T00:00:00Z")
    user.begin(hand_over(p)[1])
    assert user.title() == "Change your emergency address"
    assert not re.search(r'<input id="f-\w+"[^>]*value="[^"]', user.text)
    user.press("address", **GOOD)
    user.press("confirm")
    found = row(p)
    assert (found["addr_status"], found["addr_identifier"], found["addr_expiry"]) == (1, None, None)
    assert found["tc_version"] is None


# proves: V-021
@pytest.mark.parametrize("where", ["terms", "address", "confirm"])
def test_after_a_dismissal_nothing_has_changed(visitor, where):
    p, user = visitor()
    before = row(p)
    data = hand_over(p)[1]
    user.begin(data)
    if where != "terms":
        user.press("accept")
    if where == "confirm":
        user.press("address", **GOOD)
    user.press("dismiss")
    assert user.title() == "Nothing was changed" and 'data-outcome="dismissed"' in user.text
    assert row(p) == before and status(p) == (0, 0, 0)
    # The same phone may come back with the same reference and begins anew.
    user.begin(data)
    assert user.title() == "Terms of Wi-Fi calling"


# proves: X-033
def test_while_provisioning_is_slow_the_phone_hears_missing_and_the_page_pending(visitor):
    p, user = visitor(prov_status=0, **MISSING_ALL)
    user.begin(hand_over(p)[1])
    user.press("accept")
    user.press("address", **GOOD)
    user.press("confirm")
    assert status(p) == (0, 0, 0)
    harness.wait_for(lambda: p.line.orders() == ["vowifi"], 5, "an activation order")
    user = User(user.target)
    user.begin(hand_over(p)[1])
    assert user.title() == "Almost there"
    user.press("dismiss")
    assert user.title() == "Nothing was changed"


def test_a_reference_opens_one_session_only(visitor):
    p, user = visitor()
    data = hand_over(p)[1]
    user.begin(data)
    thief = User(user.target)
    thief.begin(data)
    assert thief.reply.status == 403 and thief.title() == EXPIRED and not thief.cookie
    user.press("accept")
    user.begin(data)  # with its cookie: goes on where it was
    assert user.title() == "Emergency address"
    cookie, user.cookie = user.cookie, None
    # A browser keeps the cookie back when another site posts, and shows it to the redirect.
    user.open(data)
    user.cookie = cookie
    user.follow()
    user.follow()
    assert user.title() == "Emergency address"
    user.cookie = None
    user.begin(data)
    assert user.reply.status == 403
    user.open(data, method="GET")
    assert user.reply.status == 403


def test_two_browsers_at_once_get_one_session(visitor):
    p, _ = visitor()
    data = hand_over(p)[1]
    users = [User(p.target) for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda u: u.begin(data), users))
    assert sorted(u.reply.status for u in users) == [200] + [403] * 5
    assert sum(u.cookie is not None for u in users) == 1


def test_the_way_back_shows_no_other_session(visitor):
    p, user = visitor()
    other, second = visitor()
    used = hand_over(other)[1]
    second.begin(used)
    user.begin(hand_over(p)[1])
    cookie, user.cookie = user.cookie, None
    user.open(used)
    user.cookie = cookie
    user.follow()
    assert user.reply.status == 403 and user.title() == EXPIRED
    user.send("GET", "/web/vowifi?back=x")
    assert user.reply.status == 403
    user.send("GET", "/web/vowifi")
    assert user.title() == "Terms of Wi-Fi calling"


# proves: V-018
def test_references_that_are_not_ours_are_refused(visitor, pages):
    p, user = visitor()
    good = hand_over(p)[1]["sid"]
    other = "a" if good[40] != "a" else "b"
    for bad in ("", "x", good[:-1], good + "a", good[:40] + other + good[41:], good.upper() + "1", "a" * len(good),
                p.token, p.imsi, "\u00e4" * 10, "%00"):
        user.open({"sid": bad})
        assert user.reply.status == 403 and user.title() == EXPIRED, bad
        assert not user.cookie
    assert user.send("GET", "/web/vowifi").status == 403
    assert user.send("POST", "/web/vowifi", {}).status == 403
    assert user.send("POST", "/web/vowifi", {"imsi": p.imsi, "msisdn": p.line.msisdn}).status == 403
    assert user.send("GET", "/web/other").status == 404
    assert user.send("PUT", "/web/vowifi").status in (405, 501)
    assert p.line.cluster.one("SELECT count(*) FROM sheet_session WHERE imsi = %s", p.imsi) == 0
    text = pages.text()
    assert p.imsi not in text and good not in text


def test_looking_at_the_address_opens_nothing(visitor):
    p, user = visitor()
    data = hand_over(p)[1]
    assert user.open(data, method="HEAD").status == 200
    user.begin(data)
    assert user.title() == "Terms of Wi-Fi calling"


def test_an_old_reference_and_an_old_session_are_refused(visitor):
    p, user = visitor()
    data = hand_over(p)[1]
    user.begin(data)
    p.line.cluster.sql("UPDATE sheet_session SET expires_at = now() - interval '1 second' WHERE imsi = %s", p.imsi)
    user.act("accept")
    assert user.reply.status == 403 and user.title() == EXPIRED
    assert row(p)["tc_status"] == 0


def test_a_reference_expires(make_daemon, phone, clock):
    daemon = make_daemon(env=clock.env, **sheets.overrides())
    p = phone(at=daemon, services={"vowifi": MISSING_ALL})
    p.login()
    data = hand_over(p)[1]
    clock.set(8 * 86400)
    user = User(daemon.device)
    user.open(data)
    assert user.reply.status == 403 and user.title() == EXPIRED


def test_a_deleted_subscriber_gets_no_page(visitor):
    p, user = visitor()
    data = hand_over(p)[1]
    user.begin(data)
    p.line.cluster.sql("DELETE FROM subscriber WHERE imsi = %s", p.imsi)
    user.act("accept")
    assert user.reply.status == 403 and user.title() == EXPIRED


def test_whoever_the_browser_says_it_is_the_session_decides(visitor):
    p, user = visitor()
    other, _ = visitor()
    user.begin(hand_over(p)[1])
    lies = {"imsi": other.imsi, "msisdn": other.line.msisdn, "subscriber": other.imsi, "service": "smsoip"}
    user.press("accept", **lies)
    user.press("address", **GOOD, **lies)
    user.press("confirm", **lies)
    assert row(p)["addr_status"] == 1 and row(other)["addr_status"] == 0


def test_a_second_press_and_the_back_button_write_nothing_twice(visitor):
    p, user = visitor()
    user.begin(hand_over(p)[1])
    terms = {"step": user.hidden("step"), "do": "accept", "version": user.hidden("version")}
    user.press("accept")
    user.press("address", **GOOD)
    confirm = {"step": user.hidden("step"), "do": "confirm"}
    before = len(audits(p))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        users = [User(p.target) for _ in range(4)]
        for u in users:
            u.cookie = user.cookie
        assert {r.status for r in pool.map(lambda u: u.send("POST", "/web/vowifi", confirm), users)} == {303}
    assert len(audits(p)) == before + 1
    revision = p.line.cluster.one("SELECT revision FROM line_service WHERE imsi = %s AND service = 'vowifi'", p.imsi)
    for form in (confirm, terms, {**confirm, "do": "dismiss"}, {**confirm, "step": ""}, {**confirm, "step": "x" * 26}):
        user.send("POST", "/web/vowifi", form)
        user.follow()
        assert user.title() == "Thank you"
    assert len(audits(p)) == before + 1
    assert revision == p.line.cluster.one("SELECT revision FROM line_service WHERE imsi = %s AND service = 'vowifi'", p.imsi)


def test_a_button_of_another_page_does_nothing(visitor):
    p, user = visitor()
    user.begin(hand_over(p)[1])
    for what in ("confirm", "use", "address", "edit", "country", "finish", ""):
        user.press(what, **GOOD)
        assert user.title() == "Terms of Wi-Fi calling"
    assert row(p)["addr_status"] == 0


def test_faults_of_the_form_are_shown_at_their_fields(visitor):
    p, user = visitor(tc_status=1, addr_status=0)
    user.begin(hand_over(p)[1])
    user.press("address", name="<b>\"Ada\" & 'Eve'</b>", street="Postfach 12", number="7", city="", postcode="123")
    for name, text in (("street", "not a post-office box"), ("city", "fill this in"), ("postcode", "not a postcode")):
        assert re.search(rf'<li><a href="#f-{name}">[^<]*{text}', user.text), name
        assert re.search(rf'<p class="error" id="e-{name}">[^<]*{text}', user.text), name
        assert re.search(rf'<input id="f-{name}"[^>]*aria-invalid="true" aria-describedby="e-{name}"', user.text), name
    assert 'value="&lt;b&gt;&quot;Ada&quot; &amp; &#39;Eve&#39;&lt;/b&gt;"' in user.text
    assert "<b>" not in user.text
    user.press("address", **GOOD)
    user.press("edit")
    assert 'value="Unter den Linden"' in user.text
    assert row(p)["addr_status"] == 0


def test_the_country_changes_the_form(visitor):
    p, user = visitor(tc_status=1, addr_status=0)
    user.begin(hand_over(p)[1])
    assert "Postcode" in user.text and "f-region" not in user.text
    user.press("country", country="US")
    assert "ZIP code" in user.text and "State (two letters)" in user.text
    user.press("country", country="XX")  # not offered
    assert "Postcode" in user.text
    user.press("country", country="US")
    user.press("address", name="Ann Lee", street="Main Street", number="1", city="Springfield", region="il", postcode="62701")
    assert user.title() == "Is this address right?" and "United States" in user.text and ">IL<" in user.text
    user.press("confirm")
    assert status(p) == (1, 1, 1)


def test_long_and_broken_values_do_no_harm(visitor):
    p, user = visitor(tc_status=1, addr_status=0)
    user.begin(hand_over(p)[1])
    for value in ("x" * 5000, "\u00e4" * 3000, "a\nb\x01", "\U0001f600" * 200, "\x00"):
        user.press("address", **{**GOOD, "street": value})
        assert user.title() == "Emergency address" and "e-street" in user.text, value[:10]
    user.send("POST", "/web/vowifi", {"step": user.hidden("step"), "do": "address", "name": b"\xff\xfe", "street": b"\xc3"})
    user.follow()
    assert user.title() == "Emergency address"


def test_the_policy_decides_about_the_page(visitor):
    p, user = visitor()
    user.begin(hand_over(p)[1])
    p.line.service("vowifi", override="deny")
    user.act("accept")
    user.follow()
    assert user.title() == "Wi-Fi calling is not available" and "switched off for your line" in user.text
    assert row(p)["tc_status"] == 0
    p.line.service("vowifi", override="none", tc_status=2, addr_status=2)
    user.send("GET", "/web/vowifi")
    assert user.title() == "Nothing left to do"
    p.line.service("vowifi", tc_status=1, addr_status=3)
    user.send("GET", "/web/vowifi")
    assert user.title() == "Almost there"


@pytest.mark.parametrize("language, title, tag", [("de-DE,de;q=0.9", "Bedingungen f\u00fcr WLAN Call", "de"),
                                                  ("fr", "Conditions des appels Wi-Fi", "fr"),
                                                  ("xx", "Terms of Wi-Fi calling", "en")])
def test_pages_speak_the_language_of_the_browser(visitor, language, title, tag):
    p, user = visitor(language=language)
    user.begin(hand_over(p)[1])
    assert user.title() == title and f'<html lang="{tag}" dir="ltr">' in user.text
    other = User(p.target, language)
    other.open({"sid": "x"})
    assert f'<html lang="{tag}"' in other.text


def test_the_subscribers_language_holds_when_the_browser_has_none(visitor):
    p, user = visitor(language="*")
    p.line.set(language="de")
    user.begin(hand_over(p)[1])
    assert user.title() == "Bedingungen f\u00fcr WLAN Call"


def test_headers_keep_the_page_to_itself(visitor):
    p, user = visitor()
    user.open(hand_over(p)[1])
    cookie = user.reply.header("Set-Cookie")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/web/vowifi", "Max-Age=1800"):
        assert word in cookie
    user.follow()
    policy = user.reply.header("Content-Security-Policy")
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; script-src 'sha256-[\w+/]{43}='; "
                        r"form-action 'self'; frame-ancestors 'none'; base-uri 'none'", policy), policy
    assert user.reply.header("Cache-Control") == "no-store"
    assert user.reply.header("Referrer-Policy") == "no-referrer"
    assert user.reply.header("X-Content-Type-Options") == "nosniff"
    assert user.reply.header("X-Frame-Options") == "DENY"
    assert user.reply.header("Content-Type") == "text/html; charset=utf-8"
    # No assets from anywhere.
    assert not re.search(r'(src|href)="(?!#)', user.text)


def test_the_table_shows_no_address_and_no_key(visitor):
    p, user = visitor(tc_status=1, addr_status=0)
    data = hand_over(p)[1]
    user.begin(data)
    user.press("address", **GOOD)
    found = p.line.cluster.sql("SELECT t::text, encode(form, 'escape') FROM sheet_session t WHERE imsi = %s", p.imsi)
    text = " ".join(str(part) for part in found[0])
    assert found[0][1] and "Linden" not in text and data["sid"] not in text and user.cookie.split("=")[1] not in text
    user.press("confirm")
    assert p.line.cluster.sql("SELECT form FROM sheet_session WHERE imsi = %s", p.imsi)[0][0] is None


def test_another_node_goes_on_with_the_session(visitor, make_daemon, pages):
    p, user = visitor()
    other = make_daemon(**sheets.overrides())
    user.begin(hand_over(p)[1])
    user.target = other.device
    user.press("accept")
    assert user.title() == "Emergency address"
    user.target = pages.device
    user.press("address", **GOOD)
    user.target = other.device
    user.press("confirm")
    assert status(p) == (1, 1, 1)


# ---- validator ----

@pytest.fixture(scope="module")
def validator():
    found = sheets.Validator()
    yield found
    found.end()


@pytest.fixture(scope="module")
def checked(make_module_daemon, validator):
    return make_module_daemon(address={"url": validator.url, "token": "secret-of-the-check", "timeout": "1s", "breaker": "100ms"},
                              **sheets.overrides(address_validity="30d"))


@pytest.fixture
def at_confirm(checked, phone):
    """A phone and its user on the page that asks whether the address is right."""
    p = phone(at=checked, services={"vowifi": {"tc_status": 1, "addr_status": 0}})
    p.login()
    user = User(checked.device)
    user.begin(hand_over(p)[1])
    user.press("address", **GOOD)
    assert user.title() == "Is this address right?"
    return p, user


def test_identifier_and_end_of_the_validator_reach_the_phone(at_confirm, validator, checked):
    p, user = at_confirm
    validator.answers({"result": "good", "identifier": "loc-77f0", "expires": "2040-01-31T00:00:00Z"})
    before = checked.metric("ecs_neighbour_calls_total", neighbour="address", result="ok")
    user.press("confirm")
    assert checked.metric("ecs_neighbour_calls_total", neighbour="address", result="ok") == before + 1
    block = p.ask()["ap2004"]
    assert (block["AddrStatus"], block["AddrIdentifier"], block["AddrExpiry"]) == ("1", "loc-77f0", "2040-01-31T00:00:00Z")
    asked = validator.log()
    assert len(asked) == 1 and asked[0]["msisdn"] == p.line.msisdn and asked[0]["service"] == "vowifi"
    assert asked[0]["address"] == {**GOOD, "country": "DE"}
    log = validator.call("GET", "/_double/log")[0]
    assert log["headers"]["authorization"] == "Bearer secret-of-the-check"
    assert log["headers"]["idempotency-key"] == asked[0]["reference"]


def test_the_setting_ends_an_address_when_the_validator_does_not(at_confirm, validator):
    p, user = at_confirm
    validator.answers({"result": "good"})
    user.press("confirm")
    left = row(p)["addr_expiry"].timestamp() - time.time()
    assert abs(left - 30 * 86400) < 60


def test_a_refused_address_comes_back_to_the_form(at_confirm, validator):
    p, user = at_confirm
    validator.answers({"result": "bad", "fields": ["postcode"]}, {"result": "bad"}, {"result": "good"})
    user.press("confirm")
    assert user.title() == "Emergency address" and "e-postcode" in user.text and 'value="Unter den Linden"' in user.text
    user.press("address", **{**GOOD, "postcode": "10118"})
    user.press("confirm")
    assert "The address was not found" in user.text
    user.press("address", **GOOD)
    user.press("confirm")
    assert user.title() == "Thank you"


def test_a_suggestion_is_taken_or_changed(at_confirm, validator):
    p, user = at_confirm
    other = {**GOOD, "street": "Unter den Linden", "postcode": "10999"}
    validator.answers({"result": "suggestion", "address": other}, {"result": "suggestion", "address": other}, {"result": "good"})
    user.press("confirm")
    assert user.title() == "Did you mean this address?" and "10999" in user.text and "10117" in user.text
    user.press("edit")
    assert user.title() == "Emergency address" and 'value="10117"' in user.text
    user.press("address", **GOOD)
    user.press("confirm")
    user.press("use")
    assert user.title() == "Thank you" and status(p) == (1, 1, 1)
    assert validator.log()[-1]["address"]["postcode"] == "10999"


def test_a_pending_check_is_in_progress_until_it_is_reported(at_confirm, validator, checked):
    p, user = at_confirm
    validator.answers({"result": "pending"})
    user.press("confirm")
    assert user.title() == "Thank you" and "being checked" in user.text
    assert status(p) == (0, 1, 3)
    assert checked.admin("PUT", f"/v1/subscribers/{p.imsi}/services/vowifi", {"addr_status": 1})[0] == 200
    assert status(p) == (1, 1, 1)


@pytest.mark.parametrize("how", [{"mode": "nothing"}, {"delay_ms": 3000}, {"status": 500}, {"status": 404}, {"mode": "garbage"},
                                 {"json": {"result": "perhaps"}}])
def test_an_unreachable_validator_loses_nothing(at_confirm, validator, checked, how):
    p, user = at_confirm
    validator.answers({"result": "good"}, **how)
    user.press("confirm")
    assert user.title() == "We cannot check the address now" and "Unter den Linden" in user.text
    assert status(p) == (0, 1, 0)
    time.sleep(0.2)  # the breaker
    validator.answers({"result": "good"})
    user.press("confirm")
    assert user.title() == "Thank you" and status(p) == (1, 1, 1)
    assert "Linden" not in checked.text()


# ---- files and settings ----

# proves: X-050
def test_the_last_page_knows_every_object_that_phones_have():
    with open(os.path.join(harness.ROOT, "conf", "websheet", "close.js"), encoding="utf-8") as file:
        script = file.read()
    for name in ("VoWiFiWebServiceFlow", "WiFiCallingWebViewController", "ODSAServiceFlow", "DataBoostWebServiceFlow"):
        assert f"'{name}'" in script
    # Old web views: no newer words than those of ECMAScript 5.
    assert not re.search(r"=>|\b(let|const|class|async|await)\b|`|\?\.", script)


def test_pages_texts_and_terms_by_brand_and_version_and_reload(make_daemon, phone, lines, tmp_path):
    directory = tmp_path / "websheet"
    shutil.copytree(os.path.join(harness.ROOT, "conf", "websheet"), directory)
    (directory / "terms-text.3.html").write_text("<p>Version three for {brand}.</p>\n")
    (directory / "blue").mkdir()
    (directory / "blue" / "terms-text.html").write_text("<p>Blue terms.</p>\n")
    (directory / "blue" / "texts").mkdir()
    (directory / "blue" / "texts" / "en.yaml").write_text("language: en\nmessages:\n  terms-title: Blue calling\n")
    policy = tmp_path / "policy.d"
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy)
    daemon = make_daemon(**harness.merge(sheets.overrides(directory=str(directory)), {"policy": {"directory": str(policy)}}))
    lines.cluster.sql("INSERT INTO brand (brand, name) VALUES ('blue', 'Blue Mobile') ON CONFLICT DO NOTHING")

    def begin(**fields):
        p = phone(at=daemon, services={"vowifi": {"tc_status": 0, "addr_status": 1}}, **fields)
        p.login()
        user = User(daemon.device)
        user.begin(hand_over(p)[1])
        return p, user

    _, user = begin(brand="blue")
    assert user.title() == "Blue calling" and "Blue terms." in user.text
    p, user = begin()
    assert "Blue" not in user.text and "Emergency calls" in user.text
    # New terms while they are read: shown again, and their version is what is accepted.
    text = (policy / "vowifi.yaml").read_text()
    (policy / "vowifi.yaml").write_text(text.replace("terms-version: 0", "terms-version: 3"))
    daemon.reload()
    user.press("accept")
    assert "Version three for ." in user.text
    user.press("accept")
    assert user.title() == "Thank you" and row(p)["tc_version"] == 3
    # A broken file is told with its place, and the former pages stay.
    (directory / "done.html").write_text("<p>\n<a href=\"{message}\">x</a>\n")
    before = daemon.reload(good=False)
    daemon.wait_event("CONFIG", before, "done.html:2:10")
    user.send("GET", "/web/vowifi")
    assert user.title() == "Thank you"


@pytest.mark.parametrize("change, text", [
    ({"web": {"public_url": ""}}, "websheet.enabled needs web.public_url"),
    ({"websheet": {"countries": ["Germany"]}}, "two capital letters"),
    ({"websheet": {"directory": "/nonexistent"}}, "cannot read the directory"),
    ({"server": {"mode": "production"}, "address": {"url": "http://127.0.0.1:1/x"}}, "http:// is refused"),
])
def test_settings_that_cannot_work_are_told(make_daemon, change, text):
    daemon = make_daemon(start=False, **harness.merge(sheets.overrides(), change))
    daemon.start(ready=False)
    assert daemon.wait() == 1 or daemon.status != 0
    assert text in daemon.text()


def test_a_configured_portal_goes_before_the_pages(make_daemon, phone):
    daemon = make_daemon(**harness.merge(sheets.overrides(), {"policy": {"portal_url": "https://portal.example.net/x"}}))
    p = phone(at=daemon, services={"vowifi": MISSING_ALL})
    p.login()
    assert hand_over(p)[0] == "https://portal.example.net/x"


def test_while_the_database_is_away_the_page_says_later(site):
    daemon = site.daemon(**sheets.overrides()).start()
    p = site.phone(daemon, services={"vowifi": MISSING_ALL})
    p.login()
    data = hand_over(p)[1]
    user = User(daemon.device)
    user.begin(data)
    terms = {"step": user.hidden("step"), "do": "accept", "version": user.hidden("version")}
    site.cluster.stop()
    user.send("POST", "/web/vowifi", terms)
    assert user.reply.status == 503 and user.title() == "Please try again later" and user.reply.header("Retry-After")
    site.cluster.start()
    harness.wait_for(lambda: User(daemon.device).open({"sid": "x"}).status == 403, 10, "an answer")
    harness.wait_for(lambda: daemon.metric("ecs_db_connections") >= 4, 20, "each worker has its database")
    harness.wait_for(lambda: user.send("GET", "/web/vowifi").status in (200, 403), 20, "the database")
    # PostgreSQL empties unlogged tables only after a crash: the session is still there.
    assert user.title() == "Terms of Wi-Fi calling"
    user.send("POST", "/web/vowifi", terms)
    user.follow()
    assert user.title() == "Emergency address"


def test_figures_are_counted(visitor, pages):
    def figures():
        found = pages.metrics()
        return [sum(v for _, v in found[f"ecs_sheets_{name}_total"]) for name in ("opened", "finished", "dismissed", "refused")]

    before = figures()
    p, user = visitor(tc_status=0, addr_status=1)
    user.begin(hand_over(p)[1])
    user.press("accept")
    q, other = visitor()
    other.begin(hand_over(q)[1])
    other.press("dismiss")
    User(p.target).open({"sid": "x"})
    assert [b - a for a, b in zip(before, figures())] == [2, 1, 1, 1]


def test_expired_sessions_are_deleted(visitor):
    p, user = visitor()
    user.begin(hand_over(p)[1])
    p.line.cluster.sql("UPDATE sheet_session SET expires_at = now() - interval '1 minute', reap_at = now() - interval '1 minute' WHERE imsi = %s", p.imsi)
    harness.wait_for(lambda: not p.line.cluster.one("SELECT count(*) FROM sheet_session WHERE imsi = %s", p.imsi), 10,
                     "the row is gone")


def test_the_reference_of_a_finished_session_opens_nothing_any_more(visitor):
    p, user = visitor(tc_status=1, addr_status=0)
    data = hand_over(p)[1]
    user.begin(data)
    user.press("address", **GOOD)
    user.press("confirm")
    assert user.title() == "Thank you"
    p.line.cluster.sql("UPDATE sheet_session SET expires_at = now() - interval '1 second' WHERE imsi = %s", p.imsi)
    time.sleep(4.5)  # the reaper looks every two seconds
    thief = User(user.target)
    thief.begin(data)
    assert thief.reply.status == 403 and thief.title() == EXPIRED and not thief.cookie

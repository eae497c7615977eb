# SPDX-License-Identifier: Apache-2.0
"""The built-in pages of boosts (ap2010), carrier billing (ap2012) and satellite (ap2016) over HTTP: hand-over, sessions, what is
bought and written, and what is refused. What only a browser shows is in test_service_pages_browser.py."""
import base64
import concurrent.futures
import json
import os
import re
import shutil
import subprocess

import pytest

import harness
import service_pages as pages
import sheets
from test_services_operator import Bss

REOPEN = "Please open this page again"
SERVICES = ("boost", "billing", "satmode")
FIRST = {"boost": "Data boost", "billing": "Pay on your phone bill", "satmode": "Stay in touch by satellite"}


@pytest.fixture(scope="module")
def site(make_module_daemon):
    return make_module_daemon(**pages.overrides())


@pytest.fixture
def visitor(site, phone):
    """Function: (phone, user of that service's pages)."""
    def make(service, language="en", at=None, **what):
        p = phone(at=at or site)
        pages.subscribe(p.line, **what)
        return p, pages.user(p.target, service, language)
    return make


def finish(user, service):
    """From the first page to the end."""
    if service == "boost":
        user.press("next")
        assert user.title() == "Please check and buy"
        user.press("buy")
    else:
        user.press("accept")


def outcome(user):
    found = re.search(r'<main id="flow" data-flow="(\w+)" data-outcome="(\w*)"', user.text)
    return found.groups() if found else None


def audits(line, action):
    masked = f"{line.imsi[:5]}{'*' * (len(line.imsi) - 8)}{line.imsi[-3:]}"
    return [json.loads(text) for (text,) in line.cluster.sql(
        "SELECT detail::text FROM audit WHERE action = %s AND subject_masked = %s ORDER BY id", action, masked)]


# ---- the three flows ----

# proves: D-019 D-023
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_boost_is_bought_after_its_terms(visitor, method):
    p, user = visitor("boost")
    block = pages.ask(p, "boost")
    assert (block["EntitlementStatus"], block["ProvStatus"]) == ("1", "0")
    url, data, kind = pages.hand_over(p, "boost")
    assert url.endswith("/web/boost") and kind is None and data.startswith("sid=") and "&" not in data
    user.open({"sid": pages.sid_of(data, kind)}, method=method)
    user.follow()
    assert user.title() == "Data boost" and "sid=" not in (user.reply.header("Location") or "")
    for text in ("2.99 EUR", "1 h 30 min", "at least 20 Mbit/s", "up to 10 Mbit/s", "about 50 ms", "Short delays"):
        assert text in user.text, text
    user.press("next")
    assert user.title() == "Please check and buy" and "2.99 EUR" in user.text and not pages.boosts(p.line)
    user.act("buy")
    assert pages.boosts(p.line) == [(166, 5400, "active")]
    block = pages.ask(p, "boost")
    assert (block["EntitlementStatus"], block["ProvStatus"]) == ("1", "1") and not block.get("ServiceFlow_URL")
    user.follow()
    assert user.title() == "Thank you" and outcome(user) == ("boost", "purchased")
    assert 'data-duration="5400000"' in user.text
    assert audits(p.line, "sheet.terms") == [{"service": "boost", "boost": 166, "terms_version": 1}]
    assert audits(p.line, "boost.buy") == [{"boost_type": 166, "seconds": 5400}]


# proves: B-017
def test_the_terms_of_carrier_billing_lead_to_an_active_account(visitor):
    p, user = visitor("billing")
    block = pages.ask(p, "billing")
    assert (block["EntitlementStatus"], block["TC_Status"]) == ("0", "0")
    assert block["ServiceFlow_URL"].endswith("/web/billing")
    user.begin(pages.reference(p, "billing"))
    assert user.title() == "Pay on your phone bill" and "I accept, switch it on" in user.text
    user.press("accept")
    assert user.title() == "Thank you" and outcome(user) == ("billing", "changed")
    block = pages.ask(p, "billing")
    assert (block["EntitlementStatus"], block["TC_Status"]) == ("1", "1")
    assert [row[1] for row in pages.accounts(p.line)] == [1]
    assert audits(p.line, "sheet.terms") == [{"service": "billing", "terms_version": 1}]


# proves: Z-012
def test_the_terms_of_satellite_are_written_to_the_line(visitor):
    p, user = visitor("satmode")
    block = pages.ask(p, "satmode")
    assert block["EntitlementStatus"] == "0" and block["ServiceFlow_URL"].endswith("/web/satmode")
    user.begin(pages.reference(p, "satmode"))
    assert user.title() == "Stay in touch by satellite"
    user.press("accept")
    assert user.title() == "Thank you" and outcome(user) == ("satmode", "changed")
    assert pages.satellite(p.line) == (1, 0, True)
    assert pages.ask(p, "satmode")["EntitlementStatus"] == "3"
    harness.wait_for(lambda: p.line.orders() == ["satmode"], 5, "an activation order")
    p.line.service("satmode", prov_status=1)
    block = pages.ask(p, "satmode")
    assert block["EntitlementStatus"] == "1" and not block.get("ServiceFlow_URL")


# proves: D-023 B-017 Z-012
@pytest.mark.parametrize("service, last", [("boost", "offer"), ("boost", "terms"), ("billing", "terms"), ("satmode", "terms")])
def test_after_a_dismissal_nothing_has_changed(visitor, service, last):
    p, user = visitor(service)
    data, before = pages.reference(p, service), pages.ask(p, service)["EntitlementStatus"]
    user.begin(data)
    if (service, last) == ("boost", "terms"):
        user.press("next")
    user.press("dismiss")
    assert outcome(user) == (service, "dismissed")
    assert not pages.boosts(p.line) and not pages.accounts(p.line) and pages.satellite(p.line) in (None, (None, None, False))
    assert pages.ask(p, service)["EntitlementStatus"] == before
    # The same phone may come back with the same reference and begins anew.
    user.begin(data)
    assert user.title() == FIRST[service] and outcome(user) is None


# ---- forms of the hand-over ----

def open_as(user, body, kind):
    headers = [("Content-Type", kind), ("Accept-Language", "en")]
    user.reply = user.target.request("POST", f"/web/{user.place}", headers, body.encode())
    for line in user.reply.all("Set-Cookie"):
        user.cookie = line.split(";")[0]
    return user.reply


# proves: D-019 B-007
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind, header", [("json", "application/json"), ("json", "application/json; charset=utf-8"),
                                          ("xml", "text/xml"), ("xml", "application/xml"), ("xml", "text/xml,application/xml")])
def test_json_and_xml_open_the_pages_as_well(typed, phone, service, kind, header):
    daemon = typed(kind)
    p = phone(at=daemon)
    pages.subscribe(p.line)
    _, data, told = pages.hand_over(p, service)
    assert told == kind and data.startswith("encodedValue=")
    body = base64.b64decode(data.removeprefix("encodedValue=")).decode()
    user = pages.user(p.target, service)
    assert open_as(user, body, header).status == 303, body
    user.follow()
    assert user.title() == FIRST[service]
    finish(user, service)
    assert user.title() == "Thank you"


@pytest.fixture(scope="module")
def typed(make_module_daemon, tmp_path_factory):
    """Function: a daemon whose policies hand over in that form."""
    made = {}

    def make(kind):
        if kind not in made:
            where = str(tmp_path_factory.mktemp("policy"))
            policy = os.path.join(where, "policy.d")
            shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
            for name in ("dataplan", "billing", "satmode"):
                path = os.path.join(policy, f"{name}.yaml")
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                assert "flow-type: query" in text
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text.replace("flow-type: query", f"flow-type: {kind}"))
            settings = pages.overrides()
            settings["policy"]["directory"] = policy
            made[kind] = make_module_daemon(**settings)
        return made[kind]
    return make


@pytest.mark.parametrize("body, kind, status", [
    ("{}", "application/json", 403), ('{"sid": 5}', "application/json", 403), ('{"sid": "x"}', "application/json", 403),
    ("[", "application/json", 403), ('["sid"]', "application/json", 403), ("<sid>", "text/xml", 403), ("<sid></sid>", "text/xml", 403),
    ('<data><parm name="sid" value="x"/></data>', "application/xml", 403), ('<data sid="', "text/xml", 403), ("sid=x", "text/plain", 403),
    ("\xff\x00", "application/json", 403), ("", "application/json", 403)])
def test_user_data_without_a_good_reference_open_nothing(visitor, body, kind, status):
    p, user = visitor("boost")
    assert open_as(user, body, kind).status == status and not user.cookie
    assert user.title() == REOPEN
    assert p.line.cluster.one("SELECT count(*) FROM sheet_session WHERE imsi = %s", p.imsi) == 0


# ---- sessions ----

@pytest.mark.parametrize("service", SERVICES)
def test_a_reference_opens_one_session_only(visitor, service):
    p, user = visitor(service)
    data = pages.reference(p, service)
    user.begin(data)
    thief = pages.user(user.target, service)
    thief.begin(data)
    assert thief.reply.status == 403 and thief.title() == REOPEN and not thief.cookie
    assert f'<main id="flow" data-flow="{service}">' in thief.text
    user.begin(data)  # with its cookie: goes on where it was
    assert user.title() == FIRST[service]
    cookie, user.cookie = user.cookie, None
    # A browser keeps the cookie back when another site posts, and shows it to the redirect.
    user.open(data)
    user.cookie = cookie
    user.follow()
    user.follow()
    assert user.title() == FIRST[service]


@pytest.mark.parametrize("service", SERVICES)
def test_a_reference_that_was_used_opens_nothing_until_it_expires(visitor, service):
    """The row of a finished session outlives the session, as long as its reference."""
    p, user = visitor(service)
    data = pages.reference(p, service)
    user.begin(data)
    finish(user, service)
    p.line.cluster.sql("UPDATE sheet_session SET expires_at = now() - interval '1 second' WHERE imsi = %s", p.imsi)
    assert p.line.cluster.one("SELECT reap_at = ref_ends_at FROM sheet_session WHERE imsi = %s", p.imsi)
    thief = pages.user(user.target, service)
    thief.begin(data)
    assert thief.reply.status == 403 and not thief.cookie


@pytest.mark.parametrize("service", SERVICES)
def test_references_of_other_services_open_nothing(visitor, service):
    p, user = visitor(service)
    for other in SERVICES:
        if other != service:
            user.open(pages.reference(p, other))
            assert user.reply.status == 403 and not user.cookie, other
    user.open(pages.reference(p, service), path="/web/vowifi")
    assert user.reply.status == 403
    p.line.service("vowifi", tc_status=0)
    p.login()
    user.open({"sid": sheets.hand_over(p)[1]["sid"]})
    assert user.reply.status == 403


def test_a_cookie_of_one_service_opens_no_other(visitor):
    p, user = visitor("satmode")
    user.begin(pages.reference(p, "satmode"))
    other = pages.user(user.target, "billing")
    other.cookie = user.cookie
    assert other.send("GET", "/web/billing").status == 403
    assert other.send("POST", "/web/billing", {"step": user.hidden("step"), "do": "accept"}).status == 403
    assert not pages.accounts(p.line)


@pytest.mark.parametrize("service", SERVICES)
def test_an_expired_session_changes_nothing(visitor, service):
    p, user = visitor(service)
    user.begin(pages.reference(p, service))
    if service == "boost":
        user.press("next")
    p.line.cluster.sql("UPDATE sheet_session SET expires_at = now() - interval '1 second' WHERE imsi = %s", p.imsi)
    user.act("buy" if service == "boost" else "accept")
    assert user.reply.status == 403 and user.title() == REOPEN
    assert not pages.boosts(p.line) and not pages.accounts(p.line) and pages.satellite(p.line) in (None, (None, None, False))


def test_a_reference_expires(make_daemon, phone, clock):
    daemon = make_daemon(env=clock.env, **pages.overrides())
    p = phone(at=daemon)
    pages.subscribe(p.line)
    data = pages.reference(p, "boost")
    clock.set(8 * 86400)
    user = pages.user(p.target, "boost")
    user.open(data)
    assert user.reply.status == 403 and user.title() == REOPEN


def test_a_deleted_subscriber_gets_no_page(visitor):
    p, user = visitor("billing")
    user.begin(pages.reference(p, "billing"))
    p.line.cluster.sql("DELETE FROM subscriber WHERE imsi = %s", p.imsi)
    user.act("accept")
    assert user.reply.status == 403 and user.title() == REOPEN


def test_whoever_the_browser_says_it_is_the_session_decides(visitor):
    p, user = visitor("boost")
    other, _ = visitor("boost")
    user.begin(pages.reference(p, "boost"))
    lies = {"imsi": other.imsi, "msisdn": other.line.msisdn, "boost_type": "34", "seconds": "99999", "price": "0"}
    user.press("next", **lies)
    user.press("buy", **lies)
    assert pages.boosts(p.line) == [(166, 5400, "active")] and not pages.boosts(other.line)


# ---- presses, copies, changes in between ----

@pytest.mark.parametrize("service", SERVICES)
def test_copies_of_a_press_are_one_change(visitor, service):
    p, user = visitor(service)
    user.begin(pages.reference(p, service))
    if service == "boost":
        user.press("next")
    form = {"step": user.hidden("step"), "do": "buy" if service == "boost" else "accept"}
    for name in ("version", "shown"):
        if user.hidden(name):
            form[name] = user.hidden(name)
    users = [pages.user(user.target, service) for _ in range(4)]
    for one in users:
        one.cookie = user.cookie
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert {r.status for r in pool.map(lambda u: u.send("POST", f"/web/{service}", form), users)} == {303}
    for changed in (form, {**form, "do": "dismiss"}, {**form, "step": ""}, {**form, "step": "x" * 26}):
        user.send("POST", f"/web/{service}", changed)
        user.follow()
        assert user.title() == "Thank you", changed
    if service == "boost":
        assert len(pages.boosts(p.line)) == 1 and len(audits(p.line, "boost.buy")) == 1
    elif service == "billing":
        assert len(pages.accounts(p.line)) == 1 and len(audits(p.line, "billing.set")) == 1
    else:
        assert len(audits(p.line, "sheet.finish")) == 1


def test_a_purchase_that_was_not_told_to_the_session_is_not_repeated(visitor):
    """As behind a crash between the two: the same session presses again."""
    p, user = visitor("boost")
    user.begin(pages.reference(p, "boost"))
    user.press("next")
    form = {name: user.hidden(name) for name in ("step", "version", "shown")}
    user.press("buy")
    p.line.cluster.sql("UPDATE sheet_session SET stage = 0, step = step - 1 WHERE imsi = %s", p.imsi)
    p.line.cluster.sql("UPDATE data_boost SET shown = 'none', ended_at = now(), ends_at = now() + interval '1 hour' WHERE imsi = %s", p.imsi)
    user.send("POST", "/web/boost", {**form, "do": "buy"})
    user.follow()
    assert outcome(user) == ("boost", "failed") and 'data-code="0"' in user.text
    assert len(pages.boosts(p.line)) == 1


def test_a_boost_that_is_over_needs_a_new_hand_over(visitor):
    p, user = visitor("boost")
    data = pages.reference(p, "boost")
    user.begin(data)
    finish(user, "boost")
    p.line.cluster.sql("DELETE FROM sheet_session WHERE imsi = %s", p.imsi)
    p.line.cluster.sql("UPDATE data_boost SET shown = 'none', ended_at = now(), ends_at = now() - interval '1 minute' WHERE imsi = %s",
                       p.imsi)
    user.cookie = None
    user.begin(data)
    user.press("next")
    user.act("buy")
    assert user.reply.status == 403 and user.title() == REOPEN and len(pages.boosts(p.line)) == 1
    user.begin(pages.reference(p, "boost"))
    finish(user, "boost")
    assert outcome(user) == ("boost", "purchased") and len(pages.boosts(p.line)) == 2


@pytest.mark.parametrize("change", ["price = '9.99 EUR'", "seconds = 60"])
def test_an_offer_that_has_changed_is_shown_again(visitor, change):
    p, user = visitor("boost")
    user.begin(pages.reference(p, "boost"))
    user.press("next")
    p.line.cluster.sql(f"UPDATE plan_boost SET {change} WHERE plan = %s", f"p{p.imsi}")
    user.press("buy")
    assert user.title() == "Please check and buy" and not pages.boosts(p.line)
    assert "9.99 EUR" in user.text or "1 min" in user.text
    user.press("buy")
    assert outcome(user) == ("boost", "purchased")


def test_the_terms_cannot_be_left_out(visitor):
    p, user = visitor("boost")
    user.begin(pages.reference(p, "boost"))
    user.press("buy", version="1")
    assert user.title() == "Data boost" and not pages.boosts(p.line)
    user.press("next")
    user.press("buy", version="0")
    assert user.title() == "Please check and buy" and not pages.boosts(p.line)
    q, other = visitor("billing")
    other.begin(pages.reference(q, "billing"))
    other.press("accept", version="7")
    assert other.title() == FIRST["billing"] and not pages.accounts(q.line)


def test_what_the_operator_wrote_is_text_and_nothing_else(visitor):
    p, user = visitor("boost")
    p.line.cluster.sql("UPDATE plan_boost SET price = %s WHERE plan = %s", """<script>x()</script>"'&{price}""", f"p{p.imsi}")
    user.begin(pages.reference(p, "boost"))
    for title in ("Data boost", "Please check and buy"):
        assert user.title() == title and "x()</script>" not in user.text
        assert "&lt;script&gt;x()&lt;/script&gt;&quot;&#39;&amp;{price}" in user.text, user.text
        user.press("next" if title == "Data boost" else "buy")
    assert outcome(user) == ("boost", "purchased")


@pytest.mark.parametrize("offer, title", [("paused", "Not available at the moment"), ("included", "Already in your plan"),
                                          ("refused", "This boost is not available")])
def test_a_boost_that_is_not_sold_any_more_is_told(visitor, offer, title):
    p, user = visitor("boost")
    user.begin(pages.reference(p, "boost"))
    user.press("next")
    p.line.cluster.sql("UPDATE plan_boost SET offer = %s WHERE plan = %s", offer, f"p{p.imsi}")
    user.press("buy")
    assert user.title() == title and not pages.boosts(p.line)
    user.press("dismiss")
    assert outcome(user) == ("boost", "dismissed")


def test_a_boost_that_runs_is_not_sold_again(visitor):
    p, user = visitor("boost")
    one, two = pages.reference(p, "boost"), pages.reference(p, "boost")
    user.begin(one)
    finish(user, "boost")
    other = pages.user(user.target, "boost")
    other.begin(two)
    assert other.title() == "Your boost is on" and outcome(other) is None
    p.line.cluster.sql("UPDATE data_boost SET shown = 'pending' WHERE imsi = %s", p.imsi)
    other.send("GET", "/web/boost")
    assert other.title() == "Your boost is on its way"


def test_the_policy_decides_about_the_pages(visitor):
    for service, title in (("boost", "This boost is not available"), ("billing", "Not available for you"),
                           ("satmode", "Satellite is not available")):
        p, user = visitor(service)
        user.begin(pages.reference(p, service))
        p.line.service("dataplan" if service == "boost" else service, override="deny")
        user.press("buy" if service == "boost" else "accept")
        assert user.title() == title, service
        assert not pages.boosts(p.line) and not pages.accounts(p.line)


def test_a_blocked_account_stays_blocked(visitor):
    p, user = visitor("billing")
    data = pages.reference(p, "billing")
    user.begin(data)
    account = bytes.fromhex(p.line.cluster.one("SELECT substr(service, 9) FROM sheet_session WHERE imsi = %s", p.imsi))
    p.line.cluster.sql("INSERT INTO billing_account (imsi, account, state) VALUES (%s, %s, 'blocked')", p.imsi, account)
    user.press("accept")
    assert user.title() == "Not available for you" and pages.accounts(p.line) == [("blocked", 0)]


def test_accounts_of_two_users_of_a_store_are_apart(visitor):
    p, user = visitor("billing")
    user.begin(pages.reference(p, "billing"))
    finish(user, "billing")
    assert pages.ask(p, "billing")["EntitlementStatus"] == "1"
    assert pages.ask(p, "billing", store_user_id="u-2")["EntitlementStatus"] == "0"
    other = pages.user(p.target, "billing")
    other.begin(pages.reference(p, "billing", store_user_id="u-2"))
    assert other.title() == FIRST["billing"]


def test_a_billing_account_that_is_active_has_nothing_to_accept(visitor):
    p, user = visitor("billing")
    one, two = pages.reference(p, "billing"), pages.reference(p, "billing")
    user.begin(one)
    finish(user, "billing")
    other = pages.user(user.target, "billing")
    other.begin(two)
    assert other.title() == "Almost there"
    assert pages.ask(p, "billing")["EntitlementStatus"] == "1"
    other.send("GET", "/web/billing")
    assert other.title() == "Nothing left to do"


def test_without_terms_the_user_is_only_asked(make_daemon, phone):
    daemon = make_daemon(**pages.overrides(boost_terms=0, billing_terms=0))
    p = phone(at=daemon)
    pages.subscribe(p.line)
    user = pages.user(p.target, "boost")
    user.begin(pages.reference(p, "boost"))
    assert "Do you want to buy this boost?" in user.text
    user.press("buy")
    assert outcome(user) == ("boost", "purchased") and not audits(p.line, "sheet.terms")
    user = pages.user(p.target, "billing")
    user.begin(pages.reference(p, "billing"))
    assert 'class="terms"' not in user.text
    user.press("accept")
    assert outcome(user) == ("billing", "changed") and pages.ask(p, "billing")["EntitlementStatus"] == "1"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("language, tag", [("de-DE,de;q=0.9", "de"), ("fr", "fr")])
def test_pages_speak_the_language_of_the_browser(visitor, service, language, tag):
    p, user = visitor(service, language)
    user.begin(pages.reference(p, service))
    assert f'<html lang="{tag}" dir="ltr">' in user.text and user.title() != FIRST[service]
    policy = user.reply.header("Content-Security-Policy")
    assert policy.startswith("default-src 'none'") and "sha256-" in policy and "unsafe" not in policy
    assert user.reply.header("X-Frame-Options") == "DENY" and user.reply.header("Cache-Control") == "no-store"


def test_nothing_of_the_subscriber_is_logged_or_handed_over(visitor, site):
    p, user = visitor("boost")
    data = pages.reference(p, "boost")
    assert p.imsi not in data["sid"] and p.line.msisdn not in data["sid"]
    user.begin(data)
    finish(user, "boost")
    assert f"ending in {p.line.msisdn[-3:]}" in user.text and p.line.msisdn not in user.text
    text = site.text()
    assert p.imsi not in text and p.line.msisdn not in text and data["sid"] not in text


# ---- configuration ----

@pytest.mark.parametrize("name", ["dataplan", "billing", "satmode"])
def test_user_data_without_the_reference_are_refused_at_load(build, make_daemon, tmp_path, name):
    policy = os.path.join(tmp_path, "policy.d")
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
    path = os.path.join(policy, f"{name}.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace('flow-data: "sid={session}"', 'flow-data: "number={msisdn}"'))
    settings = pages.overrides()
    settings["policy"]["directory"] = policy
    daemon = make_daemon(start=False, **settings)
    done = subprocess.run([build.daemon, "--check=files", "-c", daemon.conf_path], capture_output=True, text=True, timeout=60,
                          env=harness.environment())
    said = done.stdout + done.stderr
    assert done.returncode != 0 and f"{name}.yaml" in said and "flow-data must hold sid={session}" in said, said


# ---- boosts that the BSS charges ----

@pytest.fixture
def charged(make_daemon, phone, cluster):
    """(phone, user, BSS): a boost is ordered there before it counts as bought."""
    cluster.sql("DELETE FROM boost_order")  # open ones of other modules would be brought here
    bss = Bss()
    settings = pages.overrides(boost_order=True)
    daemon = make_daemon(bss={"type": "rest", "url": bss.url, "auth": "none", "timeout": "2s"}, **settings)
    p = phone(at=daemon)
    pages.subscribe(p.line)
    user = pages.user(p.target, "boost")
    user.begin(pages.reference(p, "boost"))
    user.press("next")
    yield p, user, bss
    bss.close()


def test_a_boost_is_ordered_at_the_bss_first(charged):
    p, user, bss = charged
    user.press("buy")
    assert outcome(user) == ("boost", "purchased") and pages.boosts(p.line) == [(166, 5400, "active")]
    order, = bss.orders()
    assert order["operation"] == "service-on" and "DataBoost-166" in json.dumps(order) and p.imsi in json.dumps(order)


def test_copies_of_the_press_order_once(charged):
    p, user, bss = charged
    form = {name: user.hidden(name) for name in ("step", "version", "shown")}
    users = [pages.user(user.target, "boost") for _ in range(4)]
    for one in users:
        one.cookie = user.cookie
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert {r.status for r in pool.map(lambda u: u.send("POST", "/web/boost", {**form, "do": "buy"}), users)} == {303}
    harness.wait_for(lambda: pages.boosts(p.line) == [(166, 5400, "active")], 5, "the purchase")
    assert len(bss.orders()) == 1


# proves: D-023
def test_a_refused_payment_is_told(charged):
    p, user, bss = charged
    bss.answer = (200, {"result": "refused", "reason": "17"})
    user.press("buy")
    assert outcome(user) == ("boost", "failed") and 'data-code="2"' in user.text and "payment was refused" in user.text
    assert not pages.boosts(p.line)


def test_after_silence_of_the_bss_the_same_order_is_asked_for(charged):
    p, user, bss = charged
    bss.answer = (503, {})
    user.act("buy")
    assert user.reply.status == 503 and user.title() == "Please try again later" and not pages.boosts(p.line)
    bss.answer = (200, {"result": "done"})
    user.send("GET", "/web/boost")
    assert user.title() == "Please check and buy"
    before = len(bss.asked)
    user.press("buy")
    assert outcome(user) == ("boost", "purchased") and len(pages.boosts(p.line)) == 1
    assert "status" in bss.asked[before][0]  # looked for before it is sent again
    assert len({order["key"] for order in bss.orders()}) == 1


def test_orders_need_a_bss(build, make_daemon):
    daemon = make_daemon(start=False, **pages.overrides(boost_order=True))
    done = subprocess.run([build.daemon, "--check=files", "-c", daemon.conf_path], capture_output=True, text=True, timeout=60,
                          env=harness.environment())
    assert done.returncode != 0 and "boost_order needs a bss.type" in done.stdout + done.stderr, done

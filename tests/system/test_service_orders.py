# SPDX-License-Identifier: Apache-2.0
"""Boosts that the BSS charges (websheet.boost_order): what was ordered there is had by the line, or it is taken back, whatever
becomes of user, page, plan and node in between."""
import concurrent.futures
import json
import os

import psycopg
import pytest

import harness
import portal
import service_pages as pages
from test_service_pages import outcome
from test_services_operator import Bss

TOKEN = "events-token-of-at-least-32-bytes-length"


class Orders(Bss):
    """The same BSS with answers of their own for an order's state, its end and what is given back."""

    def __init__(self):
        super().__init__()
        self.now = {"/status": (404, {"code": "unknown"}), "/cancel": (200, {"result": "done"}), "/compensations": (200, {"result": "done"})}
        handler = self.server.RequestHandlerClass

        def answer(request):
            body = json.loads(request.rfile.read(int(request.headers.get("Content-Length", 0))) or b"{}")
            self.asked.append((request.path, body))
            self.delay.wait(20)
            status, found = next((self.now[end] for end in self.now if request.path.endswith(end)), self.answer)
            text = json.dumps(found).encode()
            request.send_response(status)
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(text)))
            request.end_headers()
            request.wfile.write(text)

        handler.do_POST = handler.do_GET = answer

    def calls(self, end):
        return [body for path, body in self.asked if path.endswith(end)]

    def ordered(self):
        return [body for path, body in self.asked if not path.endswith(tuple(self.now))]


@pytest.fixture(scope="module")
def site(make_module_daemon, tmp_path_factory):
    bss = Orders()
    path = os.path.join(str(tmp_path_factory.mktemp("cb")), "cb.sock")
    daemon = make_module_daemon(bss={"type": "rest", "url": bss.url, "auth": "none", "timeout": "2s", "events_token": TOKEN},
                                callback={"listen": [path]}, **pages.overrides(boost_order=True))
    daemon.events_socket = path
    yield daemon, bss
    bss.close()


@pytest.fixture
def shop(site, phone):
    """Function: (phone, user at the last press, BSS)."""
    daemon, bss = site
    bss.__dict__.update(answer=(200, {"result": "done"}), asked=[])
    bss.now.update({"/status": (404, {"code": "unknown"}), "/cancel": (200, {"result": "done"})})
    p = phone(at=daemon)
    pages.subscribe(p.line)

    def make():
        user = pages.user(p.target, "boost")
        user.begin(pages.reference(p, "boost"))
        user.press("next")
        return user
    return p, make, bss


def state(p):
    return [row[0] for row in p.line.cluster.sql("SELECT state FROM boost_order WHERE imsi = %s ORDER BY created_at", p.imsi)]


def look(p):
    """The background finds the line's orders due."""
    p.line.cluster.sql("UPDATE boost_order SET due_at = now() WHERE imsi = %s AND due_at IS NOT NULL", p.imsi)


def becomes(p, *wanted):
    harness.wait_for(lambda: state(p) == list(wanted), 8, f"order in state {wanted}, not {state(p)}")


def shown(p):
    return [row[2] for row in pages.boosts(p.line)]


def test_an_order_that_is_done_is_not_looked_at_again(shop):
    p, make, bss = shop
    user = make()
    user.press("buy")
    assert outcome(user) == ("boost", "purchased") and shown(p) == ["active"] and state(p) == ["done"]
    assert len(bss.ordered()) == 1 and not bss.calls("/status") and not bss.calls("/cancel")


# proves: D-023
def test_a_boost_ends_when_the_bss_refuses_its_order_afterwards(shop):
    p, make, bss = shop
    bss.answer = (200, {"result": "pending", "order": "o-1"})
    user = make()
    user.press("buy")
    assert outcome(user) == ("boost", "purchased") and shown(p) == ["active"] and state(p) == ["pending"]
    bss.now["/status"] = (200, {"result": "pending"})
    look(p)
    harness.wait_for(lambda: bss.calls("/status"), 8, "a question")
    assert shown(p) == ["active"]
    bss.now["/status"] = (200, {"result": "refused"})
    becomes_due = lambda: look(p) or state(p) == ["over"]
    harness.wait_for(becomes_due, 8, "the refusal")
    assert shown(p) == ["none"] and not bss.calls("/cancel")
    assert pages.ask(p, "boost")["ProvStatus"] == "0"  # to be bought
    assert bss.calls("/status")[0]["key"] == bss.ordered()[0]["key"]


def test_an_order_that_the_bss_has_done_afterwards_stays(shop):
    p, make, bss = shop
    bss.answer = (202, {})
    make().press("buy")
    bss.now["/status"] = (200, {"result": "done"})
    look(p)
    becomes(p, "done")
    assert shown(p) == ["active"]


def test_an_event_of_the_bss_is_followed_at_once(shop, site):
    p, make, bss = shop
    bss.answer = (202, {})
    make().press("buy")
    p.line.cluster.sql("UPDATE boost_order SET due_at = now() + interval '1 hour' WHERE imsi = %s", p.imsi)
    bss.now["/status"] = (200, {"result": "refused"})
    connection = portal.UnixConnection(site[0].events_socket)
    connection.request("POST", "/bss/events", json.dumps({"type": "order", "event_id": f"e-{p.imsi}", "key": bss.ordered()[0]["key"],
                                                          "result": "refused"}), {"Authorization": f"Bearer {TOKEN}"})
    assert connection.getresponse().status == 204
    becomes(p, "over")
    assert shown(p) == ["none"]


def test_what_is_ordered_and_cannot_be_had_is_taken_back(shop):
    """While the BSS thinks about it the plan stops selling it."""
    p, make, bss = shop
    user = make()
    bss.delay.clear()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        press = pool.submit(user.press, "buy")
        harness.wait_for(bss.ordered, 5, "the order")
        p.line.cluster.sql("UPDATE plan_boost SET offer = 'refused' WHERE plan = %s", f"p{p.imsi}")
        bss.delay.set()
        press.result()
    assert outcome(user) == ("boost", "failed") and not pages.boosts(p.line)
    becomes(p, "over")
    assert [call["key"] for call in bss.calls("/cancel")] == [bss.ordered()[0]["key"]]


def test_what_is_not_sold_any_more_is_not_ordered(shop):
    p, make, bss = shop
    user = make()
    p.line.set(line_state="suspended")
    user.press("buy")
    assert not bss.ordered() and not pages.boosts(p.line) and state(p) == []


def test_what_cannot_be_cancelled_is_compensated(shop):
    p, make, bss = shop
    bss.answer = (503, {})
    user = make()
    user.act("buy")
    assert user.reply.status == 503 and state(p) == ["asked"]
    bss.now["/cancel"] = (200, {"result": "refused"})
    look(p)
    becomes(p, "over")
    back, = bss.calls("/compensations")
    assert back["key"] == bss.ordered()[0]["key"] + "-back" and bss.ordered()[0]["key"] in json.dumps({**back, "key": ""})
    assert not pages.boosts(p.line)
    # The reference buys nothing any more: its order is gone. A new one does.
    bss.answer = (200, {"result": "done"})
    user.send("GET", "/web/boost")
    user.act("buy")
    assert user.reply.status == 403 and not pages.boosts(p.line) and len(bss.ordered()) == 1
    again = make()
    again.press("buy")
    assert outcome(again) == ("boost", "purchased") and shown(p) == ["active"]


def test_a_user_who_goes_away_after_silence_does_not_pay(shop):
    p, make, bss = shop
    bss.answer = (503, {})
    user = make()
    user.act("buy")
    assert user.reply.status == 503
    user.send("GET", "/web/boost")
    user.press("dismiss")
    assert outcome(user) == ("boost", "dismissed")
    look(p)
    becomes(p, "over")
    assert len(bss.calls("/cancel")) == 1 and not pages.boosts(p.line)


def test_after_silence_and_a_new_session_the_order_is_looked_for(shop):
    """The session is lost (its table is unlogged) and the same reference opens another one."""
    p, _, bss = shop
    data = pages.reference(p, "boost")
    user = pages.user(p.target, "boost")
    user.begin(data)
    user.press("next")
    bss.answer = (503, {})
    user.act("buy")
    p.line.cluster.sql("DELETE FROM sheet_session WHERE imsi = %s", p.imsi)
    bss.answer, bss.now["/status"] = (200, {"result": "refused"}), (200, {"result": "done"})
    user.cookie = None
    user.begin(data)
    user.press("next")
    user.press("buy")
    assert outcome(user) == ("boost", "purchased") and shown(p) == ["active"] and state(p) == ["done"]
    assert len(bss.calls("/status")) == 1 and len(bss.ordered()) == 1


def test_a_second_hand_over_takes_the_silent_order_of_the_first_back(shop):
    p, make, bss = shop
    one, two = make(), make()
    bss.answer = (503, {})
    one.act("buy")
    bss.answer = (200, {"result": "done"})
    two.press("buy")
    assert outcome(two) == ("boost", "purchased")
    becomes(p, "over", "done")
    first, second = (body["key"] for body in bss.ordered())
    assert first != second and [call["key"] for call in bss.calls("/cancel")] == [first]
    assert shown(p) == ["active"]


def test_two_sessions_at_once_order_once(shop):
    p, make, bss = shop
    users = [make() for _ in range(3)]
    bss.delay.clear()
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        presses = [pool.submit(user.press, "buy") for user in users]
        harness.wait_for(lambda: sum(press.done() for press in presses) == 2, 5, "the others to be sent back")
        bss.delay.set()
        for press in presses:
            press.result()
    assert len(bss.ordered()) == 1 and len(pages.boosts(p.line)) == 1 and state(p) == ["done"]
    assert sorted(str(outcome(user)) for user in users)[:1] == ["('boost', 'purchased')"]
    for user in users:
        user.send("GET", "/web/boost")
    assert len(bss.ordered()) == 1


def test_an_order_of_a_deleted_subscriber_is_taken_back(shop):
    p, make, bss = shop
    bss.answer = (503, {})
    make().act("buy")
    p.line.cluster.sql("DELETE FROM subscriber WHERE imsi = %s", p.imsi)
    look(p)
    becomes(p, "over")
    assert len(bss.calls("/cancel")) == 1


def test_a_crash_behind_the_order_is_made_good(shop, site):
    """As left behind by a node that died between the BSS and the purchase: the lease ends, nobody has bought."""
    p, _, bss = shop
    p.line.cluster.sql("INSERT INTO boost_order (imsi, key, boost_type, due_at, leased_until) VALUES (%s, %s, 166, now(), now())",
                       p.imsi, f"k{p.imsi}")
    becomes(p, "over")
    call, = bss.calls("/cancel")
    assert call["key"] == f"k{p.imsi}" and p.imsi in json.dumps(call)
    text = site[0].text()
    assert p.imsi not in text and p.line.msisdn not in text


def test_what_the_bss_neither_cancels_nor_compensates_is_told(shop, site):
    p, make, bss = shop
    bss.answer = (503, {})
    make().act("buy")
    bss.now["/cancel"] = bss.now["/compensations"] = (200, {"result": "refused"})
    try:
        look(p)
        becomes(p, "refused")
    finally:
        bss.now["/compensations"] = (200, {"result": "done"})
    assert "compensate -> refused" in site[0].text() and not pages.boosts(p.line)


def test_an_order_that_the_bss_has_lost_ends_its_boost(shop):
    p, make, bss = shop
    bss.answer = (202, {})
    make().press("buy")
    look(p)
    harness.wait_for(lambda: bss.calls("/status"), 8, "a question")
    assert state(p) == ["pending"] and shown(p) == ["active"]  # it may need a moment to find it
    p.line.cluster.sql("UPDATE boost_order SET tries = 4, due_at = now(), leased_until = NULL WHERE imsi = %s", p.imsi)
    becomes(p, "over")
    assert shown(p) == ["none"]


def test_reports_presses_and_events_of_one_line_do_not_lock_each_other_out(shop):
    """All that changes boosts and accounts of a line takes its locks in one order."""
    p, _, _ = shop
    account = bytes(range(1, 9))
    report = ("SELECT verdict FROM portal_report_result('shop', %s, sha256(%s::bytea), sha256('r'), %s, 'changed', "
              "now() + interval '1 hour', 's', '{}', 'partner:shop', %s, 166::smallint, %s, NULL, %s)")

    def reports(one, n):
        return [one(report, f"{p.imsi}-{n}-{i}-{result}", f"{p.imsi}-{n}-{i}-{result}".encode(), p.imsi, result, f"l{n}-{i}", account)
                for i in range(40) for result in ("purchased", "activated")]

    def presses(one, n):
        return [one(text, *values) for i in range(40) for text, values in (
            ("SELECT (boost_buy(%s, 166::smallint, %s, NULL, 'subscriber', 's')).verdict", (p.imsi, f"b{n}-{i}")),
            ("SELECT billing_set(%s, %s, NULL, 1::smallint, %s, true, 'bss', 's')", (p.imsi, account, ("wanted", "active")[i % 2])),
            ("SELECT boost_order_begin(%s, 166::smallint, %s, 1, 1)", (p.imsi, f"o{n}-{i}")),
            ("SELECT (boost_order_buy(%s, 166::smallint, %s, false, NULL, 'subscriber', 's')).verdict", (p.imsi, f"o{n}-{i}")),
            ("SELECT boost_end(%s, 166::smallint, 'bss', 's')", (p.imsi,)))]

    def run(what, n):
        with psycopg.connect(p.line.cluster.conninfo, autocommit=True) as own:
            return what(lambda text, *values: own.execute(text, values).fetchone()[0], n)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        work = [pool.submit(run, what, n) for n, what in enumerate((reports, presses, reports, presses))]
        found = {verdict for one in work for verdict in one.result()}  # a deadlock raises here
    assert {"done", "repeated"} <= found <= {"done", "repeated", "other", "closed", "refused", "gone", "order", "held", "busy", "again"}

# SPDX-License-Identifier: Apache-2.0
"""The operator's interface: roles of sockets, refusals that name the fault, changes that devices see at once, explanations
that agree with the document, references of portals, orders, audit."""
import datetime
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import psycopg
import pytest

import client
import harness

ALL = ["ap2003", "ap2004", "ap2005"]


def later(**what):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**what)).strftime("%Y-%m-%dT%H:%M:%SZ")


def sid_of(document):
    return urllib.parse.parse_qs(document["ap2004"]["ServiceFlow_UserData"])["sid"][0]


@pytest.fixture(scope="module")
def guarded(make_module_daemon, area):
    """A daemon with all three sockets."""
    return make_module_daemon(admin={"care_socket": os.path.join(area, "care.sock"),
                                     "viewer_socket": os.path.join(area, "viewer.sock")})


# ---- the process ----

def test_health_and_readiness(daemon):
    assert daemon.admin("GET", "/health") == (200, {"status": "alive"})
    assert daemon.admin("GET", "/ready") == (200, {"status": "ready"})
    assert daemon.metrics_target.request("GET", "/ready").status == 200
    assert daemon.metrics_target.request("HEAD", "/ready").status == 200


def test_metrics_are_clean_for_prometheus(daemon):
    text = daemon.metrics_text()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    status, same = daemon.admin("GET", "/metrics")
    assert status == 200 and same.splitlines()[0] == text.splitlines()[0]


def test_the_metrics_address_serves_nothing_else(daemon):
    for path in ("/v1/status", "/v1/config", "/v1/plans", "/", "/v1/subscribers/001010000000001"):
        assert daemon.metrics_target.request("GET", path).status == 404, path
    assert daemon.metrics_target.request("POST", "/v1/reload").status == 404


def test_status_tells_the_state_of_the_node(daemon):
    status, found = daemon.admin("GET", "/v1/status")
    assert status == 200
    assert found["workers"] == 2 and found["database_up"] is True and found["draining"] is False
    assert re.fullmatch("[0-9a-f]{16}", found["policy_hash"]) and found["mode"] == "lab"
    assert 20 <= found["certificate_days_left"] <= 30
    assert found["database_connections"] == 4


def test_configuration_is_shown_without_secrets(daemon):
    status, text = daemon.admin("GET", "/v1/config")
    assert status == 200 and "conninfo" in text and "dbname=" not in text
    assert f'socket: "{daemon.settings["admin"]["socket"]}"' in text


def test_reload_is_asked_for_and_happens(daemon):
    before = daemon.mark()
    status, found = daemon.admin("POST", "/v1/reload")
    assert status == 202 and found["status"] == "reload requested"
    daemon.wait_event("RELOAD", before, "were taken over")
    assert daemon.admin("GET", "/v1/status")[1]["reloads"] == found["reloads"] + 1


def test_without_database_the_node_is_not_ready_and_says_why(make_daemon, cluster):
    own = make_daemon()
    cluster.stop()
    try:
        def unready():
            status, found = own.admin("GET", "/ready")
            return status == 503 and found
        assert harness.wait_for(unready, 10, "503")["error"].startswith("the database is not reachable")
        assert own.admin("GET", "/health")[0] == 200
        status, found = own.admin("PUT", "/v1/plans/dead", {"name": "Dead"})
        assert status == 503 and "database" in found["error"]
    finally:
        cluster.start()
    harness.wait_for(lambda: own.admin("GET", "/ready")[0] == 200, 15, "ready again")


def test_a_node_that_drains_is_not_ready(make_daemon):
    own = make_daemon(server={"drain": "3s"})
    with client.Connection(own.plain) as slow:
        slow.send(b"GET /?app=ap2004 HTTP/1.1\r\nHost: x\r\n")  # keeps a worker from ending
        own.send(signal.SIGTERM)

        def draining():
            try:
                status, found = own.admin("GET", "/ready")
            except (ConnectionError, FileNotFoundError):  # this worker had nothing to wait for
                return "gone"
            return status == 503 and found["error"]
        assert harness.wait_for(draining, 3, "not ready") in ("gone", "this node is shutting down")


# ---- routes and roles ----

def test_unknown_paths_and_methods(daemon):
    for path in ("/v1/nothing", "/v1/plans/", "/v1//plans", "/v1/subscribers/001010000000001/services"):
        assert daemon.admin("GET", path)[0] == 404, path
    target = client.Target(unix=daemon.settings["admin"]["socket"])
    reply = target.request("DELETE", "/v1/plans/full")
    assert reply.status == 405 and reply.header("Allow") == "GET, HEAD, PUT"


CALLS = [("viewer", "GET", "/v1/plans"), ("viewer", "POST", "/v1/explain"), ("care", "GET", "/v1/subscribers/001010000000001"),
         ("care", "POST", "/v1/subscribers/001010000000001/revoke"),
         ("care", "PUT", "/v1/subscribers/001010000000001/services/vowifi"),
         ("admin", "PUT", "/v1/subscribers/001010000000001"), ("admin", "POST", "/v1/flow-references"),
         ("admin", "GET", "/v1/audit"), ("admin", "POST", "/v1/reload"), ("admin", "GET", "/v1/config"),
         ("admin", "PUT", "/v1/devices/350000000000001")]


@pytest.mark.parametrize("need,method,path", CALLS)
def test_a_socket_gives_its_role_and_no_more(guarded, need, method, path):
    order = ["viewer", "care", "admin"]
    for role in order:
        where = guarded.settings["admin"]["socket" if role == "admin" else f"{role}_socket"]
        if path == "/v1/reload" and role == "admin":
            continue
        status, found = guarded.admin(method, path, {"not": "a member"} if method != "GET" else None, where)
        if order.index(role) < order.index(need):
            assert status == 403 and role in found["error"], (role, found)
        else:
            assert status in (200, 400, 404), (role, found)


def test_admin_sockets_are_closed_to_others(guarded):
    for name in ("socket", "care_socket", "viewer_socket"):
        assert os.stat(guarded.settings["admin"][name]).st_mode & 0o777 == 0o660


# ---- refusals ----

BAD = [
    ("PUT", "/v1/subscribers/{imsi}", {"plan": "full", "colour": "red"}, "colour"),
    ("PUT", "/v1/subscribers/{imsi}", {"msisdn": "12"}, "msisdn"),
    ("PUT", "/v1/subscribers/{imsi}", {"line_state": "asleep"}, "line_state"),
    ("PUT", "/v1/subscribers/{imsi}", {"visited_plmn": "abc"}, "visited_plmn"),
    ("PUT", "/v1/subscribers/{imsi}", {"plan": ""}, "plan"),
    ("PUT", "/v1/subscribers/12ab", {"plan": "full"}, "imsi"),
    ("PUT", "/v1/subscribers/{imsi}/services/vowifi", {"tc_status": 4}, "tc_status"),
    ("PUT", "/v1/subscribers/{imsi}/services/vowifi", {"tc_status": "1"}, "tc_status"),
    ("PUT", "/v1/subscribers/{imsi}/services/vowifi", {"addr_expiry": "soon"}, "addr_expiry"),
    ("PUT", "/v1/subscribers/{imsi}/services/vowife", {"tc_status": 1}, "service"),
    ("PUT", "/v1/plans/Gold", {"name": "Gold"}, "plan"),
    ("PUT", "/v1/plans/gold", {"features": ["Vo Wifi"]}, "features"),
    ("PUT", "/v1/devices/models/1234", {"vendor": "a", "model": "b", "category": "phone"}, "tac"),
    ("PUT", "/v1/devices/models/12345678", {"vendor": "a", "model": "b"}, "category"),
    ("PUT", "/v1/devices/350000000000001", {"state": "lost"}, "state"),
    ("POST", "/v1/notices", {"service": "vowifi", "effect": "info", "message_key": "nope", "ends_at": "2999-01-01"}, "message_key"),
    ("POST", "/v1/notices", {"service": "vowifi", "effect": "info", "message_key": "outage", "ends_at": "2001-01-01"}, "ends_at"),
    ("POST", "/v1/explain", {"app": "ap2004"}, "imsi"),
    ("POST", "/v1/explain", {"imsi": "{imsi}", "app": "ap9999"}, "app"),
    ("POST", "/v1/explain", {"imsi": "{imsi}", "at": "yesterday"}, "at"),
    ("GET", "/v1/audit?limit=0", None, "limit"),
    ("GET", "/v1/audit?lmit=1", None, "lmit"),
    ("GET", "/v1/subscribers", None, "msisdn"),
]


@pytest.mark.parametrize("method,path,body,field", BAD)
def test_a_refusal_names_the_field(daemon, lines, method, path, body, field):
    line = lines.take()
    text = json.dumps(body).replace("{imsi}", line.imsi).encode() if body is not None else None
    before = lines.cluster.one("SELECT count(*) FROM audit")
    status, found = daemon.admin(method, path.replace("{imsi}", line.imsi), text)
    assert status == 400 and found["field"] == field and found["error"].startswith(field), found
    assert lines.cluster.one("SELECT count(*) FROM audit") == before


def test_bodies_that_are_no_json(daemon, lines):
    path = f"/v1/subscribers/{lines.take().imsi}"
    for body in (b"{", b"[]", b'{"plan":"full","plan":"full"}', b"\xff", b'{"plan":1}', b'"plan"'):
        status, found = daemon.admin("PUT", path, body)
        assert status == 400 and found["error"], body


def test_unknown_plan_is_refused_in_words(daemon, lines):
    status, found = daemon.admin("PUT", f"/v1/subscribers/{lines.take().imsi}", {"plan": "no-such-plan"})
    assert status == 400 and "plan" in found["error"] and "SQLSTATE" not in found["error"]


# ---- subscribers ----

def test_a_subscriber_is_added_changed_and_found(daemon, cluster, lines):
    path = "/v1/subscribers/001019990000001"
    assert daemon.admin("GET", path)[0] == 404
    status, found = daemon.admin("PUT", path, {"msisdn": "+49 151".replace(" ", "") + "99000001"})
    assert status == 400 and found["field"] == "plan"
    assert daemon.admin("PUT", path, {"plan": "full", "msisdn": "+4915199000001"}) == \
        (201, {"imsi": "001019990000001", "created": True})
    status, found = daemon.admin("PUT", path, {"line_state": "suspended", "language": "de-AT"})
    assert status == 200 and found["created"] is False
    status, found = daemon.admin("GET", path)
    assert status == 200 and found["msisdn"] == "4915199000001" and found["has_key"] is False
    assert found["line_state"] == "suspended" and found["language"] == "de-AT" and found["plan"] == "full"
    for number in ("4915199000001", "%2B4915199000001", "+4915199000001"):
        status, rows = daemon.admin("GET", f"/v1/subscribers?msisdn={number}")
        assert status == 200 and [r["imsi"] for r in rows["subscribers"]] == ["001019990000001"]
    assert daemon.admin("PUT", path, {"language": "", "msisdn": None})[0] == 200
    status, found = daemon.admin("GET", path)
    assert found["language"] is None and found["msisdn"] == "4915199000001"


# proves: A-011
def test_revoked_tokens_are_refused_at_the_next_request(daemon, phone):
    p = phone()
    p.login()
    assert p.query().status == 200
    before = daemon.mark()
    status, found = daemon.admin("POST", f"/v1/subscribers/{p.imsi}/revoke", {"reason": "phone lost"})
    assert status == 200 and found["token_generation"] == 1
    assert p.query().status == 511
    assert daemon.events("TOKEN_REVOKED", before)


# proves: V-012 V-014 V-019
def test_what_the_portal_tells_is_in_the_next_document(daemon, phone):
    p = phone(ready=False)
    assert p.login()["ap2004"]["TC_Status"] == "0"
    path = f"/v1/subscribers/{p.imsi}/services/vowifi"
    assert daemon.admin("PUT", path, {"tc_status": 1, "tc_version": 3, "addr_status": 1, "addr_identifier": "home-1",
                                      "addr_expiry": later(days=30)})[0] == 200
    block = p.ask()["ap2004"]
    assert block["EntitlementStatus"] == "3" and block["AddrIdentifier"] == "home-1"
    harness.wait_for(lambda: "vowifi" in p.line.orders(), 5, "the order that this answer called for")
    assert daemon.admin("PUT", path, {"prov_status": 1})[0] == 200
    block = p.ask()["ap2004"]
    assert (block["EntitlementStatus"], block["ProvStatus"], block["TC_Status"], block["AddrStatus"]) == ("1", "1", "1", "1")
    assert daemon.admin("DELETE", path)[0] == 200
    assert p.ask()["ap2004"]["TC_Status"] == "0"
    assert daemon.admin("DELETE", path)[0] == 404


def test_a_closed_portal_keeps_the_answer_for_a_moment(daemon, phone):
    p = phone(ready=False)
    p.login()
    assert daemon.admin("PUT", f"/v1/subscribers/{p.imsi}/services/vowifi",
                        {"tc_status": 1, "addr_status": 1, "flow_closed": True})[0] == 200
    assert p.ask()["ap2004"]["EntitlementStatus"] == "0"
    status, found = daemon.admin("POST", "/v1/explain", {"imsi": p.imsi, "app": "vowifi"})
    assert "closed a moment ago" in found["applications"][0]["summary"]


# ---- plans, devices, notices ----

def test_plans(daemon, phone, lines):
    assert daemon.admin("PUT", "/v1/plans/data-only", {"name": "Data only", "features": []})[0] == 201
    p = phone()
    p.login()
    assert daemon.admin("PUT", f"/v1/subscribers/{p.imsi}", {"plan": "data-only"})[0] == 200
    assert p.ask()["ap2004"]["EntitlementStatus"] == "2"
    assert daemon.admin("PUT", "/v1/plans/data-only", {"features": ["vowifi"]})[0] == 200
    assert p.ask()["ap2004"]["EntitlementStatus"] == "1"
    status, found = daemon.admin("GET", "/v1/plans/data-only")
    assert found["features"] == ["vowifi"] and found["name"] == "Data only"
    assert "data-only" in [row["plan"] for row in daemon.admin("GET", "/v1/plans")[1]["plans"]]
    assert daemon.admin("GET", "/v1/plans/none")[0] == 404


def test_brands_and_their_language(daemon, lines):
    assert daemon.admin("PUT", "/v1/brands/second", {"name": "Second", "default_language": "de"})[0] == 200
    status, found = daemon.admin("PUT", "/v1/brands/second", {"name": "Second", "default_language": "no language"})
    assert status == 400
    line = lines.take(brand="second")
    assert daemon.admin("POST", "/v1/explain", {"imsi": line.imsi})[1]["document"]["language"] == "de"


def test_device_models_and_marks(daemon, lines, phone):
    tac = "35777001"
    assert daemon.admin("GET", f"/v1/devices/models/{tac}")[0] == 404
    assert daemon.admin("PUT", f"/v1/devices/models/{tac}", {"vendor": "ACME", "model": "Two", "category": "phone",
                                                             "capabilities": ["volte"]})[0] == 200
    assert daemon.admin("GET", f"/v1/devices/models/{tac}")[1]["capabilities"] == ["volte"]
    p = phone(terminal_id=lines.imei(tac))
    assert p.login()["ap2004"]["EntitlementStatus"] == "2"
    assert daemon.admin("PUT", f"/v1/devices/models/{tac}", {"vendor": "ACME", "model": "Two", "category": "phone",
                                                             "capabilities": ["volte", "vowifi"]})[0] == 200
    assert p.ask()["ap2004"]["EntitlementStatus"] == "1"
    mark = f"/v1/devices/{p.terminal_id}"
    assert daemon.admin("GET", mark)[0] == 404
    assert daemon.admin("PUT", mark, {"state": "stolen", "reason": "case 17"})[0] == 200
    assert daemon.admin("GET", mark)[1]["reason"] == "case 17"
    assert p.ask()["ap2004"]["EntitlementStatus"] == "2"
    assert daemon.admin("DELETE", mark)[0] == 200
    assert p.ask()["ap2004"]["EntitlementStatus"] == "1"
    assert daemon.admin("DELETE", mark)[0] == 404


def test_a_notice_changes_answers_while_it_is_active(daemon, phone, lines):
    brand = "notice-brand"
    assert daemon.admin("PUT", f"/v1/brands/{brand}", {"name": "Notice brand"})[0] == 200
    p = phone(brand=brand)
    assert p.login()["ap2004"]["EntitlementStatus"] == "1"
    body = {"service": "vowifi", "effect": "unavailable", "brand": brand, "message_key": "maintenance", "ends_at": later(hours=2)}
    status, found = daemon.admin("POST", "/v1/notices", body)
    assert status == 201
    block = p.ask()["ap2004"]
    assert block["EntitlementStatus"] == "2" and "working on the service" in block["MessageForIncompatible"]
    rows = {row["id"]: row for row in daemon.admin("GET", "/v1/notices?limit=1000")[1]["notices"]}
    assert rows[found["id"]]["active"] is True
    assert daemon.admin("DELETE", f"/v1/notices/{found['id']}")[0] == 200
    assert p.ask()["ap2004"]["EntitlementStatus"] == "1"
    assert daemon.admin("DELETE", f"/v1/notices/{found['id']}")[0] == 404


# ---- explain ----

def without_fresh(text):
    return re.sub(r"sid=[a-z0-9]+", "sid=", text)


@pytest.mark.parametrize("kind", ["ready", "new", "poor"])
def test_the_explained_document_is_the_one_that_the_device_gets(daemon, phone, kind):
    p = phone(ready=kind == "ready", features=["volte"] if kind == "poor" else None)
    if kind != "ready":
        p.version = "8.0"
    p.login(ALL)
    document = p.ask(ALL)
    status, found = daemon.admin("POST", "/v1/explain", {"imsi": p.imsi, "apps": ALL, "terminal_id": p.terminal_id,
                                                         "version": p.version})
    assert status == 200
    explained = client.read_xml(found["document"]["text"])
    assert explained.token is None and explained.content == document.content
    assert [int(a["status"]) for a in found["applications"][1:]] == [document.status("ap2004"), document.status("ap2005")]
    assert found["document"]["version"] >= document.version
    assert p.imsi not in json.dumps(found).replace(f"p{p.imsi}", "plan")


def test_explain_names_rule_fact_and_what_the_phone_does(daemon, lines):
    line = lines.take(features=["volte"])
    status, found = daemon.admin("POST", "/v1/explain", {"imsi": line.imsi, "app": "vowifi"})
    app = found["applications"][0]
    assert app["rule"] == "not-in-plan" and app["status_word"] == "incompatible"
    assert app["summary"].startswith("Wi-Fi calling is off") and "plan.features has not vowifi" in app["summary"]
    assert "Your plan does not include this service" in app["phone"]
    rule = [r for r in app["explanation"]["rules"] if r["name"] == "not-in-plan"][0]
    assert rule["matches"] is True and "offer" in rule["decided"]
    assert found["facts"]["plan.features"] == "[volte]"


def test_explain_by_number_and_for_strangers(daemon, lines):
    line, twin = lines.take(), lines.take()
    assert daemon.admin("POST", "/v1/explain", {"msisdn": line.value("msisdn")})[1]["known"] is True
    twin.set(msisdn=line.value("msisdn"))
    status, found = daemon.admin("POST", "/v1/explain", {"msisdn": line.value("msisdn")})
    assert status == 409 and "IMSI" in found["error"]
    assert daemon.admin("POST", "/v1/explain", {"msisdn": "4999999999"})[0] == 404
    status, found = daemon.admin("POST", "/v1/explain", {"imsi": "001018888888888"})
    assert status == 200 and found["known"] is False and "403" in found["note"]


def test_explain_at_a_time_takes_the_notices_of_that_time(daemon, lines):
    brand = "later-brand"
    daemon.admin("PUT", f"/v1/brands/{brand}", {"name": "Later"})
    line = lines.take(brand=brand)
    status, notice = daemon.admin("POST", "/v1/notices", {
        "service": "vowifi", "effect": "unavailable", "brand": brand, "message_key": "outage",
        "starts_at": later(days=2), "ends_at": later(days=3)})
    assert status == 201
    def state(**when):
        body = {"imsi": line.imsi, "app": "ap2004", **when}
        return daemon.admin("POST", "/v1/explain", body)[1]["applications"][0]["status"]
    try:
        assert [state(), state(at=later(days=1)), state(at=later(days=2, hours=1)), state(at=later(days=4))] == [1, 1, 2, 1]
    finally:
        daemon.admin("DELETE", f"/v1/notices/{notice['id']}")


def test_a_viewer_does_not_see_the_data_for_the_portal(guarded, lines):
    body = {"imsi": lines.take(ready=False).imsi, "app": "ap2004"}
    texts = {role: guarded.admin("POST", "/v1/explain", body, guarded.settings["admin"][socket])[1]["document"]["text"]
             for role, socket in (("viewer", "viewer_socket"), ("care", "care_socket"))}
    assert "sid=" in texts["care"] and "sid=" not in texts["viewer"] and 'value="hidden"' in texts["viewer"]


def test_an_application_that_is_not_offered(daemon, lines):
    found = daemon.admin("POST", "/v1/explain", {"imsi": lines.take().imsi, "apps": ["ap2016"]})[1]["applications"][0]
    assert found["offered"] is False and found["explanation"] is None and "not offered" in found["summary"]


# ---- portals and provisioning ----

# proves: V-017 V-018
def test_a_portal_resolves_its_reference(daemon, phone):
    p = phone(ready=False)
    data = p.login()["ap2004"]["ServiceFlow_UserData"]
    assert p.imsi not in data and p.line.value("msisdn") not in data
    sid = urllib.parse.parse_qs(data)["sid"][0]
    status, found = daemon.admin("POST", "/v1/flow-references", {"reference": sid})
    assert status == 200
    assert (found["imsi"], found["msisdn"], found["app"]) == (p.imsi, p.line.value("msisdn"), "ap2004")
    assert found["known_state"] is False
    for change in range(0, len(sid), 17):
        forged = sid[:change] + ("a" if sid[change] != "a" else "b") + sid[change + 1:]
        assert daemon.admin("POST", "/v1/flow-references", {"reference": forged})[0] == 404
    assert daemon.admin("POST", "/v1/flow-references", {"reference": p.token})[0] == 404


# proves: V-025
def test_orders_are_listed_and_carried_out(daemon, phone):
    p = phone(ready=False)
    p.login()
    daemon.admin("PUT", f"/v1/subscribers/{p.imsi}/services/vowifi", {"tc_status": 1, "addr_status": 1})
    assert p.ask()["ap2004"]["EntitlementStatus"] == "3"

    def mine():
        rows = daemon.admin("GET", "/v1/orders?limit=1000")[1]["orders"]
        return [row for row in rows if row["imsi"] == p.imsi]
    order = harness.wait_for(mine, 5, "an order")[0]
    assert order["service"] == "vowifi"
    assert daemon.admin("POST", f"/v1/orders/{order['id']}/done", {"provisioned": True})[0] == 200
    assert p.ask()["ap2004"]["EntitlementStatus"] == "1"
    assert daemon.admin("POST", f"/v1/orders/{order['id']}/done")[0] == 404 and not mine()


# ---- audit ----

def test_every_change_is_audited_without_identities(daemon, lines, cluster):
    line = lines.take()
    before, mark = cluster.one("SELECT coalesce(max(id), 0) FROM audit"), daemon.mark()
    imei = lines.imei()
    changes = [
        ("PUT", f"/v1/subscribers/{line.imsi}", {"language": "fr", "msisdn": "4915777000123"}, "subscriber.set"),
        ("PUT", f"/v1/subscribers/{line.imsi}/services/vowifi", {"override": "deny"}, "service.set"),
        ("DELETE", f"/v1/subscribers/{line.imsi}/services/vowifi", None, "service.delete"),
        ("POST", f"/v1/subscribers/{line.imsi}/revoke", {}, "token.revoke"),
        ("PUT", f"/v1/devices/{imei}", {"state": "deny"}, "device.mark"),
        ("DELETE", f"/v1/devices/{imei}", None, "device.unmark"),
        ("PUT", "/v1/plans/audited", {"name": "A"}, "plan.add"),
        ("PUT", "/v1/plans/audited", {"name": "B"}, "plan.set"),
    ]
    for method, path, body, _ in changes:
        assert daemon.admin(method, path, body)[0] in (200, 201), path
    status, found = daemon.admin("GET", "/v1/audit?limit=50")
    rows = [row for row in found["audit"] if row["id"] > before]
    assert [row["action"] for row in reversed(rows)] == [change[3] for change in changes]
    assert all(row["actor"] == "socket:admin" and row["role"] == "admin" for row in rows)
    text = json.dumps(rows) + daemon.text(mark)
    for identity in (line.imsi, "4915777000123", imei):
        assert identity not in text, identity
    masked = f"{line.imsi[:5]}*******{line.imsi[-3:]}"
    assert {row["subject"] for row in rows if row["action"].startswith(("subscriber", "service", "token"))} == {masked}
    assert len(daemon.events("ADMIN", mark)) >= len(changes)
    older = daemon.admin("GET", f"/v1/audit?limit=2&before={rows[0]['id']}")[1]["audit"]
    assert [row["id"] for row in older] == [rows[1]["id"], rows[2]["id"]]


def test_a_client_that_leaves_does_not_leave_a_change_unaudited(daemon, lines, cluster):
    line = lines.take()
    gone = daemon.metric("ecs_clients_gone_total")
    with psycopg.connect(cluster.conninfo) as other:
        other.execute("SELECT FROM subscriber WHERE imsi = %s FOR UPDATE", (line.imsi,))
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(daemon.settings["admin"]["socket"])
            raw.sendall(client.request_bytes("PUT", f"/v1/subscribers/{line.imsi}", (), b'{"language":"fr"}'))
            harness.wait_for(lambda: cluster.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), 5,
                             "the change waits")
        time.sleep(0.8)  # the server notices the client's leaving after 250 ms
        assert line.value("language") is None
        other.commit()
    harness.wait_for(lambda: line.value("language") == "fr", 5, "the change")
    masked = f"{line.imsi[:5]}*******{line.imsi[-3:]}"
    harness.wait_for(lambda: cluster.one("SELECT count(*) FROM audit WHERE subject_masked = %s AND action = 'subscriber.set'",
                                         masked), 5, "its row in the audit table")
    assert daemon.metric("ecs_clients_gone_total") == gone  # counts devices only


def test_many_calls_at_once(daemon, lines):
    target = client.Target(unix=daemon.settings["admin"]["socket"])
    connections = [client.Connection(target) for _ in range(40)]
    imsis = [lines.take().imsi for _ in connections]
    for connection, imsi in zip(connections, imsis):
        connection.send(client.request_bytes("GET", f"/v1/subscribers/{imsi}"))
    for connection, imsi in zip(connections, imsis):
        reply = connection.reply()
        assert reply.status == 200 and json.loads(reply.body)["imsi"] == imsi
        connection.close()

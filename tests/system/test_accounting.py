# SPDX-License-Identifier: Apache-2.0
"""Accounting of authentications at servers of other makers: FreeRADIUS writes what it takes into its detail file, freeDiameter
gives every ACR to the test. Nothing is lost by a server that is away or a daemon that is killed."""
import json
import os
import signal
import time

import pytest

import diameter
import harness
import wire
from core_network import Aaa, connected, phones, settings
from diameter_peers import Network, missing
from diameter_roles import Cards
from eap_radius import SECRET, Packet, Relay
from radius_peers import FreeRadius, find

needs_freeradius = pytest.mark.skipif(not find("freeradius") and "CI" not in os.environ, reason="freeradius is not installed")
needs_freediameter = pytest.mark.skipif(missing() is not None and "CI" not in os.environ,
                                        reason=f"package {missing()} is not installed")
ACR = diameter.ACR


def radius_settings(port, **more):
    return {"radius_servers": [{"name": "books", "host": "127.0.0.1", "port": port, "secret": SECRET.decode()}],
            "accounting": dict({"via": "radius", "servers": ["books"], "retry": "1s", "longest_retry": "2s", "limit": "3s",
                                "nas_identifier": "ecs-test"}, **more)}


def records(server, *kinds, user=None):
    return [record for record in server.details()
            if record["Acct-Status-Type"] in kinds and user in (None, record.get("User-Name"))]


def wait_records(server, count, user, seconds=15):
    def look():
        found = records(server, "Start", "Stop", user=user)
        return found if len(found) >= count else None
    return harness.wait_for(look, seconds, lambda: f"{count} records of {user}; there are {server.details()}")


def waiting(lines):
    return lines.cluster.one("SELECT count(*) FROM accounting_record")


@pytest.fixture
def empty(lines):
    lines.cluster.sql("DELETE FROM accounting_record")
    yield
    lines.cluster.sql("DELETE FROM accounting_record")


# ---- RADIUS ----

@needs_freeradius
def test_an_authentication_is_a_start_and_a_stop(empty, phone, lines, make_daemon):
    with FreeRadius() as server:
        daemon = make_daemon(**radius_settings(server.acct_port))
        p = phone(at=daemon)
        at = time.time()
        p.login()
        start, stop = wait_records(server, 2, p.eap_id)
        for _ in range(3):
            p.ask()
        exchange = p.challenge()
        assert p.relay(exchange, p.solve(exchange.packet, res=bytes(8))).status == 403
        time.sleep(1.5)
        assert len(records(server, "Start", "Stop")) == 2, "tokens and failures are not accounted"
        daemon.stop()
        assert waiting(lines) <= 1, "Accounting-Off: sent, or a row for whichever node is there"
        daemon.start()
        harness.wait_for(lambda: records(server, "Accounting-Off") and len(records(server, "Accounting-On")) == 2, 10,
                         lambda: f"Accounting-Off and -On {server.details()}")
        harness.wait_for(lambda: waiting(lines) == 0, 5, "the rows are gone")
        found = server.details()
    kinds = [record["Acct-Status-Type"] for record in found]
    assert kinds == ["Accounting-On", "Start", "Stop", "Accounting-Off", "Accounting-On"]
    assert start["Acct-Status-Type"] == "Start" and stop["Acct-Status-Type"] == "Stop"
    assert start["Acct-Session-Id"] == stop["Acct-Session-Id"] and len(start["Acct-Session-Id"]) >= 8
    assert {record["NAS-Identifier"] for record in found} == {"ecs-test"}
    assert start["Acct-Authentic"] == "RADIUS" and "EAP-Message" not in start and "State" not in start
    assert stop.get("Acct-Terminate-Cause")
    stamp = time.mktime(time.strptime(start["Event-Timestamp"].rsplit(" ", 1)[0], "%b %d %Y %H:%M:%S"))
    assert abs(stamp - at) < 86400  # freeradius writes it in the local zone


@needs_freeradius
def test_sessions_have_names_of_their_own(empty, phone, make_daemon):
    with FreeRadius() as server:
        daemon = make_daemon(**radius_settings(server.acct_port))
        p = phone(at=daemon)
        for _ in range(4):
            p.login()
        found = wait_records(server, 8, p.eap_id)
    assert len({record["Acct-Session-Id"] for record in found}) == 4


def test_it_is_off_until_it_is_asked_for(empty, phone, lines, daemon):
    phone().login()
    time.sleep(0.5)
    assert waiting(lines) == 0


def test_what_was_left_when_it_was_switched_off_is_given_up_in_its_time(empty, lines, make_daemon):
    """Identities of subscribers do not stay for ever; what is not that old waits for accounting to be on again."""
    for session, age in (("00000000000000a1", "8 days"), ("00000000000000a2", "1 day")):
        lines.cluster.sql("INSERT INTO accounting_record (kind, session, nas, user_name, event_at) VALUES "
                          f"(1, '{session}', 'ecs', 'somebody', now() - interval '{age}')")
    daemon = make_daemon()
    harness.wait_for(lambda: waiting(lines) == 1, 10, lambda: f"one was given up\n{daemon.text()[-2000:]}")
    assert lines.cluster.one("SELECT session FROM accounting_record") == "00000000000000a2"


@needs_freeradius
def test_records_wait_for_a_server_that_is_away(empty, phone, lines, make_daemon):
    """The phone does not notice, and neither does a killed daemon lose one. The record tells how late it is."""
    with FreeRadius() as probe:
        port, acct_port = probe.port, probe.acct_port
    daemon = make_daemon(**radius_settings(acct_port, limit="1s"))
    p = phone(at=daemon)
    at = time.monotonic()
    p.login()
    assert time.monotonic() - at < 5
    harness.wait_for(lambda: waiting(lines) >= 1, 5, "a row")
    daemon.send(signal.SIGKILL)
    daemon.process.wait(10)
    daemon.process, _ = None, daemon.log_file.close()
    time.sleep(1.2)
    server = FreeRadius.__new__(FreeRadius)
    make_at(server, port, acct_port)
    with server:
        daemon.start()
        found = wait_records(server, 2, p.eap_id, 45)
        harness.wait_for(lambda: waiting(lines) == 0, 10, "the rows are gone")
        assert len(records(server, "Start", user=p.eap_id)) == 1 and len(records(server, "Stop", user=p.eap_id)) == 1
    assert int(found[0]["Acct-Delay-Time"]) >= 1


def make_at(server, port, acct_port):
    """A FreeRadius with ports that are given."""
    from radius_peers import FREERADIUS, Program
    server.port, server.acct_port = port, acct_port
    text = FREERADIUS.format(secret=SECRET.decode(), port=port, acct_port=acct_port, next_port=1)
    Program.__init__(server, "freeradius", {"radiusd.conf": text}, [find("freeradius"), "-fxx", "-l", "stdout", "-d", "@DIR@"],
                     lambda program: "Ready to process requests" in program.log())


@needs_freeradius
@pytest.mark.skipif(not wire.find_tshark() and "CI" not in os.environ, reason="tshark is not installed")
def test_another_decoder_understands_every_record(empty, phone, make_daemon, tmp_path):
    with FreeRadius() as server, Relay(server.acct_port) as relay:
        daemon = make_daemon(**radius_settings(relay.port))
        p = phone(at=daemon)
        p.login()
        wait_records(server, 2, p.eap_id)
        daemon.stop()
        packets = [("I", packet.encode()) for packet in relay.requests]
    assert {Packet(data).code for _, data in packets} == {4}
    assert wire.complaints(tmp_path / "pcap", packets, radius=True, secret=SECRET.decode()) == []


@needs_freeradius
def test_the_begin_and_the_end_of_a_node_keep_their_places(empty, lines, make_daemon):
    """Rows of one node in the order of their writing, however they are due; another node does not wait for it."""
    with FreeRadius() as server:
        rows = [(7, "ecs-a", ""), (1, "ecs-a", "u1"), (1, "ecs-a", "u2"), (8, "ecs-a", ""), (7, "ecs-a", ""), (1, "ecs-a", "u3"),
                (1, "ecs-b", "v1")]
        for number, (kind, nas, user) in enumerate(rows):
            lines.cluster.sql("INSERT INTO accounting_record (kind, session, nas, user_name, next_at) VALUES "
                              f"({kind}, lpad('{number}', 16, '0'), '{nas}', '{user}', now() - interval '{number} seconds')")
        make_daemon(**radius_settings(server.acct_port, node_records=False))
        harness.wait_for(lambda: waiting(lines) == 0, 20, "the rows are gone")
        found = server.details()
    told = [(r["Acct-Status-Type"], r.get("User-Name")) for r in found if r["NAS-Identifier"] == "ecs-a"]
    assert told[0] == ("Accounting-On", None)
    assert sorted(told[1:5]) == [("Start", "u1"), ("Start", "u2"), ("Stop", "u1"), ("Stop", "u2")]
    assert told[5:] == [("Accounting-Off", None), ("Accounting-On", None), ("Start", "u3"), ("Stop", "u3")]
    others = [at for at, r in enumerate(found) if r["NAS-Identifier"] == "ecs-b"]
    assert others[-1] < [at for at, r in enumerate(found) if r["Acct-Status-Type"] == "Accounting-Off"][0]


def test_a_dead_server_stays_dead_over_a_reload_that_does_not_concern_it(empty, make_daemon):
    """Unless its row is another one: then it is a server that nobody knows yet."""
    rows = radius_settings(harness.free_port(), limit="300ms")
    daemon = make_daemon(**rows)

    def server():
        peers = daemon.admin("GET", "/v1/peers")[1]
        return next((row for row in (peers if isinstance(peers, dict) else json.loads(peers))["peers"]
                     if row["name"] == "accounting-books"), {})
    harness.wait_for(lambda: server().get("state") == "dead", 20, lambda: f"it is dead: {server()}")
    time.sleep(1.1)
    daemon.reload()
    assert server()["state"] == "dead" and server()["since_s"] >= 1
    assert len([entry for entry in daemon.events("NEIGHBOUR_DOWN") if "radius books" in entry["msg"]]) == 1
    daemon.write(radius_servers=[dict(rows["radius_servers"][0], secret="another secret, as long")])
    daemon.reload()
    assert server()["since_s"] <= 1


@needs_freeradius
def test_too_many_that_wait_are_told_and_not_added_to(empty, phone, lines, make_daemon):
    with FreeRadius() as probe:
        acct_port = probe.acct_port
    lines.cluster.sql("INSERT INTO accounting_record (kind, session, nas, user_name, next_at) SELECT 1, lpad(to_hex(i), 16, '0'), "
                      "'ecs-test', 'somebody', now() + interval '1 hour' FROM generate_series(1, 120) i")
    daemon = make_daemon(**radius_settings(acct_port, limit="500ms", max_waiting=100, node_records=False))
    harness.wait_for(lambda: daemon.events("ACCOUNTING") or any("ACCOUNT" in entry["event"] for entry in daemon.events()), 15,
                     lambda: f"an alarm\n{daemon.text()[-2000:]}")
    phone(at=daemon).login()
    time.sleep(1)
    assert waiting(lines) == 120


# ---- Diameter ----

@pytest.fixture(scope="module")
def network():
    with Network() as made:
        yield made


@needs_freediameter
def test_an_authentication_is_an_event_at_a_diameter_server(empty, network, lines, make_daemon):
    cards = Cards()
    with Aaa(network, "books.home.test", diameter.SWM, cards) as aaa:
        aaa.script = {"class": b"class of it"}
        daemon = connected(make_daemon(**settings(aaa, accounting={"via": "diameter", "realm": "home.test", "retry": "1s"})), aaa)
        p = phones(lines, cards)(daemon)
        p.login()
        request, = aaa.wait(ACR)
        p.ask()
        time.sleep(1)
        assert len(aaa.of(ACR)) == 1
        aaa.check()
        assert request.get("Accounting-Record-Type") == 1 and request.get("Accounting-Record-Number") == 0
        assert request.get("User-Name") == p.eap_id and request.get("Class") in (None, b"class of it")
        moment = request.get("Event-Timestamp")
        assert moment is None or abs(moment - 2208988800 - time.time()) < 60
        assert request.get("Session-Id") not in [der.get("Session-Id") for der in aaa.of(diameter.DER)]
        cer = aaa.base(diameter.CER)[0]
        groups = [cer.get("Acct-Application-Id", group) for group in cer.all("Vendor-Specific-Application-Id")]
        assert diameter.ACCOUNTING in cer.all("Acct-Application-Id") + groups
        harness.wait_for(lambda: waiting(lines) == 0, 5, "the row is gone")


@needs_freediameter
def test_an_authentication_may_be_a_start_and_a_stop_at_a_diameter_server(empty, network, lines, make_daemon):
    """RFC 6733 9.8: one session, numbers that rise; a STOP that was not taken is told again without its START."""
    cards = Cards()
    with Aaa(network, "pair.home.test", diameter.SWM, cards) as aaa:
        daemon = connected(make_daemon(**settings(aaa, accounting={"via": "diameter", "realm": "home.test", "retry": "1s",
                                                                   "longest_retry": "1s",
                                                                   "diameter_records": "start-stop"})), aaa)
        p = phones(lines, cards)(daemon)
        p.login()
        start, stop = aaa.wait(ACR, 2)
        harness.wait_for(lambda: waiting(lines) == 0, 5, "the row is gone")
        assert [(r.get("Accounting-Record-Type"), r.get("Accounting-Record-Number")) for r in (start, stop)] == [(2, 0), (4, 1)]
        assert start.get("Session-Id") == stop.get("Session-Id") and start.get("Session-Id").startswith(start.get("Origin-Host"))
        assert {start.get("User-Name"), stop.get("User-Name")} == {p.eap_id}
        aaa.sessions = {"gone.home.test;1;255;acct"}  # known to the server: it was begun by that node
        lines.cluster.sql("INSERT INTO accounting_record (kind, session, nas, user_name, started) "
                          "VALUES (1, '00000001000000ff', 'gone.home.test', 'somebody', true)")
        rest = aaa.wait(ACR, 3)[2]
        assert (rest.get("Accounting-Record-Type"), rest.get("Accounting-Record-Number")) == (4, 1)
        assert rest.get("Session-Id").startswith("gone.home.test;1;255;"), "the session of the node that began it"
        harness.wait_for(lambda: waiting(lines) == 0, 5, lambda: f"the row is gone\n{daemon.text()[-3000:]}")
        aaa.check()


@needs_freediameter
@pytest.mark.parametrize("code", [3002, 3004, 5012])
def test_an_event_that_was_not_taken_is_told_again(empty, network, lines, make_daemon, code):
    cards = Cards()
    with Aaa(network, f"again{code}.home.test", diameter.SWM, cards) as aaa:
        aaa.accounting_code = code
        daemon = connected(make_daemon(**settings(aaa, accounting={"via": "diameter", "realm": "home.test", "retry": "1s",
                                                                   "longest_retry": "1s"})), aaa)
        p = phones(lines, cards)(daemon)
        p.login()
        aaa.wait(ACR, 2, 20)
        aaa.accounting_code = 2001
        harness.wait_for(lambda: waiting(lines) == 0, 20, "the row is gone")
        found = aaa.of(ACR)
        assert {request.get("User-Name") for request in found} == {p.eap_id}
        assert len({request.get("Session-Id") for request in found}) == 1, "one event is one session"
        aaa.check()

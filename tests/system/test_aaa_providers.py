# SPDX-License-Identifier: Apache-2.0
"""The daemon and the operator's AAA as an operator sees them: connections to freeDiameter in the list of peers, over a
reload and at the end; authentications accounted at FreeRADIUS, over failures and restarts."""
import json
import os
import socket
import subprocess
import time

import pytest

import harness
from eap_radius import SECRET
from radius_peers import FreeRadius, Program, find, free_port

FREEDIAMETER = "/usr/bin/freeDiameterd"
needs_freeradius = pytest.mark.skipif(not find("freeradius") and "CI" not in os.environ,
                                      reason="freeradius is not installed")
needs_freediameter = pytest.mark.skipif(
    not (os.access(FREEDIAMETER, os.X_OK) and os.path.exists("/usr/include/freeDiameter/extension.h")) and
    "CI" not in os.environ, reason="freediameterd or libfreediameter-dev is not installed")

CONF = """
Identity = "aaa.home.test";
Realm = "home.test";
Port = {port};
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "127.0.0.1";
TwTimer = 6;
TLS_Cred = "@DIR@/cert.pem", "@DIR@/key.pem";
TLS_CA = "@DIR@/cert.pem";
LoadExtension = "acl_wl.fdx" : "@DIR@/acl.conf";
LoadExtension = "dict_nasreq.fdx";
LoadExtension = "dict_eap.fdx";
LoadExtension = "{folder}/fd_aaa.fdx" : "@DIR@/notes";
"""


class FreeDiameter(Program):
    """freeDiameter with the extension of tests/tools/fd_aaa.c."""

    def __init__(self, folder):
        self.port = free_port(socket.SOCK_STREAM)
        folder = str(folder)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", f"{folder}/fd_aaa.fdx",
                        os.path.join(harness.ROOT, "tests", "tools", "fd_aaa.c")], check=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                        "/CN=aaa.home.test", "-days", "2", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                       check=True, capture_output=True)
        files = {"fd.conf": CONF.format(port=self.port, folder=folder), "acl.conf": "ALLOW_IPSEC *.test\n"}
        for name in ("key.pem", "cert.pem"):
            with open(f"{folder}/{name}", encoding="ascii") as file:
                files[name] = file.read()
        super().__init__("freediameter", files, [FREEDIAMETER, "-c", "@DIR@/fd.conf"], lambda program: program.listens())

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def diameter(*ports):
    """Sections for peers on these ports."""
    return {
        "diameter": {"host": "ecs.test", "realm": "test", "addresses": ["127.0.0.1"]},
        "diameter_peers": [{"name": f"p{i + 1}", "host": "127.0.0.1", "port": port, "reconnect": "500ms"}
                           for i, port in enumerate(ports)],
        "aaa": [{"name": "eap", "type": "diameter-eap", "realm": "home.test"}],
    }


def peers(daemon):
    status, body = daemon.admin("GET", "/v1/peers")[:2]
    assert status == 200
    found = json.loads(body) if isinstance(body, (str, bytes)) else body
    return {row["name"]: row for row in found["peers"]}, {row["name"]: row for row in found["providers"]}


def up(daemon, name):
    return peers(daemon)[0].get(name, {}).get("up")


# proves: E-029
@needs_freediameter
def test_peers_are_listed_reloaded_and_taken_leave_of(make_daemon, ctl, tmp_path):
    with FreeDiameter(tmp_path) as server:
        daemon = make_daemon(**diameter(server.port))
        harness.wait_for(lambda: up(daemon, "p1"), 15, lambda: "p1 is up\n" + daemon.text())
        rows, providers = peers(daemon)
        assert rows["p1"]["protocol"] == "diameter" and rows["p1"]["identity"] == "aaa.home.test"
        assert rows["p1"]["state"] == "okay" and rows["p1"]["reason"] is None
        assert providers["eap"]["up"] and providers["eap"]["type"] == "diameter-eap"
        assert daemon.metric("ecs_neighbour_breaker_open", neighbour="diameter-p1") == 0
        shown = ctl("peers", conf=daemon.conf_path).stdout
        assert "aaa.home.test" in shown and "okay" in shown
        # A reload brings a peer that nobody listens for, and does not touch the connection of the other one.
        dead = free_port(socket.SOCK_STREAM)
        daemon.write(**diameter(server.port, dead))
        daemon.reload()
        harness.wait_for(lambda: "p2" in peers(daemon)[0], 10, "p2 is listed")
        rows, _ = peers(daemon)
        assert rows["p1"]["up"] and not rows["p2"]["up"]
        harness.wait_for(lambda: peers(daemon)[0]["p2"]["reason"], 10, "a reason is told")
        assert daemon.events("NEIGHBOUR_DOWN") and not any("p1" in e["msg"] for e in daemon.events("NEIGHBOUR_DOWN"))
        daemon.write(diameter_peers=[])
        daemon.write(aaa=[])
        daemon.reload()
        harness.wait_for(lambda: peers(daemon)[0] == {}, 10, "all peers have gone")
        daemon.stop()


@needs_freediameter
def test_a_lost_peer_comes_back(make_daemon, tmp_path):
    with FreeDiameter(tmp_path) as server:
        daemon = make_daemon(**diameter(server.port))
        harness.wait_for(lambda: up(daemon, "p1"), 15, lambda: "p1 is up\n" + daemon.text())
        server.process.kill()
        server.process.wait()
        harness.wait_for(lambda: not up(daemon, "p1"), 10, "p1 is down")
        assert not peers(daemon)[1]["eap"]["up"]
        assert daemon.wait_event("NEIGHBOUR_DOWN", text="p1")


# ---- accounting ----

def accounted(port, **accounting):
    return {
        "radius_servers": [{"name": "acct", "host": "127.0.0.1", "port": port, "secret": SECRET.decode()}],
        "accounting": {"via": "radius", "servers": ["acct"], "limit": "1s", "retry": "1s", "longest_retry": "1s",
                       "node_records": False, **accounting},
    }


def waiting(cluster):
    return cluster.one("SELECT count(*) FROM accounting_record")


def authenticate(phone, subscriber, daemon):
    p = phone(line=subscriber(), at=daemon)
    exchange = p.challenge()
    p.token = p.relay(exchange, p.solve(exchange.packet)).document().token_text
    assert p.token
    return p


@needs_freeradius
def test_an_authentication_is_accounted_by_start_and_stop(make_daemon, phone, subscriber, cluster):
    with FreeRadius() as server:
        daemon = make_daemon(**accounted(server.acct_port))
        p = authenticate(phone, subscriber, daemon)
        harness.wait_for(lambda: len(server.details()) == 2, 15, lambda: "two records\n" + daemon.text())
        start, stop = server.details()
        assert (start["Acct-Status-Type"], stop["Acct-Status-Type"]) == ("Start", "Stop")
        assert start["User-Name"] == stop["User-Name"] == p.eap_id
        assert start["Acct-Session-Id"] == stop["Acct-Session-Id"]
        assert start["Acct-Authentic"] == "RADIUS" and stop["Acct-Session-Time"] == "0"
        assert start["NAS-Identifier"]
        harness.wait_for(lambda: waiting(cluster) == 0, 10, "the row has gone")
        assert daemon.metric("ecs_accounting_records_total", outcome="written") == 1
        harness.wait_for(lambda: daemon.metric("ecs_accounting_records_total", outcome="sent") == 1, 5, "counted")
        p.ask(["ap2004"])  # by token: no authentication
        time.sleep(2)
        assert len(server.details()) == 2


@needs_freeradius
def test_records_outlive_a_dead_server_and_a_killed_daemon(make_daemon, phone, subscriber, cluster):
    port = free_port()
    daemon = make_daemon(**accounted(port))
    p = authenticate(phone, subscriber, daemon)
    harness.wait_for(lambda: (daemon.metric("ecs_accounting_records_total", outcome="again") or 0) >= 1, 20,
                     lambda: "a failed attempt\n" + daemon.text())
    assert daemon.wait_event("ACCOUNTING")
    assert waiting(cluster) == 1
    daemon.kill()
    with FreeRadius() as server:
        other = make_daemon(**accounted(server.acct_port))
        cluster.sql("UPDATE accounting_record SET next_at = now()")  # the lease of the killed one
        harness.wait_for(lambda: len(server.details()) == 2, 20, lambda: "two records\n" + other.text())
        start, stop = server.details()
        assert start["User-Name"] == stop["User-Name"] == p.eap_id
        assert int(start["Acct-Delay-Time"]) >= 1
        harness.wait_for(lambda: waiting(cluster) == 0, 10, "the row has gone")


@needs_freeradius
def test_a_node_tells_that_it_begins_and_ends(make_daemon, cluster):
    with FreeRadius() as server:
        daemon = make_daemon(**accounted(server.acct_port, node_records=True))
        harness.wait_for(lambda: len(server.details()) == 1, 15, lambda: "one record\n" + daemon.text())
        harness.wait_for(lambda: waiting(cluster) == 0, 10, "the row has gone")
        daemon.stop()
        assert cluster.one("SELECT kind FROM accounting_record") == 8
        other = make_daemon(**accounted(server.acct_port))
        harness.wait_for(lambda: len(server.details()) == 2, 15, lambda: "two records\n" + other.text())
        kinds = [record["Acct-Status-Type"] for record in server.details()]
        assert kinds == ["Accounting-On", "Accounting-Off"]
        harness.wait_for(lambda: waiting(cluster) == 0, 10, "the row has gone")


def test_too_many_waiting_records_stop_the_writing(make_daemon, phone, subscriber, cluster):
    cluster.sql("INSERT INTO accounting_record (kind, session, nas, user_name, next_at) "
                "SELECT 1, lpad(to_hex(g), 16, '0'), 'x', 'u', now() + interval '1 hour' FROM generate_series(1, 100) g")
    try:
        daemon = make_daemon(**accounted(free_port(), max_waiting=100))
        assert daemon.wait_event("ACCOUNTING", text="further ones are not written")
        authenticate(phone, subscriber, daemon)
        harness.wait_for(lambda: daemon.metric("ecs_accounting_records_total", outcome="not-taken") == 1, 5, "counted")
        assert waiting(cluster) == 100
        assert daemon.metric("ecs_accounting_waiting") == 100
        daemon.stop()
    finally:
        cluster.sql("DELETE FROM accounting_record")


def test_old_records_are_given_up(make_daemon, cluster, lines):
    cluster.sql("INSERT INTO accounting_record (kind, session, nas, user_name, event_at, next_at) VALUES "
                "(1, lpad('1', 16, '0'), 'x', 'u', now() - interval '2 hours', now() + interval '1 hour')")
    daemon = make_daemon(**accounted(free_port(), keep="1h"))
    assert daemon.wait_event("ACCOUNTING", text="given up")
    assert waiting(cluster) == 0
    assert daemon.metric("ecs_accounting_records_total", outcome="given-up") == 1


# ---- configuration ----

@pytest.mark.parametrize("change, words", [
    ({"aaa": [{"name": "a", "type": "swm", "realm": "x.test"}]}, "section diameter has no host"),
    ({"aaa": [{"name": "a", "type": "radius", "servers": ["nobody"]}]}, 'section radius_servers has no "nobody"'),
    ({"diameter": {"host": "e.test", "realm": "test"},
      "diameter_routes": [{"peer": "nobody"}]}, 'section diameter_peers has no "nobody"'),
    ({"accounting": {"via": "radius", "servers": ["nobody"]}}, 'accounting: section radius_servers has no "nobody"'),
    ({"accounting": {"via": "diameter", "realm": "x.test"}}, "section diameter has no host"),
    ({"diameter": {"host": "e.test", "realm": "test"},
      "diameter_peers": [{"name": "p", "host": "127.0.0.1", "transport": "sctp", "tls": True}]}, "sctp"),
])
def test_what_does_not_fit_together_is_told(build, settings_for, change, words):
    where, settings = settings_for(**change)
    daemon = harness.Daemon(build, where, settings)
    done = subprocess.run([build.daemon, "-c", daemon.conf_path, "--check"], capture_output=True, text=True, timeout=60,
                          env=harness.environment(), check=False)
    assert done.returncode != 0
    assert words in done.stdout + done.stderr

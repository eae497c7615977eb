# SPDX-License-Identifier: Apache-2.0
"""Running it: several nodes, failures of the database, drain, a proxy in front, bounds on connections."""
import glob
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

import client
import harness
from client import ACCEPT_JSON, Connection

ALL = ["ap2003", "ap2004", "ap2005"]


# ---- nodes and database ----

# proves: X-020 A-021 P-051
def test_two_nodes_share_everything(site):
    one, two = site.daemon().start(), site.daemon(server={"workers": 1}).start()
    p = site.phone(one)
    exchange = p.challenge(ALL)
    document = p.relay(exchange, p.solve(exchange.packet), target=two.device).document()
    p.token = document.token_text
    first, second = p.ask(ALL), p.ask(ALL, target=two.device)
    assert first.content == second.content and first.vers == second.vers
    p.line.service("vowifi", tc_status=0)
    assert p.ask(target=two.device).status("ap2004") == p.ask().status("ap2004") == 0
    p.line.revoke()
    assert p.query().status == p.query(target=two.device).status == 511


# proves: P-056 P-059 X-044
@pytest.mark.parametrize("how", ["stop", "crash"])
def test_database_that_stops_under_load(site, how):
    daemon = site.daemon().start()
    phones = [site.phone(daemon) for _ in range(4)]
    for p in phones:
        p.login(ALL)
    retries = set()

    def work(i):
        reply = phones[i].query(ALL)
        if reply.status == 503:
            retries.add(reply.header("Retry-After"))
            time.sleep(0.02)
        elif reply.status == 200:
            document = reply.document()
            assert document.status("ap2004") == 1
        return reply.status
    with harness.Load(work) as load:
        time.sleep(0.8)
        site.cluster.stop(how)
        time.sleep(1.0)
        down = dict(load.counts)
        site.cluster.start()
        harness.wait_for(lambda: phones[0].query(ALL).status == 200, 20, "the daemon finds its database again", 0.1)
        before = load.counts[200]
        time.sleep(1.0)
        assert load.counts[200] > before
    assert set(load.counts) == {200, 503}, load.counts
    assert down[503] > 0 and all(re.fullmatch("[1-9][0-9]*", text) for text in retries)
    assert phones[0].login().status("ap2004") == 1


# proves: E-008
def test_no_sequence_number_comes_twice_over_a_crash(site):
    daemon = site.daemon().start()
    p = site.phone(daemon)
    seen = []

    def take():
        packet = p.challenge().packet
        seen.append(client.xor(packet.autn[:6], p.usim.milenage.f2345(packet.rand)[3]))
    for _ in range(3):
        take()
    site.cluster.stop("crash")
    site.cluster.start()

    def again():  # each worker comes back by itself
        return daemon.metric("ecs_db_connections") >= 4 and p.get(p.parameters(EAP_ID=p.eap_id)).status == 200
    harness.wait_for(again, 20, "challenges", 0.1)
    take()
    assert len(set(seen)) == len(seen) and seen == sorted(seen)


# ---- end ----

# proves: X-044
def test_sigterm_answers_what_is_in_work(site):
    daemon = site.daemon(database={"statement_timeout": "10s"}).start()
    p = site.phone(daemon)
    found = []
    with harness.psycopg.connect(site.cluster.conninfo) as holder:
        holder.execute("SELECT 1 FROM auc WHERE imsi = %s FOR UPDATE", (p.imsi,))
        thread = threading.Thread(target=lambda: found.append(p.get(p.parameters(EAP_ID=p.eap_id))))
        thread.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        harness.wait_for(lambda: site.cluster.one(waiting) > 0, 5, "the request waits")
        daemon.send(signal.SIGTERM)
        daemon.wait_event("STOP")
        time.sleep(0.5)
        assert daemon.alive() and not found
        try:  # a new request is refused kindly or not at all taken
            assert p.query(token="x").status == 503
        except OSError:
            pass
        holder.rollback()
    thread.join(10)
    assert found and found[0].status == 200, found
    assert daemon.wait() == 0
    daemon.check_sanitizers()


def test_drain_has_an_end(site):
    daemon = site.daemon(server={"drain": "1s"}, database={"statement_timeout": "10s"}).start()
    p = site.phone(daemon)
    with harness.psycopg.connect(site.cluster.conninfo) as holder:
        holder.execute("SELECT 1 FROM auc WHERE imsi = %s FOR UPDATE", (p.imsi,))

        def ask():
            try:
                p.get(p.parameters(EAP_ID=p.eap_id))
            except OSError:
                pass
        thread = threading.Thread(target=ask)
        thread.start()
        harness.wait_for(lambda: site.cluster.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") > 0, 5,
                         "the request waits")
        start = time.monotonic()
        daemon.send(signal.SIGTERM)
        assert daemon.wait(8) == 0
        assert time.monotonic() - start < 5
        holder.rollback()
    thread.join(10)
    daemon.check_sanitizers()


def test_idle_connections_do_not_hold_the_end(make_daemon):
    daemon = make_daemon(server={"drain": "20s"})
    with Connection(daemon.device) as one, Connection(daemon.plain) as two:
        assert one.request("GET", "/").status == 400 and two.request("GET", "/").status == 400
        start = time.monotonic()
        daemon.stop()
        assert time.monotonic() - start < 5


def test_sigterm_under_load(phone, make_daemon):
    daemon = make_daemon()
    phones = [phone(at=daemon) for _ in range(3)]
    for p in phones:
        p.login()
    refused = []

    def work(i):
        try:
            return phones[i].query().status
        except OSError as fault:
            refused.append(fault)
            time.sleep(0.05)
            return "refused"
    with harness.Load(work, 3) as load:
        time.sleep(0.7)
        daemon.stop()
    assert set(load.counts) <= {200, 503, "refused"}, load.counts
    assert load.counts[200] > 10


def test_sigint_ends_too(make_daemon):
    daemon = make_daemon()
    daemon.stop(signal.SIGINT)


def test_restart_takes_the_same_ports_at_once(phone, make_daemon):
    daemon = make_daemon()
    p = phone(at=daemon)
    p.login()
    for _ in range(2):
        daemon.stop()
        daemon.start()
        assert p.ask().status("ap2004") == 1  # the token outlives the process


# ---- neighbours ----

HAPROXY = """global
    maxconn 200
    log stderr local0 err
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
    option forwardfor
frontend devices
    bind 127.0.0.1:{port} ssl crt {pem}
    default_backend nodes
backend nodes
    balance roundrobin
    server one 127.0.0.1:{one}
    server two unix@{two}
"""


# proves: X-020 P-068
def test_haproxy_ends_tls_in_front_of_two_nodes(phone, make_daemon, certs, tmp_path, area):
    port = harness.free_port()
    one = make_daemon(device={"listen": [], "plain_listen": [f"127.0.0.1:{port}"]}, certificates=None,
                      server={"workers": 1}, auth={"source_per_minute": 60, "source_burst": 4})
    two = make_daemon(server={"workers": 1}, auth={"source_per_minute": 60, "source_burst": 4})
    pem = os.path.join(area, "haproxy.pem")
    with open(pem, "w", encoding="ascii") as file:
        for part in ("certificate", "key"):
            file.write(open(certs.default[part], encoding="ascii").read())
    front = harness.free_port()
    conf = tmp_path / "haproxy.cfg"
    conf.write_text(HAPROXY.format(port=front, pem=pem, one=port, two=two.plain.unix))
    proxy = subprocess.Popen(["/usr/sbin/haproxy", "-f", str(conf), "-db"], stderr=subprocess.PIPE, text=True)
    try:
        target = client.Target("127.0.0.1", front, certs.default["certificate"])
        p = phone(at=one, plain=True)
        p.target = target
        harness.wait_for(lambda: reaches(target), 10, "haproxy answers", 0.1)
        for _ in range(2):  # legs come to both nodes in turn
            assert p.login(ALL).status("ap2004") == 1
        assert p.ask(ALL).status("ap2004") == 1
        # What a client claims of itself does not replace what the proxy tells: the limit of 127.0.0.1 is reached.
        states = [p.get(p.parameters(EAP_ID=p.eap_id), [("X-Forwarded-For", f"192.0.2.{i}")]).status for i in range(12)]
        assert 503 in states
    finally:
        proxy.terminate()
        proxy.wait(10)


def reaches(target):
    try:
        return target.request("GET", "/").status == 400
    except OSError:
        return False


# proves: P-068
def test_forwarded_addresses_count_only_from_trusted_peers(phone, make_daemon):
    daemon = make_daemon(server={"workers": 1}, device={"trusted_proxies": ["192.0.2.0/24"],
                                                       "plain_listen": [f"127.0.0.1:{harness.free_port()}"]},
                         auth={"source_per_minute": 6, "source_burst": 3})
    p = phone(at=daemon, plain=True)
    states = [p.get(p.parameters(EAP_ID=p.eap_id), [("X-Forwarded-For", f"203.0.113.{i}")]).status for i in range(5)]
    assert states == [200, 200, 200, 503, 503]


# proves: P-042
def test_golden_documents_are_well_formed():
    documents = glob.glob(os.path.join(harness.ROOT, "tests", "golden", "**", "*.xml"), recursive=True)
    assert documents
    subprocess.run(["xmllint", "--noout", *documents], check=True, capture_output=True)


# proves: P-042 P-039
def test_documents_of_the_daemon_are_well_formed(phone):
    p = phone()
    p.login(ALL)
    for version in ("2.0", "12.0"):
        text = p.query(ALL, entitlement_version=version).body
        done = subprocess.run(["xmllint", "--noout", "--nonet", "-"], input=text, capture_output=True)
        assert done.returncode == 0, done.stderr


def test_metrics_are_what_prometheus_reads(phone, make_daemon):
    daemon = make_daemon()
    p = phone(at=daemon)
    p.login(ALL)
    p.ask(ALL)
    p.query(token="wrong")
    p.login(headers=[("Accept", ACCEPT_JSON)])
    text = daemon.metrics_text()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert daemon.metric("ecs_answers_total", result="ok") == 5
    assert daemon.metric("ecs_answers_total", result="token_invalid") == 1
    assert daemon.metric("ecs_documents_total", format="xml") + daemon.metric("ecs_documents_total", format="json") == 3
    assert daemon.metric("ecs_app_status_total", app="vowifi") == 3


def test_health_and_readiness(site):
    daemon = site.daemon().start()

    def ask(path):
        return daemon.metrics_target.request("GET", path).status
    assert (ask("/health"), ask("/ready")) == (200, 200)
    assert ask("/v1/status") in (403, 404)  # not on this socket
    site.cluster.stop()
    harness.wait_for(lambda: ask("/ready") == 503, 10, "not ready without a database", 0.1)
    assert ask("/health") == 200
    site.cluster.start()
    harness.wait_for(lambda: ask("/ready") == 200, 15, "ready again", 0.1)


# ---- bounds on connections ----

def test_slow_and_idle_connections_are_closed(make_daemon):
    daemon = make_daemon(limits={"handshake": "500ms", "read": "600ms", "idle": "700ms"})
    with socket.create_connection((daemon.device.host, daemon.device.port), 5) as silent:
        assert silent.recv(10) == b""  # no handshake
    with Connection(daemon.device) as slow:
        slow.send(b"GET / HT")
        assert slow.peer_closed(5)
    with Connection(daemon.device) as idle:
        assert idle.request("GET", "/").status == 400
        assert idle.peer_closed(5)


def test_connections_of_one_address_are_limited(make_daemon):
    daemon = make_daemon(server={"workers": 1}, limits={"per_prefix": 5}, device={"trusted_proxies": ["192.0.2.0/24"]})
    held = [Connection(daemon.device) for _ in range(5)]
    assert all(c.request("GET", "/").status == 400 for c in held)
    with pytest.raises(OSError):
        Connection(daemon.device).request("GET", "/")
    held.pop().close()
    harness.wait_for(lambda: reaches(daemon.device), 5, "room again", 0.1)
    for connection in held:
        connection.close()


def test_many_connections_at_once(phone, make_daemon):
    daemon = make_daemon()
    held = [Connection(daemon.device) for _ in range(120)]
    assert {c.request("GET", "/").status for c in held} == {400}
    for connection in held:
        connection.close()
    assert phone(at=daemon).login().status("ap2004") == 1


def test_tls_sessions_are_resumed_on_another_node(make_daemon):
    one, two = make_daemon(), make_daemon()
    context = client.tls_context(one.device.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # the ticket comes within the handshake
    with Connection(one.device, context=context) as first:
        first.request("GET", "/")
        session = first.sock.session
    sock = socket.create_connection((two.device.host, two.device.port), 10)
    with context.wrap_socket(sock, server_hostname="aes.mnc001.mcc001.pub.3gppnetwork.org", session=session) as second:
        assert second.session_reused

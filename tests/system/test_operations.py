# SPDX-License-Identifier: Apache-2.0
"""Running it: several nodes, failures of the database, reload, drain, the check of a configuration, a proxy in front."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
import yaml

import client
import harness
from client import ACCEPT_JSON, ACCEPT_XML, Connection
from test_vowifi import change_policy, copy_policy

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

    def again():
        return p.get(p.parameters(EAP_ID=p.eap_id)).status == 200
    harness.wait_for(again, 20, "challenges", 0.1)
    take()
    assert len(set(seen)) == len(seen) and seen == sorted(seen)


# ---- reload ----

# proves: X-051
def test_reload_under_load_fails_no_request(phone, make_daemon, area, certs):
    where = copy_policy(area, "reload")
    daemon = make_daemon(policy={"directory": where})
    phones = [phone(at=daemon) for _ in range(4)]
    for p in phones:
        p.login(ALL)
    second = certs.make("after-reload", ["aes.mnc001.mcc001.pub.3gppnetwork.org"])
    context = client.tls_context(certs.default["certificate"])
    context.load_verify_locations(second["certificate"])
    seen = set()

    def work(i):
        reply = phones[i].query(ALL, context=None) if i % 2 else phones[i].get(
            phones[i].parameters(ALL, token=phones[i].token), context=context)
        if reply.status == 200:
            seen.add(reply.document().validity)
        return reply.status

    def plain(i):
        return work(i) if i % 2 == 0 else phones[i].target.request("GET", "/", context=context).status
    with harness.Load(plain) as load:
        time.sleep(0.5)
        change_policy(where, "validity: 2d", "validity: 3d", "vowifi.yaml")
        for name in ("voice.yaml", "smsoip.yaml"):
            change_policy(where, "validity: 2d", "validity: 3d", name)
        daemon.write(certificates=[second])
        for _ in range(5):
            daemon.reload()
            time.sleep(0.1)
        time.sleep(0.5)
    assert set(load.counts) == {200, 400}, load.counts
    assert seen == {2 * 86400, 3 * 86400}
    with Connection(daemon.device, context=client.tls_context(second["certificate"])):
        pass  # the new certificate


# proves: P-019
def test_many_settings_change_at_a_reload(phone, make_daemon, area):
    daemon = make_daemon()
    p = phone(at=daemon, features=[])
    p.login()
    daemon.write(device={"post": False, "version_min": "3.0", "default_language": "fr", "offered": ["ap2003", "ap2004"],
                         "irat_spelling": ["aosp"], "gzip_min": 0}, policy={"portal_url": "https://new.example/portal"},
                 limits={"device_per_minute": 600, "device_burst": 5}, server={"log_level": "notice"})
    daemon.reload()
    assert p.post(p.json_parameters(token=p.token)).status == 405
    assert p.query(entitlement_version="2.0").status == 406
    assert "forfait" in p.ask()["ap2004"]["MessageForIncompatible"]
    assert p.ask("ap2005").status("ap2005") == 2
    states = [phone_query_of(p) for _ in range(12)]
    assert 503 in states
    before = daemon.mark()
    p.query()
    time.sleep(0.2)
    assert not daemon.events("REQUEST", before)


def phone_query_of(p):
    return p.query().status


def test_settings_of_authentication_change_at_a_reload_or_are_told(phone, make_daemon):
    daemon = make_daemon(auth={"attempts": 10, "attempts_window": "1h"})
    p = phone(at=daemon)
    p.challenge()
    daemon.write(auth={"attempts": 3})
    before = daemon.reload()
    told = [e for e in daemon.events(since=before) if "auth.attempts" in e["msg"]]
    states = [p.get(p.parameters(EAP_ID=p.eap_id)).status for _ in range(5)]
    assert told or 503 in states, "auth.attempts was changed: neither taken over nor told"


def test_session_life_time_changes_at_a_reload_or_is_told(phone, make_daemon, cluster):
    daemon = make_daemon(auth={"session": "90s"})
    daemon.write(auth={"session": "20s"})
    before = daemon.reload()
    p = phone(at=daemon)
    p.challenge()
    left = cluster.one("SELECT extract(epoch FROM expires_at - now())::int FROM eap_session WHERE imsi = %s", p.imsi)
    assert left <= 20 or [e for e in daemon.events(since=before) if "auth.session" in e["msg"]], \
        f"auth.session was changed: neither taken over nor told; sessions live {left} s"


def test_another_database_at_a_reload_is_used_or_told(phone, make_daemon):
    daemon = make_daemon()
    p = phone(at=daemon)
    p.login()
    daemon.write(database={"conninfo": "host=/nonexistent dbname=none user=ecs connect_timeout=1"})
    before = daemon.reload()
    told = [e for e in daemon.events(since=before) if "conninfo" in e["msg"]]
    time.sleep(1)
    assert told or p.query().status == 503, "database.conninfo was changed: neither taken over nor told"
    assert "/nonexistent" not in "".join(e["msg"] for e in told)


BROKEN = {
    "unknown setting": (lambda s: s["device"].update(lisen=1), "there is no setting \"lisen\""),
    "policy directory": (lambda s: s["policy"].update(directory="/nonexistent"), "/nonexistent"),
    "key ring": (lambda s: s["auth"].update(token_keys="/nonexistent"), "/nonexistent"),
    "certificate": (lambda s: s.update(certificates=[{"certificate": "/etc/hostname"}]), "certificates"),
    "plmn": (lambda s: s["auth"].update(plmns=["1"]), "auth.plmns"),
    "value": (lambda s: s["auth"].update(token_validity="5 weeks"), "token_validity"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_configuration_at_a_reload_changes_nothing(phone, make_daemon, kind):
    daemon = make_daemon(server={"workers": 1})
    p = phone(at=daemon)
    first = p.login(ALL)
    settings = yaml.safe_load(open(daemon.conf_path, encoding="utf-8"))
    settings["policy"]["portal_url"] = "https://must-not-come.example/"
    change, words = BROKEN[kind]
    change(settings)
    daemon.write_text(yaml.safe_dump(settings))
    before = daemon.reload(good=False)
    assert [e for e in daemon.events("CONFIG", before) if words in e["msg"]], daemon.text(before)
    assert p.ask(ALL).content == first.content
    daemon.write()
    daemon.reload()
    assert p.ask(ALL).content == first.content


@pytest.mark.parametrize("fault,words", [("terms: required", "terms: requred"), ("flow-hold: 30s", "flow-hold: soon"),
                                         ("service: vowifi", "service: vowifi\n\t")])
def test_broken_policy_at_a_reload_changes_nothing(phone, make_daemon, area, fault, words):
    where = copy_policy(area, f"broken-{abs(hash(words))}")
    daemon = make_daemon(server={"workers": 1}, policy={"directory": where})
    p = phone(at=daemon)
    first = p.login(ALL)
    change_policy(where, fault, words)
    before = daemon.reload(good=False)
    rows = [e["msg"] for e in daemon.events("CONFIG", before)]
    assert [row for row in rows if re.search(r"vowifi\.yaml:[0-9]+:[0-9]+: ", row)], rows
    assert p.ask(ALL).content == first.content


def test_settings_that_need_a_start_are_told(make_daemon):
    daemon = make_daemon()
    daemon.write(server={"workers": 1}, limits={"body": "32k"}, database={"connections": 3})
    before = daemon.reload()
    told = [e["msg"] for e in daemon.events("RELOAD", before) if e["level"] == "warning"]
    for name in ("server.workers", "limits.body", "database.connections"):
        assert [text for text in told if name in text and "next start" in text], told


def test_signals_in_a_row_do_no_harm(phone, make_daemon):
    daemon = make_daemon()
    p = phone(at=daemon)
    p.login()
    for _ in range(12):
        daemon.send(signal.SIGHUP)
        time.sleep(0.03)
        assert p.query().status == 200
    daemon.send(signal.SIGPIPE)
    assert p.query().status == 200


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


# ---- start ----

def run(build, *arguments, conf=None):
    command = [build.daemon] + (["-c", conf] if conf else []) + list(arguments)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=harness.environment())
    assert not harness.SANITIZER.search(done.stderr), done.stderr
    return done


def test_a_port_in_use_is_told(make_daemon, build):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        daemon = make_daemon(start=False, device={"listen": [f"127.0.0.1:{port}"]})
        done = run(build, conf=daemon.conf_path)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr and "in use" in done.stderr


def test_an_empty_database_is_told(make_daemon, build, cluster):
    cluster.sql("CREATE DATABASE empty_one")
    conninfo = cluster.conninfo.replace("dbname=entitlements", "dbname=empty_one")
    daemon = make_daemon(start=False, database={"conninfo": conninfo})
    done = run(build, conf=daemon.conf_path)
    assert done.returncode == 1 and "entitlementctl db upgrade" in done.stderr
    done = run(build, "--check", conf=daemon.conf_path)
    assert done.returncode == 1 and "NOT fit to start" in done.stdout


def test_a_good_configuration_is_fit(make_daemon, build):
    daemon = make_daemon(start=False)
    for how in ("--check", "--check=files"):
        done = run(build, how, conf=daemon.conf_path)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert "verdict: fit to start" in done.stdout


def test_production_refuses_what_belongs_into_a_lab(make_daemon, build, keys, area):
    daemon = make_daemon(start=False, server={"mode": "production"})
    done = run(build, "--check=files", conf=daemon.conf_path)
    assert done.returncode == 1 and "test network" in done.stderr and "00101" in done.stderr
    open_ring = os.path.join(area, "open.keys")
    shutil.copy(keys.token, open_ring)
    os.chmod(open_ring, 0o644)
    daemon = make_daemon(start=False, server={"mode": "production"}, auth={"plmns": ["26201"], "token_keys": open_ring})
    done = run(build, "--check=files", conf=daemon.conf_path)
    assert done.returncode == 1 and open_ring in done.stderr
    daemon = make_daemon(start=False, server={"mode": "production"}, auth={"plmns": ["26201"]})
    done = run(build, "--check=files", conf=daemon.conf_path)
    assert done.returncode == 0, done.stderr


def test_an_expired_certificate_is_not_fit(make_daemon, build, certs):
    old = certs.make("nearly-over", ["a.example"], days=2)
    daemon = make_daemon(start=False, certificates=[old])
    done = run(build, "--check=files", conf=daemon.conf_path)
    assert done.returncode == 0 and "ends in" in done.stderr


# A small configuration with one fault each: text, then line, column and words of the message.
GOOD = """server: {{ mode: lab }}
device:
  listen: ["127.0.0.1:8443"]
certificates:
  - certificate: {certificate}
    key: {key}
database: {{ conninfo: "host=/x dbname=y" }}
auth:
  plmns: ["00101"]
  token_keys: {token}
  subscriber_keys: {subscriber}
policy:
  directory: {root}/conf/policy.d
  messages: {root}/conf/messages
"""
FAULTS = [
    ("server: {{ mode: lab }}", "server: {{ mode: labs }}", "1:17", ["server.mode", "labs"]),
    ("server: {{ mode: lab }}", "server: {{ mode: lab, workers: many }}", "1:31", ["server.workers", "many"]),
    ("server: {{ mode: lab }}", "server: {{ mode: lab, workers: 257 }}", "1:31", ["server.workers", "257"]),
    ("server: {{ mode: lab }}", "server: {{ mode: lab, worker: 2 }}", "1:22", ["worker", "workers"]),
    ("server: {{ mode: lab }}", "server: [ lab ]", "1:9", ["server", "mapping"]),
    ("server: {{ mode: lab }}", "srver: {{ mode: lab }}", "1:1", ["srver"]),
    ("  listen:", "  lisen:", "3:3", ["lisen", "listen"]),
    ("  listen:", "  jitter_percent: 11\n  listen:", "3:19", ["device.jitter_percent", "11"]),
    ("  listen:", "  gzip_min: 3 elephants\n  listen:", "3:13", ["device.gzip_min", "3 elephants"]),
    ("  listen:", "  post: perhaps\n  listen:", "3:9", ["device.post", "perhaps"]),
    ("  listen:", "  plain_listen: [\"192.0.2.1:80\"]\n  listen:", "3:17", ["192.0.2.1:80", "loopback"]),
    ("certificates:\n", "  path: entitlement\ncertificates:\n", "4:9", ["path"]),
    ("    key: {key}", "    keys: {key}", "6:5", ["keys"]),
    ("    key: {key}", "    key: /nonexistent/key.pem", "6:10", ["/nonexistent/key.pem"]),
    ("database: {{ conninfo: \"host=/x dbname=y\" }}", "database: {{ connections: 2 }}", "7:11", ["database.conninfo", "missing"]),
    ("  plmns: [\"00101\"]", "  token_validity: 1\n  plmns: [\"00101\"]", "9:19", ["auth.token_validity"]),
    ("  token_keys: {token}\n", "", "9:3", ["auth.token_keys", "missing"]),
    ("  token_keys: {token}", "  token_keys: {token}\n  token_keys: {token}", "11:3", ["token_keys", "twice", "10"]),
    ("  token_keys: {token}", "\ttoken_keys: {token}", "10:1", ["YAML"]),
    ("policy:\n", "policy:\n  portal_url: http://a.example/\n", "13:15", ["portal_url", "https://"]),
    ("  messages: {root}/conf/messages\n", "  messages: {root}/conf/messages\n  utc_offset: 9000\n", "15:15", ["policy.utc_offset", "9000"]),
    ("policy:\n", "admin: {{ metrics_listen: \"0.0.0.0:9464\" }}\npolicy:\n", "12:26", ["metrics_listen", "loopback"]),
]


@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_check_tells_the_place_of_a_fault(build, certs, keys, tmp_path, number):
    old, new, place, words = FAULTS[number]
    assert GOOD.count(old) == 1
    values = {"root": harness.ROOT, "token": keys.token, "subscriber": keys.subscriber, **certs.default}
    path = str(tmp_path / "conf.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(GOOD.replace(old, new).format(**values))
    done = run(build, "--check=files", conf=path)
    assert done.returncode == 1 and "NOT fit to start" in done.stdout
    rows = [row for row in done.stderr.splitlines() if all(word in row for word in words)]
    assert rows, done.stderr
    found = re.search(re.escape(path) + r":([0-9]+:[0-9]+):", rows[0])
    assert found, f"no place in: {rows[0]}"
    assert found.group(1) == place, rows[0]


def test_check_passes_the_configuration_that_the_faults_are_put_into(build, certs, keys, tmp_path):
    values = {"root": harness.ROOT, "token": keys.token, "subscriber": keys.subscriber, **certs.default}
    path = str(tmp_path / "conf.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(GOOD.format(**values))
    done = run(build, "--check=files", conf=path)
    assert (done.returncode, done.stderr) == (0, "")


def test_check_tells_all_faults_at_once(build, tmp_path):
    path = str(tmp_path / "conf.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("server: { mode: x, workers: y }\ndevice: { post: z }\nnone: 1\n")
    rows = run(build, "--check=files", conf=path).stderr.splitlines()
    assert len(rows) >= 4
    for name in ("server.mode", "server.workers", "device.post", "none"):
        assert [row for row in rows if name in row], rows


@pytest.mark.parametrize("text", ["", "[]", "x", "%YAML 3.0\n---\n", "\0", "{" * 500, "a: &x [*x]", "server: !!binary zz\n",
                                  "---\nserver: {}\n---\nserver: {}\n"], ids=range(9))
def test_nonsense_for_a_configuration_does_no_harm(build, tmp_path, text):
    path = str(tmp_path / "conf.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = run(build, "--check=files", conf=path)
    assert done.returncode == 1 and path in done.stderr


def test_sample_and_manual_name_every_setting(build, tmp_path):
    sample, manual = run(build, "--sample").stdout, run(build, "--manual").stdout
    settings = yaml.safe_load(sample) or {}
    for section in ("server", "device", "limits", "tls", "certificates", "database", "auth", "policy", "admin"):
        assert section in sample and section in manual, section
    assert isinstance(settings, dict)
    for name in ("token_validity", "irat_spelling", "ticket_key", "vowifi.terms", "show-flow-when-enabled"):
        assert name in manual, name


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


# proves: P-042 P-039
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
    import ssl
    one, two = make_daemon(), make_daemon()
    context = client.tls_context(one.device.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # the ticket comes within the handshake
    with Connection(one.device, context=context) as first:
        first.request("GET", "/")
        session = first.sock.session
    sock = socket.create_connection((two.device.host, two.device.port), 10)
    with context.wrap_socket(sock, server_hostname="aes.mnc001.mcc001.pub.3gppnetwork.org", session=session) as second:
        assert second.session_reused

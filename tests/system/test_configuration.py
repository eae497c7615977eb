# SPDX-License-Identifier: Apache-2.0
"""The configuration: its check before the start, and its reload while devices are served."""
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
import yaml

import client
import harness
from client import Connection
from test_vowifi import change_policy, copy_policy

ALL = ["ap2003", "ap2004", "ap2005"]


# ---- reload ----

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
    "plmn": (lambda s: s["auth"].update(plmns=["1"]), "plmns"),
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


def test_a_lease_that_ends_before_the_calls_of_a_step_is_not_fit(make_daemon, build):
    bss = {"type": "rest", "url": "https://127.0.0.1:9", "timeout": "10s"}
    daemon = make_daemon(start=False, bss=bss, odsa={"lease": "40s"})
    done = run(build, "--check=files", conf=daemon.conf_path)
    assert done.returncode == 1 and "odsa.lease: 40 s" in done.stderr and "bss: 40 s" in done.stderr
    daemon = make_daemon(start=False, bss=bss, odsa={"lease": "41s"})
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


@pytest.mark.parametrize("data,settings,says", [
    ("jwt={jwt}", {}, "{jwt} needs callback.signing"),
    ("id=1", {"web": {"public_url": "https://aes.example.net"}, "websheet": {"enabled": True, "directory": os.path.join(
        harness.ROOT, "conf/websheet")}}, "flow-data must hold sid={session}")], ids=["jwt", "sid"])
def test_user_data_that_no_portal_could_use_is_told(make_daemon, area, build, data, settings, says):
    where = os.path.join(area, f"policy-{says[:4]}")
    shutil.copytree(os.path.join(harness.ROOT, "conf/policy.d"), where)
    path = os.path.join(where, "vowifi.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace('flow-data: "sid={session}"', f'flow-data: "{data}"'))
    daemon = make_daemon(start=False, policy={"directory": where, "portal_url": ""}, **settings)
    done = subprocess.run([build.daemon, "-c", daemon.conf_path, "--check=files"], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and says in done.stdout + done.stderr and "vowifi.yaml:" in done.stdout + done.stderr

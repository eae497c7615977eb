# SPDX-License-Identifier: Apache-2.0
"""Our own device simulator against the real daemon: the habits of real clients, a TUAK card, scenario files, load."""
import glob
import json
import os
import re
import subprocess

import pytest

import harness

SCENARIOS = sorted(glob.glob(os.path.join(harness.ROOT, "tests", "scenarios", "*.yaml")))
WORDS = re.compile(r"Wi-Fi calling: (entitled|enabled)")  # each client's own
TUAK_KI, TUAK_TOP = bytes(range(32)).hex(), bytes(range(64, 96)).hex()


HOST = "entitlement.example.net"  # in the certificates of the tests
RESOLVE = ["--resolve", f"{HOST}:127.0.0.1"]


def url_of(daemon):
    return f"https://{HOST}:{daemon.settings['device']['listen'][0].rpartition(':')[2]}/"


@pytest.fixture
def devsim(build, certs):
    def run(*arguments, code=0):
        done = subprocess.run([build.devsim, *arguments], capture_output=True, text=True, timeout=60,
                              env=harness.environment())
        assert not harness.SANITIZER.search(done.stderr), done.stderr
        assert done.returncode == code, (done.returncode, done.stdout[-3000:], done.stderr[-1000:])
        return done.stdout
    run.ca = certs.default["certificate"]
    return run


def card(line):
    return ["--imsi", line.imsi, "--ki", line.ki.hex(), "--opc", line.opc.hex()]


# proves: X-001 X-003 X-012 X-017 X-019 X-026
@pytest.mark.parametrize("personality", ["library", "ims", "samsung-old", "samsung-new", "headless"])
def test_each_client_gets_from_its_sim_to_its_entitlements(devsim, daemon, subscriber, lines, tmp_path, personality):
    line = subscriber()
    arguments = ["run", "--url", url_of(daemon), "--ca", devsim.ca, *RESOLVE, *card(line), "--imei", lines.imei(),
                 "--personality", personality, "--version", "8.0", "--app", "ap2004", "--token-file", str(tmp_path / "token")]
    first = devsim(*arguments)
    assert WORDS.search(first), first
    assert (tmp_path / "token").read_text().strip()
    again = devsim(*arguments, "--explain")
    assert WORDS.search(again) and "eap-relay-packet" not in again


# proves: X-003 X-011 X-019
def test_the_companion_client_is_answered_although_nothing_is_offered_to_it(devsim, daemon, subscriber, lines):
    text = devsim("run", "--url", url_of(daemon), "--ca", devsim.ca, *RESOLVE, *card(subscriber()), "--imei", lines.imei(),
                  "--personality", "health", "--gzip-request", "--output", "document", "--lenient")
    assert "ap2006" in text


# proves: E-010
def test_a_tuak_card_is_authenticated(devsim, daemon, ctl, lines, tmp_path):
    imsi = "001019900000001"
    path = tmp_path / "tuak.csv"
    path.write_text(f"imsi,plan,algorithm,ki,op\n{imsi},full,tuak,{TUAK_KI},{TUAK_TOP}\n")
    ctl("subscriber", "import", str(path))
    right = ["run", "--url", url_of(daemon), "--ca", devsim.ca, *RESOLVE, "--imsi", imsi, "--alg", "tuak", "--ki", TUAK_KI,
             "--imei", lines.imei(), "--app", "ap2005", "--output", "document"]
    assert "ap2005" in devsim(*right, "--op", TUAK_TOP)
    devsim(*right, "--op", bytes(32).hex(), code=5)  # another TOP: the card refuses AUTN


# proves: X-020 X-021 X-022
@pytest.mark.parametrize("scenario", SCENARIOS, ids=os.path.basename)
def test_scenarios(devsim, daemon, make_daemon, subscriber, lines, scenario):
    line, other = subscriber(), make_daemon()
    values = {"url": url_of(daemon), "url2": url_of(other), "ca": devsim.ca, "resolve": RESOLVE[1], "imsi": line.imsi, "ki": line.ki.hex(),
              "opc": line.opc.hex(), "imei": lines.imei()}
    text = devsim("scenario", scenario, *[f"--set={name}={value}" for name, value in values.items()])
    assert "not ok" not in text and "ok 1" in text


def test_load_runs_are_answered_without_a_failure(devsim, daemon, subscriber, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("".join(f"{line.imsi},{line.ki.hex()},{line.opc.hex()}\n" for line in (subscriber() for _ in range(8))))
    common = ["--url", url_of(daemon), "--ca", devsim.ca, *RESOLVE]
    devsim("prepare", *common, "--subscribers", str(path), "--tokens-out", str(tmp_path / "tokens.csv"))
    for mode, source in (("token", "tokens.csv"), ("cold-eap", "list.csv")):
        found = json.loads(devsim("load", *common, "--mode", mode, "--subscribers", str(tmp_path / source),
                                  "--connections", "4", "--in-flight", "4", "--requests", "40"))
        assert found

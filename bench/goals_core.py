# SPDX-License-Identifier: Apache-2.0
"""Goal 19: authentications that are handed on to an AAA of other makers (hostapd with EAP-AKA, over RADIUS)."""
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

from lab import LOAD_CPU, SERVER_CPU, TOP, Server, run_time_ns
from measure import at_most, info, median, ratios, rounds

# hostapd keeps 1,000 conversations at most, each for some seconds behind its end.
BURST, REST_S = 800, 7
SECRET = "a-secret-of-the-bench"


class Auc(threading.Thread):
    """The authentication centre that hostapd asks: vectors of the cards of the load, by the tests' own Milenage."""

    def __init__(self, path, cards):
        super().__init__(daemon=True)
        sys.path.insert(0, str(TOP / "tests/system"))
        import eap_card
        self.card, self.cards = eap_card, {}
        for line in pathlib.Path(cards).read_text().splitlines():
            imsi, ki, opc, _ = line.split()
            self.cards[imsi] = [eap_card.Milenage(ki, opc), 0]
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)

    def run(self):
        while True:
            try:
                data, address = self.socket.recvfrom(1024)
            except OSError:
                return
            word, imsi, *_ = data.decode("ascii").split()
            if word == "AKA-REQ-AUTH":
                row = self.cards[imsi]
                row[1] += 32
                rand, autn, ik, ck, res = self.card.make_vector(row[0], row[1])
                text = " ".join(part.hex() for part in (rand, autn, ik, ck, res))
                self.socket.sendto(f"AKA-RESP-AUTH {imsi} {text}".encode(), address)


class Hostapd:
    """On the load's processor, silent."""

    def __init__(self, lab):
        self.auc = Auc(lab.path("auc.sock"), lab.path("main.cards"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        lab.write("clients", f"127.0.0.1/32 {SECRET}\n")
        lab.write("users", '"0"* AKA\n')
        lab.write("hostapd.conf", "\n".join((
            "driver=none", "interface=lo", "logger_stdout=0", "logger_syslog=0", f"radius_server_clients={lab.path('clients')}",
            f"radius_server_auth_port={self.port}", "eap_server=1", f"eap_user_file={lab.path('users')}",
            f"eap_sim_db=unix:{lab.path('auc.sock')}", "eap_sim_id=0", "eap_sim_aka_result_ind=0")) + "\n")
        self.process = subprocess.Popen(["hostapd", lab.path("hostapd.conf")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU}),
                                        env=dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin"))
        self.auc.start()
        time.sleep(1)
        if self.process.poll() is not None:
            raise RuntimeError("hostapd did not start")

    def cpu_ns(self):
        return run_time_ns([self.process.pid])

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.auc.socket.close()


def relaying_daemon(lab, port):
    """A daemon of one worker that knows no key of a card."""
    ports = lab.daemon_config("relay", "main", 1)
    config = pathlib.Path(lab.path("relay-ec.yaml"))
    text = config.read_text().replace("attempts: 10000,", "attempts: 10000, ladder: [core],")
    lab.write("relay-ec.yaml", text + f"""\
aaa: [ {{ name: core, type: radius, servers: [hostapd] }} ]
radius_servers: [ {{ name: hostapd, host: 127.0.0.1, port: {port}, secret: {SECRET} }} ]
""")
    log = open(lab.path("relay-ec.log"), "w")
    process = subprocess.Popen(lab.daemon_command("relay-ec.yaml"), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                               preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CPU}))
    return lab.add(Server("relay", process, {"ec": ports["ec"]}, lab.path("main.targets"), lab.path("daemon.small")))


def burst(b, server, in_flight):
    """So many authentications, each of a phone of its own on a connection of its own."""
    b.lab.psql("main", "UPDATE auc SET attempts = 0 WHERE attempts > 0; DELETE FROM eap_session; VACUUM auc, eap_session")
    return b.lab.load(server, "eap", "-c", in_flight, "-n", BURST, "-k", b.lab.path("main.cards"))


def relayed(b, daemon, aaa, in_flight):
    time.sleep(REST_S)
    before = aaa.cpu_ns()
    result = burst(b, daemon, in_flight)
    result["aaa_us"] = (aaa.cpu_ns() - before) / 1000 / result["done"]
    return result


def goal_19(b):
    aaa = Hostapd(b.lab)
    daemon = relaying_daemon(b.lab, aaa.port)
    try:
        ours, local = rounds(b.rounds, lambda: relayed(b, daemon, aaa, 16), lambda: burst(b, b.daemon, 16))
        aaa_us = median([r["aaa_us"] for r in ours])
        notes = [f"CPU {median([r['cpu_us'] for r in ours]):.0f} us against {median([r['cpu_us'] for r in local]):.0f} us",
                 f"PostgreSQL {median([r['db_us'] for r in ours]):.0f} us against {median([r['db_us'] for r in local]):.0f} us"]
        yield at_most("19", f"full authentication relayed to hostapd (identity round, challenge), {BURST} in a burst, 16 in "
                      "flight: CPU of the daemon against one by the built-in AuC",
                      [1 / r for r in ratios(ours, local, "cpu_us")], 1.5, notes)
        yield info("19", "the same: CPU of the daemon, TLS handshake and document included, against that of hostapd",
                   [r["cpu_us"] / r["aaa_us"] for r in ours], [f"hostapd {aaa_us:.0f} us"])
        yield info("19", "the same: authentications/s against the most that hostapd can (one processor by its own CPU time)",
                   [r["rate"] * r["aaa_us"] / 1e6 for r in ours],
                   [f"{median([r['rate'] for r in ours]):,.0f}/s of {1e6 / aaa_us:,.0f}/s; load, PostgreSQL and AuC share its "
                    "processor"])
        yield info("19", "authentications/s, relayed against built-in", ratios(ours, local, "rate", False))
    finally:
        b.lab.end(daemon)
        aaa.stop()


GOALS = [("19", goal_19)]

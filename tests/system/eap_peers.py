# SPDX-License-Identifier: Apache-2.0
"""The programs of the interoperability tests of EAP-AKA: the RADIUS server around the product's EAP server, Debian's
eapol_test as the phone, and hostapd as the operator's AAA.

Debian builds eapol_test without a software USIM (password="Ki:OPc:SQN" is refused); it asks an external SIM over its
control interface instead."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections import namedtuple

from eap_card import Milenage, make_vector, sqn_of_auts
from eap_radius import SECRET

IDENTITY = "0{}@nai.epc.mnc001.mcc001.3gppnetwork.org"
LIMIT_S = 20


def build_folder():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    return os.path.abspath(os.environ.get("ECS_BUILD") or os.path.join(root, "build", "sanitize"))


class Front:
    """tests/tools/radius_front with one or more subscribers: (imsi, ki, opc, amf, sqn, res_n)."""

    def __init__(self, subscribers, extras=0):
        with tempfile.NamedTemporaryFile("w", suffix=".subscribers") as file:
            for imsi, ki, opc, amf, sqn, res_n in subscribers:
                file.write(f"{imsi} {ki} {opc} {amf} {sqn:012x} {res_n}\n")
            file.flush()
            self.process = subprocess.Popen(
                [os.path.join(build_folder(), "tests", "tools", "radius_front"), "--subscribers", file.name, "--secret",
                 SECRET.decode(), "--extras", str(extras)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            word, _, port = self.process.stdout.readline().partition(" ")
        assert word == "port", self.process.stderr.read()
        self.port = int(port)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        out, err = self.process.communicate(timeout=LIMIT_S)
        self.lines = out.splitlines()
        if kind is None:
            assert self.process.returncode == 0, err
            assert "ERROR:" not in err and "runtime error" not in err, err


Result = namedtuple("Result", "success log")
SIM_REQUEST = re.compile(r"CTRL-REQ-SIM-(\d+):UMTS-AUTH:([0-9a-f]{32}):([0-9a-f]{32}) needed")


def serve_card(folder, card, process):
    """The external SIM of eapol_test, until the process ends."""
    end = time.monotonic() + LIMIT_S
    path = os.path.join(folder, "ctrl", "test")
    while not os.path.exists(path):
        assert process.poll() is None and time.monotonic() < end, "eapol_test has no control interface"
        time.sleep(0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sim:
        sim.bind(os.path.join(folder, "sim"))
        sim.connect(path)
        sim.settimeout(0.1)
        sim.send(b"ATTACH")
        while process.poll() is None and time.monotonic() < end:
            try:
                text = sim.recv(4096).decode("latin-1")
            except (socket.timeout, ConnectionError):
                continue
            match = SIM_REQUEST.search(text)
            if match:
                answer = card.answer(bytes.fromhex(match[2]), bytes.fromhex(match[3]))
                try:
                    sim.send(f"CTRL-RSP-SIM-{match[1]}:UMTS-{answer}".encode())
                except ConnectionError:
                    return


def run_peer(port, identity, card, method="AKA", rounds=1, phase1=None):
    """One or more full authentications of eapol_test; its debug output holds the peer's keys."""
    folder = tempfile.mkdtemp(prefix="eapol")
    try:
        config, log = os.path.join(folder, "conf"), os.path.join(folder, "log")
        extra = f' phase1="{phase1}"\n' if phase1 else ""
        with open(config, "w", encoding="ascii") as file:
            file.write(f"ctrl_interface={folder}/ctrl\nexternal_sim=1\nnetwork={{\n ssid=\"test\"\n key_mgmt=WPA-EAP\n"
                       f" eap={method}\n identity=\"{identity}\"\n{extra}}}\n")
        with open(log, "w", encoding="utf-8") as file:
            process = subprocess.Popen(
                ["eapol_test", "-W", "-c", config, "-a", "127.0.0.1", "-p", str(port), "-s", SECRET.decode(),
                 "-t", "10", "-r", str(rounds - 1)], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
            try:
                serve_card(folder, card, process)
                status = process.wait(LIMIT_S)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        with open(log, encoding="utf-8", errors="replace") as file:
            return Result(status == 0, file.read())
    finally:
        shutil.rmtree(folder)


def hexdumps(log, name):
    """All values that the peer printed under a name."""
    lines = re.findall(re.escape(name) + r"[^\n]*? - hexdump\(len=\d+\): ?([0-9a-f ]*)", log)
    return [bytes.fromhex(line) for line in lines]


# ---- the other direction: the product's codecs as the phone ----

def free_port():
    """Of UDP on the loopback address; hostapd cannot choose one itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_hostapd():
    return os.environ.get("ECS_HOSTAPD") or shutil.which("hostapd", path=os.environ.get("PATH", "") + ":/usr/sbin")


class Auc:
    """The authentication centre that hostapd asks over a datagram socket (its eap_sim_db protocol)."""

    def __init__(self, path, ki, opc, sqn):
        self.milenage, self.sqn, self.asked, self.ending = Milenage(ki, opc), sqn, [], False
        self.change_res = lambda res: res
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(0.1)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ending:
            try:
                data, address = self.socket.recvfrom(1024)
            except socket.timeout:
                continue
            word, imsi, *rest = data.decode("ascii").split()
            self.asked.append(word)
            if word == "AKA-REQ-AUTH":
                self.sqn = (self.sqn // 32 + 1) * 32
                rand, autn, ik, ck, res = make_vector(self.milenage, self.sqn)
                text = " ".join(part.hex() for part in (rand, autn, ik, ck, self.change_res(res)))
                self.socket.sendto(f"AKA-RESP-AUTH {imsi} {text}".encode(), address)
            elif word == "AKA-AUTS":
                auts, rand = map(bytes.fromhex, rest)
                sqn = sqn_of_auts(self.milenage, rand, auts)
                if sqn is None:
                    self.asked.append("wrong MAC-S")
                else:
                    self.sqn = sqn

    def close(self):
        self.ending = True
        self.thread.join()
        self.socket.close()


class Hostapd:
    """A RADIUS server with EAP-AKA of other makers. options: lines of its configuration."""

    def __init__(self, ki, opc, sqn=0, options=()):
        program = find_hostapd()
        if not program:
            raise FileNotFoundError("hostapd is not installed")
        self.folder = tempfile.mkdtemp(prefix="hostapd")
        self.port = free_port()
        self.auc = Auc(os.path.join(self.folder, "auc"), ki, opc, sqn)
        self.write("clients", f"127.0.0.1/32 {SECRET.decode()}\n")
        self.write("users", '"0"* AKA\n')
        self.write("conf", "\n".join((
            "driver=none", "interface=lo", "logger_stdout=-1", "logger_stdout_level=0",
            f"radius_server_clients={self.folder}/clients", f"radius_server_auth_port={self.port}", "eap_server=1",
            f"eap_user_file={self.folder}/users", f"eap_sim_db=unix:{self.folder}/auc", *options)) + "\n")
        with open(os.path.join(self.folder, "log"), "w", encoding="utf-8") as file:
            self.process = subprocess.Popen([program, "-dd", "-K", os.path.join(self.folder, "conf")],
                                            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
            file.write(text)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def __enter__(self):
        end = time.monotonic() + LIMIT_S
        while "AP-ENABLED" not in self.log():
            if self.process.poll() is not None or time.monotonic() > end:
                text = self.log()
                self.__exit__()
                raise RuntimeError("hostapd did not start: " + text[-2000:])
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(LIMIT_S)
        self.auc.close()
        shutil.rmtree(self.folder)


class AkaPeer:
    """tests/tools/aka_peer."""

    def __init__(self, identity, ki, opc, sqn=0):
        self.process = subprocess.Popen(
            [os.path.join(build_folder(), "tests", "tools", "aka_peer"), identity, ki, opc, f"{sqn:012x}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = {}

    def answer(self, eap):
        """The peer's answer; None at the end of the exchange."""
        self.process.stdin.write(eap.hex() + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            word, _, value = line.strip().partition(" ")
            if word == "send":
                return bytes.fromhex(value)
            self.said[word] = value
            if word == "end" and value != "bad_mac":
                return None
        raise RuntimeError("aka_peer ended: " + self.process.stderr.read())

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        _, err = self.process.communicate(timeout=LIMIT_S)
        if kind is None:
            assert self.process.returncode == 0, err

# SPDX-License-Identifier: Apache-2.0
"""freeDiameter as the operator's AAA, HSS and PCRF (Debian packages freediameterd, freediameter-extensions,
libfreediameter-dev). The programs are real; the extension tests/tools/fd_bridge.c gives their requests to this process, where
Aaa, Hss and Pcrf answer as a test has scripted. What a request does wrong by the digests is noted in faults."""
import collections
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

import diameter
import harness
from diameter import Fault, Message, expect

PROGRAM, EXTENSIONS = "/usr/bin/freeDiameterd", "/usr/lib/freeDiameter"
LIMIT_S = 20


def missing():
    """The Debian package that is not installed; None: all are there."""
    for path, package in ((PROGRAM, "freediameterd"), (EXTENSIONS + "/acl_wl.fdx", "freediameter-extensions"),
                          ("/usr/include/freeDiameter/extension.h", "libfreediameter-dev")):
        if not os.path.exists(path):
            return package
    return None


class Network:
    """A folder with the extension and certificates for the instances of one test module."""

    def __init__(self, realm="home.test"):
        self.realm, self.peers, self.built = realm, [], None
        self.folder = tempfile.mkdtemp(prefix="fd-")

    def extension(self):
        if not self.built:
            self.built = os.path.join(self.folder, "fd_bridge.fdx")
            subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.built,
                            os.path.join(harness.ROOT, "tests", "tools", "fd_bridge.c")], check=True)
            self.certificate("authority")
        return self.built

    def certificate(self, name):
        """(certificate, key); of a name signed by "authority"."""
        base = os.path.join(self.folder, name)
        by = [] if name == "authority" else [
            "-CA", self.folder + "/authority.pem", "-CAkey", self.folder + "/authority.key", "-addext",
            f"subjectAltName=DNS:{name}"]
        if not os.path.exists(base + ".pem"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-subj", f"/CN={name}", "-days", "2", "-keyout", base + ".key", "-out", base + ".pem", *by],
                           check=True, stderr=subprocess.DEVNULL)
        return base + ".pem", base + ".key"

    def close(self):
        for peer in self.peers:
            peer.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Peer:
    """One freeDiameterd with its bridge. requests: all that came; faults: what was wrong with them; wire: (direction "I"
    or "O", bytes) of every message, with those of the base protocol."""
    role = None
    no_nasreq = False

    def __init__(self, network, identity, watchdog_s=6):
        self.network, self.identity, self.realm = network, identity, network.realm
        self.watchdog_s = watchdog_s
        self.port, self.tls_port = harness.free_port(), harness.free_port()
        self.requests, self.faults, self.wire, self.answers = [], [], [], {}
        self.lock = threading.RLock()
        self.process, self.sock, self.number, self.timers = None, None, 0, []
        network.peers.append(self)

    # -- the program --

    def configuration(self):
        certificate, key = self.network.certificate(self.identity)
        path = os.path.join(self.network.folder, self.identity)
        with open(os.path.join(self.network.folder, "acl"), "w", encoding="ascii") as file:
            file.write("ALLOW_IPSEC *.test\n")
        rows = [f'Identity = "{self.identity}"', f'Realm = "{self.realm}"', f"Port = {self.port}", f"SecPort = {self.tls_port}",
                "No_SCTP", "No_IPv6", 'ListenOn = "127.0.0.1"', f"TwTimer = {self.watchdog_s}", "TcTimer = 1",
                f'TLS_Cred = "{certificate}", "{key}"', f'TLS_CA = "{self.network.folder}/authority.pem"',
                f'LoadExtension = "acl_wl.fdx" : "{self.network.folder}/acl"']
        if not self.no_nasreq:
            rows += ['LoadExtension = "dict_nasreq.fdx"', 'LoadExtension = "dict_eap.fdx"']
        rows.append(f'LoadExtension = "{self.network.built}" : "{self.role} {path}.sock"')
        with open(path + ".conf", "w", encoding="ascii") as file:
            file.write(";\n".join(rows) + ";\n")
        return path

    def start(self):
        self.network.extension()
        path = self.configuration()
        with socket.socket(socket.AF_UNIX) as listener, open(path + ".log", "ab") as log:
            if os.path.exists(path + ".sock"):
                os.unlink(path + ".sock")
            listener.bind(path + ".sock")
            listener.listen(1)
            listener.settimeout(LIMIT_S)
            self.process = subprocess.Popen([PROGRAM, "-c", path + ".conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                self.sock = listener.accept()[0]
            except socket.timeout:
                self.kill()
                raise RuntimeError(f"freeDiameter did not start: {self.log()[-3000:]}") from None
        threading.Thread(target=self.read, args=(self.sock,), daemon=True).start()
        harness.wait_for(self.listens, LIMIT_S, lambda: "freeDiameter listens\n" + self.log()[-3000:])
        return self

    def listens(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"freeDiameter ended: {self.log()[-3000:]}")
        return f"{self.port:04X} 00000000:0000 0A" in proc_tcp()

    def log(self):
        with open(os.path.join(self.network.folder, self.identity + ".log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, kill=False):
        """By SIGTERM (it sends DPR), or SIGKILL."""
        if self.process:
            (self.process.kill if kill else self.process.terminate)()
            try:
                self.process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if self.sock:
            self.sock.close()
            self.sock = None

    def kill(self):
        for timer in self.timers:
            timer.cancel()
        self.stop(kill=True)

    def pause(self, stopped=True):
        """Stops it by SIGSTOP: the connection stays, nothing answers."""
        self.process.send_signal(19 if stopped else 18)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    # -- the bridge --

    def read(self, sock):
        data = b""
        while True:
            try:
                more = sock.recv(65536)
            except OSError:
                return
            if not more:
                return
            data += more
            while len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[:4], "big"):
                end = 4 + int.from_bytes(data[:4], "big")
                kind, number = chr(data[4]), int.from_bytes(data[5:9], "big")
                self.take(kind, number, data[9:end])
                data = data[end:]

    def take(self, kind, number, data):
        if kind in "IO":
            self.wire.append((kind, data))
            if kind == "I":
                self.check_base(data)
        elif kind == "X":
            self.faults.append(f"the double: {data.decode()}")
        else:
            try:
                message = Message(data)
                with self.lock:
                    if kind == "A":
                        self.answers[number] = message
                        return
                    message.number, message.at = number, time.monotonic()
                    last = message.avps.pop()  # freeDiameter notes whence it has come, behind the client's own AVPs
                    expect(last.name == "Route-Record", "the double knows its own mark no more")
                    self.requests.append(message)
                    self.check_request(message)
                    self.on_request(message)
            except Exception as fault:  # told by check(): a thread has no other way
                self.faults.append(f"{type(fault).__name__}: {fault} ({data.hex()})")
                if kind == "R":
                    self.send("d", number, b"")

    def check_base(self, data):
        """Messages that freeDiameter answers by itself are read strictly, too."""
        try:
            message = Message(data)
            if message.command in (diameter.CER, diameter.DWR, diameter.DPR) and message.flags & diameter.REQUEST:
                expect(message.flags == diameter.REQUEST and message.app == 0, "header of a base request")
                message.need("Origin-Host"), message.need("Origin-Realm")
                if message.command == diameter.CER:
                    for name in "Host-IP-Address", "Vendor-Id", "Product-Name":
                        expect(message.all(name), f"CER without {name}")
                if message.command == diameter.DPR:
                    expect(message.need("Disconnect-Cause") in (0, 1, 2), "Disconnect-Cause")
        except Fault as fault:
            self.faults.append(f"{fault} ({data.hex()})")

    def send(self, kind, number, data):
        sock = self.sock
        if sock:
            try:
                sock.sendall(struct.pack(">I", len(data) + 5) + kind.encode() + struct.pack(">I", number) + data)
            except OSError:
                pass

    def answer(self, request, pairs, delay_s=0, error=False):
        """pairs: AVPs behind Session-Id; the ones of the origin are put in front of them."""
        flags = (request.flags & diameter.PROXIABLE) | (diameter.ERROR if error else 0)
        own = [("Session-Id", request.get("Session-Id")), ("Origin-Host", self.identity), ("Origin-Realm", self.realm)]
        data = diameter.write_message(request.command, request.app, flags, request.hop, request.end, own + pairs)
        if delay_s:
            timer = threading.Timer(delay_s, self.send, ("r", request.number, data))
            timer.daemon = True
            self.timers.append(timer)
            timer.start()
        else:
            self.send("r", request.number, data)

    def ask(self, command, app, pairs, seconds=10):
        """A request of this side; the answer."""
        with self.lock:
            self.number += 1
            number = self.number
        flags = diameter.REQUEST | diameter.PROXIABLE
        self.send("q", number, diameter.write_message(command, app, flags, 0, 0, pairs))
        return harness.wait_for(lambda: self.answers.get(number), seconds,
                                lambda: f"an answer to {command}\n{self.log()[-2000:]}")

    # -- what the roles have in common --

    def check_request(self, message):
        expect(message.flags & ~diameter.REPEATED == diameter.REQUEST | diameter.PROXIABLE, f"header flags {message.flags:02x}")
        expect(message.avps and message.avps[0].name == "Session-Id", "Session-Id is not the first AVP")
        host = message.need("Origin-Host")
        parts = message.need("Session-Id").split(";")
        known = message.get("Session-Id") in getattr(self, "sessions", ())  # another node may go on with a session
        expect((parts[0] == host or known) and len(parts) >= 3 and all(part.isdigit() and int(part) < 1 << 32 for part in parts[1:3]),
               "Session-Id has not the form of RFC 6733")
        message.need("Origin-Realm")
        expect(message.need("Destination-Realm") == self.realm, "Destination-Realm")
        expect(message.get("Destination-Host") in (None, self.identity), "Destination-Host is another host")

    def of(self, command):
        with self.lock:
            return [request for request in self.requests if request.command == command]

    def wait(self, command, count=1, seconds=10):
        harness.wait_for(lambda: len(self.of(command)) >= count, seconds,
                         lambda: f"{count} requests {command}; there are {len(self.of(command))}; faults {self.faults}")
        return self.of(command)

    def base(self, command, direction="I"):
        """Messages of the base protocol that were received or sent."""
        return [Message(data) for way, data in list(self.wire)
                if way == direction and int.from_bytes(data[5:8], "big") == command]

    def clear(self):
        with self.lock:
            self.requests.clear()
            self.faults.clear()

    def check(self):
        assert not self.faults, self.faults


def proc_tcp():
    with open("/proc/net/tcp", encoding="ascii") as file:
        return file.read()


def counted(message, allowed, many=()):
    """No other AVPs than these, each once."""
    counts = collections.Counter(avp.name for avp in message.avps)
    for name, count in counts.items():
        expect(name in allowed or name in many, f"{name} has no business in {message.command}")
        expect(count == 1 or name in many, f"{name} is there {count} times")

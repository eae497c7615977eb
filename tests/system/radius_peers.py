# SPDX-License-Identifier: Apache-2.0
"""The programs of the tests of the RADIUS client: tests/tools/radius_ask around it, FreeRADIUS as accounting server and
as proxy in front of hostapd, radsecproxy as RadSec server (Debian packages freeradius, radsecproxy)."""
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import aka
from eap_peers import LIMIT_S, build_folder
from eap_radius import SECRET, identity_answer


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")


class RadiusAsk:
    """tests/tools/radius_ask; servers: "name:port" or "name:port:tls"."""

    def __init__(self, *servers, options=(), secret=SECRET.decode()):
        arguments = [os.path.join(build_folder(), "tests", "tools", "radius_ask"), *options, "--secret", secret]
        for server in servers:
            arguments += ["--server", server]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line == "ready\n", self.process.stderr.read()

    def say(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def eap(self, identity, eap, state=None, server=None):
        """(verdict, server, {eap, state, user, class}) or ("error", name of the result, text)."""
        words = self.say("eap", identity, eap.hex() or "-", state.hex() if state else "-", server or "-")
        if words[0] == "error":
            return words[0], words[1], " ".join(words[2:])
        values = {name: bytes.fromhex(value) if value != "-" else None for name, value in zip(words[2::2], words[3::2])}
        return words[0], words[1], values

    def record(self, status, session, user, kind=None):
        return self.say("record", str(status), session, user, kind.hex() if kind else "-")

    def view(self):
        rows, line = {}, self.say("view")
        while line != ["end"]:
            rows[line[0]] = dict(zip(line[1:9:2], map(int, line[2:9:2])))
            line = self.process.stdout.readline().split()
        return rows

    def turn(self, milliseconds):
        assert self.say("turn", str(milliseconds)) == ["end"]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        _, err = self.process.communicate(timeout=LIMIT_S)
        if kind is None:
            assert self.process.returncode == 0, err


def identity_attribute(identity):
    data = identity.encode()
    return aka.attribute(14, struct.pack(">H", len(data)) + data)


def phone(identity, usim, eap):
    """What a phone with that card answers to an EAP-AKA request."""
    packet = aka.Packet(eap)
    if packet.subtype == 5:
        return aka.response(packet.identifier, 5, identity_attribute(identity))
    if packet.subtype == 12:
        return aka.response(packet.identifier, 12)
    assert packet.subtype == aka.CHALLENGE
    result = usim.authenticate(packet.rand, packet.autn)
    if result[0] == "sync":
        return aka.response(packet.identifier, aka.SYNC_FAILURE, bytes([aka.AT_AUTS, 4]) + result[1])
    if result[0] == "mac":
        return aka.response(packet.identifier, aka.REJECT)
    _, res, ck, ik = result
    return aka.response(packet.identifier, aka.CHALLENGE, aka.res_attribute(res), aka.k_aut(identity, ik, ck))


def authenticate(client, identity, usim, rounds=8):
    """A whole conversation through the client; the list of its answers."""
    answers = [client.eap(identity, identity_answer(identity))]
    while answers[-1][0] == "more" and len(answers) < rounds:
        _, server, values = answers[-1]
        answers.append(client.eap(identity, phone(identity, usim, values["eap"]), values["state"], server))
    return answers


class Program:
    """One that serves until it is told to stop, with a folder of its own."""

    def __init__(self, name, files, arguments, ready):
        self.folder, self.ready = tempfile.mkdtemp(prefix=name), ready
        for file, text in files.items():
            with open(os.path.join(self.folder, file), "w", encoding="ascii") as out:
                out.write(text.replace("@DIR@", self.folder))
        with open(os.path.join(self.folder, "log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([word.replace("@DIR@", self.folder) for word in arguments],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def read(self, name):
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def log(self):
        return self.read("log")

    def __enter__(self):
        end = time.monotonic() + LIMIT_S
        while not self.ready(self):
            if self.process.poll() is not None or time.monotonic() > end:
                text = self.log()
                self.__exit__()
                raise RuntimeError("it did not start: " + text[-3000:])
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)


FREERADIUS = """
prefix = /usr
name = radiusd
confdir = @DIR@
logdir = @DIR@
radacctdir = @DIR@
run_dir = @DIR@
libdir = /usr/lib/freeradius
pidfile = @DIR@/pid
max_requests = 1024
security {{
    allow_core_dumps = no
    reject_delay = 0
    status_server = yes
}}
client ecs {{
    ipaddr = 127.0.0.1
    secret = {secret}
    require_message_authenticator = yes
}}
home_server next {{
    type = auth
    ipaddr = 127.0.0.1
    port = {next_port}
    secret = {secret}
    require_message_authenticator = yes
    response_window = 5
    status_check = none
}}
home_server_pool pool {{
    home_server = next
}}
realm aka {{
    auth_pool = pool
    nostrip
}}
thread pool {{
    start_servers = 1
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 3
}}
modules {{
    detail {{
        filename = @DIR@/detail
        permissions = 0600
    }}
    always ok {{
        rcode = ok
    }}
}}
server default {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {port}
    }}
    listen {{
        type = acct
        ipaddr = 127.0.0.1
        port = {acct_port}
    }}
    authorize {{
        update control {{
            Proxy-To-Realm := aka
        }}
    }}
    preacct {{
        ok
    }}
    accounting {{
        detail
    }}
}}
"""


class FreeRadius(Program):
    """next_port: the server that Access-Requests are passed on to."""

    def __init__(self, next_port=1):
        self.port, self.acct_port = free_port(), free_port()
        text = FREERADIUS.format(secret=SECRET.decode(), port=self.port, acct_port=self.acct_port, next_port=next_port)
        super().__init__("freeradius", {"radiusd.conf": text},
                         [find("freeradius"), "-fxx", "-l", "stdout", "-d", "@DIR@"],
                         lambda program: "Ready to process requests" in program.log())

    def details(self):
        """The records of the accounting file."""
        records = []
        for block in self.read("detail").split("\n\n"):
            rows = [line.strip().split(" = ", 1) for line in block.splitlines() if " = " in line]
            if rows:
                records.append({name: value.strip('"') for name, value in rows})
        return records


RADSECPROXY = """
ListenTLS 127.0.0.1:{port}
ListenUDP 127.0.0.1:{unused}
LogLevel 2
LogDestination file:///@DIR@/log2
tls default {{
    CACertificateFile {certs}/client.crt
    CertificateFile {certs}/server.crt
    CertificateKeyFile {certs}/server.key
}}
client ecs {{
    host 127.0.0.1
    type tls
    certificateNameCheck off
}}
server next {{
    host 127.0.0.1
    port {next_port}
    type udp
    secret {secret}
}}
realm * {{
    server next
}}
"""


def make_certificate(folder, name, host):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt", "-days", "2", "-subj",
                    f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"], check=True, stderr=subprocess.DEVNULL)


class RadsecProxy(Program):
    def __init__(self, certs, next_port):
        self.port = free_port(socket.SOCK_STREAM)
        for name, host in ("server", "localhost"), ("client", "ecs.test"):
            make_certificate(certs, name, host)
        text = RADSECPROXY.format(port=self.port, unused=free_port(), certs=certs, next_port=next_port,
                                  secret=SECRET.decode())
        super().__init__("radsecproxy", {"conf": text}, [find("radsecproxy"), "-f", "-c", "@DIR@/conf"],
                         lambda program: self.listens())

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

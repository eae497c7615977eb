# SPDX-License-Identifier: Apache-2.0
"""What the tests of clients played by entitlement-devsim share: runs of the simulator, and a server between it and the daemon that
spoils answers. No tests in here; fixtures are imported by name."""
import base64
import json
import re
import socket
import ssl
import subprocess
import threading

import pytest

import harness
from test_devsim import HOST, RESOLVE, card, url_of

__all__ = ["HOST", "RESOLVE", "Between", "between", "card", "devsim", "edit", "edit_packet", "final", "make_reply", "play",
           "rules", "url_of"]


@pytest.fixture
def devsim(build, certs):
    """Function: output of a command. code: the exit code that it must have, or several."""
    def run(*arguments, code=0):
        done = subprocess.run([build.devsim, *arguments], capture_output=True, text=True, timeout=60,
                              env=harness.environment())
        assert not harness.SANITIZER.search(done.stderr), done.stderr
        assert done.returncode in (code if isinstance(code, tuple) else (code,)), (done.returncode, done.stdout[-3000:],
                                                                                   done.stderr[-1000:])
        return done.stdout
    run.ca = certs.default["certificate"]
    return run


@pytest.fixture
def play(devsim, daemon, subscriber, lines):
    """Function: one run of a personality with a fresh line (or line=...) at the shared daemon (or at=, url=); the parsed JSON."""
    def run(personality, *arguments, line=None, at=None, url=None, code=0, imei=None, sim=True):
        phone = [] if personality == "pnv-server" else ["--imei", imei or lines.imei()]
        phone += card(line or subscriber()) if phone and sim else []
        text = devsim("run", "--url", url or url_of(at or daemon), "--ca", devsim.ca, *RESOLVE, *phone, "--personality",
                      personality, "--output", "json", *arguments, code=code)
        return json.loads(text)
    return run


class Between:
    """An HTTPS server in front of the daemon: spoil(reply bytes, number, request) changes answers; answer(request, number) may
    give one of its own. requests: what came."""

    def __init__(self, daemon, certs, spoil=None, answer=None):
        self.daemon, self.spoil, self.answer, self.requests = daemon, spoil, answer, []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs.default["certificate"], certs.default["key"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://{HOST}:{self.listener.getsockname()[1]}/"
        self.context = context
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            with plain:
                try:
                    plain.settimeout(10)
                    with self.context.wrap_socket(plain, server_side=True) as sock:
                        self.serve(sock)
                except (OSError, ValueError):
                    pass  # the client has closed

    def serve(self, sock):
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = sock.recv(65536)
                if not more:
                    return
                data += more
            head, _, rest = data.partition(b"\r\n\r\n")
            size = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            size = int(size.group(1)) if size else 0
            while len(rest) < size:
                rest += sock.recv(65536)
            request, data = head + b"\r\n\r\n" + rest[:size], rest[size:]
            self.requests.append(request)
            number = len(self.requests)
            reply = self.answer(request, number) if self.answer else None
            if reply is None:
                reply = self.forward(request)
                if self.spoil:
                    reply = self.spoil(reply, number, request) or reply
            sock.sendall(reply)
            if re.search(rb"(?i)\r\nconnection: *close", request):
                return

    def forward(self, request):
        request = re.sub(rb"(?i)\r\naccept-encoding: [^\r]*", b"", request)
        found = self.daemon.plain.raw(request)
        return make_reply(found.status, found.headers, found.body)

    def close(self):
        self.listener.close()


def make_reply(status, headers, body=b""):
    lines = [f"HTTP/1.1 {status} X"] + [f"{name}: {value}" for name, value in headers
                                        if name.lower() not in ("content-length", "transfer-encoding", "connection")]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode() + b"\r\n\r\n" + body


def edit(change):
    """A spoil that changes head and body of one answer, and its status when a third value is given."""
    def spoil(reply, number, request):
        head, _, body = reply.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")[1:]]
        found = change(headers, body, number)
        return reply if found is None else make_reply(found[2] if len(found) > 2 else status, *found[:2])
    return spoil


def edit_packet(change, which=1):
    """A spoil that changes the EAP packet in an answer."""
    def inner(headers, body, number):
        if number != which or b"eap-relay-packet" not in body:
            return None
        packet = change(base64.b64decode(json.loads(body)["eap-relay-packet"]))
        return headers, b'{"eap-relay-packet":"' + base64.b64encode(packet) + b'"}'
    return edit(inner)


@pytest.fixture
def between(daemon, certs):
    made = []

    def make(spoil=None, answer=None, at=None):
        made.append(Between(at or daemon, certs, spoil, answer))
        return made[-1]
    yield make
    for one in made:
        one.close()


def rules(found, severity="broken client"):
    return {finding["rule"] for finding in found["findings"] if finding["severity"] == severity}


def document(block):
    return json.dumps({"Vers": {"version": "1", "validity": "60"}, "Token": {"token": "a" * 30, "validity": "60"}, **block}).encode()


def final(block):
    """The second answer becomes this JSON document."""
    return edit(lambda headers, body, n: ([("Content-Type", "application/json")], document(block)) if n == 2 else None)

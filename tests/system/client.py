# SPDX-License-Identifier: Apache-2.0
"""A TS.43 device in Python, written from the digests and not from the server's code: HTTP over raw sockets (every byte of a
request is the test's), EAP-AKA with an own card (aka.py), and strict readers of both document formats (documents.py)."""
import base64
import hashlib
import hmac
import json
import re
import socket
import ssl
import urllib.parse

from aka import (AT_AUTN, AT_AUTS, AT_CLIENT_ERROR_CODE, AT_MAC, AT_RAND, CHALLENGE, CLIENT_ERROR, REJECT, SYNC_FAILURE, Packet,
                 Usim, attribute, k_aut, res_attribute, response, xor)
from documents import check_document, read_json, read_xml, strict_json

__all__ = ["ACCEPT_JSON", "ACCEPT_XML", "AT_AUTN", "AT_AUTS", "AT_CLIENT_ERROR_CODE", "AT_MAC", "AT_RAND", "CHALLENGE",
           "CLIENT_ERROR", "Connection", "Exchange", "JSON", "Packet", "Phone", "REJECT", "RELAY", "Reply", "SYNC_FAILURE",
           "Target", "Usim", "XML", "attribute", "request_bytes", "res_attribute", "response", "strict_json", "tls_context",
           "xor"]

RELAY = "application/vnd.gsma.eap-relay.v1.0+json"
XML = "text/vnd.wap.connectivity-xml"
JSON = "application/json"
ACCEPT_XML = f"{RELAY}, {XML}"
ACCEPT_JSON = f"{RELAY}, {JSON}"


# ---- HTTP ----

class Reply:
    def __init__(self, status, reason, headers, body):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body

    def header(self, name):
        values = self.all(name)
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.header('Content-Type')} {self.body[:300]!r}>"

    def document(self, token=True):
        """The configuration document in the format of its Content-Type, strictly checked."""
        assert self.status == 200, self
        kind = self.header("Content-Type")
        assert kind in (XML, JSON), self
        text = self.body.decode("utf-8")
        document = read_xml(text) if kind == XML else read_json(text)
        check_document(document, token)
        return document


class Connection:
    """One connection to a server; TLS unless the target is plain. sni=None sends no server name."""

    def __init__(self, target, sni="aes.mnc001.mcc001.pub.3gppnetwork.org", timeout=30, context=None):
        self.target = target
        if target.unix:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(target.unix)
        else:
            self.sock = socket.create_connection((target.host, target.port), timeout)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if target.ca:
            context = context or tls_context(target.ca)
            context.check_hostname = False
            self.sock = context.wrap_socket(self.sock, server_hostname=sni)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def fill(self):
        data = self.sock.recv(65536)
        self.rest += data
        return bool(data)

    def read_to(self, mark):
        while mark not in self.rest:
            if not self.fill():
                raise ConnectionError(f"closed by the server after {self.rest[:200]!r}")
        data, self.rest = self.rest.split(mark, 1)
        return data

    def read_n(self, n):
        while len(self.rest) < n:
            if not self.fill():
                raise ConnectionError(f"closed by the server, {len(self.rest)} of {n} bytes came")
        data, self.rest = self.rest[:n], self.rest[n:]
        return data

    def reply(self, method="GET"):
        while True:
            lines = self.read_to(b"\r\n\r\n").decode("latin-1").split("\r\n")
            version, status, reason = (lines[0].split(" ", 2) + [""])[:3]
            assert version == "HTTP/1.1", lines[0]
            if status != "100":
                break
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        found = {name.lower(): value for name, value in headers}
        if method == "HEAD" or status in ("204", "304"):
            body = b""
        elif found.get("transfer-encoding", "").lower() == "chunked":
            body = self.chunks()
        else:
            body = self.read_n(int(found["content-length"]))
        return Reply(int(status), reason, headers, body)

    def chunks(self):
        body = b""
        while True:
            size = int(self.read_to(b"\r\n").split(b";")[0], 16)
            body += self.read_n(size)
            assert self.read_n(2) == b"\r\n"
            if size == 0:
                return body

    def peer_closed(self, seconds=5):
        """True when the server closes within that time without sending more."""
        self.sock.settimeout(seconds)
        try:
            return self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True
        except socket.timeout:
            return False

    def request(self, method, target, headers=(), body=None):
        self.send(request_bytes(method, target, headers, body))
        return self.reply(method)


def tls_context(ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(ca)
    return context


def request_bytes(method, target, headers=(), body=None):
    """headers: list of (name, value); a Host and a Content-Length are added when they are missing."""
    names = {name.lower() for name, _ in headers}
    lines = [f"{method} {target} HTTP/1.1"]
    if "host" not in names:
        lines.append("Host: aes.mnc001.mcc001.pub.3gppnetwork.org")
    if body is not None and "content-length" not in names and "transfer-encoding" not in names:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + (body or b"")


class Target:
    """Where a server listens: host and port with or without TLS (ca), or a Unix socket."""

    def __init__(self, host=None, port=None, ca=None, unix=None):
        self.host, self.port, self.ca, self.unix = host, port, ca, unix

    def request(self, method, target, headers=(), body=None, **how):
        with Connection(self, **how) as connection:
            return connection.request(method, target, headers, body)

    def raw(self, data, **how):
        """Sends these bytes as they are."""
        with Connection(self, **how) as connection:
            connection.send(data)
            return connection.reply()


# ---- the device ----

class Exchange:
    """An EAP exchange in work: the reply that held the challenge, the cookie, the packet."""

    def __init__(self, reply):
        self.reply = reply
        assert reply.status == 200 and reply.header("Content-Type") == RELAY, reply
        match = re.fullmatch(r'\{"eap-relay-packet":"([A-Za-z0-9+/]+={0,2})"\}', reply.body.decode("ascii"))
        assert match, f"not the one-key body that phones read: {reply.body!r}"
        self.packet = Packet(base64.b64decode(match.group(1), validate=True))
        self.set_cookie = reply.header("Set-Cookie")
        self.cookie = self.set_cookie.split(";")[0]


class Phone:
    """A device with a card, at one server (target). Parameters are those of the common Android client."""

    def __init__(self, target, imsi, ki, opc, terminal_id, realm="nai.epc", mnc_digits=2, sqn=0):
        self.target, self.imsi, self.terminal_id = target, imsi, terminal_id
        mcc, mnc = imsi[:3], imsi[3:3 + mnc_digits].zfill(3)
        self.domain = f"mnc{mnc}.mcc{mcc}.3gppnetwork.org"
        self.eap_id = f"0{imsi}@{realm}.{self.domain}"
        self.usim = Usim(ki, opc, sqn)
        self.token = None
        self.version = "12.0"
        self.accept = ACCEPT_XML

    # -- requests --

    def parameters(self, app=("ap2004",), **extra):
        """List of (name, value). A value None leaves the parameter out, a list repeats it."""
        values = {"terminal_vendor": "TVEN", "terminal_model": "TMODEL", "terminal_sw_version": "TSW.1",
                  "terminal_id": self.terminal_id, "vers": "0", "entitlement_version": self.version,
                  "app": [app] if isinstance(app, str) else list(app)}
        values.update(extra)
        found = []
        for name, value in values.items():
            if isinstance(value, list):
                found += [(name, item) for item in value]
            elif value is not None:
                found.append((name, value))
        return found

    def get(self, parameters, headers=(), path="/", target=None, **how):
        headers = with_accept(headers, self.accept)
        query = urllib.parse.urlencode(parameters)
        return (target or self.target).request("GET", f"{path}?{query}", headers, **how)

    def post(self, body, headers=(), path="/", content_type=JSON, target=None, **how):
        """body: bytes, or what is to be written as JSON."""
        headers = with_accept(headers, self.accept)
        if content_type is not None:
            headers.append(("Content-Type", content_type))
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return (target or self.target).request("POST", path, headers, body, **how)

    def json_parameters(self, app=("ap2004",), **extra):
        """The same as a JSON object."""
        found = {}
        for name, value in self.parameters(app, **extra):
            if name != "app":
                found[name] = value
        found["app"] = app if isinstance(app, str) else list(app)
        return found

    # -- EAP --

    def challenge(self, app=("ap2004",), headers=(), target=None, **extra):
        extra.setdefault("EAP_ID", self.eap_id)
        return Exchange(self.get(self.parameters(app, **extra), headers, target=target))

    def solve(self, packet, identity=None, **change):
        """The answer to a challenge. change: res, bits, key (of AT_MAC), identifier, before and behind (attributes)."""
        result = self.usim.authenticate(packet.rand, packet.autn)
        assert result[0] == "ok", f"the card says {result[0]}"
        key = change.get("key", k_aut(identity or self.eap_id, result[3], result[2]))
        res = change.get("res", result[1])
        attributes = change.get("before", b"") + res_attribute(res, change.get("bits")) + change.get("behind", b"")
        return response(change.get("identifier", packet.identifier), CHALLENGE, attributes, key)

    def relay(self, exchange, packet, headers=None, target=None, accept=None, content_type=RELAY, path="/"):
        """Sends an EAP packet (bytes) in the exchange; headers replace the one with the cookie."""
        headers = [("Cookie", exchange.cookie)] if headers is None else list(headers)
        body = b'{"eap-relay-packet":"' + base64.b64encode(packet) + b'"}'
        headers.append(("Accept", accept or self.accept))
        headers.append(("Content-Type", content_type))
        return (target or self.target).request("POST", path, headers, body)

    def check_challenge(self, packet):
        """The MAC of a challenge (RFC 4187 10.15), by this card's keys."""
        result = Usim(self.usim.milenage.ki, self.usim.milenage.opc).authenticate(packet.rand, packet.autn)
        assert result[0] == "ok", result
        at = [offset for kind, _, offset in packet.attributes if kind == AT_MAC][0] + 4
        zeroed = packet.data[:at] + bytes(16) + packet.data[at + 16:]
        key = k_aut(self.eap_id, result[3], result[2])
        return hmac.new(key, zeroed, hashlib.sha1).digest()[:16] == packet.data[at:at + 16]

    def login(self, app=("ap2004",), **extra):
        """A full authentication; keeps the token."""
        exchange = self.challenge(app, **extra)
        document = self.relay(exchange, self.solve(exchange.packet)).document()
        self.token = document.token_text
        return document

    # -- token --

    def query(self, app=("ap2004",), headers=(), target=None, **extra):
        extra.setdefault("token", self.token)
        return self.get(self.parameters(app, **extra), headers, target=target)

    def ask(self, app=("ap2004",), headers=(), target=None, **extra):
        """A request with the token: the document."""
        return self.query(app, headers, target, **extra).document()


def with_accept(headers, accept):
    headers = list(headers)
    if accept is not None and not any(name.lower() == "accept" for name, _ in headers):
        headers.append(("Accept", accept))
    return headers

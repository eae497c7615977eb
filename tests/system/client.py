# SPDX-License-Identifier: Apache-2.0
"""A TS.43 device in Python, written from the digests and not from the server's code: HTTP over raw sockets (every byte of a
request is the test's), EAP-AKA with an own Milenage, FIPS 186-2 generator and packet codec, and strict readers of both
document formats. Only AES itself comes from outside (python3-cryptography)."""
import base64
import hashlib
import hmac
import json
import re
import socket
import ssl
import struct
import urllib.parse
import xml.etree.ElementTree

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

RELAY = "application/vnd.gsma.eap-relay.v1.0+json"
XML = "text/vnd.wap.connectivity-xml"
JSON = "application/json"
ACCEPT_XML = f"{RELAY}, {XML}"
ACCEPT_JSON = f"{RELAY}, {JSON}"
VERSION_PAIRS = "a legal pair of VERS"


# ---- SIM: Milenage (TS 35.206), sequence numbers (TS 33.102 annex C) ----

def aes(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def rotate(block, bits):
    n = bits // 8
    return block[n:] + block[:n]


class Milenage:
    def __init__(self, ki, opc):
        self.ki, self.opc = ki, opc

    def temp(self, rand):
        return aes(self.ki, xor(rand, self.opc))

    def f1(self, rand, sqn, amf):
        """MAC-A and MAC-S."""
        first = sqn + amf
        out = xor(rotate(xor(first + first, self.opc), 64), self.temp(rand))
        out = xor(aes(self.ki, out), self.opc)
        return out[:8], out[8:]

    def out(self, rand, bits, last):
        block = rotate(xor(self.temp(rand), self.opc), bits)
        return xor(aes(self.ki, xor(block, bytes(15) + bytes([last]))), self.opc)

    def f2345(self, rand):
        second = self.out(rand, 0, 1)
        return second[8:], self.out(rand, 32, 2), self.out(rand, 64, 4), second[:6]  # RES CK IK AK

    def f5_star(self, rand):
        return self.out(rand, 96, 8)[:6]


class Usim:
    """A card. The sequence number that it holds is that of the highest accepted vector."""

    def __init__(self, ki, opc, sqn=0):
        self.milenage, self.sqn = Milenage(ki, opc), sqn

    def authenticate(self, rand, autn):
        """("ok", RES, CK, IK), ("sync", AUTS) or ("mac",)."""
        res, ck, ik, ak = self.milenage.f2345(rand)
        sqn, amf = xor(autn[:6], ak), autn[6:8]
        if self.milenage.f1(rand, sqn, amf)[0] != autn[8:]:
            return ("mac",)
        number = int.from_bytes(sqn, "big")
        if number >> 5 <= self.sqn >> 5 or (number >> 5) - (self.sqn >> 5) > 1 << 28:
            return ("sync", self.auts(rand))
        self.sqn = number
        return ("ok", res, ck, ik)

    def auts(self, rand, sqn=None):
        mine = (self.sqn if sqn is None else sqn).to_bytes(6, "big")
        return xor(mine, self.milenage.f5_star(rand)) + self.milenage.f1(rand, mine, b"\0\0")[1]


# ---- keys of EAP-AKA (RFC 4187 section 7): SHA-1 compression and the generator of FIPS 186-2 ----

def sha1_block(state, block):
    def left(x, n):
        return (x << n | x >> (32 - n)) & 0xffffffff

    w = list(struct.unpack(">16I", block))
    for i in range(16, 80):
        w.append(left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1))
    a, b, c, d, e = state
    for i in range(80):
        if i < 20:
            f, k = b & c | ~b & d, 0x5a827999
        elif i < 40:
            f, k = b ^ c ^ d, 0x6ed9eba1
        elif i < 60:
            f, k = b & c | b & d | c & d, 0x8f1bbcdc
        else:
            f, k = b ^ c ^ d, 0xca62c1d6
        a, b, c, d, e = (left(a, 5) + (f & 0xffffffff) + e + k + w[i]) & 0xffffffff, a, left(b, 30), c, d
    return b"".join(struct.pack(">I", (x + y) & 0xffffffff) for x, y in zip(state, (a, b, c, d, e)))


def prf(xkey, size):
    start = (0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
    out = b""
    while len(out) < size:
        w = sha1_block(start, xkey + bytes(44))
        number = (1 + int.from_bytes(xkey, "big") + int.from_bytes(w, "big")) % (1 << 160)
        xkey = number.to_bytes(20, "big")
        out += w
    return out[:size]


def k_aut(identity, ik, ck):
    master = hashlib.sha1(identity.encode() + ik + ck).digest()
    return prf(master, 160)[16:32]


# ---- EAP packets ----

AT_RAND, AT_AUTN, AT_RES, AT_AUTS, AT_MAC, AT_CLIENT_ERROR_CODE = 1, 2, 3, 4, 11, 22
AT_CHECKCODE, AT_RESULT_IND, AT_BIDDING = 134, 135, 136
CHALLENGE, REJECT, SYNC_FAILURE, CLIENT_ERROR = 1, 2, 4, 14


class Packet:
    """A decoded EAP-AKA packet. attributes: (number, value behind the two head bytes, offset), in order."""

    def __init__(self, data):
        assert len(data) >= 8, f"{len(data)} bytes are no EAP-AKA packet"
        self.data = data
        self.code, self.identifier, length, self.type, self.subtype, reserved = struct.unpack(">BBHBBH", data[:8])
        assert length == len(data), "the length field is not the size of the packet"
        assert reserved == 0
        self.attributes, at = [], 8
        while at < len(data):
            size = data[at + 1] * 4
            assert 4 <= size <= len(data) - at, f"attribute at {at} has no good length"
            self.attributes.append((data[at], data[at + 2:at + size], at))
            at += size

    def get(self, number):
        found = [value for kind, value, _ in self.attributes if kind == number]
        assert len(found) == 1, f"attribute {number} is there {len(found)} times"
        return found[0]

    @property
    def rand(self):
        return self.get(AT_RAND)[2:]

    @property
    def autn(self):
        return self.get(AT_AUTN)[2:]


def attribute(number, value):
    """value without padding; two head bytes are added here."""
    size = (len(value) + 2 + 3) // 4 * 4
    return bytes([number, size // 4]) + value + bytes(size - 2 - len(value))


def response(identifier, subtype, attributes=b"", key=None, eap_type=23, code=2):
    """An EAP response; with a key AT_MAC is appended and computed."""
    body = bytes([eap_type, subtype, 0, 0]) + attributes
    if key is not None:
        body += attribute(AT_MAC, bytes(18))
    packet = struct.pack(">BBH", code, identifier, len(body) + 4) + body
    if key is not None:
        packet = packet[:-16] + hmac.new(key, packet, hashlib.sha1).digest()[:16]
    return packet


def res_attribute(res, bits=None):
    return attribute(AT_RES, struct.pack(">H", len(res) * 8 if bits is None else bits) + res)


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


# ---- documents ----

class Document:
    """vers and token: dicts (token None when absent); apps: AppID -> dict of values in their order. Nested structures of
    ap2003 are lists of dicts under "VoiceOverCellularEntitleInfo"."""

    def __init__(self, vers, token, apps, text):
        self.vers, self.token, self.apps, self.text = vers, token, apps, text

    def __getitem__(self, app):
        return self.apps[app]

    @property
    def version(self):
        return int(self.vers["version"])

    @property
    def validity(self):
        return int(self.vers["validity"])

    @property
    def token_text(self):
        return self.token["token"]

    def status(self, app):
        return int(self.apps[app]["EntitlementStatus"])

    def rats(self):
        """(AccessType, HomeRoamingNWType) -> the other values of that entry of ap2003."""
        found = {}
        for entry in self.apps["ap2003"]["VoiceOverCellularEntitleInfo"]:
            key = int(entry["AccessType"]), int(entry["HomeRoamingNWType"])
            assert key not in found, f"two entries of type {key}"
            found[key] = {name: value for name, value in entry.items() if name not in ("AccessType", "HomeRoamingNWType")}
        return found

    @property
    def content(self):
        """apps without the references for the portal, which are fresh in every answer."""
        return {app: {name: value for name, value in block.items() if name != "ServiceFlow_UserData"}
                for app, block in self.apps.items()}


XML_TOKEN = re.compile(
    r'<\?xml version="1\.0"(?: encoding="(?:UTF|utf)-8")?\?>'
    r'|<wap-provisioningdoc version="1\.1">|</wap-provisioningdoc>'
    r'|<characteristic type="[A-Za-z0-9]+">|</characteristic>'
    r'|<parm name="[A-Za-z0-9_]+" value="(?:[^<>"\'&\x00-\x1f]|&amp;)*"/>'
    r'|[ \n\r\t]+')


def read_xml(text):
    at = 0
    while at < len(text):  # C-29 and C-34: nothing but these tokens
        match = XML_TOKEN.match(text, at)
        assert match, f"not the plain XML that phones read, at {at}: {text[at:at + 80]!r}"
        at = match.end()
    root = xml.etree.ElementTree.fromstring(text)
    parts, apps = {}, {}
    order = []
    for node in root:
        kind = node.attrib["type"]
        order.append(kind)
        values = read_parms(node)
        if kind == "APPLICATION":
            assert next(iter(values)) == "AppID", "AppID is not the first parm"
            name = values.pop("AppID")
            assert name not in apps, f"two blocks of {name}"
            apps[name] = values
        else:
            assert kind not in parts, f"two characteristics {kind}"
            parts[kind] = values
    assert order[0] == "VERS" and order[1:].count("VERS") == 0
    assert "TOKEN" not in order or order[1] == "TOKEN"
    assert set(order) <= {"VERS", "TOKEN", "APPLICATION"}, order
    return Document(parts["VERS"], parts.get("TOKEN"), apps, text)


def read_parms(node):
    values = {}
    for child in node:
        if child.tag == "parm":
            assert child.attrib["name"] not in values, f"{child.attrib['name']} is there twice"
            values[child.attrib["name"]] = child.attrib["value"]
        elif child.attrib["type"] == "VoiceOverCellularEntitleInfo":
            assert "VoiceOverCellularEntitleInfo" not in values, "VoiceOverCellularEntitleInfo is there twice"
            assert all(c.tag == "characteristic" and c.attrib["type"] == "RATVoiceEntitleInfoDetails" for c in child), \
                "VoiceOverCellularEntitleInfo holds RATVoiceEntitleInfoDetails and nothing else"
            values["VoiceOverCellularEntitleInfo"] = [read_parms(entry) for entry in child]
        elif child.attrib["type"] == "RATVoiceEntitleInfoDetails":
            raise AssertionError("RATVoiceEntitleInfoDetails stands outside of VoiceOverCellularEntitleInfo")
        else:
            raise AssertionError(f"unexpected characteristic {child.attrib['type']}")
    return values


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"duplicate members in {names}"
    return dict(pairs)


def strict_json(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")
    return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=refuse)


def check_scalars(value, path=""):
    if isinstance(value, dict):
        for name, part in value.items():
            assert name not in ("eap-relay-packet", "AppID", "APPLICATION"), f"{path}/{name}"
            check_scalars(part, f"{path}/{name}")
    elif isinstance(value, list):
        for part in value:
            check_scalars(part, path + "[]")
    else:
        assert isinstance(value, str), f"{path} is no string: {value!r}"


def read_json(text):
    value = strict_json(text)
    assert isinstance(value, dict)
    check_scalars(value)
    vers, token = value.pop("Vers"), value.pop("Token", None)
    for block in value.values():
        entries = block.get("VoiceOverCellularEntitleInfo")
        if entries is not None:
            assert isinstance(entries, list), "VoiceOverCellularEntitleInfo is no array"
            for entry in entries:
                assert list(entry) == ["RATVoiceEntitleInfoDetails"], "items have one member with the name of the item"
            block["VoiceOverCellularEntitleInfo"] = [entry["RATVoiceEntitleInfoDetails"] for entry in entries]
    return Document(vers, token, value, text)


def check_document(document, token):
    number = re.compile(r"-?[0-9]+$")
    assert number.match(document.vers["version"]) and number.match(document.vers["validity"]), document.vers
    version, validity = document.version, document.validity
    assert version < 1 << 31
    assert (version > 0 and validity >= 0) or (version, validity) in ((0, 0), (-1, -1), (-2, -2)), VERSION_PAIRS
    assert set(document.vers) == {"version", "validity"}
    if token:
        assert document.token, "TOKEN is missing"
        assert set(document.token) == {"token", "validity"} and int(document.token["validity"]) > 0
    assert document.apps, "no application"


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

# SPDX-License-Identifier: Apache-2.0
"""Attacks on the device interface: each row of the table in docs/security.md that no other file shows."""
import contextlib
import os
import re
import select
import socket
import ssl
import subprocess
import time

import pytest

import client
import harness
from client import Connection

HOST = b"Host: aes.mnc001.mcc001.pub.3gppnetwork.org\r\n"


@pytest.fixture(scope="module")
def strict(make_module_daemon):
    """One worker with short deadlines."""
    return make_module_daemon(server={"workers": 1}, limits={"handshake": "2s", "read": "1500ms", "idle": "3s", "write": "2s"})


def replies(target, data, seconds=0.5):
    """Everything that comes back for these bytes until the server closes or falls silent."""
    found = []
    with Connection(target, timeout=seconds) as connection:
        connection.send(data)
        while True:
            try:
                found.append(connection.reply())
            except (ConnectionError, socket.timeout, ssl.SSLError, TimeoutError):
                return found


# ---- one request taken for two, or two for one ----

class Talk:
    """What came back for these bytes: statuses, replies, what is left behind the last one, and the seconds from there to the
    end of the connection (None: it stayed open)."""

    def __init__(self, target, data, seconds=2.0):
        self.replies, self.closed_after = [], None
        with Connection(target, timeout=seconds) as connection:
            connection.send(data)
            last = time.monotonic()
            try:
                while True:
                    self.replies.append(connection.reply())
                    last = time.monotonic()
            except (socket.timeout, TimeoutError):
                pass
            except (ConnectionError, ssl.SSLError):
                self.closed_after = time.monotonic() - last
            self.rest = connection.rest

    @property
    def states(self):
        return [reply.status for reply in self.replies]

    def __repr__(self):
        return f"{self.replies} closed after {self.closed_after}, behind it {self.rest[:300]!r}"


@pytest.fixture
def smuggled(strict, known_phone):
    """A request that is answered by 200 and a document, and nothing else here is."""
    p = known_phone(strict)
    query = "&".join(f"{k}={v}" for k, v in p.parameters(token=p.token))
    data = client.request_bytes("GET", "/?" + query, [("Accept", client.ACCEPT_XML), ("Connection", "close")])
    reply = strict.device.raw(data)
    assert reply.document().status("ap2004") is not None
    return data


FRAMED = b"0\r\n\r\n"  # five bytes of a body, or the end of a chunked one
OUTER = 415  # what the first request is told when its frame is believed; a refused frame is told 400 or 413


def wrapped(head, smuggled):
    return b"POST / HTTP/1.1\r\n" + HOST + b"Content-Type: text/plain\r\n" + head + b"\r\n" + FRAMED + smuggled


# Without this the others could not fail: the same bytes with an honest head are two requests.
@pytest.mark.parametrize("head", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"], ids=["length", "chunked"])
def test_what_follows_an_honest_body_is_a_second_request(strict, smuggled, head):
    talk = Talk(strict.device, wrapped(head, smuggled))
    assert talk.states == [OUTER, 200] and talk.replies[1].document().status("ap2004") is not None, talk


def of_libmicrohttpd(head, what):
    return pytest.param(head, marks=pytest.mark.xfail(strict=True, reason=f"libmicrohttpd 0.9.75 {what}"))


def spell(head):
    return re.sub(rb"[^A-Za-z0-9:+,]+", b"-", head).decode()[:60]


@pytest.mark.parametrize("head", [
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    b"Content-Length: 5\r\nContent-Length: 60\r\n",
    b"Content-Length: 60\r\nContent-Length: 5\r\n",
    b"Content-Length: 5, 60\r\n",
    b"Content-Length: 5, 5\r\n",
    b"Content-Length: +5\r\n",
    b"Content-Length: -5\r\n",
    b"Content-Length: 0x5\r\n",
    b"Content-Length: 5 5\r\n",
    b"Content-Length: 5;\r\n",
    b"Content-Length: 18446744073709551621\r\n",
    b"Content-Length:\r\n",
    b"Content-Length : 5\r\n",
    b" Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: identity, chunked\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Transfer-Encoding: \"chunked\"\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    b"X: a\r\n Content-Length: 5\r\n",
    b"X: a\rContent-Length: 5\r\n",
    b"X\x00: a\r\nContent-Length: 5\r\n",
    b"X y: a\r\nContent-Length: 5\r\n",
    b"no colon\r\nContent-Length: 5\r\n",
    of_libmicrohttpd(b"X: a\nContent-Length: 5\r\n", "takes LF for a line end (RFC 9112 2.2 allows it)"),
    of_libmicrohttpd(b": a\r\nContent-Length: 5\r\n", "takes a header without a name for the end of the head"),
], ids=spell)
def test_a_body_of_doubtful_length_hides_no_second_request(strict, smuggled, head):
    """One reply that is no document, the end of the connection, and nothing that answers what stands behind. (The chunked coding
    may win over a length, RFC 9112 6.3, but then too the connection must end.)"""
    talk = Talk(strict.device, wrapped(head, smuggled))
    assert len(talk.replies) == 1 and talk.states[0] in (400, 413, OUTER, 501), talk
    # its own limits would end it after 1.5 s and 3 s
    assert talk.closed_after is not None and talk.closed_after < 1, talk
    assert b"HTTP/1.1" not in talk.rest and b"wap-provisioningdoc" not in talk.rest, talk


@pytest.mark.parametrize("head", [b"Content-Length: %d\r\nContent-Length: %d\r\n", b"X: a\r\n folded\r\nContent-Length: %d\r\n"],
                         ids=["twice", "folded"])
def test_a_length_that_all_read_alike_is_refused_or_believed_whole(strict, smuggled, head):
    """RFC 9112 5.2 and 6.3 leave the choice; what must not be is another length than the one that is written."""
    whole = len(FRAMED + smuggled)
    talk = Talk(strict.device, wrapped(head.replace(b"%d", b"%d" % whole), smuggled), 0.5)
    assert talk.states in ([OUTER], [400]) and not talk.rest, talk
    talk = Talk(strict.device, wrapped(head.replace(b"%d", b"%d" % len(FRAMED)), smuggled))
    assert talk.states in ([OUTER, 200], [400]) and not talk.rest, talk


@pytest.mark.parametrize("head", [b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                  of_libmicrohttpd(b"Content-Length: +5\r\n", "writes the head of this refusal twice")], ids=spell)
def test_the_refusal_of_a_frame_is_one_whole_reply(strict, smuggled, head):
    talk = Talk(strict.device, wrapped(head, smuggled))
    assert len(talk.replies) == 1 and not talk.rest and b"HTTP/1.1" not in talk.replies[0].body, talk


LINE_ENDS = {"lf": b"\n", "lf-lf": b"\n\n", "cr": b"\r", "cr-cr": b"\r\r", "nul": b"\x00", "vt": b"\x0b", "ff": b"\x0c",
             "nel": b"\x85", "ls": b"\xe2\x80\xa8", "crlf": b"\r\n"}


@pytest.mark.parametrize("end", [
    of_libmicrohttpd("lf", "takes LF for a line end (RFC 9112 2.2 allows it)"),
    of_libmicrohttpd("lf-lf", "takes two LF for the end of a head (RFC 9112 2.2 allows it)"),
    "cr", "cr-cr", "nul", "vt", "ff", "nel", "ls", "crlf"])
def test_line_ends_of_another_kind_make_no_new_header(strict, known_phone, end):
    """A line that a proxy takes for one and we for two would give a client's text the weight of a header: the Accept in it
    chooses the format, which CRLF as the last row shows."""
    p = known_phone(strict)
    head = client.request_bytes("GET", "/?" + "&".join(f"{k}={v}" for k, v in p.parameters(token=p.token)))[:-2]
    tail = b"Connection: close\r\n\r\n"
    plain = Talk(strict.device, head + tail)
    assert plain.states == [200] and plain.replies[0].header("Content-Type") == client.XML, plain
    talk = Talk(strict.device, head + b"X-Note: a" + LINE_ENDS[end] + b"Accept: " + client.JSON.encode() + b"\r\n" + tail)
    assert len(talk.replies) == 1 and talk.closed_after is not None and not talk.rest, talk
    if end == "crlf":
        assert talk.states == [200] and talk.replies[0].header("Content-Type") == client.JSON, talk
    elif talk.states != [400]:
        assert talk.states == [200] and talk.replies[0].header("Content-Type") == client.XML, talk


@pytest.fixture
def known_phone(phone):
    def make(daemon):
        p = phone(at=daemon)
        p.login()
        return p
    return make


# ---- paths and targets ----

TARGETS = ["/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/./", "/etc/passwd%00.xml",
           "/\\..\\..\\etc\\passwd", "/web/../", "/WEB/jwks.json", "/web%2fjwks.json", "/web//jwks.json", "/;/v1/status", "/v1/status",
           "/v1/subscribers", "/metrics", "/health", "/admin", "http://localhost/v1/status", "https://127.0.0.1:1/", "*",
           "/%", "/%zz", "/" + "a/" * 2000, "/" + "%2e" * 3000]


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: re.sub(r"\W+", "-", t)[:40])
def test_no_path_reaches_files_or_the_operators_interface(strict, target):
    for method in ("GET", "POST"):
        found = replies(strict.device, client.request_bytes(method, target, [], b"" if method == "POST" else None), 0.3)
        for reply in found:
            assert reply.status in (400, 404, 405, 414, 415), reply
            assert b"root:" not in reply.body and b"ecs_" not in reply.body and b"database" not in reply.body


@pytest.mark.parametrize("header", [("X-HTTP-Method-Override", "DELETE"), ("X-Original-URL", "/v1/status"),
                                    ("X-Rewrite-URL", "/v1/status"), ("X-Forwarded-Host", "evil.example"),
                                    ("X-Forwarded-Proto", "http"), ("Forwarded", "for=192.0.2.1;host=evil.example"),
                                    ("Upgrade", "h2c"), ("Connection", "Upgrade, HTTP2-Settings"), ("Range", "bytes=0-1"),
                                    ("If-None-Match", "*"), ("TE", "trailers"), ("Trailer", "Cookie")],
                         ids=lambda h: h[0])
def test_headers_of_proxies_and_caches_change_nothing(strict, known_phone, header):
    p = known_phone(strict)
    plain, dressed = p.query(), p.query(headers=[header])
    assert plain.status == dressed.status == 200 and dressed.document().content == plain.document().content
    assert b"evil.example" not in dressed.body and "evil.example" not in str(dressed.headers)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:99999", "a b", "[::1", "", "a" * 3000, "../../x", "a\x7fb"],
                         ids=lambda h: h[:12] or "empty")
def test_the_host_is_believed_in_nothing(strict, known_phone, host):
    p = known_phone(strict)
    reply = p.query(headers=[("Host", host)])
    assert reply.status in (200, 400)
    assert host[:12] == "" or host.encode()[:12] not in reply.body


# ---- cookies ----

# proves: X-019
def test_foreign_cookies_around_the_session_do_no_harm(strict, phone):
    p = phone(at=strict)
    exchange = p.challenge()
    name, value = exchange.cookie.split("=", 1)
    noise = [("Cookie", "; ".join(f"c{i}=v{i}" for i in range(40))), ("Cookie", f"x{name}=1; {name}x=2; a={name}"),
             ("Cookie", exchange.cookie), ("Cookie", "=; ;;=;;; =x")]
    reply = p.relay(exchange, p.solve(exchange.packet), headers=noise)
    assert reply.status == 200 and reply.document().status("ap2004") is not None


@pytest.mark.parametrize("value", ["", "0", "a" * 4000, "../x", "%00", "\"", "' OR 1=1 --", "a;b=c", "ä"], ids=lambda v: v[:8] or "empty")
def test_a_made_up_session_is_lost_not_an_error(strict, phone, value):
    p = phone(at=strict)
    exchange = p.challenge()
    name = exchange.cookie.split("=", 1)[0]
    packet = p.solve(exchange.packet)
    reply = p.relay(exchange, packet, headers=[("Cookie", f"{name}={value}")])
    # libmicrohttpd itself refuses a quote that never ends
    assert reply.status == 431 if value == '"' else reply.status == 503 and int(reply.header("Retry-After")) >= 1, reply
    assert p.relay(exchange, packet).status == 200


# proves: X-022
def test_the_session_of_another_does_not_open_with_ones_own_card(strict, phone):
    victim, thief = phone(at=strict), phone(at=strict)
    exchange = victim.challenge()
    reply = thief.relay(exchange, response(thief, exchange.packet))
    assert reply.status == 403 and victim.imsi.encode() not in reply.body


def response(p, packet):
    """What this card answers to a challenge that was made for another: its own RES and MAC over it, or nothing."""
    try:
        return p.solve(packet)
    except Exception:  # the card refuses the network: the thief sends a guess
        return client.response(packet.identifier, client.CHALLENGE, client.res_attribute(b"\1" * 8), b"k" * 16)


# ---- slow ones ----

def test_a_request_that_never_ends_is_ended(strict):
    with Connection(strict.device) as connection:
        begin = time.monotonic()
        connection.send(b"GET /?app=ap2004")
        for _ in range(20):
            try:
                connection.send(b"&a=1")
            except OSError:
                break
            time.sleep(0.2)
        assert time.monotonic() - begin < 4.0, "a byte now and then keeps a connection"


def test_a_body_that_drips_is_ended(strict):
    with Connection(strict.device) as connection:
        begin = time.monotonic()
        connection.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{")
        with pytest.raises(OSError):
            for _ in range(40):
                connection.send(b" ")
                time.sleep(0.15)
        assert time.monotonic() - begin < 5.0


def test_many_slow_ones_keep_nobody_waiting(strict, known_phone):
    p = known_phone(strict)
    slow = []
    try:
        for _ in range(60):
            slow.append(Connection(strict.device))
            slow[-1].send(b"GET /?a=")
        begin = time.monotonic()
        assert all(p.query().status == 200 for _ in range(5))
        assert time.monotonic() - begin < 2.0
    finally:
        for connection in slow:
            connection.close()


def test_a_handshake_that_stops_is_ended(strict):
    sock = socket.create_connection((strict.device.host, strict.device.port), 5)
    begin = time.monotonic()
    sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    sock.settimeout(6)
    try:
        while sock.recv(100):
            pass
    except ConnectionError:
        pass
    assert time.monotonic() - begin < 5.0
    sock.close()


# ---- TLS ----

def s_client(host, port, lines, reading):
    """What openssl s_client prints over TLS 1.2. lines: (a text to wait for, bytes to type then); then it is read to its end,
    but for no more than that many seconds."""
    process = subprocess.Popen(["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_2"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = b""

    def more(end):
        nonlocal text
        ready = select.select([process.stdout], [], [], max(0, end - time.monotonic()))[0]
        data = os.read(process.stdout.fileno(), 65536) if ready else b""
        text += data
        return bool(data)

    try:
        for awaited, typed in lines:
            end = time.monotonic() + 5
            while awaited not in text and more(end):
                pass
            assert awaited in text, text.decode("utf-8", "replace")
            process.stdin.write(typed)
            process.stdin.flush()
        end = time.monotonic() + reading
        while more(end):
            pass
        return text.decode("utf-8", "replace")
    finally:
        process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.communicate()


ESTABLISHED = b"Extended master secret:"
ASKED = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
PLAINLY = [(ESTABLISHED, ASKED)]
RENEGOTIATED = [(ESTABLISHED, b"R\n"), (b"RENEGOTIATING", ASKED)]


@pytest.fixture(scope="module")
def lenient_server(certs):
    """An HTTPS server that lets its clients renegotiate."""
    port = harness.free_port()
    process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certs.default["certificate"], "-key",
                                certs.default["key"], "-tls1_2", "-www", "-client_renegotiation", "-quiet"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def listens():
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
                return True
        harness.wait_for(listens, 5, "openssl s_server")
        yield port
    finally:
        process.kill()
        process.wait(5)


def test_renegotiation_is_refused(strict, lenient_server):
    """One small message of a client would cost a whole handshake here."""
    begin = strict.metric("ecs_tls_handshakes_total")
    assert "\nHTTP/1.1 400 " in s_client(strict.device.host, strict.device.port, PLAINLY, 3)
    text = s_client(strict.device.host, strict.device.port, RENEGOTIATED, 4)
    assert "HTTP/1." not in text, text
    assert strict.metric("ecs_tls_handshakes_total") - begin <= 2
    # the same script at a server that allows it
    assert "\nHTTP/1.0 200 " in s_client("127.0.0.1", lenient_server, RENEGOTIATED, 3)


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def client_hello(compression):
    """A ClientHello of TLS 1.2 with these compression methods, as one record."""
    def extension(number, data):
        return number.to_bytes(2, "big") + vector(2, data)
    name = b"\0" + vector(2, b"aes.mnc001.mcc001.pub.3gppnetwork.org")
    extensions = (extension(0, vector(2, name)) +
                  extension(10, vector(2, bytes.fromhex("001d00170018"))) +  # x25519, P-256, P-384
                  extension(11, vector(1, b"\0")) +
                  extension(13, vector(2, bytes.fromhex("040308040401050308050501"))) +
                  extension(23, b"") + extension(0xff01, b"\0"))
    ciphers = bytes.fromhex("c02bc02cc02fc030cca9cca8")  # ECDHE with AES-GCM or ChaCha20
    body = b"\x03\x03" + os.urandom(32) + vector(1, b"") + vector(2, ciphers) + vector(1, compression) + vector(2, extensions)
    return b"\x16\x03\x01" + vector(2, b"\x01" + vector(3, body)), ciphers


def hello_answer(target, data):
    """The first record that comes back: (type, fragment); (None, b"") when the server hangs up instead."""
    with socket.create_connection((target.host, target.port), 5) as sock:
        sock.sendall(data)
        with sock.makefile("rb") as stream:
            head = stream.read(5)
            if not head:
                return None, b""
            assert len(head) == 5 and head[1] == 3, head
            return head[0], stream.read(int.from_bytes(head[3:], "big"))


def test_compression_of_tls_is_off(strict):
    """DEFLATE is offered before no compression; RFC 5246 7.4.1.3 puts the choice behind the cipher."""
    data, ciphers = client_hello(b"\x01\x00")
    kind, fragment = hello_answer(strict.device, data)
    assert kind == 22 and fragment[0] == 2 and fragment[4:6] == b"\x03\x03", fragment
    at = 4 + 2 + 32
    at += 1 + fragment[at]
    chosen = fragment[at:at + 2]
    assert chosen in [ciphers[i:i + 2] for i in range(0, len(ciphers), 2)], fragment
    assert fragment[at + 2] == 0, "the server compresses"


def test_a_client_that_insists_on_compression_gets_no_connection(strict):
    kind, fragment = hello_answer(strict.device, client_hello(b"\x01")[0])
    assert kind is None or kind == 21 and fragment[0] == 2, fragment  # hangs up, or a fatal alert


# ---- attempts ----

# proves: A-066
def test_attempts_are_counted_over_all_nodes(site):
    one, two = (site.daemon(auth={"attempts": 4, "attempts_window": "1h"}).start() for _ in range(2))
    p = site.phone(one)
    states = [p.get(p.parameters(EAP_ID=p.eap_id), target=(one, two)[i % 2].device).status for i in range(7)]
    assert states == [200] * 4 + [503] * 3


# proves: A-066
def test_a_source_that_tries_many_cards_is_slowed_down(make_daemon, phone):
    daemon = make_daemon(server={"workers": 1}, auth={"source_per_minute": 6, "source_burst": 5})
    states = []
    for _ in range(8):
        p = phone(at=daemon)
        states.append(p.get(p.parameters(EAP_ID=p.eap_id)).status)
    assert states == [200] * 5 + [503] * 3
    assert daemon.metric("ecs_limited_total", limit="source") == 3


# ---- sizes ----

@pytest.mark.parametrize("what", ["parameters", "name", "value", "apps", "depth", "strings"])
def test_oversized_parts_are_refused_by_name_and_cost_little(strict, phone, what):
    p = phone(at=strict)
    base = "&".join(f"{k}={v}" for k, v in p.parameters())
    body = {"depth": b"[" * 30000, "strings": b'{"app":"' + b"a" * 60000 + b'"}'}.get(what)
    begin = time.monotonic()
    if body:
        reply = p.post(body)
    else:
        extra = {"parameters": "&".join(f"p{i}=1" for i in range(300)), "name": "n" * 2000 + "=1", "value": "GID1=" + "0" * 15000,
                 "apps": "&".join("app=ap2003" for _ in range(300))}[what]
        reply = p.target.request("GET", "/?" + base + "&" + extra)
    assert reply.status in (400, 414, 511) and len(reply.body) < 400, reply
    assert time.monotonic() - begin < 1.0

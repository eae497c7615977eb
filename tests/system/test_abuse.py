# SPDX-License-Identifier: Apache-2.0
"""Attacks on the device interface: each row of the table in docs/security.md that no other file shows."""
import re
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

SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.mark.parametrize("head", [
    b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    b"Content-Length: 4\r\nContent-Length: 60\r\n",
    b"Content-Length: 4\r\nContent-Length: 4\r\n",
    b"Content-Length: 4, 60\r\n",
    b"Content-Length: +4\r\n",
    b"Content-Length: 0x4\r\n",
    b"Content-Length: 4 4\r\n",
    b"Content-Length : 4\r\n",
    b" Content-Length: 4\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: identity\r\nContent-Length: 4\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    b"X: a\r\n folded\r\nContent-Length: 4\r\n",
    b"X: a\rContent-Length: 4\r\n",
], ids=lambda b: re.sub(rb"[^A-Za-z0-9:+,]+", b"-", b).decode()[:60])
def test_a_body_of_doubtful_length_hides_no_second_request(strict, head):
    """What follows must never be read as a request of its own while the first one was answered as good."""
    data = b"POST /first HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n" + head + b"\r\n0\r\n\r\n" + SMUGGLED
    found = replies(strict.device, data)
    assert all(r.status >= 400 for r in found), found
    assert len(found) <= 2, found
    # The connection is not used on after a doubtful frame, or the bytes behind it were the body.
    if len(found) == 2:
        assert found[0].status in (400, 411, 413, 415, 501), found
    assert strict.device.request("GET", "/").status == 400


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\x00\r\n"], ids=["lf", "cr", "nul"])
def test_line_ends_of_another_kind_make_no_new_header(strict, known_phone, end):
    """A line that a proxy takes for one and we for two would give a client's text the weight of a header."""
    p = known_phone(strict)
    query = "&".join(f"{k}={v}" for k, v in p.parameters(token=p.token))
    data = (b"GET /?" + query.encode() + b" HTTP/1.1\r\n" + HOST + b"Accept: application/json\r\nX-Note: a" + end +
            b"Accept: " + client.XML.encode() + b"\r\n\r\n")
    for reply in replies(strict.device, data):
        assert reply.status in (200, 400)


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

def openssl(daemon, certs_ca, *options, text=""):
    done = subprocess.run(["openssl", "s_client", "-connect", f"{daemon.device.host}:{daemon.device.port}", "-CAfile", certs_ca,
                           *options], input=text, capture_output=True, text=True, timeout=15)
    return done.stdout + done.stderr


def test_renegotiation_is_refused(strict):
    """One small message of a client would cost a whole handshake here."""
    begin = strict.metric("ecs_tls_handshakes_total")
    text = openssl(strict, strict.device.ca, "-tls1_2", text="R\nR\nR\n")
    assert "Cipher" in text or "cipher" in text
    assert strict.metric("ecs_tls_handshakes_total") - begin <= 1


def test_compression_of_tls_is_off(strict):
    text = openssl(strict, strict.device.ca, "-tls1_2", "-comp", text="Q\n")
    assert "Compression: NONE" in text


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

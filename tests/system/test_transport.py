# SPDX-License-Identifier: Apache-2.0
"""What carries a request: codings and headers of answers, paths, TLS, connections."""
import email.utils
import gzip
import json
import re
import socket
import ssl
import time
import warnings

import pytest

import client
from client import ACCEPT_XML, JSON, RELAY

ALL = ["ap2003", "ap2004", "ap2005"]


@pytest.fixture
def known(phone):
    """A phone that has a token."""
    p = phone()
    p.login(ALL)
    return p


# ---- headers and codings of answers ----

# proves: P-034 P-035
def test_a_large_document_is_packed_for_those_who_take_it(known):
    reply = known.query(ALL, headers=[("Accept-Encoding", "gzip")])
    assert reply.header("Content-Encoding") == "gzip"
    reply.body = gzip.decompress(reply.body)
    assert reply.document().content == known.ask(ALL).content


# proves: P-036
@pytest.mark.parametrize("accept", [None, "identity", "gzip;q=0", "br, deflate", "gzip;q=0.0, *;q=0"])
def test_no_coding_that_was_not_listed(known, accept):
    reply = known.query(ALL, headers=[("Accept-Encoding", accept)] if accept else [])
    assert reply.header("Content-Encoding") is None
    assert list(reply.document().apps) == ALL


# proves: P-061
def test_every_answer_says_no_store(phone):
    p = phone()
    exchange = p.challenge()
    done = p.relay(exchange, p.solve(exchange.packet))
    bad = [p.get([]), p.query(token="wrong"), p.target.request("PUT", "/"), p.post(b"{"),
           p.post(b"x" * 70000)]
    for reply in [exchange.reply, done, *bad]:
        assert reply.header("Cache-Control") == "no-store", reply


# proves: P-060 P-058
def test_errors_carry_no_document(phone):
    p = phone()
    for reply, status in ((p.get([]), 400), (p.query(token="wrong"), 511), (p.query(), 511)):
        assert reply.status == status
        assert b"wap-provisioningdoc" not in reply.body and b"Vers" not in reply.body
        assert len(reply.body) < 500


# proves: X-011
def test_packed_request_bodies(known):
    body = json.dumps(known.json_parameters(token=known.token)).encode()

    def send(data, coding):
        return known.post(data, headers=[("Content-Encoding", coding)])
    assert send(gzip.compress(body), "gzip").document().status("ap2004") == 1
    assert send(body, "identity").document().status("ap2004") == 1
    assert send(gzip.compress(body), "br").status == 415
    assert send(gzip.compress(body), "deflate").status == 415
    assert send(gzip.compress(b" " * 30_000_000), "gzip").status == 413
    assert send(b"\x1f\x8b no gzip", "gzip").status == 400
    assert send(gzip.compress(body)[:-9], "gzip").status == 400


# proves: X-044
def test_every_answer_has_a_right_date(phone):
    reply = phone().get([])
    assert abs(email.utils.parsedate_to_datetime(reply.header("Date")).timestamp() - time.time()) < 3


# ---- paths, names, connections ----

# proves: X-009 P-070
@pytest.mark.parametrize("start", ["/?", "?", "/entitlement?", "/entitlement/?", "/a/b/c?", "//?"])
def test_any_path_reaches_the_resource(known, start):
    rest = "&".join(f"{k}={v}" for k, v in known.parameters(token=known.token))
    for host in ("aes.mnc001.mcc001.pub.3gppnetwork.org", "127.0.0.1:8443", "unlisted.example", "[::1]"):
        reply = known.target.raw(f"GET {start}{rest} HTTP/1.1\r\nHost: {host}\r\nAccept: {ACCEPT_XML}\r\n\r\n".encode())
        assert reply.document().status("ap2004") == 1, host


# proves: X-009
def test_a_configured_path_has_no_neighbours(phone, make_daemon):
    p = phone(at=make_daemon(device={"path": "/entitlement"}))
    p.login()
    good = p.parameters(token=p.token)
    for path in ("/entitlement", "/entitlement/", "/"):
        assert p.get(good, path=path).status == 200, path
    assert p.get(good, path="/other").status == 404


# proves: X-010
def test_a_connection_without_a_name_gets_the_default_certificate(daemon, certs):
    for sni in (None, "aes.mnc001.mcc001.pub.3gppnetwork.org", "unknown.example"):
        with client.Connection(daemon.device, sni=sni) as connection:
            names = [name for kind, name in connection.sock.getpeercert()["subjectAltName"]]
            assert "aes.mnc001.mcc001.pub.3gppnetwork.org" in names


# proves: X-010
def test_the_certificate_follows_the_name(make_daemon, certs, area):
    second = certs.make("second", ["other.example.net"])
    daemon = make_daemon(certificates=[certs.default, second])
    for sni, certificate in ((None, certs.default), ("other.example.net", second), ("x.example", certs.default)):
        context = client.tls_context(certificate["certificate"])
        with client.Connection(daemon.device, sni=sni, context=context):
            pass


# proves: P-069
def test_old_tls_is_refused(daemon):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    for version in old:
        context = client.tls_context(daemon.device.ca)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = context.maximum_version = version
        with pytest.raises((ssl.SSLError, ConnectionError)):
            client.Connection(daemon.device, context=context)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = client.tls_context(daemon.device.ca)
        context.minimum_version = context.maximum_version = version
        assert daemon.device.request("GET", "/", context=context).status == 400


def test_plain_http_on_the_tls_port_does_no_harm(daemon):
    with socket.create_connection((daemon.device.host, daemon.device.port), 5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try:
            assert not plain.recv(100).startswith(b"HTTP/1.1 200")
        except ConnectionError:
            pass  # a reset is fine
    assert daemon.device.request("GET", "/").status == 400


def test_requests_of_one_connection_follow_each_other(known):
    query = "/?" + "&".join(f"{k}={v}" for k, v in known.parameters(token=known.token))
    with client.Connection(known.target) as connection:
        for _ in range(5):
            assert connection.request("GET", query, [("Accept", ACCEPT_XML)]).document().status("ap2004") == 1
        assert connection.request("GET", "/").status == 400
        assert connection.request("GET", query, [("Accept", ACCEPT_XML)]).status == 200
        request = client.request_bytes("GET", query, [("Accept", ACCEPT_XML)])
        connection.send(request * 3)  # pipelined
        assert [connection.reply().status for _ in range(3)] == [200, 200, 200]


def test_a_request_that_comes_byte_by_byte(known):
    query = "/?" + "&".join(f"{k}={v}" for k, v in known.parameters(token=known.token))
    with client.Connection(known.target) as connection:
        data = client.request_bytes("GET", query, [("Accept", ACCEPT_XML)])
        for i in range(0, len(data), 7):
            connection.send(data[i:i + 7])
        assert connection.reply().document().status("ap2004") == 1


def test_a_chunked_body_is_read(known):
    body = json.dumps(known.json_parameters(token=known.token)).encode()
    half = len(body) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:], b""))
    reply = known.target.request("POST", "/", [("Transfer-Encoding", "chunked"), ("Content-Type", JSON),
                                               ("Accept", ACCEPT_XML)], chunks)
    assert reply.document().status("ap2004") == 1


def test_expect_continue_is_answered(known):
    body = json.dumps(known.json_parameters(token=known.token)).encode()
    with client.Connection(known.target) as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(body))
        assert connection.read_to(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        connection.send(body)
        assert connection.reply().document().status("ap2004") == 1


@pytest.mark.parametrize("data", [
    b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n", b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999"
    b"999999\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", b"GET /%00%0a?app=%00 HTTP/1.1\r\nHost: a\r\n"
    b"\r\n"], ids=lambda b: re.sub(r"\W+", "-", b[:40].decode("latin-1")))
def test_broken_http_does_no_harm(daemon, data):
    with client.Connection(daemon.device, timeout=3) as connection:
        connection.send(data)
        try:
            assert connection.reply().status >= 400
        except (ConnectionError, socket.timeout, ssl.SSLError):
            pass
    assert daemon.device.request("GET", "/").status == 400


# proves: X-017
def test_content_type_of_a_request_is_read_leniently(known):
    body = known.json_parameters(token=known.token)
    for kind in ("application/json", "application/json; charset=utf-8", "Application/JSON", RELAY, RELAY + ";charset=utf-8"):
        assert known.post(body, content_type=kind).status == 200, kind
    assert known.post(body, content_type="text/xml").status == 415
    assert known.post(body, content_type="application/x-www-form-urlencoded").status == 415

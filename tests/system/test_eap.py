# SPDX-License-Identifier: Apache-2.0
"""EAP-AKA over HTTP against an own card and an own codec: challenge, answer, cookies, wrong answers."""
import base64
import json
import os
import re
import time

import pytest

import client
from client import (ACCEPT_JSON, ACCEPT_XML, AT_AUTN, AT_CLIENT_ERROR_CODE, AT_MAC, AT_RAND, CHALLENGE, CLIENT_ERROR,
                    JSON, REJECT, RELAY, XML, attribute, res_attribute, response)

ALL = ["ap2003", "ap2004", "ap2005"]


def refused_alike(*replies):
    """All are 403 with one body."""
    assert {reply.status for reply in replies} == {403}, replies
    assert len({reply.body for reply in replies}) == 1, replies


# ---- the challenge ----

# proves: A-019 A-020 E-001 E-004 E-003 X-012 X-013
def test_challenge_is_what_phones_read(phone):
    p = phone()
    reply = p.get(p.parameters(ALL, EAP_ID=p.eap_id))
    assert reply.status == 200 and reply.header("Content-Type") == RELAY
    assert re.fullmatch(rb'\{"eap-relay-packet":"[A-Za-z0-9+/]+=*"\}', reply.body)
    packet = client.Exchange(reply).packet
    assert (packet.code, packet.type, packet.subtype) == (1, 23, CHALLENGE)
    assert [(kind, at) for kind, _, at in packet.attributes[:3]] == [(AT_RAND, 8), (AT_AUTN, 28), (AT_MAC, 48)]
    assert all(kind >= 128 for kind, _, _ in packet.attributes[3:])
    assert p.check_challenge(packet)
    assert re.fullmatch(r"[A-Za-z0-9]+=[A-Za-z0-9_-]{26,}; Path=/; Secure; HttpOnly", reply.header("Set-Cookie"))
    assert b"wap-provisioningdoc" not in reply.body


# proves: E-023
def test_the_realm_has_three_digits(phone):
    p = phone()
    assert p.eap_id.endswith("@nai.epc.mnc001.mcc001.3gppnetwork.org")
    p.challenge()
    p.challenge(EAP_ID=p.eap_id.replace("nai.epc.", "wlan."))


# proves: A-021 A-022
def test_right_answer_brings_the_document_of_the_first_request(phone):
    p = phone()
    exchange = p.challenge(ALL, entitlement_version="6.0")
    document = p.relay(exchange, p.solve(exchange.packet)).document()
    assert list(document.apps) == ALL
    assert document["ap2003"] == {"EntitlementStatus": "1"}
    p.token = document.token_text
    assert p.ask(ALL).status("ap2004") == 1


# proves: X-017 A-021
@pytest.mark.parametrize("kind", [RELAY, JSON, JSON + "; charset=utf-8", RELAY + "; charset=UTF-8", RELAY.upper()])
def test_answer_may_have_either_type(phone, kind):
    p = phone()
    exchange = p.challenge()
    assert p.relay(exchange, p.solve(exchange.packet), content_type=kind).document().status("ap2004") == 1


# proves: X-017
@pytest.mark.parametrize("path", ["/?app=ap2005&vers=3", "/?terminal_id=1&EAP_ID=other&token=x", "/?", "/entitlement"])
def test_the_session_decides_not_the_query(phone, path):
    p = phone()
    exchange = p.challenge()
    assert list(p.relay(exchange, p.solve(exchange.packet), path=path).document().apps) == ["ap2004"]


# proves: X-017
def test_the_packet_may_be_written_freely(phone):
    for write in (lambda t: t.replace("/", "\\/"), lambda t: t.rstrip("="),
                  lambda t: "\\n".join(t[i:i + 20] for i in range(0, len(t), 20))):
        p = phone()
        exchange = p.challenge()
        text = write(base64.b64encode(p.solve(exchange.packet)).decode())
        body = ('{ "vers" : 0, "eap-relay-packet" : "%s" }' % text).encode()
        reply = p.post(body, headers=[("Cookie", exchange.cookie)], content_type=RELAY)
        assert reply.document().status("ap2004") == 1


# proves: X-026
def test_accept_of_the_answer_decides_the_format(phone):
    for first, second, kind in ((RELAY, ACCEPT_XML, XML), (ACCEPT_XML, ACCEPT_JSON, JSON), (ACCEPT_JSON, ACCEPT_XML, XML)):
        p = phone()
        exchange = p.challenge(headers=[("Accept", first)])
        reply = p.relay(exchange, p.solve(exchange.packet), accept=second)
        assert reply.header("Content-Type") == kind
        reply.document()


# proves: X-026
@pytest.mark.parametrize("first,kind", [(ACCEPT_XML, XML), (ACCEPT_JSON, JSON), (RELAY, JSON)])
def test_without_accept_the_first_request_decides_the_format(phone, first, kind):
    p = phone()
    exchange = p.challenge(headers=[("Accept", first)])
    body = b'{"eap-relay-packet":"' + base64.b64encode(p.solve(exchange.packet)) + b'"}'
    reply = p.target.request("POST", "/", [("Cookie", exchange.cookie), ("Content-Type", RELAY)], body)
    assert reply.header("Content-Type") == kind


# ---- cookies, connections ----

COOKIES = {
    "plain": lambda c: [c],
    "all attributes": lambda c: [c + "; Path=/; Secure; HttpOnly"],
    "attributes first": lambda c: ["Path=/; Secure; " + c],
    "quoted": lambda c: [c.replace("=", '="', 1) + '"'],
    "second line": lambda c: ["other=1; more=2", c],
    "first of several": lambda c: [c + "; other=1; ecs=2"],
    "last of several": lambda c: ["a=b; c; ;=;; " + c],
    "old one before": lambda c: [c.split("=")[0] + "=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; " + c],
    "old one behind": lambda c: [c + "; " + c.split("=")[0] + "=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
    "no blank": lambda c: ["x=1;" + c + ";y=2"],
    "version": lambda c: ['$Version="1"; ' + c + '; $Path="/"'],
}


# proves: X-019
@pytest.mark.parametrize("form", COOKIES)
def test_cookie_is_found_in_every_form(phone, form):
    p = phone()
    exchange = p.challenge()
    headers = [("Cookie", value) for value in COOKIES[form](exchange.cookie)]
    assert p.relay(exchange, p.solve(exchange.packet), headers).document().status("ap2004") == 1


# proves: X-020 A-021
def test_any_connection_and_any_node_goes_on(phone, make_daemon):
    one, two = make_daemon(server={"workers": 3}), make_daemon(server={"workers": 1})
    p = phone(at=one)
    for _ in range(4):  # connections of one node come to different workers
        exchange = p.challenge()
        assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1
    exchange = p.challenge()
    assert p.relay(exchange, p.solve(exchange.packet), target=two.device).document().status("ap2004") == 1
    exchange = p.challenge(target=two.device)
    assert p.relay(exchange, p.solve(exchange.packet), target=one.plain).document().status("ap2004") == 1


# proves: X-020
def test_one_connection_for_both_legs(phone):
    p = phone()
    query = "/?" + client.urllib.parse.urlencode(p.parameters(EAP_ID=p.eap_id))
    with client.Connection(p.target) as connection:
        exchange = client.Exchange(connection.request("GET", query, [("Accept", ACCEPT_XML)]))
        body = b'{"eap-relay-packet":"' + base64.b64encode(p.solve(exchange.packet)) + b'"}'
        reply = connection.request("POST", "/", [("Cookie", exchange.cookie), ("Content-Type", RELAY), ("Accept", ACCEPT_XML)],
                                   body)
        assert reply.document().status("ap2004") == 1


# proves: X-022
@pytest.mark.parametrize("cookie", [None, "ecsid=", "ecsid=unknown", "ecsid=" + "a" * 32, "ecsid=" + "a" * 3000, "other=1",
                                    "ecsid=\x7f\x01", ""])
def test_a_lost_session_is_503_with_a_short_wait(phone, cookie):
    p = phone()
    exchange = p.challenge()
    headers = [] if cookie is None else [("Cookie", cookie)]
    reply = p.relay(exchange, p.solve(exchange.packet), headers)
    assert reply.status == 503
    assert 1 <= int(reply.header("Retry-After")) <= 5


# proves: X-023 X-022
def test_a_session_ends_quietly(phone, make_daemon):
    daemon = make_daemon(auth={"session": "10s"})
    p = phone(at=daemon)
    exchange = p.challenge()
    before = daemon.mark()
    time.sleep(12.5)
    assert daemon.text(before) == ""
    reply = p.relay(exchange, p.solve(exchange.packet))
    assert reply.status == 503 and 1 <= int(reply.header("Retry-After")) <= 5
    assert p.line.cluster.one("SELECT count(*) FROM eap_session WHERE imsi = %s", p.imsi) == 0
    p.usim.sqn = 0
    assert p.login().status("ap2004") == 1


# ---- wrong answers ----

# proves: X-022 E-005 E-026
def test_wrong_answers_look_alike(phone, daemon):
    replies = []
    for change in ({"key": bytes(16)}, {"res": bytes(8)}, {"res": b"\xff" * 16}):
        p = phone()
        exchange = p.challenge()
        replies.append(p.relay(exchange, p.solve(exchange.packet, **change)))
    stranger = phone()
    stranger.eap_id = stranger.eap_id.replace(stranger.imsi, "001019999999999")
    replies.append(stranger.get(stranger.parameters(EAP_ID=stranger.eap_id)))
    refused_alike(*replies)


# proves: E-026
def test_a_line_without_keys_looks_like_an_unknown_one(phone, cluster):
    p, stranger = phone(), phone()
    cluster.sql("DELETE FROM auc WHERE imsi = %s", p.imsi)
    unknown = stranger.eap_id.replace(stranger.imsi, "001019999999998")
    refused_alike(p.get(p.parameters(EAP_ID=p.eap_id)), stranger.get(stranger.parameters(EAP_ID=unknown)))


# proves: X-022
@pytest.mark.parametrize("change", [{"key": bytes(16)}, {"res": bytes(8)}])
def test_a_wrong_answer_ends_the_session(phone, change):
    p = phone()
    exchange = p.challenge()
    right = p.solve(exchange.packet)
    p.usim.sqn = 0
    assert p.relay(exchange, p.solve(exchange.packet, **change)).status == 403
    reply = p.relay(exchange, right)
    assert reply.status in (403, 503), "the exchange goes on after a wrong answer"


# proves: E-014
def test_another_identifier_is_not_processed(phone):
    p = phone()
    exchange = p.challenge()
    answer = p.solve(exchange.packet)
    p.usim.sqn = 0
    reply = p.relay(exchange, p.solve(exchange.packet, identifier=(exchange.packet.identifier + 1) % 256))
    assert reply.status in (200, 400, 403, 503)
    if reply.status == 200:  # the outstanding challenge again, and it can be answered
        again = client.Exchange(reply)
        assert again.packet.data == exchange.packet.data and again.set_cookie == exchange.set_cookie
        assert p.relay(exchange, answer).document().status("ap2004") == 1


# proves: X-022 E-018 E-012
@pytest.mark.parametrize("packet", [
    b"", b"\x02", bytes(4), b"\x02\x01\x00\x05\x17", b"\x02\x01\x00\xff\x17\x01\x00\x00", b"\x02\x01\x00\x08\x17\x01\x00",
    b"\x02\x01\x00\x08\x17\x01\x00\x00" + b"x", response(1, CHALLENGE, b"\x03\x00\x00\x00"),
    response(1, CHALLENGE, b"\x03\xff\x00\x20"), response(1, CHALLENGE, b"\x03"), response(1, CHALLENGE, attribute(5, b"1234")),
    os.urandom(40), b"\x01\x01\x00\x08\x17\x01\x00\x00", b"\x03\x01\x00\x04", os.urandom(3000)],
    ids=lambda b: b[:12].hex() or "empty")
def test_what_cannot_be_decoded_is_400(phone, packet):
    p = phone()
    exchange = p.challenge()
    assert p.relay(exchange, packet).status == 400


# proves: X-022
@pytest.mark.parametrize("text", ["", "****", "A", "AAAA=AAA", "ÄÖ", " "])
def test_what_is_no_base64_is_400(phone, text):
    p = phone()
    exchange = p.challenge()
    reply = p.post(json.dumps({"eap-relay-packet": text}).encode(), headers=[("Cookie", exchange.cookie)], content_type=RELAY)
    assert reply.status == 400


# proves: E-012
def test_bad_attributes_in_an_answer_end_without_harm(phone):
    for extra in (res_attribute(bytes(8)), attribute(7, b"1234"), attribute(129, bytes(18)), attribute(AT_MAC, bytes(18))):
        p = phone()
        exchange = p.challenge()
        assert p.relay(exchange, p.solve(exchange.packet, before=extra)).status in (400, 403)
    for bits in (0, 1, 8, 63, 65, 128, 65535):
        p = phone()
        exchange = p.challenge()
        assert p.relay(exchange, p.solve(exchange.packet, bits=bits)).status in (400, 403), bits
    p = phone()
    exchange = p.challenge()
    identifier = exchange.packet.identifier
    assert p.relay(exchange, response(identifier, CHALLENGE, key=bytes(16))).status in (400, 403)


# proves: E-013 X-024
def test_skippable_attributes_are_skipped(phone):
    p = phone()
    exchange = p.challenge()
    packet = p.solve(exchange.packet, before=attribute(200, b"1234567"), behind=attribute(255, b"") + attribute(136, b"\x80\0"))
    assert p.relay(exchange, packet).document().status("ap2004") == 1
    exchange = p.challenge()
    packet = p.solve(exchange.packet, behind=attribute(134, b"\0\0"))  # checkcode of no identity round
    assert p.relay(exchange, packet).document().status("ap2004") == 1


# proves: X-024
@pytest.mark.parametrize("size", [4, 8])
def test_short_and_usual_res(phone, cluster, size):
    p = phone()
    cluster.sql("UPDATE auc SET res_len = %s WHERE imsi = %s", size, p.imsi)
    exchange = p.challenge()
    result = client.Usim(p.usim.milenage.ki, p.usim.milenage.opc).authenticate(exchange.packet.rand, exchange.packet.autn)
    assert p.relay(exchange, p.solve(exchange.packet, res=result[1][:size])).document().status("ap2004") == 1


# proves: E-016
def test_reject_and_client_error_are_403(phone):
    for subtype, attributes in ((REJECT, b""), (CLIENT_ERROR, attribute(AT_CLIENT_ERROR_CODE, b"\0\0"))):
        p = phone()
        exchange = p.challenge()
        assert p.relay(exchange, response(exchange.packet.identifier, subtype, attributes)).status == 403


# proves: E-016
def test_nak_is_403(phone):
    p = phone()
    exchange = p.challenge()
    identifier = exchange.packet.identifier
    assert p.relay(exchange, bytes([2, identifier, 0, 6, 3, 50])).status == 403

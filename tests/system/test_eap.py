# SPDX-License-Identifier: Apache-2.0
"""The EAP-AKA exchange over HTTP, against an own card and an own codec."""
import base64
import concurrent.futures
import json
import os
import re
import time

import pytest

import client
from client import (ACCEPT_JSON, ACCEPT_XML, AT_AUTN, AT_AUTS, AT_CLIENT_ERROR_CODE, AT_MAC, AT_RAND, CHALLENGE,
                    CLIENT_ERROR, JSON, REJECT, RELAY, SYNC_FAILURE, XML, Packet, attribute, res_attribute, response)

ALL = ["ap2003", "ap2004", "ap2005"]


def refused_alike(*replies):
    """All are 403 with one body."""
    assert {reply.status for reply in replies} == {403}, replies
    assert len({reply.body for reply in replies}) == 1, replies


# ---- the challenge ----

# proves: A-019 A-020 E-001 E-004 E-003 X-012 X-013 X-014
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


# ---- resynchronisation ----

# proves: E-006 X-021 A-023 X-018
def test_a_card_that_is_ahead_is_followed(phone):
    p = phone(sqn=5000 << 5)
    exchange = p.challenge()
    result = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)
    assert result[0] == "sync"
    again = client.Exchange(p.relay(exchange, response(exchange.packet.identifier, SYNC_FAILURE, attribute_auts(result[1]))))
    assert again.set_cookie == exchange.set_cookie
    assert again.packet.identifier != exchange.packet.identifier
    assert again.packet.rand != exchange.packet.rand
    assert p.relay(again, p.solve(again.packet)).document().status("ap2004") == 1
    assert p.usim.sqn >> 5 > 5000
    assert p.login().status("ap2004") == 1


def attribute_auts(auts):
    return bytes([AT_AUTS, 4]) + auts


# proves: X-021
def test_endless_resynchronisation_ends_at_the_third_challenge(phone):
    p = phone()
    exchange = p.challenge()
    challenges, reply = 1, None
    for _ in range(6):
        auts = p.usim.auts(exchange.packet.rand, challenges << 20)
        reply = p.relay(exchange, response(exchange.packet.identifier, SYNC_FAILURE, attribute_auts(auts)))
        if reply.status != 200:
            break
        exchange = client.Exchange(reply)
        challenges += 1
    assert (challenges, reply.status) == (3, 403)


# proves: E-007
def test_a_forged_auts_changes_nothing(phone):
    p = phone()
    exchange = p.challenge()
    before = p.line.value("sqn", "auc")
    auts = p.usim.auts(exchange.packet.rand, 77 << 20)
    for forged in (auts[:-1] + bytes([auts[-1] ^ 1]), bytes([auts[0] ^ 1]) + auts[1:], bytes(14)):
        reply = p.relay(exchange, response(exchange.packet.identifier, SYNC_FAILURE, attribute_auts(forged)))
        assert reply.status in (403, 503)
        assert p.line.value("sqn", "auc") == before


# proves: E-006
def test_a_sequence_number_is_never_lowered(phone):
    p = phone()
    for _ in range(3):
        p.login()
    exchange = p.challenge()
    before = p.line.value("sqn", "auc")
    auts = p.usim.auts(exchange.packet.rand, 1 << 5)
    client.Exchange(p.relay(exchange, response(exchange.packet.identifier, SYNC_FAILURE, attribute_auts(auts))))
    assert p.line.value("sqn", "auc") > before


# proves: E-008
def test_parallel_starts_have_vectors_of_their_own(phone, make_daemon):
    p = phone(at=make_daemon(auth={"attempts": 1000}))

    def start(_):
        packet = p.challenge().packet
        ak = p.usim.milenage.f2345(packet.rand)[3]
        return packet.rand, client.xor(packet.autn[:6], ak)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        found = list(pool.map(start, range(100)))
    assert len({rand for rand, _ in found}) == 100
    assert len({sqn for _, sqn in found}) == 100


# ---- repeats ----

# proves: E-015
def test_a_repeated_answer_gets_the_same_reply(phone):
    p = phone()
    exchange = p.challenge(ALL)
    packet = p.solve(exchange.packet)
    first, second = p.relay(exchange, packet), p.relay(exchange, packet)
    assert first.status == 200
    one, two = first.document(), second.document()
    assert (one.token, one.vers, one.content) == (two.token, two.vers, two.content)
    assert p.line.orders() == []


# proves: E-015
def test_a_repeated_resynchronisation_spends_one_vector(phone):
    p = phone(sqn=700 << 5)
    exchange = p.challenge()
    auts = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)[1]
    packet = response(exchange.packet.identifier, SYNC_FAILURE, attribute_auts(auts))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: p.relay(exchange, packet), range(4)))
    packets = {client.Exchange(reply).packet.data for reply in replies if reply.status == 200}
    assert len(packets) == 1, [reply.status for reply in replies]
    assert p.line.value("sqn", "auc") >> 5 == 701


# proves: E-015
def test_parallel_copies_of_an_answer_agree(phone):
    p = phone()
    exchange = p.challenge()
    packet = p.solve(exchange.packet)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: p.relay(exchange, packet), range(6)))
    assert {reply.document().token_text for reply in replies} == {replies[0].document().token_text}


# proves: X-022
def test_an_answer_much_later_is_lost(phone):
    p = phone()
    exchange = p.challenge()
    packet = p.solve(exchange.packet)
    assert p.relay(exchange, packet).status == 200
    time.sleep(11)
    assert p.relay(exchange, packet).status == 503


def test_a_packet_of_another_session_is_refused(phone):
    p, other = phone(), phone()
    one, two = p.challenge(), other.challenge()
    assert p.relay(two, p.solve(one.packet)).status in (200, 403)
    assert p.relay(one, other.solve(two.packet)).status in (200, 403)
    for reply in (p.relay(two, response(two.packet.identifier, CHALLENGE, res_attribute(bytes(8)), bytes(16))),):
        assert reply.status in (403, 503)


# ---- identities ----

# proves: E-022
@pytest.mark.parametrize("change", [
    lambda e: e.replace("mnc001", "mnc002"), lambda e: e.replace("mcc001", "mcc262"), lambda e: e.replace("nai.epc", "evil"),
    lambda e: e.split("@")[0] + "@example.org", lambda e: e.split("@")[0], lambda e: e + ".evil.example",
    lambda e: e[:5] + "\r\nX: y" + e[5:], lambda e: e + "\0", lambda e: "0" * 2000 + e, lambda e: "0@" + e.split("@")[1],
    lambda e: "012345@" + e.split("@")[1], lambda e: "0" + "9" * 16 + "@" + e.split("@")[1], lambda e: "'; --@" + e,
    lambda e: "026201" + e[6:]], ids=range(14))
def test_foreign_and_malformed_identities_start_nothing(phone, change, cluster):
    p = phone()
    reply = p.get(p.parameters(EAP_ID=change(p.eap_id)))
    assert reply.status in (400, 403, 414), reply
    assert p.line.value("attempts", "auc") == 0


# proves: E-024
@pytest.mark.parametrize("prefix", ["2", "4", "7", "8"])
def test_identities_that_are_not_permanent_are_511(phone, prefix):
    p = phone()
    domain = p.eap_id.split("@")[1]
    assert p.get(p.parameters(EAP_ID=f"{prefix}abcdef0123@{domain}")).status == 511


# proves: E-023
def test_eap_aka_prime_is_not_offered(phone):
    p = phone()
    reply = p.get(p.parameters(EAP_ID="6" + p.eap_id[1:]))
    assert reply.status == 511


# proves: X-016
def test_the_usual_realm_is_tried_for_other_ones(phone):
    p = phone(realm="wlan")
    usual = p.eap_id.replace("@wlan.", "@nai.epc.")
    exchange = p.challenge()
    assert p.relay(exchange, p.solve(exchange.packet, identity=usual)).document().status("ap2004") == 1
    assert p.login().status("ap2004") == 1


# proves: E-003
def test_keys_come_from_the_identity_as_it_was_sent(phone):
    p = phone()
    exchange = p.challenge()
    assert p.relay(exchange, p.solve(exchange.packet, identity=p.eap_id.upper())).status == 403


# proves: A-066
def test_attempts_of_a_subscriber_are_limited(phone, make_daemon):
    p = phone(at=make_daemon(auth={"attempts": 4, "attempts_window": "1h"}))
    for _ in range(4):
        p.challenge()
    sqn = p.line.value("sqn", "auc")
    reply = p.get(p.parameters(EAP_ID=p.eap_id))
    assert reply.status == 503 and re.fullmatch("[1-9][0-9]*", reply.header("Retry-After"))
    assert p.line.value("sqn", "auc") == sqn
    other = phone(at=make_daemon(auth={"attempts": 4}), line=p.line)  # over all nodes
    assert other.get(other.parameters(EAP_ID=other.eap_id)).status == 503


# proves: A-066
def test_a_success_clears_the_count_of_attempts(phone, make_daemon):
    p = phone(at=make_daemon(auth={"attempts": 3}))
    for _ in range(8):
        p.login()
        time.sleep(0.05)
    p.challenge()
    p.challenge()
    p.login()
    time.sleep(0.2)
    assert p.line.value("attempts", "auc") == 0


# proves: A-066
def test_exchanges_of_one_source_are_limited(phone, make_daemon):
    daemon = make_daemon(server={"workers": 1}, auth={"source_per_minute": 6, "source_burst": 3})
    phones = [phone(at=daemon, plain=True) for _ in range(5)]

    def start(p, source):
        return p.get(p.parameters(EAP_ID=p.eap_id), [("X-Forwarded-For", source)]).status
    assert [start(p, "192.0.2.9") for p in phones] == [200, 200, 200, 503, 503]
    assert start(phones[0], "192.0.2.10") == 200
    assert [start(p, f"2001:db8:1:2::{i + 1}") for i, p in enumerate(phones)] == [200, 200, 200, 503, 503]
    assert start(phones[0], "2001:db8:1:3::1") == 200


# proves: A-019
def test_the_cookie_has_the_name_of_the_configuration(phone, make_daemon):
    p = phone(at=make_daemon(auth={"cookie": "JSESSIONID"}))
    exchange = p.challenge()
    assert exchange.cookie.startswith("JSESSIONID=")
    assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1


# proves: A-022
def test_a_tuak_card_is_told_from_a_milenage_card_by_its_row(phone, cluster):
    p = phone()
    cluster.sql("UPDATE auc SET algorithm = 'tuak' WHERE imsi = %s", p.imsi)
    reply = p.get(p.parameters(EAP_ID=p.eap_id))  # the wrapped OPc is no TOPc
    assert reply.status in (403, 500, 503)
    cluster.sql("UPDATE auc SET algorithm = 'milenage' WHERE imsi = %s", p.imsi)
    assert p.login().status("ap2004") == 1


# proves: A-011
def test_revocation_between_the_legs(phone):
    p = phone()
    exchange = p.challenge()
    p.line.revoke()
    document = p.relay(exchange, p.solve(exchange.packet)).document()
    p.token = document.token_text
    assert p.query().status == 200  # the card was proven: the new token is of the new generation
    assert len({Packet(exchange.packet.data).identifier}) == 1

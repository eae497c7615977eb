# SPDX-License-Identifier: Apache-2.0
"""EAP-AKA over HTTP: resynchronisation, repeats, identities, limits."""
import concurrent.futures
import re
import time

import pytest

import client
from client import AT_AUTS, CHALLENGE, SYNC_FAILURE, Packet, res_attribute, response

ALL = ["ap2003", "ap2004", "ap2005"]


def attribute_auts(auts):
    return bytes([AT_AUTS, 4]) + auts


# ---- resynchronisation ----

# proves: E-006 X-021 X-018
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

# SPDX-License-Identifier: Apache-2.0
"""Vectors of the operator's HSS (SWx): freeDiameter as HSS reads every MAR strictly; the daemon's own EAP server does the rest.
The daemon's database has no keys that are used."""
import concurrent.futures
import os
import time

import pytest

import client
import diameter
import wire
from core_network import Hss, connected, phones, refused, settings
from diameter_peers import Network, missing
from diameter_roles import Cards

pytestmark = pytest.mark.skipif(missing() is not None and "CI" not in os.environ, reason=f"package {missing()} is not installed")
MAR, SAR = diameter.MAR, diameter.SAR


@pytest.fixture(scope="module")
def network():
    with Network() as made:
        yield made


@pytest.fixture(scope="module")
def cards():
    return Cards()


@pytest.fixture(scope="module")
def server(network, cards):
    return Hss(network, "hss.home.test", cards).start()


@pytest.fixture
def hss(server):
    def reset():
        server.fail, server.delay_s, server.scheme, server.profile_fail = None, 0, None, None
        server.barred, server.msisdn = False, None
        server.resynchronised.clear()
    server.clear()
    reset()
    yield server
    reset()
    server.check()


@pytest.fixture(scope="module")
def ecs(server, make_module_daemon):
    return connected(make_module_daemon(**settings(server)), server)


@pytest.fixture
def phone(lines, cards, ecs):
    make = phones(lines, cards)
    return lambda at=None, **what: make(at or ecs, **what)


def forget(p):
    """The daemon's own database has no key of this card."""
    p.line.cluster.sql("DELETE FROM auc WHERE imsi = %s", p.imsi)
    return p


def test_vectors_of_the_hss_authenticate_a_phone(hss, phone):
    p = forget(phone())
    exchange = p.challenge()
    assert p.check_challenge(exchange.packet)
    assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1
    request, = hss.of(MAR)
    assert request.get("User-Name") == p.imsi
    item = request.get("SIP-Auth-Data-Item")
    assert [avp.name for avp in item] == ["SIP-Authentication-Scheme"] and item[0].value == "EAP-AKA"
    assert hss.of(SAR) == []


def test_every_authentication_has_a_vector_of_its_own(hss, phone):
    p = forget(phone())
    for _ in range(3):
        p.login()
    assert len({request.get("Session-Id") for request in hss.of(MAR)}) == 3


def test_a_wrong_response_is_refused_by_our_own_eap_server(hss, phone):
    p = forget(phone())
    exchange = p.challenge()
    refused(p.relay(exchange, p.solve(exchange.packet, res=bytes(8))), 403)
    assert len(hss.of(MAR)) == 1


def test_resynchronisation_goes_to_the_hss(hss, phone):
    p = forget(phone())
    p.usim.sqn = 7000 << 5
    exchange = p.challenge()
    result = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)
    assert result[0] == "sync"
    auts = bytes([client.AT_AUTS, 4]) + result[1]
    again = client.Exchange(p.relay(exchange, client.response(exchange.packet.identifier, client.SYNC_FAILURE, auts)))
    item = hss.of(MAR)[1].get("SIP-Auth-Data-Item")
    assert {avp.name: avp.value for avp in item}["SIP-Authorization"] == exchange.packet.rand + result[1]
    assert hss.resynchronised == [True]
    assert p.relay(again, p.solve(again.packet)).document().status("ap2004") == 1


def test_a_forged_resynchronisation_does_not_authenticate(hss, phone):
    p = forget(phone())
    exchange = p.challenge()
    auts = p.usim.auts(exchange.packet.rand, 50 << 20)
    forged = bytes([client.AT_AUTS, 4]) + auts[:-1] + bytes([auts[-1] ^ 1])
    reply = p.relay(exchange, client.response(exchange.packet.identifier, client.SYNC_FAILURE, forged))
    assert reply.status in (403, 503) and hss.resynchronised == [False]


def test_endless_resynchronisation_ends(hss, phone):
    p = forget(phone())
    exchange = p.challenge()
    for count in range(1, 8):
        auts = bytes([client.AT_AUTS, 4]) + p.usim.auts(exchange.packet.rand, count << 20)
        reply = p.relay(exchange, client.response(exchange.packet.identifier, client.SYNC_FAILURE, auts))
        if reply.status != 200:
            break
        exchange = client.Exchange(reply)
    assert reply.status == 403 and len(hss.of(MAR)) <= 4


# proves: A-029
@pytest.mark.parametrize("failure,status", [
    (("exp", 5001), 403), (("exp", 5450), 403), (("exp", 5452), 403), (("exp", 4181), 503), (5012, 503), (3002, 503), (3004, 503),
    (4002, 503), (5002, 503)])
def test_results_of_the_hss(hss, phone, failure, status):
    hss.fail = failure
    p = forget(phone())
    refused(p.get(p.parameters(EAP_ID=p.eap_id)), status)


def test_a_user_whom_the_hss_does_not_know_is_refused(hss, phone, cards):
    p = forget(phone())
    del cards.rows[p.imsi]
    refused(p.get(p.parameters(EAP_ID=p.eap_id)), 403)


DAMAGE = {
    "no item": lambda pairs: [pair for pair in pairs if pair[0] != "SIP-Auth-Data-Item"],
    "RAND alone": lambda pairs: item(pairs, "SIP-Authenticate", lambda value: value[:16]),
    "a long AUTN": lambda pairs: item(pairs, "SIP-Authenticate", lambda value: value + b"x"),
    "XRES of 3 bytes": lambda pairs: item(pairs, "SIP-Authorization", lambda value: value[:3]),
    "XRES of 17 bytes": lambda pairs: item(pairs, "SIP-Authorization", lambda value: bytes(17)),
    "no CK": lambda pairs: item(pairs, "Confidentiality-Key", None),
    "a short IK": lambda pairs: item(pairs, "Integrity-Key", lambda value: value[:15]),
    "another scheme": lambda pairs: item(pairs, "SIP-Authentication-Scheme", lambda value: "Digest-AKAv1-MD5"),
}


def item(pairs, name, change):
    found = []
    for pair in pairs:
        if pair[0] == "SIP-Auth-Data-Item":
            members = [(key, change(value) if key == name and change else value) for key, value in pair[1]
                       if key != name or change]
            pair = (pair[0], members)
        found.append(pair)
    return found


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_vector_is_not_used(hss, phone, name):
    hss.change = DAMAGE[name]
    try:
        p = forget(phone())
        refused(p.get(p.parameters(EAP_ID=p.eap_id)), 503)
    finally:
        hss.change = lambda pairs: pairs


# proves: E-028
def test_a_slow_hss_costs_less_than_21_seconds(hss, phone):
    hss.delay_s = 25
    p = forget(phone())
    at = time.monotonic()
    refused(p.get(p.parameters(EAP_ID=p.eap_id)), 503)
    assert time.monotonic() - at < 21


def test_any_node_may_finish(hss, phone, server, make_daemon):
    other = connected(make_daemon(**settings(server)), server)
    p = forget(phone())
    exchange = p.challenge()
    assert p.relay(exchange, p.solve(exchange.packet), target=other.device).document().status("ap2004") == 1


def test_what_is_kept_of_a_vector_is_sealed(hss, phone, lines):
    """Nothing of it can be read in the database while the phone computes."""
    p = forget(phone())
    exchange = p.challenge()
    result = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)
    tables = [row[0] for row in lines.cluster.sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ 'session'")]
    assert tables
    for table in tables:
        for (text,) in lines.cluster.sql(f"SELECT t::text FROM {table} t"):
            for secret in result[1:]:
                assert secret.hex() not in text, table


def test_the_next_rung_is_taken_when_the_hss_is_down(network, cards, lines, make_daemon):
    """The ladder: HSS first, then the keys in the daemon's own database."""
    down = Hss(network, "down.home.test", cards)
    daemon = make_daemon(**settings(down, auth={"ladder": ["core", "local"]}))
    p = phones(lines, cards)(daemon)
    assert p.login().status("ap2004") == 1


def test_one_that_the_hss_refuses_is_not_tried_further(hss, phone, server, make_daemon):
    daemon = connected(make_daemon(**settings(server, auth={"ladder": ["core", "local"]})), server)
    hss.fail = ("exp", 5001)
    p = phone(at=daemon)
    refused(p.get(p.parameters(EAP_ID=p.eap_id)), 403)


def test_many_at_a_time(hss, phone):
    mine = [forget(phone()) for _ in range(12)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda p: p.login().status("ap2004"), mine))
    assert found == [1] * 12 and len(hss.of(MAR)) == 12


# ---- the profile ----

def test_the_profile_is_read_and_never_registered(hss, phone, server, make_daemon):
    """SAR with AAA_USER_DATA_REQUEST alone (the HSS notes any other type)."""
    daemon = connected(make_daemon(**settings(server, auth={"hss_profile": "core"})), server)
    p = forget(phone(at=daemon))
    p.login()
    request, = hss.wait(SAR)
    assert request.get("Server-Assignment-Type") == 12 and request.get("User-Name") == p.imsi


@pytest.mark.skipif(not wire.find_tshark() and "CI" not in os.environ, reason="tshark is not installed")
def test_another_decoder_understands_every_message(hss, phone, tmp_path):
    hss.wire.clear()
    forget(phone()).login()
    packets = [row for row in list(hss.wire) if row[0] == "I"]
    assert MAR in {int.from_bytes(data[5:8], "big") for _, data in packets}
    assert wire.complaints(tmp_path / "pcap", packets) == []


def test_no_key_and_nobody_is_in_the_log(hss, phone, ecs):
    p = forget(phone())
    exchange = p.challenge()
    result = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)
    p.usim.sqn = 0
    p.relay(exchange, p.solve(exchange.packet))
    text = ecs.text()
    for secret in (p.imsi, *(part.hex() for part in result[1:])):
        assert secret not in text

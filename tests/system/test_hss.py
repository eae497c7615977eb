# SPDX-License-Identifier: Apache-2.0
"""Vectors of the operator's HSS (SWx): freeDiameter as HSS reads every MAR strictly; the daemon's own EAP server does the rest.
The daemon's database has no keys that are used."""
import concurrent.futures
import json
import os
import shutil
import time

import pytest

import client
import diameter
import harness
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


def test_policies_see_what_the_profile_says(hss, phone, server, make_daemon, tmp_path):
    """Fact line.non3gpp: unknown before the first profile, then as the HSS says, asked again when it is old."""
    policy = tmp_path / "policy.d"
    shutil.copytree(os.path.join(harness.ROOT, "conf", "policy.d"), policy, ignore=shutil.ignore_patterns("tests"))
    text = (policy / "vowifi.yaml").read_text()
    rule = '  - name: barred\n    when: [ "line.non3gpp is barred" ]\n    then: { offer: no, message: service-blocked }\n'
    (policy / "vowifi.yaml").write_text(text.replace("rules:\n", "rules:\n" + rule, 1))
    daemon = connected(make_daemon(**settings(server, auth={"hss_profile": "core", "aaa_msisdn": True},
                                              policy={"directory": str(policy)})), server)
    p = forget(phone(at=daemon))
    p.line.cluster.sql("UPDATE subscriber SET msisdn = NULL WHERE imsi = %s", p.imsi)
    hss.barred, hss.msisdn = True, "49151777001"

    def known():
        return p.line.cluster.sql("SELECT non3gpp, msisdn FROM subscriber WHERE imsi = %s", p.imsi)[0]
    p.login()
    harness.wait_for(lambda: known() == ("barred", "49151777001"), 5, lambda: str(known()))
    document = p.ask()
    assert document.status("ap2004") == 2
    status, found = daemon.admin("POST", "/v1/explain", {"imsi": p.imsi, "app": "vowifi"})
    assert status == 200 and "barred" in json.dumps(found)
    hss.barred = False
    p.login()  # young enough: nobody is asked
    assert len(hss.of(SAR)) == 1
    p.line.cluster.sql("UPDATE subscriber SET non3gpp_at = non3gpp_at - interval '2 days' WHERE imsi = %s", p.imsi)
    p.login()
    harness.wait_for(lambda: known()[0] == "allowed", 5, lambda: str(known()))
    assert p.ask().status("ap2004") == 1
    assert p.imsi not in daemon.text() and "49151777001" not in daemon.text()


def test_a_profile_that_was_not_to_be_had_is_asked_for_again(hss, phone, server, make_daemon):
    daemon = connected(make_daemon(**settings(server, auth={"hss_profile": "core"})), server)
    p = forget(phone(at=daemon))

    def known():
        return p.line.cluster.sql("SELECT non3gpp, non3gpp_at IS NULL FROM subscriber WHERE imsi = %s", p.imsi)[0]
    hss.profile_fail = 3004
    p.login()
    hss.wait(SAR)
    harness.wait_for(lambda: known() == (None, True), 5, lambda: str(known()))
    hss.profile_fail = None
    p.login()
    harness.wait_for(lambda: known() == ("allowed", False), 5, lambda: str(known()))
    assert len(hss.of(SAR)) == 2


def test_copies_of_a_resynchronisation_do_not_multiply_vectors(hss, phone, server, make_daemon):
    """AUTS cannot be verified here: attempts bound what the HSS is asked."""
    daemon = connected(make_daemon(**settings(server, auth={"attempts": 4})), server)
    p = forget(phone(at=daemon))
    hss.delay_s = 1
    exchange = p.challenge()
    auts = bytes([client.AT_AUTS, 4]) + p.usim.auts(exchange.packet.rand, 50 << 20)
    packet = client.response(exchange.packet.identifier, client.SYNC_FAILURE, auts)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        found = sorted(pool.map(lambda _: p.relay(exchange, packet).status, range(12)))
    assert len(hss.of(MAR)) <= 4 and found[0] == 200 and set(found) <= {200, 503}, found


def test_the_method_is_that_of_the_vector(hss, phone, server, make_daemon):
    """An HSS that has no EAP-AKA' gives EAP-AKA, and that is what the phone is challenged with (aaa.md 4)."""
    daemon = connected(make_daemon(**settings(server, identity={"aka_prime": True})), server)
    hss.scheme = "EAP-AKA"
    p = forget(phone(at=daemon))
    p.eap_id = "6" + p.eap_id[1:]
    exchange = p.challenge()
    assert hss.of(MAR)[0].get("ANID") and exchange.packet.type == 23
    assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1


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

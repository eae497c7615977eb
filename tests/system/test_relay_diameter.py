# SPDX-License-Identifier: Apache-2.0
"""Phones at an operator's AAA behind Diameter (SWm, STa, application 5): freeDiameter with an EAP-AKA server, which reads every
request strictly. The daemon has no keys of these cards."""
import concurrent.futures
import os
import struct
import subprocess
import time

import pytest

import aka
import client
import diameter
import harness
import wire
from core_network import Aaa, connected, peer_row, phones, refused, settings
from diameter_peers import Network, missing
from diameter_roles import Cards
from idp import Idp

pytestmark = pytest.mark.skipif(missing() is not None and "CI" not in os.environ, reason=f"package {missing()} is not installed")
DER, STR = diameter.DER, diameter.STR


@pytest.fixture(scope="module")
def network():
    with Network() as made:
        yield made


@pytest.fixture(scope="module")
def cards():
    return Cards()


@pytest.fixture(scope="module")
def server(network, cards):
    return Aaa(network, "aaa.home.test", diameter.SWM, cards).start()


@pytest.fixture
def aaa(server):
    """The AAA of SWm; a test in which it saw something wrong fails."""
    server.script = {}
    server.clear()
    yield server
    server.script = {}
    server.check()


@pytest.fixture(scope="module")
def ecs(server, make_module_daemon):
    return connected(make_module_daemon(**settings(server)), server)


@pytest.fixture
def phone(lines, cards, ecs):
    make = phones(lines, cards)
    return lambda at=None, **what: make(at or ecs, **what)


def payloads(aaa):
    return [request.need("EAP-Payload") for request in aaa.of(DER)]


# ---- success ----

# proves: E-002 E-019 A-024 A-025
@pytest.mark.parametrize("app", [diameter.SWM, diameter.STA, diameter.EAP])
def test_a_phone_is_authenticated_by_the_aaa(network, cards, lines, make_daemon, app):
    with Aaa(network, f"a{app}.home.test", app, cards) as aaa:
        daemon = connected(make_daemon(**settings(aaa)), aaa)
        p = phones(lines, cards)(daemon)
        document = p.login(["ap2003", "ap2004"])
        requests = aaa.of(DER)
        aaa.check()
    assert list(document.apps) == ["ap2003", "ap2004"] and document.status("ap2004") == 1
    assert p.token
    assert len(requests) == 2
    data = p.eap_id.encode()
    first = requests[0].need("EAP-Payload")
    assert first[0] == 2 and first[4] == 1 and first[5:] == data, "EAP_ID byte for byte"
    assert requests[0].get("Session-Id") == requests[1].get("Session-Id")
    assert {request.get("User-Name") for request in requests} <= {p.eap_id, None}
    assert requests[1].get("State") and requests[1].get("Destination-Host") == aaa.identity
    wanted = 1 if app == diameter.EAP else 3
    assert {request.get("Auth-Request-Type") for request in requests} == {wanted}


# proves: E-019
def test_every_conversation_has_a_session_of_its_own(aaa, phone):
    p = phone()
    for _ in range(3):
        p.login()
    names = [request.get("Session-Id") for request in aaa.of(DER)]
    assert len(names) == 6 and len(set(names)) == 3


# proves: A-025
def test_the_answer_to_the_packet_is_the_document_of_the_first_request(aaa, phone):
    p = phone()
    exchange = p.challenge(["ap2003", "ap2005"], entitlement_version="6.0")
    assert list(p.relay(exchange, p.solve(exchange.packet)).document().apps) == ["ap2003", "ap2005"]


def test_a_line_without_the_service_gets_its_document_all_the_same(aaa, phone):
    p = phone(ready=False, features=["volte"])
    assert p.login(["ap2004"]).status("ap2004") != 1


# ---- rounds ----

# proves: X-014 X-015
@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_identity_rounds_are_answered_by_the_server(aaa, phone, rounds):
    aaa.script = {"identity_rounds": rounds}
    p = phone()
    exchange = p.challenge()
    assert (exchange.packet.type, exchange.packet.subtype) == (23, client.CHALLENGE)
    assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1
    assert len(aaa.of(DER)) == rounds + 2
    for eap in payloads(aaa)[1:-1]:
        packet = aka.Packet(eap)
        value = packet.get(14)
        assert value[2:2 + struct.unpack(">H", value[:2])[0]] == p.eap_id.encode()


# proves: X-014
def test_identity_rounds_without_end_are_given_up(aaa, phone):
    aaa.script = {"identity_rounds": 20}
    p = phone()
    reply = p.get(p.parameters(EAP_ID=p.eap_id))
    assert reply.status in (403, 503, 511) and len(aaa.of(DER)) <= 5


# proves: A-023
def test_a_second_challenge_is_relayed_too(aaa, phone):
    aaa.script = {"challenges": 2}
    p = phone()
    exchange = p.challenge()
    again = client.Exchange(p.relay(exchange, p.solve(exchange.packet)))
    assert again.packet.rand != exchange.packet.rand and again.packet.identifier != exchange.packet.identifier
    assert p.relay(again, p.solve(again.packet)).document().status("ap2004") == 1
    assert len({request.get("Session-Id") for request in aaa.of(DER)}) == 1


# proves: A-023
def test_a_card_that_is_ahead_is_followed(aaa, phone):
    p = phone()
    p.usim.sqn = 5000 << 5
    exchange = p.challenge()
    result = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)
    assert result[0] == "sync"
    auts = bytes([client.AT_AUTS, 4]) + result[1]
    again = client.Exchange(p.relay(exchange, client.response(exchange.packet.identifier, client.SYNC_FAILURE, auts)))
    assert p.relay(again, p.solve(again.packet)).document().status("ap2004") == 1
    assert p.usim.sqn >> 5 > 5000


def test_a_response_that_the_aaa_passed_over_is_asked_for_again(aaa, phone):
    aaa.script = {"reissue": True}
    p = phone()
    exchange = p.challenge()
    packet = p.solve(exchange.packet)
    again = client.Exchange(p.relay(exchange, packet))
    assert again.packet.data == exchange.packet.data
    # The same packet once more is a copy of the POST before or the answer to the second request: both end well.
    reply = p.relay(again, packet)
    assert reply.status == 200, reply


def test_a_repeated_post_is_not_a_second_question(aaa, phone):
    p = phone()
    exchange = p.challenge()
    packet = p.solve(exchange.packet)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: p.relay(exchange, packet), range(4)))
    assert {reply.document().token_text for reply in replies if reply.status == 200} and len(aaa.of(DER)) == 2
    assert {reply.status for reply in replies} <= {200, 503}, replies


BAD_PACKETS = {
    "length": lambda good: good + b"\0",
    "request": lambda good: b"\1" + good[1:],
    "identifier": lambda good: good[:1] + bytes([good[1] ^ 1]) + good[2:],
    "type": lambda good: good[:4] + b"\x32" + good[5:],
    "identity": lambda good: b"\2" + good[1:2] + b"\0\x06\1x",
    "short": lambda good: good[:4],
}


@pytest.mark.parametrize("name", BAD_PACKETS)
def test_a_bad_packet_of_a_phone_does_not_reach_the_aaa(aaa, phone, name):
    p = phone()
    exchange = p.challenge()
    reply = p.relay(exchange, BAD_PACKETS[name](p.solve(exchange.packet)))
    assert reply.status in (400, 403), reply
    assert len(aaa.of(DER)) == 1


# proves: A-028
def test_a_wrong_response_of_the_card_is_refused(aaa, phone):
    p = phone()
    exchange = p.challenge()
    refused(p.relay(exchange, p.solve(exchange.packet, res=bytes(8))), 403)


# ---- what phones never see ----

ODD_PACKETS = {
    "notification of a failure": lambda talk: aka.response(9, 12, bytes([12, 1]) + b"\x40\0", code=1),
    "notification of success": lambda talk: aka.response(9, 12, bytes([12, 1]) + b"\x80\0", code=1),
    "EAP-Success": b"\3\x09\0\x04",
    "EAP-Failure": b"\4\x09\0\x04",
    "EAP-AKA'": lambda talk: aka.response(9, 1, aka.attribute(1, bytes(18)) + aka.attribute(2, bytes(18)), bytes(16),
                                          eap_type=50, code=1),
    "EAP-SIM": lambda talk: aka.response(9, 10, b"", eap_type=18, code=1),
    "EAP-Identity": b"\1\x09\0\x05\1",
    "a response": lambda talk: aka.response(9, 1, aka.attribute(1, bytes(18)), code=2),
    "no EAP": b"\1\x09\0\xff\x17",
    "nothing": b"",
    "an unknown subtype": lambda talk: aka.response(9, 99, b"", code=1),
}


# proves: X-014
@pytest.mark.parametrize("name", ODD_PACKETS)
@pytest.mark.parametrize("at", [1, 2])
def test_odd_packets_of_the_aaa_end_at_the_server(server, phone, name, at):
    """With 1001 at the beginning and behind a challenge."""
    server.clear()
    server.script = {"packet": {number: ODD_PACKETS[name] for number in range(at, 9)}}
    try:
        p = phone()
        reply = p.get(p.parameters(EAP_ID=p.eap_id))
        if at == 2:
            exchange = client.Exchange(reply)
            reply = p.relay(exchange, p.solve(exchange.packet))
        assert reply.status in (403, 503, 511), reply
        assert b"eap-relay-packet" not in reply.body and not reply.header("Set-Cookie")
    finally:
        server.script = {}
        faults, server.faults[:] = list(server.faults), []
    # The double's EAP server does not go on from packets that it did not make itself: only that may have been noted.
    assert not [fault for fault in faults if "Session-Id" in fault or "State" in fault], faults
    assert len(server.of(DER)) <= 9


# ---- TS.43 Table 7 ----

REFUSED = [4001, 5001, 5003]
TRANSIENT = [3001, 3002, 3003, 3004, 3005, 3006, 3007, 3008, 3009, 3010, 5002, *range(5004, 5018)]
REFUSED_3GPP = [5001, 5003, 5041, 5420, 5421, 5422, 5423, 5450, 5451, 5452]
TRANSIENT_3GPP = [4181, 5453, 5454]
OURS = [(1002, 503), (2010, 503), (3999, 503), (4002, 503), (4181, 503), (4999, 503), (5999, 503), (0, 503)]
TABLE = ([(code, 403) for code in REFUSED] + [(code, 503) for code in TRANSIENT]
         + [(("exp", code), 403) for code in REFUSED_3GPP] + [(("exp", code), 503) for code in TRANSIENT_3GPP]
         + [(("exp", 5999), 503)] + OURS)


# proves: A-027 A-028 A-029 A-030
@pytest.mark.parametrize("round_number", [1, 2])
def test_results_of_the_aaa_are_answered_as_table_7_says(aaa, phone, round_number):
    """At the beginning, and in the second leg."""
    for code, status in TABLE:
        aaa.script = {"fail": {round_number: code}}
        p = phone()
        reply = p.get(p.parameters(EAP_ID=p.eap_id))
        if round_number == 2:
            exchange = client.Exchange(reply)
            reply = p.relay(exchange, p.solve(exchange.packet))
        assert reply.status == status, (code, reply)
        refused(reply, status)


def test_limited_success_is_success(aaa, phone):
    aaa.script = {"success": 2002}
    assert phone().login().status("ap2004") == 1


# proves: A-025
@pytest.mark.parametrize("code,success", [(2001, False), (4001, True)])
def test_the_result_code_decides_and_not_the_packet_inside(aaa, phone, code, success):
    """2001 without an EAP packet is success; 4001 with EAP-Success inside is none."""
    aaa.script = {"eap_success": False} if code == 2001 else {"fail": {2: 4001}}
    if code == 4001:
        def finish(message, talk, result, delay):
            aaa.answer(message, aaa.common(message) + [("Result-Code", 4001), ("EAP-Payload", b"\3\x41\0\x04")])
        aaa.finish = finish
    try:
        p = phone()
        exchange = p.challenge()
        reply = p.relay(exchange, p.solve(exchange.packet))
    finally:
        if code == 4001:
            del aaa.finish
    assert reply.status == (200 if code == 2001 else 403), reply


@pytest.fixture(scope="module")
def idp():
    made = Idp()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def with_oidc(server, make_module_daemon, idp):
    """A daemon that has another authentication to offer."""
    return connected(make_module_daemon(**settings(server, web={"public_url": "https://ecs.example.net"},
                                                   oidc=[idp.settings()])), server)


# proves: A-026 A-027
def test_with_another_authentication_a_transient_result_is_511(aaa, phone, with_oidc):
    for code in (3002, 3004, 3010, 5002, 5004, 5012, 5017):
        aaa.script = {"fail": {1: code}}
        p = phone(at=with_oidc)
        refused(p.get(p.parameters(EAP_ID=p.eap_id)), 511)
        refused(p.get(p.parameters(EAP_ID=p.eap_id, token="a" * 40)), 503)


# proves: A-031
def test_the_first_request_decides_in_later_rounds_too(aaa, phone, with_oidc):
    for token, status in ((None, 511), ("a" * 40, 503)):
        aaa.script = {"fail": {2: 3002}}
        p = phone(at=with_oidc)
        exchange = client.Exchange(p.get(p.parameters(EAP_ID=p.eap_id, token=token)))
        refused(p.relay(exchange, p.solve(exchange.packet)), status)
        aaa.script = {"fail": {2: 4001}}
        exchange = client.Exchange(p.get(p.parameters(EAP_ID=p.eap_id, token=token)))
        refused(p.relay(exchange, p.solve(exchange.packet)), 403)


# ---- who it was ----

@pytest.mark.parametrize("script,good", [
    ({"user": "own"}, True), ({"imsi": "own"}, True), ({"user": "other"}, False), ({"imsi": "other"}, False)])
def test_the_aaa_must_name_the_same_card(aaa, phone, lines, script, good):
    p = phone()
    other = lines.take().imsi
    values = {"own": p.imsi, "other": other}
    aaa.script = {name: p.eap_id.replace(p.imsi, values[who]) if name == "user" else values[who] for name, who in script.items()}
    exchange = p.challenge()
    reply = p.relay(exchange, p.solve(exchange.packet))
    if good:
        assert reply.document().status("ap2004") == 1
    else:
        refused(reply, 403)


@pytest.mark.parametrize("eap_id", ["0001010000000001@evil.example", "0001010000000001", "x" * 2000 + "@nai.epc.test",
                                    "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org\r\nState: x", ""])
def test_an_identity_of_somebody_else_is_not_sent_to_the_aaa(aaa, phone, eap_id):
    p = phone()
    reply = p.get(p.parameters(EAP_ID=eap_id))
    assert reply.status in (400, 403, 511), reply
    time.sleep(0.2)
    assert aaa.of(DER) == []


# ---- the end of sessions ----

# proves: E-020
@pytest.mark.parametrize("state,kept", [(None, True), (0, True), (1, False)])
def test_a_kept_session_is_ended(aaa, phone, state, kept):
    aaa.script = {"auth_state": state}
    p = phone()
    p.login()
    if kept:
        request, = aaa.wait(STR)
        assert request.get("Session-Id") == aaa.of(DER)[0].get("Session-Id")
    time.sleep(0.3)
    assert len(aaa.of(STR)) == int(kept)


# proves: E-020
def test_a_failed_conversation_is_not_ended_by_str(aaa, phone):
    p = phone()
    exchange = p.challenge()
    refused(p.relay(exchange, p.solve(exchange.packet, res=bytes(8))), 403)
    time.sleep(0.5)
    assert aaa.of(STR) == []


def test_the_aaa_may_abort_a_session(aaa, phone, ecs):
    aaa.script = {"auth_state": 0}
    phone().login()
    name = aaa.of(DER)[0].get("Session-Id")
    answer = aaa.abort(name, ecs.settings["diameter"]["host"], "test")
    assert answer.result in ((2001, False), (5002, False))
    answer = aaa.abort("ecs.test;1;2", ecs.settings["diameter"]["host"], "test")
    assert answer.result in ((2001, False), (5002, False))
    answer = aaa.reauthorise(name, ecs.settings["diameter"]["host"], "test")
    assert answer.result in ((2001, False), (5002, False))


# ---- an AAA that does not answer ----

# proves: E-028
def test_a_slow_aaa_costs_less_than_21_seconds(aaa, phone):
    p, later = phone(), phone()
    exchange = later.challenge()
    aaa.script = {"delay": {1: 25, 2: 25}}

    def begin():
        at = time.monotonic()
        return p.get(p.parameters(EAP_ID=p.eap_id)), time.monotonic() - at

    def finish():
        at = time.monotonic()
        return later.relay(exchange, later.solve(exchange.packet)), time.monotonic() - at
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = [job.result() for job in (pool.submit(begin), pool.submit(finish))]
    for reply, seconds in results:
        refused(reply, 503)
        assert seconds < 21


# proves: A-027 E-027
def test_without_an_aaa_tokens_go_on(network, cards, lines, make_daemon, idp):
    aaa = Aaa(network, "gone.home.test", diameter.SWM, cards).start()
    daemon = connected(make_daemon(**settings(aaa)), aaa)
    make = phones(lines, cards)
    p = make(daemon)
    p.login()
    other = make(daemon)
    exchange = other.challenge()
    aaa.stop(kill=True)
    assert p.ask().status("ap2004") == 1
    new = make(daemon)
    refused(new.get(new.parameters(EAP_ID=new.eap_id)), 503)
    refused(other.relay(exchange, other.solve(exchange.packet)), 503)
    with harness.Load(lambda _: p.query().status, 2) as load:
        for _ in range(3):
            refused(new.get(new.parameters(EAP_ID=new.eap_id)), 503)
    assert set(load.counts) == {200}, load.counts


# proves: A-026
def test_without_an_aaa_another_authentication_is_offered(network, cards, lines, make_daemon, idp):
    aaa = Aaa(network, "never.home.test", diameter.SWM, cards)  # not started
    daemon = make_daemon(**settings(aaa, web={"public_url": "https://ecs.example.net"}, oidc=[idp.settings()]))
    p = phones(lines, cards)(daemon)
    refused(p.get(p.parameters(EAP_ID=p.eap_id)), 511)
    refused(p.get(p.parameters(EAP_ID=p.eap_id, token="a" * 40)), 503)


# ---- peers ----

def named(aaa, command, host):
    return [message for message in aaa.base(command) if message.get("Origin-Host") == host and message.flags & 0x80]


# proves: E-029
def test_watchdogs_are_exchanged_and_the_daemon_says_good_bye(network, cards, lines, make_daemon):
    with Aaa(network, "dog.home.test", diameter.SWM, cards) as aaa:
        daemon = connected(make_daemon(**settings(aaa)), aaa)
        host = daemon.settings["diameter"]["host"]
        cer = named(aaa, diameter.CER, host)[0]
        groups = cer.all("Vendor-Specific-Application-Id")
        assert any(cer.get("Auth-Application-Id", group) == diameter.SWM for group in groups)
        assert diameter.VENDOR in cer.all("Supported-Vendor-Id")
        harness.wait_for(lambda: named(aaa, diameter.DWR, host), 15, "a DWR of the daemon")
        time.sleep(8)  # freeDiameter's own watchdog is due after 6 s
        assert "STATE_SUSPECT" not in aaa.log()
        assert phones(lines, cards)(daemon).login().status("ap2004") == 1
        daemon.stop()
        harness.wait_for(lambda: named(aaa, diameter.DPR, host), 5, "a DPR")
        aaa.check()


# proves: E-029
def test_another_peer_is_used_when_one_is_killed(network, cards, lines, make_daemon):
    """Under load: conversations that were at the first server may be lost, new ones go on at once."""
    with Aaa(network, "one.home.test", diameter.SWM, cards) as one, Aaa(network, "two.home.test", diameter.SWM, cards) as two:
        daemon = connected(make_daemon(**settings(one, two)), one, two)
        make = phones(lines, cards)
        mine = [make(daemon) for _ in range(3)]

        def login(number):
            p = mine[number]
            reply = p.get(p.parameters(EAP_ID=p.eap_id))
            if reply.status != 200:
                return reply.status
            exchange = client.Exchange(reply)
            return p.relay(exchange, p.solve(exchange.packet)).status
        with harness.Load(login, 3) as load:
            harness.wait_for(lambda: len(one.of(DER)) > 20, 20, "load")
            assert two.of(DER) == []
            one.stop(kill=True)
            harness.wait_for(lambda: len(two.of(DER)) > 20, 20, lambda: f"the second one is used {load.counts}")
            before = load.counts.copy()
            time.sleep(1)
            after = load.counts - before
        assert set(after) == {200}, after
        assert set(load.counts) <= {200, 503} and load.counts[503] <= 6, load.counts
        assert not two.faults, two.faults
        # The killed one comes back and is preferred again.
        one.clear()
        one.start()

        def preferred():
            login(0)
            return one.of(DER)
        harness.wait_for(preferred, 40, lambda: f"the first one is used again\n{daemon.text()[-2000:]}", pause=0.3)


# proves: E-029
def test_peers_are_changed_by_a_reload(network, cards, lines, make_daemon):
    with Aaa(network, "old.home.test", diameter.SWM, cards) as old, Aaa(network, "new.home.test", diameter.SWM, cards) as new:
        daemon = connected(make_daemon(**settings(old)), old)
        make = phones(lines, cards)
        assert make(daemon).login().status("ap2004") == 1
        change = settings(new, host=daemon.settings["diameter"]["host"])
        daemon.write(diameter_peers=change["diameter_peers"], diameter_routes=change["diameter_routes"])
        daemon.reload()
        connected(daemon, new)
        harness.wait_for(lambda: named(old, diameter.DPR, daemon.settings["diameter"]["host"]), 10, "a DPR to the old one")

        def works():
            p = make(daemon)
            return p.get(p.parameters(EAP_ID=p.eap_id)).status == 200
        harness.wait_for(works, 10, "the new one")
        assert make(daemon).login().status("ap2004") == 1
        assert len(old.of(DER)) == 2 and len(new.of(DER)) >= 2
        old.check(), new.check()


# proves: E-029
def test_a_peer_that_hangs_is_left(network, cards, lines, make_daemon):
    """Its connection stays open and nothing comes: the question goes to the other one, in time for the phone."""
    with Aaa(network, "hang.home.test", diameter.SWM, cards) as one, Aaa(network, "well.home.test", diameter.SWM, cards) as two:
        daemon = connected(make_daemon(**settings(one, two)), one, two)
        make = phones(lines, cards)
        make(daemon).login()
        assert len(one.of(DER)) == 2 and two.of(DER) == []
        one.pause()
        try:
            p = make(daemon)
            at = time.monotonic()
            exchange = client.Exchange(p.get(p.parameters(EAP_ID=p.eap_id)))
            assert time.monotonic() - at < 21
            assert p.relay(exchange, p.solve(exchange.packet)).document().status("ap2004") == 1
            assert len(two.of(DER)) == 2
            two.check()

            def is_left():
                states = {row["name"]: row["up"] for row in daemon.admin("GET", "/v1/peers")[1]["peers"]}
                return states == {"hang": False, "well": True}
            harness.wait_for(is_left, 15, lambda: daemon.admin("GET", "/v1/peers"))
        finally:
            one.pause(False)


# proves: E-029
def test_a_server_of_another_name_is_not_used(network, cards, lines, make_daemon, build):
    with Aaa(network, "liar.home.test", diameter.SWM, cards) as aaa:
        found = settings(aaa)
        found["diameter_peers"][0]["identity"] = "other.home.test"
        daemon = make_daemon(**found)
        p = phones(lines, cards)(daemon)
        harness.wait_for(lambda: daemon.admin("GET", "/v1/peers")[1]["peers"][0]["reason"], 10, "a reason")
        refused(p.get(p.parameters(EAP_ID=p.eap_id)), 503)
        row, = daemon.admin("GET", "/v1/peers")[1]["peers"]
        assert not row["up"] and "identity" in row["reason"], row
        done = subprocess.run([build.ctl, "-c", daemon.conf_path, "peers"], capture_output=True, text=True,
                              env=harness.environment(), timeout=60)
        assert done.returncode == 0 and "identity" in done.stdout, done
        assert aaa.of(DER) == []


def test_tls_is_spoken_with_a_server_that_wants_it(network, cards, lines, make_daemon):
    with Aaa(network, "tls.home.test", diameter.SWM, cards) as aaa:
        certificate, key = network.certificate("secure.test")
        row = peer_row(aaa, port=aaa.tls_port, tls=True, ca_file=network.folder + "/authority.pem", certificate=certificate,
                       key=key, tls_name="tls.home.test")
        daemon = connected(make_daemon(**settings(aaa, host="secure.test", diameter_peers=[row])), aaa)
        assert phones(lines, cards)(daemon).login().status("ap2004") == 1
        aaa.check()


# ---- the bytes ----

@pytest.mark.skipif(not wire.find_tshark() and "CI" not in os.environ, reason="tshark is not installed")
def test_another_decoder_understands_every_message(server, phone, tmp_path):
    server.clear()
    server.wire.clear()
    for script in ({"identity_rounds": 1}, {"auth_state": 0, "user": None}, {"fail": {1: 3002}}):
        server.script = script
        p = phone()
        reply = p.get(p.parameters(EAP_ID=p.eap_id))
        if reply.status == 200:
            exchange = client.Exchange(reply)
            p.relay(exchange, p.solve(exchange.packet))
    server.wait(STR, 2)
    server.script = {}
    packets = [row for row in list(server.wire) if row[0] == "I"]
    assert {DER, STR} <= {int.from_bytes(data[5:8], "big") for _, data in packets}
    assert wire.complaints(tmp_path / "pcap", packets) == []
    server.check()


# ---- the log ----

def test_nothing_secret_and_nobody_is_in_the_log(server, ecs, phone):
    server.clear()
    server.script = {"user": None, "msisdn": "4915199887766"}
    p = phone()
    exchange = p.challenge()
    result = p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)
    p.usim.sqn = 0
    p.relay(exchange, p.solve(exchange.packet)).document()
    server.script = {"fail": {1: 5012}}
    p.get(p.parameters(EAP_ID=p.eap_id))
    server.script = {}
    text = ecs.text()
    for secret in (p.imsi, "4915199887766", result[1].hex(), result[2].hex(), result[3].hex(), Aaa.key.hex(), "MSK\xd1"):
        assert secret not in text
    server.check()

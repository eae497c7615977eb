# SPDX-License-Identifier: Apache-2.0
"""Authentications handed on to an AAA of another maker: hostapd over RADIUS, and a scripted one for what hostapd never
does. The phone is the one of all tests: it takes challenges and nothing else."""
import base64
import hashlib
import hmac
import os
import struct
import subprocess
import threading
import time

import pytest

import aka
import client
import eap_radius
import harness
from client import Exchange
from eap_card import Milenage, make_vector
from eap_peers import Hostapd, find_hostapd
from eap_radius import SECRET
from idp import Idp
from radius_double import RadiusDouble

needs_hostapd = pytest.mark.skipif(not find_hostapd() and "CI" not in os.environ, reason="hostapd is not installed")
PUBLIC = "https://aes.mnc001.mcc001.pub.3gppnetwork.org"
PLAIN = ("eap_sim_id=0", "eap_sim_aka_result_ind=0")


def settings(port, ladder=("aaa",), aaa=None, **auth):
    """A daemon whose ladder has one AAA, at that UDP port of this host."""
    return {
        "auth": {"ladder": list(ladder), **auth},
        "aaa": [{"name": "aaa", "type": "radius", "servers": ["one"], "limit": "3s", "repeat": "300ms", "dead_time": "2s",
                 **(aaa or {})}],
        "radius_servers": [{"name": "one", "host": "127.0.0.1", "port": port, "secret": SECRET.decode()}],
    }


@pytest.fixture
def relayed(make_daemon, phone, subscriber):
    """Function: (phone, daemon) with an AAA at that port; the line has no key in our database."""
    def make(port, line=None, **how):
        daemon = make_daemon(**settings(port, **how))
        p = phone(line=line or subscriber(), at=daemon)
        p.line.cluster.sql("DELETE FROM auc WHERE imsi = %s", p.imsi)
        return p, daemon
    return make


# ---- hostapd ----

# proves: A-022 E-002 X-014 X-015 A-020
@needs_hostapd
def test_a_phone_is_authenticated_by_the_aaa(relayed, subscriber):
    line = subscriber()
    with Hostapd(line.ki.hex(), line.opc.hex(), options=PLAIN) as aaa, eap_radius.Relay(aaa.port) as middle:
        p, daemon = relayed(middle.port, line)
        exchange = p.challenge(["ap2003", "ap2004"])
        assert (exchange.packet.code, exchange.packet.type, exchange.packet.subtype) == (1, 23, 1)
        reply = p.relay(exchange, p.solve(exchange.packet))
        document = reply.document()
        packets = [packet.eap for pair in zip(middle.requests, middle.answers) for packet in pair]
    assert list(document.apps) == ["ap2003", "ap2004"] and document.token_text
    assert packets[0][0] == 2 and packets[0][4:].decode() == "\1" + p.eap_id
    assert [packet[4:6] for packet in packets[1:4]] == [bytes([23, 5]), bytes([23, 5]), bytes([23, 1])]
    assert packets[3] == exchange.packet.data and packets[5][0] == 3 and len(packets[5]) == 4
    p.token = document.token_text
    assert p.ask(["ap2004"]).status("ap2004") == 1
    assert daemon.metric("ecs_auth_provider_passed_total", provider="aaa") == 1


# proves: A-023
@needs_hostapd
def test_resynchronisation_goes_through_the_aaa(relayed, subscriber):
    line = subscriber()
    with Hostapd(line.ki.hex(), line.opc.hex(), options=PLAIN) as aaa:
        p, _ = relayed(aaa.port, line)
        p.usim = aka.Usim(line.ki, line.opc, 0x5000020)
        first = p.challenge()
        kind, auts = p.usim.authenticate(first.packet.rand, first.packet.autn)
        assert kind == "sync"
        reply = p.relay(first, aka.response(first.packet.identifier, aka.SYNC_FAILURE,
                                            bytes([aka.AT_AUTS, 4]) + auts))
        second = Exchange(reply)
        assert second.set_cookie == first.set_cookie
        assert second.packet.rand != first.packet.rand
        assert p.relay(second, p.solve(second.packet)).document().token_text
        assert aaa.auc.asked == ["AKA-REQ-AUTH", "AKA-AUTS", "AKA-REQ-AUTH"]


# proves: A-028 X-014
@needs_hostapd
@pytest.mark.parametrize("fault", ["wrong RES", "wrong network"])
def test_who_the_aaa_rejects_gets_403(relayed, subscriber, fault):
    line = subscriber()
    with Hostapd(line.ki.hex(), line.opc.hex(), options=PLAIN) as aaa:
        p, daemon = relayed(aaa.port, line)
        if fault == "wrong RES":
            exchange = p.challenge()
            packet = p.solve(exchange.packet, res=bytes(8))
        else:
            p.usim = aka.Usim(bytes(16), line.opc)
            exchange = p.challenge()
            assert p.usim.authenticate(exchange.packet.rand, exchange.packet.autn)[0] == "mac"
            packet = aka.response(exchange.packet.identifier, aka.REJECT)
        reply = p.relay(exchange, packet)
        again = p.relay(exchange, packet)
    assert reply.status == again.status == 403 and reply.body == again.body
    assert daemon.metric("ecs_auth_provider_calls_total", provider="aaa", result="refused") == 1


# proves: E-015
@needs_hostapd
def test_a_repeated_answer_gets_the_same_document_and_the_aaa_sees_it_once(relayed, subscriber):
    line = subscriber()
    with Hostapd(line.ki.hex(), line.opc.hex(), options=PLAIN) as aaa, eap_radius.Relay(aaa.port) as middle:
        p, _ = relayed(middle.port, line)
        exchange = p.challenge()
        packet = p.solve(exchange.packet)
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(p.relay(exchange, packet))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        replies.append(p.relay(exchange, packet))
        assert {reply.status for reply in replies} == {200}
        assert len({reply.document().token_text for reply in replies}) == 1
        assert len(middle.requests) == 3  # identity, AKA-Identity, challenge


# proves: E-027
@needs_hostapd
def test_tokens_work_while_the_aaa_is_down(relayed, subscriber):
    line = subscriber()
    with Hostapd(line.ki.hex(), line.opc.hex(), options=PLAIN) as aaa:
        p, _ = relayed(aaa.port, line)
        p.login()
    assert p.ask().status("ap2004") == 1
    reply = p.get(p.parameters(EAP_ID=p.eap_id))
    assert reply.status == 503 and int(reply.header("Retry-After")) > 0
    assert p.ask().status("ap2004") == 1


# ---- a scripted AAA ----

def identity_request(identifier, kind=13):
    return struct.pack(">BBHBBH", 1, identifier, 12, 23, 5, 0) + bytes([kind, 1, 0, 0])


def notification(identifier, code):
    return struct.pack(">BBHBBH", 1, identifier, 12, 23, 12, 0) + struct.pack(">BBH", 12, 1, code)


def aka_challenge(line, identifier, identity, sqn):
    rand, autn, ik, ck, res = make_vector(Milenage(line.ki.hex(), line.opc.hex()), sqn)
    body = b"\1\5\0\0" + rand + b"\2\5\0\0" + autn + b"\13\5\0\0" + bytes(16)
    packet = bytearray(struct.pack(">BBHBBH", 1, identifier, 8 + len(body), 23, 1, 0) + body)
    key = aka.k_aut(identity, ik, ck)
    packet[-16:] = hmac.new(key, bytes(packet), hashlib.sha1).digest()[:16]
    return bytes(packet)


# proves: X-014 X-015 E-002
def test_no_packet_but_a_challenge_reaches_the_phone(relayed, subscriber):
    """The AAA begins with everything that phones behind TS.43 do not know."""
    line = subscriber()
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port, line)
        aaa.script = [
            ("challenge", struct.pack(">BBHB", 1, 1, 5, 1)),             # EAP-Request/Identity
            ("challenge", bytes([1, 2, 0, 16, 50, 5, 0, 0, 13, 1, 0, 0, 136, 1, 0, 0])),  # EAP-AKA'
            ("challenge", identity_request(3)),
            ("challenge", aka_challenge(line, 4, p.eap_id, 32)),
            ("accept", b"\3\4\0\4"),
        ]
        exchange = p.challenge()
        assert (exchange.packet.type, exchange.packet.subtype, exchange.packet.identifier) == (23, 1, 4)
        assert p.relay(exchange, p.solve(exchange.packet)).document().token_text
        first, again, nak, identity, answer = [request.eap for request in aaa.requests]
    assert first[0] == 2 and first[4:].decode() == "\1" + p.eap_id
    assert again[1] == 1 and again[4:].decode() == "\1" + p.eap_id
    assert nak == bytes([2, 2, 0, 6, 3, 23])
    assert identity[:8] == bytes([2, 3]) + struct.pack(">H", len(identity)) + bytes([23, 5, 0, 0])
    assert p.eap_id.encode() in identity
    assert answer[:2] == bytes([2, 4])


# proves: X-014
@pytest.mark.parametrize("eap", [
    pytest.param(b"\3\5\0\4", id="Success"), pytest.param(b"\4\5\0\4", id="Failure"),
    pytest.param(notification(5, 32768), id="Notification success"),
    pytest.param(notification(5, 1026), id="Notification protected"),
    pytest.param(b"\1\5\0", id="cut"), pytest.param(b"", id="none"),
])
def test_packets_that_nobody_can_answer_end_in_503(relayed, eap):
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port)
        aaa.script = [("challenge", eap)] * 2
        reply = p.get(p.parameters(EAP_ID=p.eap_id))
    assert reply.status == 503 and reply.header("Retry-After")


# proves: X-014 A-028
def test_a_failure_notification_is_answered_for_the_phone(relayed, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port, line)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("challenge", notification(8, 16384)),
                      ("reject", b"\4\x08\0\4")]
        exchange = p.challenge()
        assert p.relay(exchange, p.solve(exchange.packet, res=bytes(8))).status == 403
        assert aaa.requests[2].eap == bytes([2, 8, 0, 8, 23, 12, 0, 0])


# proves: X-015
def test_an_aaa_that_asks_for_the_identity_for_ever_is_left(relayed):
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port)
        aaa.script = [("challenge", identity_request(number)) for number in range(1, 9)]
        assert p.get(p.parameters(EAP_ID=p.eap_id)).status == 503
        assert len(aaa.requests) == 4


# proves: E-018
def test_bad_packets_are_not_handed_on(relayed, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port, line)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4")]
        exchange = p.challenge()
        good = p.solve(exchange.packet)
        bad = [good[:-1], good + b"\0", bytes([2, 8]) + good[2:], bytes([1]) + good[1:], good[:4] + b"\x32" + good[5:],
               bytes([3, 7, 0, 4]), b""]
        for packet in bad:
            assert p.relay(exchange, packet).status == 400, packet
        assert len(aaa.requests) == 1
        assert p.relay(exchange, good).document().token_text
        assert aaa.requests[1].eap == good


# proves: E-022
@pytest.mark.parametrize("identity, status", [
    ("0901700000000001@nai.epc.mnc070.mcc901.3gppnetwork.org", 403), ("0{imsi}@evil.example.net", 403),
    ("0{imsi}@nai.epc.mnc001.mcc001.3gppnetwork.org\r\nX: y", 400), ("0" * 300, 400)])
def test_foreign_identities_never_reach_the_aaa(relayed, identity, status):
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port)
        assert p.get(p.parameters(EAP_ID=identity.format(imsi=p.imsi))).status == status
        assert not aaa.requests


def test_the_imsi_of_the_aaa_must_be_that_of_the_phone(relayed, subscriber):
    line, other = subscriber(), subscriber()
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port, line)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4", other.imsi)]
        exchange = p.challenge()
        assert p.relay(exchange, p.solve(exchange.packet)).status == 403


def test_a_pseudonym_is_resolved_by_the_aaa(relayed, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port, line)
        p.eap_id = "2abcdef@nai.epc.mnc001.mcc001.3gppnetwork.org"
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4", line.imsi)]
        p.login()
        p.usim = aka.Usim(line.ki, line.opc)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4", None)]
        exchange = p.challenge()
        assert p.relay(exchange, p.solve(exchange.packet)).status == 403
        aaa.script = [("challenge", identity_request(3, kind=10))]  # the permanent identity, which nobody here knows
        assert p.get(p.parameters(EAP_ID=p.eap_id)).status == 511


# proves: E-028
def test_a_slow_aaa_is_given_up_in_time(relayed):
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port, aaa={"limit": "20s"}, aaa_limit="2s")
        aaa.script = []
        begun = time.monotonic()
        assert p.get(p.parameters(EAP_ID=p.eap_id)).status == 503
        assert time.monotonic() - begun < 4


def test_a_phone_that_left_while_the_aaa_was_asked_need_not_wait_for_it(relayed, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        p, daemon = relayed(aaa.port, line, aaa={"limit": "10s"}, aaa_limit="10s")
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32))]
        exchange = p.challenge()
        packet = p.solve(exchange.packet)
        with pytest.raises(TimeoutError):  # the AAA is silent; the phone's connection ends
            target = client.Target(unix=daemon.settings["device"]["plain_listen"][0])
            target.request("POST", "/", [("Cookie", exchange.cookie), ("Content-Type", client.RELAY)],
                           b'{"eap-relay-packet":"' + base64.b64encode(packet) + b'"}', timeout=1)
        begun = time.monotonic()
        assert p.relay(exchange, packet).status == 503
        assert time.monotonic() - begun < 4
        assert p.get(p.parameters("ap2004", token="x")).status == 511  # nothing else waits either


# proves: E-027
def test_an_aaa_that_hangs_keeps_no_token_out(make_daemon, phone, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        daemon = make_daemon(limits={"in_work": 64}, server={"workers": 1},
                             **settings(aaa.port, aaa={"limit": "10s", "repeat": "9s", "dead_after": 100}, aaa_limit="5s",
                                        ladder_in_flight=80, attempts=1000))
        p = phone(line=line, at=daemon)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4")]
        p.login()

        def hang():
            try:
                p.get(p.parameters(EAP_ID=p.eap_id), timeout=9)
            except OSError:
                pass
        threads = [threading.Thread(target=hang) for _ in range(100)]
        for thread in threads:
            thread.start()
            time.sleep(0.01)  # a burst would be thinned out by limits.in_work
        harness.wait_for(lambda: daemon.metric("ecs_auth_provider_in_flight", provider="aaa") == 80, 5,
                         daemon.metrics_text)
        for _ in range(20):
            assert p.ask().status("ap2004") == 1
        for thread in threads:
            thread.join()
        assert daemon.metric("ecs_auth_provider_in_flight", provider="aaa") == 0


# ---- 511 or 503 (TS.43 Table 7) ----

@pytest.fixture(scope="module")
def idp():
    provider = Idp().start()
    yield provider
    provider.stop()


# proves: A-026 A-027 A-032
def test_an_aaa_that_fails_gives_511_where_another_login_serves_and_no_token_came(idp, make_daemon, phone, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        both = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings(apps=["ap2004"])],
                           **settings(aaa.port, aaa_limit="700ms"))
        p = phone(line=line, at=both)
        assert p.get(p.parameters(EAP_ID=p.eap_id)).status == 511
        assert p.get(p.parameters(EAP_ID=p.eap_id, token="an old one")).status == 503
        assert p.get(p.parameters("ap2003", EAP_ID=p.eap_id)).status == 503  # no provider serves that application
        assert p.get(p.parameters()).status == 302
        only = make_daemon(**settings(aaa.port, aaa_limit="700ms"))
        assert p.get(p.parameters(EAP_ID=p.eap_id), target=only.device).status == 503


# proves: A-031
@pytest.mark.parametrize("token, status", [(None, 511), ("an old one", 503)])
def test_a_later_round_that_fails_looks_at_the_first_request(idp, make_daemon, phone, subscriber, token, status):
    line = subscriber()
    with RadiusDouble() as aaa:
        daemon = make_daemon(web={"public_url": PUBLIC}, oidc=[idp.settings(apps=["ap2004"])],
                             **settings(aaa.port, aaa_limit="700ms"))
        p = phone(line=line, at=daemon)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32))]
        exchange = p.challenge(token=token)
        packet = p.solve(exchange.packet)
        assert p.relay(exchange, packet).status == status
        seen = len(aaa.requests)
        assert p.relay(exchange, packet).status == status
        assert len(aaa.requests) == seen


# ---- the ladder ----

def test_the_next_rung_takes_over_and_a_rejection_ends(make_daemon, phone, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        daemon = make_daemon(**settings(aaa.port, ladder=("aaa", "local"), aaa_limit="4s", ladder_failures=1),
                             server={"workers": 1})
        p = phone(line=line, at=daemon)
        aaa.script = [("reject", b"\4\0\0\4")]
        assert p.get(p.parameters(EAP_ID=p.eap_id)).status == 403
        aaa.script = []  # silent from now on
        p.login()
        seen = len(aaa.requests)
        assert seen > 1
        p.login()  # the breaker is open: at once
        assert len(aaa.requests) == seen
        assert daemon.metric("ecs_auth_provider_breaker_open", provider="aaa") >= 1
        assert daemon.metric("ecs_auth_provider_passed_total", provider="local") == 2


def test_local_keys_first_then_the_aaa(make_daemon, phone, subscriber):
    line, own = subscriber(), subscriber()
    with RadiusDouble() as aaa:
        daemon = make_daemon(**settings(aaa.port, ladder=("local", "aaa")))
        phone(line=own, at=daemon).login()
        assert not aaa.requests
        p = phone(line=line, at=daemon)
        line.cluster.sql("DELETE FROM auc WHERE imsi = %s", line.imsi)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4")]
        p.login()
        assert len(aaa.requests) == 2


def test_another_node_may_finish(make_daemon, phone, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        one, two = make_daemon(**settings(aaa.port)), make_daemon(**settings(aaa.port))
        p = phone(line=line, at=one)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4")]
        exchange = p.challenge()
        assert p.relay(exchange, p.solve(exchange.packet), target=two.device).document().token_text
        assert aaa.requests[1].get(24) == aaa.state


def test_attempts_of_a_subscriber_are_limited(relayed, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        p, _ = relayed(aaa.port, line, attempts=3)
        for _ in range(3):
            aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32))]
            p.challenge()
        reply = p.get(p.parameters(EAP_ID=p.eap_id))
        assert reply.status == 503 and len(aaa.requests) == 3


def test_the_state_of_the_ladder_is_shown(make_daemon, phone, subscriber, build):
    line = subscriber()
    with RadiusDouble() as aaa:
        how = settings(aaa.port, ladder=("aaa", "local"), aaa_limit="1s", ladder_failures=1)
        daemon = make_daemon(ladders=[{"brand": "beta", "providers": ["local"]}], **how)
        p = phone(line=line, at=daemon)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4")]
        p.login()
        p.usim = aka.Usim(line.ki, line.opc)
        p.login()
        status, found = daemon.admin("GET", "/v1/authentication")
    assert status == 200
    assert found["ladders"] == [{"brand": None, "providers": ["aaa", "local"]}, {"brand": "beta", "providers": ["local"]}]
    rungs = {rung["name"]: rung for rung in found["providers"]}
    one, own = rungs["aaa"], rungs["local"]
    assert (one["type"], one["answered"], one["silent"], one["passed"]) == ("radius", 2, 1, 1)
    assert one["failures_in_row"] == 1 and one["breakers_open"] == 1 and one["last_failure"] and one["last_reason"]
    assert 0 < one["p50_ms"] <= 1000 <= one["p99_ms"]
    assert (own["type"], own["up"], own["passed"], own["silent"]) == ("local", True, 1, 0)
    shown = subprocess.run([build.ctl, "-c", daemon.conf_path, "authentication"], capture_output=True, text=True,
                           timeout=60, check=True).stdout
    assert "beta" in shown and "radius" in shown
    text = daemon.metrics_text()
    assert 'ecs_auth_provider_seconds_count{provider="aaa"} 3' in text
    assert p.imsi not in shown + text


def test_a_brand_has_a_ladder_of_its_own(make_daemon, phone, subscriber):
    ours, theirs = subscriber(), subscriber()
    with RadiusDouble() as aaa:
        daemon = make_daemon(sims=[{"brand": "beta", "imsis": [theirs.imsi]}],
                             ladders=[{"brand": "beta", "providers": ["aaa"]}], **settings(aaa.port, ladder=("local",)))
        phone(line=ours, at=daemon).login()
        assert not aaa.requests
        p = phone(line=theirs, at=daemon)
        aaa.script = [("challenge", aka_challenge(theirs, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4")]
        p.login()
        assert len(aaa.requests) == 2


def test_a_pseudonym_may_not_lead_to_a_card_of_another_ladder(make_daemon, phone, subscriber):
    ours, theirs = subscriber(), subscriber()
    with RadiusDouble() as aaa:
        daemon = make_daemon(sims=[{"brand": "beta", "imsis": [theirs.imsi]}],
                             ladders=[{"brand": "beta", "providers": ["local"]}], **settings(aaa.port))
        for line, status in ((theirs, 403), (ours, 200)):
            p = phone(line=line, at=daemon)
            p.eap_id = "2abcdef@nai.epc.mnc001.mcc001.3gppnetwork.org"
            aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32)), ("accept", b"\3\7\0\4", line.imsi)]
            exchange = p.challenge()
            assert p.relay(exchange, p.solve(exchange.packet)).status == status


def test_an_exchange_whose_aaa_has_left_the_configuration_ends(make_daemon, phone, subscriber):
    line = subscriber()
    with RadiusDouble() as aaa:
        daemon = make_daemon(**settings(aaa.port))
        p = phone(line=line, at=daemon)
        aaa.script = [("challenge", aka_challenge(line, 7, p.eap_id, 32))]
        exchange = p.challenge()
        daemon.write(auth={"ladder": ["local"]}, aaa=[], radius_servers=[])
        daemon.reload()
        assert p.relay(exchange, p.solve(exchange.packet)).status == 503
        p.usim = aka.Usim(line.ki, line.opc)
        p.login()


def test_a_ladder_names_only_what_exists(make_daemon):
    daemon = make_daemon(start=False, auth={"ladder": ["nobody"]})
    daemon.start(ready=False)
    assert daemon.wait() != 0
    assert "is neither local nor a row of the section aaa" in daemon.text()


@pytest.mark.parametrize("what, said", [
    ({"auth": {"ladder": ["local", "aaa", "local"]}}, "stands there twice"),
    ({"ladders": [{"brand": "beta", "providers": ["aaa"]}, {"brand": "beta", "providers": ["local"]}]}, "has two")])
def test_a_ladder_says_each_thing_once(make_daemon, what, said):
    daemon = make_daemon(start=False, **harness.merge(settings(1), what))
    daemon.start(ready=False)
    assert daemon.wait() != 0
    assert said in daemon.text()

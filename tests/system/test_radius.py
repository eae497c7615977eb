# SPDX-License-Identifier: Apache-2.0
"""The RADIUS client with servers of other makers: hostapd as AAA with EAP-AKA, FreeRADIUS as proxy, accounting server
and strict reader of Message-Authenticator, radsecproxy as RadSec server."""
import hashlib
import os

import pytest

import aka
from eap_peers import IDENTITY, Hostapd, find_hostapd
from eap_radius import SECRET, Packet, Relay, identity_answer
from radius_peers import FreeRadius, RadiusAsk, RadsecProxy, authenticate, find, free_port

KI, OPC = "90dca4eda45b53cf0f12d7c9c3bc6a89", "cb9cccc4b9258e6dca4760379fb82581"
NAI = IDENTITY.format("001010000000001")
PLAIN = ("eap_sim_id=0", "eap_sim_aka_result_ind=0")
START, STOP, ON, OFF = 1, 2, 7, 8

needs_hostapd = pytest.mark.skipif(not find_hostapd() and "CI" not in os.environ, reason="hostapd is not installed")
needs_freeradius = pytest.mark.skipif(not find("freeradius") and "CI" not in os.environ,
                                      reason="freeradius is not installed")
needs_radsecproxy = pytest.mark.skipif(not find("radsecproxy") and "CI" not in os.environ,
                                       reason="radsecproxy is not installed")


def card(ki=KI, sqn=0):
    return aka.Usim(bytes.fromhex(ki), bytes.fromhex(OPC), sqn)


def verdicts(answers):
    return [answer[0] for answer in answers]


# ---- EAP ----

# proves: E-021
@needs_hostapd
def test_a_whole_authentication_is_relayed():
    with Hostapd(KI, OPC, options=PLAIN) as server, RadiusAsk(f"aaa:{server.port}") as client:
        answers = authenticate(client, NAI, card())
        view = client.view()
    assert verdicts(answers) == ["more", "more", "accepted"]  # identity round, challenge, result
    assert {answer[1] for answer in answers} == {"aaa"}
    end = answers[-1][2]
    assert end["eap"][0] == 3 and len(end["eap"]) == 4
    assert view["aaa"] == {"dead": 0, "status": 0, "repetitions": 0, "discarded": 0}


@needs_hostapd
def test_resynchronisation_is_relayed():
    with Hostapd(KI, OPC, options=PLAIN) as server, RadiusAsk(f"aaa:{server.port}") as client:
        answers = authenticate(client, NAI, card(sqn=0x5000020))
        asked = server.auc.asked
    assert verdicts(answers) == ["more", "more", "more", "accepted"]
    assert asked == ["AKA-REQ-AUTH", "AKA-AUTS", "AKA-REQ-AUTH"]


@needs_hostapd
@pytest.mark.parametrize("fault", ["wrong RES", "wrong network"])
def test_a_rejection_is_one(fault):
    ki = "5122250214c33e723a5dd523fc145fc0" if fault == "wrong network" else KI
    with Hostapd(KI, OPC, options=PLAIN) as server, RadiusAsk(f"aaa:{server.port}") as client:
        if fault == "wrong RES":
            server.auc.change_res = lambda res: res[:-1] + bytes([res[-1] ^ 1])
        answers = authenticate(client, NAI, card(ki))
    assert answers[-1][0] == "rejected"
    assert answers[-1][2]["eap"][0] == 4


# proves: E-021
@needs_hostapd
def test_answers_that_were_altered_on_the_way_are_not_believed():
    """A man in the middle turns a bit of the EAP packet round, once in each answer; the repetition is let through."""
    touched = set()

    def spoil(answer, request):
        key = request.identifier, request.authenticator
        if key in touched:
            return answer.encode()
        touched.add(key)
        eap = answer.eap
        return answer.with_eap(eap[:-1] + bytes([eap[-1] ^ 1])).encode()

    with Hostapd(KI, OPC, options=PLAIN) as server, Relay(server.port) as relay:
        relay.spoil_answer = spoil
        with RadiusAsk(f"aaa:{relay.port}", options=("--first-ms", "100")) as client:
            answers = authenticate(client, NAI, card())
            view = client.view()
    assert verdicts(answers) == ["more", "more", "accepted"]
    assert view["aaa"]["discarded"] == 3 and view["aaa"]["repetitions"] == 3


@needs_hostapd
def test_an_answer_without_message_authenticator_is_not_believed():
    def strip(answer, request):
        answer.attributes = [row for row in answer.attributes if row[0] != 80]
        answer.authenticator = request.authenticator
        answer.authenticator = hashlib.md5(answer.encode() + SECRET).digest()
        return answer.encode()

    with Hostapd(KI, OPC, options=PLAIN) as server, Relay(server.port) as relay:
        relay.spoil_answer = strip
        with RadiusAsk(f"aaa:{relay.port}", options=("--first-ms", "300", "--total-ms", "1500")) as client:
            answer = client.eap(NAI, identity_answer(NAI))
            view = client.view()
    assert answer[:2] == ("error", "TIMEOUT")
    assert view["aaa"]["discarded"] >= 2


@needs_hostapd
def test_another_secret_gets_no_answer():
    with Hostapd(KI, OPC, options=PLAIN) as server:
        with RadiusAsk(f"aaa:{server.port}", secret="not-the-secret-of-it", options=("--total-ms", "1500")) as client:
            assert client.eap(NAI, identity_answer(NAI))[:2] == ("error", "TIMEOUT")


@needs_hostapd
def test_a_server_that_is_not_there_is_passed_over():
    with Hostapd(KI, OPC, options=PLAIN) as server:
        with RadiusAsk(f"gone:{free_port()}", f"aaa:{server.port}") as client:
            answers = authenticate(client, NAI, card())
    assert verdicts(answers) == ["more", "more", "accepted"]
    assert {answer[1] for answer in answers} == {"aaa"}


# ---- proxies ----

# proves: E-021
@needs_hostapd
@needs_freeradius
def test_a_strict_proxy_takes_our_packets():
    with Hostapd(KI, OPC, options=PLAIN) as server, FreeRadius(server.port) as proxy:
        with RadiusAsk(f"proxy:{proxy.port}", options=("--status",)) as client:
            answers = authenticate(client, NAI, card())
            view = client.view()
        log = proxy.log()
    assert verdicts(answers) == ["more", "more", "accepted"]
    assert view["proxy"] == {"dead": 0, "status": 1, "repetitions": 0, "discarded": 0}
    assert "Message-Authenticator" in log and "does not contain required Message-Authenticator" not in log


@needs_hostapd
@needs_radsecproxy
def test_a_whole_authentication_goes_over_radsec(tmp_path):
    with Hostapd(KI, OPC, options=PLAIN) as server, RadsecProxy(tmp_path, server.port) as proxy:
        options = ("--ca", f"{tmp_path}/server.crt", "--cert", f"{tmp_path}/client.crt", "--key",
                   f"{tmp_path}/client.key")
        with RadiusAsk(f"proxy:{proxy.port}:tls", options=options) as client:
            answers = authenticate(client, NAI, card())
            again = authenticate(client, NAI, card())
    assert verdicts(answers) == verdicts(again) == ["more", "more", "accepted"]


# ---- accounting ----

@needs_freeradius
def test_accounting_records_arrive():
    with FreeRadius() as server:
        with RadiusAsk(f"acct:{server.acct_port}", options=("--accounting", "--status")) as client:
            for status, session, user in (ON, "node-1", "-"), (START, "s-1", NAI), (STOP, "s-1", NAI), \
                                         (OFF, "node-1", "-"):
                assert client.record(status, session, user, b"class of it") == ["done", "acct"]
            assert client.view()["acct"]["status"] == 1
        records = server.details()
    assert [record["Acct-Status-Type"] for record in records] == ["Accounting-On", "Start", "Stop", "Accounting-Off"]
    for record in records:
        assert record["NAS-Identifier"] == "ecs.test"
        assert record["Acct-Delay-Time"] == "0"
        assert record["Event-Timestamp"].startswith("Nov 14 2023")
    start, stop = records[1:3]
    assert start["User-Name"] == stop["User-Name"] == NAI
    assert start["Acct-Session-Id"] == stop["Acct-Session-Id"] == "s-1"
    assert start["Class"] == stop["Class"] == "0x" + b"class of it".hex()
    assert start["Acct-Authentic"] == "RADIUS"
    assert "Acct-Session-Time" not in start and stop["Acct-Session-Time"] == "5"
    assert stop["Acct-Terminate-Cause"] == "User-Request"


@needs_freeradius
def test_a_record_that_waited_says_so():
    """The first packet is lost; the second one is a new packet that is a second older."""
    with FreeRadius() as server, Relay(server.acct_port) as relay:
        lost = []

        def lose(packet):
            if not lost:
                lost.append(Packet(packet.encode()))
                return b"lost"
            return packet.encode()

        relay.spoil_request = lose
        relay.asker.ask_raw, ask = (lambda data, wait_s=5: ask(data, 0.2)), relay.asker.ask_raw
        options = ("--accounting", "--first-ms", "1300")
        with RadiusAsk(f"acct:{relay.port}", options=options) as client:
            assert client.record(START, "s-2", NAI) == ["done", "acct"]
        records = server.details()
    assert [record["Acct-Delay-Time"] for record in records] == ["1"]
    assert lost[0].identifier != relay.requests[1].identifier
    assert lost[0].authenticator != relay.requests[1].authenticator
